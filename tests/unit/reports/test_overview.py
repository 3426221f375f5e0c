"""A matrix is one sentence, its cells stand newest first, and what fails alike has one cause."""

from __future__ import annotations

import msgspec
import pytest

from harness.errors import UsageError
from harness.gotest.fingerprint import fingerprint
from harness.model import Judgement, Outcome, Result, Verdict
from harness.model.matrix import CellResult, CellState, MatrixRun
from harness.reports import survey as surveys
from harness.reports.layout import grids
from harness.reports.overview import cell_views, headline, sentence
from harness.reports.survey import NO_CAUSE, Survey
from tests.support import example_runs, factories, matrix_factories
from tests.support.example_runs import SUITES
from tests.support.matrix_factories import FRONTENDS, MASTER, commit, pair, planned

P, F, S, M = Outcome.PASS, Outcome.FAIL, Outcome.SKIP, Outcome.MISSING
NIGHTLY = example_runs.nightly()


def matrix_with(*verdicts: Verdict | CellState, **counts: int) -> MatrixRun:
    """Build a matrix of cells with these verdicts, or states without one."""
    cells = [planned(pair(commit(f"v0.{i}.0", "", "", ""), MASTER)) for i in range(len(verdicts))]
    tests = {Verdict(name): number for name, number in counts.items()}
    results = [
        matrix_factories.without_run(cell, told)
        if isinstance(told, CellState)
        else CellResult(
            id=cell.id, state=CellState.DONE, verdict=told, exit_code=0, counts=tests, run="x"
        )
        for cell, told in zip(cells, verdicts, strict=True)
    ]
    return matrix_factories.matrix_of(cells, results)


