"""The runs of a bisection: what each comes to, and when one is spared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

import harness
from harness.bisect.answers import Kind, Notebook
from harness.cli.declared import causes
from harness.cli.session import Session
from harness.cli.trials import Trials
from harness.errors import Interrupted, UsageError
from harness.model import Run
from harness.model.matrix import CellState, MatrixRun
from harness.plan.asks import PairAsk, Where
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


def _trials(tmp_path: Path, opened: Opened, *tests: str) -> Trials:
    names = {parameter.name: None for parameter in causes.bisect.params}
    options: Any = names | {"axis": "frontend", "test": TEST, "offline": False, "out": tmp_path}
    ask = PairAsk(where=Where("x"), daemon="v0.6.4", frontend="master", tests=(TEST,), reruns=0)
    expected: Any = None
    whole: Any = opened
    made = Trials(options, "frontend", Store(tmp_path), ask, whole, expected, lambda _text: None)
    for test in tests:
        made.due[test] = Notebook(made.folder(test), {})
        made.folder(test).mkdir(parents=True, exist_ok=True)
    return made


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
    answer = _trials(tmp_path, opened, TEST).test(TEST, [SHA, "f" * 40], end=False)
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
    (seen, _) = ends(), _trials(tmp_path, opened, TEST).test(TEST, [SHA], end=True)
    assert [ask.reruns for ask in opened.asked] == [1]
    assert seen[0].settings.reruns == 1


def test_what_does_not_build_or_has_no_channel_cannot_tell(
    tmp_path: Path, ends: Callable[..., list[Session]]
) -> None:
    def fail(made: MatrixRun) -> MatrixRun:
        row = replace(made.cells[0], state=CellState.FAILED, error="solver does not build", run="")
        return replace(made, cells=(row,))

    ends(fail)
    answer = _trials(tmp_path, Opened(), TEST).test(TEST, [SHA], end=False)
    assert (answer.kind, answer.words) == (Kind.UNCLEAR, "solver does not build")
    answer = _trials(tmp_path, Opened(refuses=True), TEST).test(TEST, [SHA], end=False)
    assert (answer.kind, answer.words) == (Kind.UNCLEAR, "master has no frontend channel labs")


def test_an_interruption_is_no_answer(tmp_path: Path, ends: Callable[..., list[Session]]) -> None:
    ends(lambda made: replace(made, interrupted=True))
    with pytest.raises(Interrupted) as told:
        _trials(tmp_path, Opened(), TEST).test(TEST, [SHA], end=False)
    assert "the same command goes on" in told.value.hint


def test_a_stored_run_spares_one(
    tmp_path: Path, run: Run, ends: Callable[..., list[Session]]
) -> None:
    seen = ends()
    stored = replace(run, harness=harness.__version__)
    stored_matrices.store(tmp_path / "20261123-1", PLAN, {CELL.id: stored})
    answer = _trials(tmp_path, Opened(), TEST).test(TEST, [SHA], end=False)
    assert (answer.kind, Path(answer.run).name) == (Kind.FAILS, "20261123-1")
    assert seen == []


def test_each_question_has_a_folder_of_its_own(tmp_path: Path) -> None:
    one, same = _trials(tmp_path, Opened()), _trials(tmp_path, Opened())
    assert one.folder("TestCopy") == same.folder("TestCopy") != one.folder("TestOther")


def test_what_is_looked_for_together_is_run_together(
    tmp_path: Path, ends: Callable[..., list[Session]]
) -> None:
    opened, seen = Opened(), ends()
    trials = _trials(tmp_path, opened, "TestCopy", TEST)
    assert trials.test(TEST, [SHA], end=True).kind is Kind.FAILS
    assert [ask.tests for ask in opened.asked] == [("TestCopy", TEST)]
    assert trials.due[TEST].get([SHA])
    assert trials.test("TestCopy", ["e" * 40, SHA], end=False).words == "the test did not run"
    assert len(seen) == 1


def test_what_another_pair_built_and_what_a_run_names_is_built(
    tmp_path: Path, run: Run, ends: Callable[..., list[Session]]
) -> None:
    ends()
    one = _trials(tmp_path / "one", Opened(), TEST)
    other = dataclasses.replace(_trials(tmp_path / "other", Opened(), TEST), built=one.built)
    assert not other.was_built(["e" * 40, SHA])
    one.test(TEST, [SHA], end=False)
    assert other.was_built(["e" * 40, SHA])
    stored_matrices.store(tmp_path / "20261123-1", PLAN, {CELL.id: run})
    later = _trials(tmp_path, Opened(), TEST)
    assert (later.was_built([SHA]), later.was_built(["e" * 40])) == (True, False)


def test_what_does_not_build_is_not_built(
    tmp_path: Path, ends: Callable[..., list[Session]]
) -> None:
    ends()
    trials = _trials(tmp_path, Opened(refuses=True), TEST)
    trials.test(TEST, [SHA], end=False)
    assert not trials.was_built([SHA])


def test_what_ends_a_search_is_asked_before_each_run(tmp_path: Path) -> None:
    def spent() -> None:
        raise UsageError("time is up")

    trials = dataclasses.replace(_trials(tmp_path, Opened(), TEST), before=spent)
    with pytest.raises(UsageError, match="time is up"):
        trials.test(TEST, [SHA], end=False)
