"""`compat rerun`: what of a stored run is run again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from harness.cli import rerun
from harness.cli.program import execute
from harness.cli.session import Session
from harness.cli.umbrella import umbrella
from harness.journal import (
    CELLS,
    MATRIX_FILE,
    RUN_FILE,
    read_matrix,
    read_plan,
    read_run,
    write_matrix,
    write_plan,
    write_run,
)
from harness.model import Run
from harness.model.matrix import MatrixRun, Plan
from harness.model.pairs import ADOPTED
from harness.plan.planning import part
from tests.support import factories, stored_matrices
from tests.support.factories import compatible_run, every_verdict_run, regressed_run

PLAN = stored_matrices.plan(["v0.6.4", "v0.8.3", "v0.9.3"], ["master"])
BAD, GOOD, LACKING = PLAN.cells
REGRESSED = ("TestMountRWCache", "TestWorkdirUser", "TestSecretMounts")


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Store a run with a regression, one that is compatible, and a cell without a run."""
    runs = {BAD.id: regressed_run(), GOOD.id: compatible_run()}
    pairs = {cell.id: cell.pair for cell in PLAN.cells}
    made = {name: replaced(run, pair=pairs[name]) for name, run in runs.items()}
    stored_matrices.store(tmp_path / "runs" / "night", PLAN, made)
    return tmp_path / "runs" / "night"


@dataclass
class Sessions:
    """Sessions that were to run, and the exit codes with which they end."""

    codes: list[int]
    seen: list[Session] = field(default_factory=list)

    def run(self, session: Session) -> tuple[MatrixRun, Path]:
        self.seen.append(session)
        made: Any = SimpleNamespace(exit_code=self.codes[len(self.seen) - 1], interrupted=False)
        return made, Path("/new")


Begin = Callable[..., Sessions]


@pytest.fixture
def begin(stored: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Run `compat rerun` on the stored run up to the sessions that it opens."""

    def opened(plan: Plan) -> Any:  # noqa: ANN401 - of Opened no more than is asked
        return SimpleNamespace(plan=plan, part=lambda tests: opened(part(plan, tests, data="d")))

    def open_session(
        name: None,
        options: dict[str, Any],
        *,
        runs: bool,
        without_adopted: bool,
    ) -> Session:
        assert (name, options["plan"]) == (None, stored / "plan.json")
        assert runs
        assert without_adopted
        usual: Any = dict.fromkeys(("store", "settings", "cell_command", "history"))
        return Session(
            opened=opened(PLAN), command=("compat", "matrix"), runs=stored, mine=(), **usual
        )

    def begin(*words: str, codes: tuple[int, ...] = (0,)) -> Sessions:
        sessions = Sessions(list(codes))
        monkeypatch.setattr(Session, "run", lambda session: sessions.run(session))  # noqa: PLW0108 - a method
        assert (
            execute("compat", lambda _args: umbrella, ["rerun", str(stored), *words]) == codes[-1]
        )
        return sessions

    monkeypatch.setattr(rerun, "open_session", open_session)
    monkeypatch.setattr(rerun, "show_matrix", lambda made, *_, **_json: made.exit_code)
    monkeypatch.setattr(Session, "commands", lambda _self: {})
    return begin


def test_what_calls_for_a_look_is_run_and_what_came_to_nothing_whole(begin: Begin) -> None:
    (session,) = begin().seen
    assert [cell.id for cell in session.mine] == [BAD.id, LACKING.id]
    assert session.mine == session.plan.cells
    first, second = session.mine
    assert first.tests == REGRESSED
    assert second.tests == LACKING.tests == ()
    assert {build.id for build in session.plan.builds} < {build.id for build in PLAN.builds}
    assert session.plan.digest != PLAN.digest


@pytest.mark.parametrize(
    ("words", "codes"),
    [(["--until-fail", "3"], (0, 0, 0)), (["--until-fail", "9"], (0, 3, 1)), ([], (1,))],
)
def test_it_is_run_until_it_fails_or_so_often(
    begin: Begin, words: list[str], codes: tuple[int, ...]
) -> None:
    assert len(begin(*words, codes=codes).seen) == len(codes)


def adopt(folder: Path, *ids: str) -> None:
    """Say of cells of a stored run that others ran them elsewhere."""
    plan, matrix = read_plan(folder), read_matrix(folder / MATRIX_FILE)
    rows = tuple(
        replaced(cell, pair=replaced(cell.pair, backend=ADOPTED)) if cell.id in ids else cell
        for cell in plan.cells
    )
    plan = replaced(plan, cells=rows)
    write_plan(folder, plan)
    write_matrix(folder, replaced(matrix, plan=plan))
    for cell in rows:
        place = folder / CELLS / cell.id
        if (place / RUN_FILE).is_file():
            write_run(place, replaced(read_run(place / RUN_FILE), pair=cell.pair))


def test_what_others_ran_is_named_and_the_others_are_run(
    stored: Path, begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    adopt(stored, BAD.id)
    (session,) = begin().seen
    assert [cell.id for cell in session.mine] == [LACKING.id]
    told = f"{BAD.id} was run elsewhere, by others: it is not run again\n"
    assert capsys.readouterr().err == told


def test_where_others_ran_all_that_calls_for_a_look_that_is_a_sentence(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adopt(stored, BAD.id, LACKING.id)
    assert execute("compat", lambda _args: umbrella, ["rerun", str(stored)]) == 2
    said = capsys.readouterr().err
    assert f"was run elsewhere, by others: {BAD.id}, {LACKING.id}\nhint: " in said


def test_nothing_that_calls_for_a_look_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = stored_matrices.plan(["v0.6.4"], ["master"])
    run = replaced(compatible_run(), pair=plan.cells[0].pair)
    stored_matrices.store(tmp_path / "good", plan, {plan.cells[0].id: run})
    assert execute("compat", lambda _args: umbrella, ["rerun", str(tmp_path / "good")]) == 2
    assert "calls for a look" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("run", "functions"),
    [
        (None, ()),
        (factories.empty_run(), ()),
        (compatible_run(), None),
        (regressed_run(), REGRESSED),
    ],
)
def test_of_a_run_the_functions_that_call_for_a_look(
    run: Run | None, functions: tuple[str, ...] | None
) -> None:
    assert rerun._functions(run) == functions


def test_of_every_verdict_those_that_deserve_detail() -> None:
    run = every_verdict_run()
    found = rerun._functions(run)
    told = [row for row in run.judgements if row.verdict.deserves_detail]
    assert found
    assert all(any(f"/{name}/" in f"{row.name}/" for row in told) for name in found)
