"""The runs of a bisection: what each comes to, and when one is spared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

import harness
from harness.bisect.answers import Kind
from harness.cli.bench import Bench
from harness.cli.declared import causes
from harness.cli.session import Session
from harness.errors import Interrupted, UsageError
from harness.model import Run
from harness.model.matrix import CellState, MatrixRun
from harness.plan.opening import PairAsk, Where
from harness.store import Store
from tests.support import stored_matrices
from tests.support.factories import regressed_run

PLAN = stored_matrices.plan(["v0.6.4"], ["master"], pair=True)
(CELL,) = PLAN.cells
SHA = CELL.pair.frontend.sha
TEST = "TestMountRWCache"
Changed = Callable[[MatrixRun], MatrixRun]


class Opened:
    """A pair that plans itself again, whatever commit it is asked for."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.plan = PLAN
        self.refuses = refuses
        self.asked: list[PairAsk] = []
        self.backend = SimpleNamespace(find=lambda *_: SimpleNamespace(cached=False))
        self.workspace = SimpleNamespace(
            patches=(),
            lines=SimpleNamespace(lines=()),
            commit=lambda ref: ref,
            request=lambda *_: None,
        )

    def pair(self, ask: PairAsk, *_: object) -> Opened:
        if self.refuses:
            raise UsageError("master has no frontend channel labs")
        self.asked.append(ask)
        return self

    def cell(self, _planned: object, *, seed: bool) -> Any:  # noqa: ANN401 - of Cell its patches
        assert not seed
        return SimpleNamespace(patches=())


def _bench(tmp_path: Path, opened: Opened) -> Bench:
    names = {parameter.name: None for parameter in causes.bisect.params}
    options: Any = names | {"axis": "frontend", "test": TEST, "offline": False, "out": tmp_path}
    ask = PairAsk(where=Where("x"), daemon="v0.6.4", frontend="master", tests=(TEST,), reruns=0)
    expected: Any = None
    whole: Any = opened
    return Bench(options, Store(tmp_path / "cache"), ask, whole, expected, lambda _text: None)


@pytest.fixture
def run() -> Run:
    return replace(regressed_run(), pair=CELL.pair, patches=())


@pytest.fixture
def ends(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Session]]:
    """Let every session store the run, and say what matrix.json is changed to."""

    def ends(change: Changed = lambda made: made) -> list[Session]:
        seen: list[Session] = []

        def play(session: Session) -> tuple[MatrixRun, Path]:
            seen.append(session)
            folder = tmp_path / "new"
            made, _ = stored_matrices.store(folder, PLAN, {CELL.id: run})[::-1]
            return change(made), folder

        monkeypatch.setattr(Session, "run_unrecorded", lambda session: play(session))  # noqa: PLW0108 - a method
        return seen

    return ends


def test_a_commit_is_run_as_a_pair_that_somebody_could_run(
    tmp_path: Path, ends: Callable[..., list[Session]]
) -> None:
    opened, seen = Opened(), ends()
    answer = _bench(tmp_path, opened).test([SHA, "f" * 40], end=False)
    assert (answer.kind, answer.words, answer.commit) == (Kind.FAILS, "regressed", SHA)
    (ask,) = opened.asked
    assert (ask.daemon, ask.frontend, ask.reruns) == ("v0.6.4", SHA, 0)
    (session,) = seen
    words = " ".join(session.command)
    assert words.startswith(f"compat-run v0.6.4 {SHA}")
    assert f"--tests {TEST}" in words
    assert session.runs.parent.parent == tmp_path


def test_an_end_has_another_attempt(tmp_path: Path, ends: Callable[..., list[Session]]) -> None:
    opened = Opened()
    (seen, _) = ends(), _bench(tmp_path, opened).test([SHA], end=True)
    assert [ask.reruns for ask in opened.asked] == [1]
    assert seen[0].settings.reruns == 1


def test_what_does_not_build_or_has_no_channel_cannot_tell(
    tmp_path: Path, ends: Callable[..., list[Session]]
) -> None:
    def fail(made: MatrixRun) -> MatrixRun:
        row = replace(made.cells[0], state=CellState.FAILED, error="solver does not build", run="")
        return replace(made, cells=(row,))

    ends(fail)
    answer = _bench(tmp_path, Opened()).test([SHA], end=False)
    assert (answer.kind, answer.words) == (Kind.UNCLEAR, "solver does not build")
    answer = _bench(tmp_path, Opened(refuses=True)).test([SHA], end=False)
    assert (answer.kind, answer.words) == (Kind.UNCLEAR, "master has no frontend channel labs")


def test_an_interruption_is_no_answer(tmp_path: Path, ends: Callable[..., list[Session]]) -> None:
    ends(lambda made: replace(made, interrupted=True))
    with pytest.raises(Interrupted) as told:
        _bench(tmp_path, Opened()).test([SHA], end=False)
    assert "the same command goes on" in told.value.hint


def test_a_stored_run_spares_one(
    tmp_path: Path, run: Run, ends: Callable[..., list[Session]]
) -> None:
    seen = ends()
    stored = replace(run, harness=harness.__version__)
    stored_matrices.store(tmp_path / "20261123-1", PLAN, {CELL.id: stored})
    answer = _bench(tmp_path, Opened()).test([SHA], end=False)
    assert (answer.kind, Path(answer.run).name) == (Kind.FAILS, "20261123-1")
    assert seen == []


def test_each_question_has_a_folder_of_its_own(tmp_path: Path) -> None:
    one = _bench(tmp_path, Opened())
    same = _bench(tmp_path, Opened())
    assert one.folder == same.folder
    one.options["test"] = "TestCopy"
    other = _bench(tmp_path, Opened())
    other.options["test"] = "TestOther"
    assert other.folder != same.folder