R, K, C = Verdict.REGRESSED, Verdict.KNOWN, Verdict.COMPATIBLE


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (matrix_with(R, R, C, C), "2 of 4 pairs regressed"),
        (matrix_with(C, C, C), "All 3 pairs are compatible"),
        (matrix_with(C, K), "All 2 pairs are compatible, 1 with known failures"),
        (matrix_with(C), "v0.0.0 × master (oci) is compatible"),  # noqa: RUF001 - the sign meant
        (matrix_with(R), "v0.0.0 × master (oci) regressed"),  # noqa: RUF001 - the same
        (
            matrix_with(K, known=3),
            "v0.0.0 × master (oci) is compatible, with 3 known failures",  # noqa: RUF001 - the same
        ),
        (
            matrix_with(R, CellState.FAILED, CellState.MISSING, CellState.MISSING, C),
            "1 of 5 pairs regressed, 1 failed to build or run, 2 gave no result",
        ),
        (matrix_with(CellState.MISSING, C), "1 of 2 pairs gave no result"),
        (matrix_with(CellState.INTERRUPTED, C), "1 of 2 pairs stopped before the end"),
        (matrix_with(), "No pair was run"),
        (
            msgspec.structs.replace(matrix_with(C, C), interrupted=True),
            "Interrupted: All 2 pairs are compatible",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_headline_says_the_worst_first(matrix: MatrixRun, said: str) -> None:
    assert sentence(matrix, cell_views(matrix)) == said


@pytest.mark.parametrize("state", [it for it in CellState if it is not CellState.DONE])
def test_a_cell_without_a_result_is_never_green(state: CellState) -> None:
    matrix = matrix_with(state, C)
    assert "compatible" not in headline(matrix, cell_views(matrix))[0]
    assert cell_views(matrix)[0].label != C


def test_passing_leaves_out_what_runs_on_neither_side() -> None:
    found = {view.planned.id: view for view in cell_views(NIGHTLY.matrix)}["v0.8.3--master--oci"]
    run = NIGHTLY.runs["v0.8.3--master--oci"]
    ran = [it for it in run.judgements if it.verdict is not Verdict.SKIPPED]
    passed = [it for it in ran if it.candidate[0].outcome is P]
    assert (found.passing, found.total, found.tests) == (len(passed), len(ran), len(run.judgements))


def test_a_result_without_a_plan_is_refused() -> None:
    matrix = matrix_with(C, C)
    plan = msgspec.structs.replace(matrix.plan, cells=matrix.plan.cells[:1])
    with pytest.raises(UsageError, match=r"its plan has no cell 'v0\.1\.0--master--oci'"):
        cell_views(msgspec.structs.replace(matrix, plan=plan))


# -- where cells stand ---------------------------------------------------------------------------


def test_daemons_and_frontends_stand_newest_first_with_a_grid_for_each_worker() -> None:
    oci, containerd = grids(cell_views(NIGHTLY.matrix))
    assert (oci.variant, containerd.variant) == ("oci", "containerd")
    assert [it.ref for it in oci.columns] == [it.ref for it in FRONTENDS]
    rows = [row.head.ref for line in oci.lines for row in line.rows]
    assert rows == [it.ref for it in reversed(SUITES)]
    assert [it.ref for it in containerd.columns] == ["master"]


def test_numbers_of_versions_order_not_their_letters() -> None:
    names = ("0.9.9", "0.10.0", "0.10.1")
    cells = [planned(pair(commit(f"v{it}", "2020-01-01", it, ""), MASTER)) for it in names]
    results = [matrix_factories.without_run(cell, CellState.MISSING) for cell in cells]
    (grid,) = grids(cell_views(matrix_factories.matrix_of(cells, results)))
    assert [line.name for line in grid.lines] == ["v0.10", "v0.9"]
    assert [row.head.ref for row in grid.lines[0].rows] == ["v0.10.1", "v0.10.0"]
    assert grid.lined


def test_a_pair_that_was_not_planned_is_a_hole() -> None:
    first = grids(cell_views(NIGHTLY.matrix))[0].lines[0].rows[0].places[0]
    assert first == ()


def test_backends_are_told_apart_where_there_are_several() -> None:
    one, two = pair(SUITES[0], MASTER), pair(SUITES[0], MASTER)
    cells = [planned(one), planned(msgspec.structs.replace(two, backend="docker"))]
    cells[1] = msgspec.structs.replace(cells[1], id="other")
    results = [matrix_factories.without_run(cell, CellState.MISSING) for cell in cells]
    laid = grids(cell_views(matrix_factories.matrix_of(cells, results)))
    assert [grid.variant for grid in laid] == ["oci, native", "oci, docker"]


# -- root causes ---------------------------------------------------------------------------------


def failing(name: str, error: str, verdict: Verdict = R, seen: str = "") -> Judgement:
    def side(outcome: Outcome) -> Result:
        made = factories.result(factories.full_name(name), outcome, error if outcome is F else "")
        known = seen or (fingerprint(error) if outcome is F else "")
        return msgspec.structs.replace(made, fingerprint=known if outcome is F else "")

    return Judgement(
        name=factories.full_name(name), verdict=verdict, control=(side(P),), candidate=(side(F),)
    )


def surveyed(*cells: list[Judgement]) -> Survey:
    found = Survey()
    for number, rows in enumerate(cells):
        found.add(number, matrix_factories.run_of(planned(pair(SUITES[0], MASTER)), rows))
    return found


def test_equal_fingerprints_are_one_cause_whatever_their_words() -> None:
    found = surveyed(
        [failing("TestA", "one thing", seen="ab12")], [failing("TestB", "x", seen="ab12")]
    )
    (trouble,) = found.troubles()
    assert (trouble.number, len(trouble.tests), len(trouble.cells)) == (2, 2, 2)
    assert found.causes == ["one thing"]


def test_one_error_at_two_places_of_the_tests_is_one_cause() -> None:
    error = "Error Trace: dockerfile_test.go:{}\nError:       sha256:{} was removed"
    rows = [failing(f"Test{i}", error.format(i, f"{i}" * 64)) for i in (1, 2)]
    found = surveyed(rows)
    prints = {row.candidate[0].fingerprint for row in rows}
    assert len(prints) == 2
    (trouble,) = found.troubles()
    assert trouble.number == 2


def test_other_errors_and_other_verdicts_are_other_causes_the_worst_first() -> None:
    found = surveyed(
        [
            failing("TestA", "rare", Verdict.FLAKY),
            failing("TestB", "often", Verdict.FLAKY),
            failing("TestC", "often", Verdict.FLAKY),
            failing("TestD", "often"),
            failing("TestE", "explained", K),
        ]
    )
    told = [(it.verdict, found.causes[it.cause], it.number) for it in found.troubles()]
    assert told == [(R, "often", 1), (Verdict.FLAKY, "often", 2), (Verdict.FLAKY, "rare", 1)]


def test_a_test_that_left_no_words_has_no_cause() -> None:
    lost = factories.judgement("TestA", Verdict.LOST, [P], [M])
    found = surveyed([lost])
    assert found.troubles()[0].cause == NO_CAUSE
    assert found.troubles()[0].example == ""


def test_causes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveys, "_CAUSES", 2)
    words = ("alpha", "beta", "gamma", "delta")
    found = surveyed([failing(f"Test{it}", it) for it in words])
    assert found.causes == ["alpha", "beta"]
    assert sum(it.number for it in found.troubles()) == 4


# -- letters -------------------------------------------------------------------------------------


def test_letters_begin_with_the_first_test_that_a_cell_has() -> None:
    old = [factories.judgement(name, C, [P], [P]) for name in ("TestA", "TestB")]
    new = [
        factories.judgement("TestC", C, [P], [P]),
        failing("TestE", "x"),
        failing("TestD", "y", K),
    ]
    found = surveyed(old, new, [new[2]])
    assert found.tests == ["TestA", "TestB", "TestC", "TestE", "TestD"]
    assert found.letters == {0: (0, "PP", ()), 1: (2, "PRK", (0, 1)), 2: (4, "K", (1,))}


def test_a_test_has_one_number_on_every_worker_and_shows_its_worst_verdict() -> None:
    twice = [
        "TestIntegration/TestA/worker=oci/frontend=gateway",
        "TestOther/TestA/worker=containerd",
    ]
    rows = [
        factories.judgement(twice[0], C, [P], [P]),
        factories.judgement(twice[1], R, [P], [F], error="x"),
    ]
    found = surveyed(rows, list(reversed(rows)))
    assert found.tests == ["TestA"]
    assert [it[1] for it in found.letters.values()] == ["R", "R"]
    assert found.number(twice[0]) == found.number(twice[1]) == 0
    assert found.number("TestNone") is None


def test_a_test_between_that_a_cell_lacks_is_a_blank() -> None:
    names = [factories.judgement(name, C, [P], [P]) for name in ("TestA", "TestB", "TestC")]
    found = surveyed(names, [names[0], names[2]])
    assert found.letters[1] == (0, "P P", ())
