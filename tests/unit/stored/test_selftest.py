"""A self-test: what is seen, what is missed, and that a blind harness never passes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cli.show import Act, show_demo
from harness.config.expectations import Expectation
from harness.config.matrixfile import Include, Matrix
from harness.config.skiplists import Signature
from harness.config.yamlfile import Place
from harness.errors import ConfigError, ExitCode
from harness.journal import cells
from harness.journal.single import result_of
from harness.matrix.ledger import failed, missing
from harness.model import Run, Verdict
from harness.model.matrix import CellResult, PlannedCell
from harness.stored.selftest import (
    CODES_OF_DEMO,
    Finding,
    SelfTest,
    Sight,
    evaluate,
    expectations,
    of_demo,
    report,
)
from harness.verdict import collate
from tests.support import feature_runs, stored_matrices
from tests.support.played import Bench, Played, Player
from tests.support.played_matrices import Fleet

PLAYED: Played = {
    "TestCopy": ("pass", "pass"),
    "TestMount": ("pass", "fail no such mount"),
    "TestBroken": ("fail broken for years", "fail broken for years"),
    "TestCut": ("pass", "absent"),
    "TestOffline": ("pass", "fail dial tcp: lookup example.com: no such host"),
}
PLACE = Place("selftest.yaml", 5, 9)


def expect(test: str, wanted: Verdict, error: str = "") -> Expectation:
    signature = Signature(error) if error else None
    return Expectation(place=PLACE, test=(test,), verdict=wanted, error=signature)


MOUNT = expect("TestMount", Verdict.REGRESSED, "no such mount")
COPY = expect("TestCopy", Verdict.COMPATIBLE)
CUT = expect("TestCut", Verdict.LOST)


def played(folder: Path, acts: Played) -> Run:
    return Bench(folder, Player(dict(acts))).run()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return played(tmp_path, PLAYED)


def held(
    run: Run | None, *wanted: Expectation, row: CellResult | None = None, interrupted: bool = False
) -> SelfTest:
    """Hold a run, or a row without one, against what is wanted of it."""
    cell: PlannedCell = stored_matrices.cell("v0.6.4", "master")
    if run is not None:
        row = result_of(cell.id, run, f"cells/{cell.id}")
    assert row is not None
    return evaluate([cell], {cell.id: wanted}, [(row, run)], interrupted=interrupted)


def findings(test: SelfTest) -> Sequence[Finding]:
    (case,) = test.cases
    return case.findings


def sights(test: SelfTest) -> dict[str, Sight]:
    return {found.test: found.sight for found in findings(test)}


def test_what_is_known_is_seen(run: Run) -> None:
    found = held(run, MOUNT, COPY, CUT)
    assert sights(found) == {
        "TestMount": Sight.SEEN,
        "TestCopy": Sight.SEEN,
        "TestCut": Sight.SEEN,
    }
    assert found.exit_code is ExitCode.COMPATIBLE
    assert "no such mount" in findings(found)[0].why
    assert report.headline(found) == "1 of 1 case seen as expected"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (expect("TestCopy", Verdict.REGRESSED, "anything"), ""),
        (expect("TestMount", Verdict.COMPATIBLE), "no such mount"),
        (expect("TestMount", Verdict.REGRESSED, "another error"), "in another way: no such mount"),
        (expect("TestBroken", Verdict.REGRESSED, "broken"), "in the control too: broken for years"),
    ],
    ids=["not seen", "blamed", "another failure", "the control fails too"],
)
def test_what_comes_out_otherwise_is_missed(run: Run, wanted: Expectation, why: str) -> None:
    rest = [one for one in (MOUNT, CUT) if one.test != wanted.test]
    found = held(run, wanted, *rest)
    first = findings(found)[0]
    assert first.sight is Sight.MISSED
    assert first.why.endswith(why)
    assert found.exit_code is ExitCode.REGRESSION
    assert "no longer sees what is known" in report.render(found)


def test_a_breakage_that_nothing_expects_is_not_passed_over(run: Run) -> None:
    found = held(run, COPY, CUT)
    extra = [it for it in findings(found) if it.wanted is None]
    assert [it.sight for it in extra] == [Sight.UNWANTED]
    assert "TestMount" in extra[0].test
    assert found.exit_code is ExitCode.REGRESSION
    assert "which nothing expects" in report.render(found)


def test_a_test_that_is_not_there_is_no_success(run: Run) -> None:
    found = held(run, MOUNT, CUT, expect("TestGone", Verdict.COMPATIBLE))
    assert sights(found)["TestGone"] is Sight.UNTOLD
    assert found.exit_code is ExitCode.INDETERMINATE


def test_the_machine_is_neither_blind_nor_seeing(run: Run) -> None:
    found = held(run, MOUNT, CUT, expect("TestOffline", Verdict.REGRESSED, "no such host"))
    assert sights(found)["TestOffline"] is Sight.INFRA
    assert found.exit_code is ExitCode.INFRASTRUCTURE


@pytest.mark.parametrize("kind", ["failed", "missing"])
def test_a_cell_without_a_run_is_no_success(kind: str) -> None:
    cell = stored_matrices.cell("v0.6.4", "master")
    error = ConfigError("the patch does not apply\nand more")
    row = failed(cell.id, error) if kind == "failed" else missing(cell.id)
    found = held(None, MOUNT, COPY, row=row)
    sight, code = (
        (Sight.INFRA, ExitCode.INFRASTRUCTURE)
        if kind == "failed"
        else (Sight.UNTOLD, ExitCode.INDETERMINATE)
    )
    assert set(sights(found).values()) == {sight}
    assert found.exit_code is code
    why = {it.why for it in findings(found)}
    wanted = "the patch does not apply" if kind == "failed" else "nothing ran: the cell is missing"
    assert why == {wanted}


def test_nothing_at_all_is_no_success() -> None:
    assert SelfTest(cases=()).exit_code is ExitCode.INDETERMINATE


def test_an_interruption_is_told_whatever_was_seen(run: Run) -> None:
    assert held(run, MOUNT, CUT, interrupted=True).exit_code is ExitCode.INTERRUPTED


def _all_compatible(*_args: object) -> Verdict:
    return Verdict.COMPATIBLE


def _all_regressed(*_args: object) -> Verdict:
    return Verdict.REGRESSED


@pytest.mark.parametrize("blind", [_all_compatible, _all_regressed])
def test_a_harness_whose_verdicts_are_blind_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blind: object
) -> None:
    plays: Played = {name: PLAYED[name] for name in ("TestCopy", "TestMount")}
    assert held(played(tmp_path / "sees", plays), MOUNT, COPY).exit_code is ExitCode.COMPATIBLE
    monkeypatch.setattr(collate, "judge", blind)
    found = held(played(tmp_path / "blind", plays), MOUNT, COPY)
    assert found.exit_code is ExitCode.REGRESSION


def test_a_harness_that_runs_the_suites_own_frontend_twice_fails(tmp_path: Path) -> None:
    twice: Played = {"TestCopy": ("pass", "pass"), "TestMount": ("pass", "pass")}
    assert held(played(tmp_path, twice), MOUNT, COPY).exit_code is ExitCode.REGRESSION


def test_the_json_has_every_case_and_test(run: Run) -> None:
    answer = json.loads(json.dumps(report.as_json(held(run, MOUNT, CUT, COPY))))
    (case,) = answer["cases"]
    assert (answer["exit_code"], case["sight"], len(case["tests"])) == (0, "seen", 3)
    assert case["tests"][0]["wanted"] == "regressed"
    assert case["tests"][0]["got"] == ["regressed"]


def test_what_tests_print_reaches_no_terminal_and_no_ci(tmp_path: Path) -> None:
    words = "::error::no such mount ##[error]x \x1b[31m\u202e"
    hostile: Played = {"TestMount": ("pass", f"fail {words}")}
    text = report.render(held(played(tmp_path, hostile), MOUNT))
    assert not [line for line in text.splitlines() if line.strip().startswith("::")]
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "##[" not in text


# -- from a matrix to its expectations -----------------------------------------------------------


def include(daemon: str, frontend: str, *wanted: Expectation) -> Include:
    return Include(place=PLACE, daemon=daemon, frontend=frontend, expect=wanted)


def test_each_cell_is_held_to_what_its_own_entry_expects() -> None:
    matrix = Matrix(
        place=PLACE,
        description="known",
        include=(include("v0.6.4", "master", MOUNT), include("v0.8.3", "master", COPY)),
    )
    plan = stored_matrices.plan()
    plan = replace(plan, cells=tuple(_asked(cell) for cell in plan.cells))
    found = expectations(matrix, plan)
    assert found == {plan.cells[0].id: (MOUNT,), plan.cells[1].id: (COPY,)}


def _asked(cell: PlannedCell) -> PlannedCell:
    pair = cell.pair
    suite = replace(pair.suite, asked=pair.suite.ref)
    return replace(cell, pair=replace(pair, suite=suite))


def test_a_matrix_that_expects_nothing_is_no_self_test() -> None:
    matrix = Matrix(place=PLACE, description="x", include=(include("v0.6.4", "master"),))
    with pytest.raises(ConfigError, match=r"selftest\.yaml:5:9: nothing is expected"):
        expectations(matrix, stored_matrices.plan())


# -- how its cells are run -----------------------------------------------------------------------


def test_a_cell_runs_the_tests_that_are_named_and_no_others(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    some, rest = fleet.plan.cells[0], fleet.plan.cells[1:]
    fleet.plan = replace(fleet.plan, cells=(replace(some, tests=("TestMount",)), *rest))
    folder, made = fleet.run()
    assert made.verdict.exit_code == 0
    for row, run in cells(folder):
        assert run is not None
        wanted = "^TestMount$" if row.id == some.id else ".*"
        assert all(leg.selection.split("/")[1] == wanted for leg in run.legs)


# The demo: everything that is planted, and nothing else


PLANTED = (
    MOUNT,
    CUT,
    expect("TestBroken", Verdict.SAME_FAILURE),
    expect("TestOffline", Verdict.INFRA),
)


def test_a_demo_that_saw_what_is_planted_ends_with_0_and_says_what_a_run_would(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = of_demo(run, PLANTED)
    assert case.sight is Sight.SEEN
    assert show_demo([Act(case, run, tmp_path)], as_json=False) == 0
    out = capsys.readouterr().out
    assert "The demo saw what is planted in MiniKit, 4 tests, and nothing else.\n" in out
    assert out.endswith("It ends with 0; a real run that saw this would have ended with 1.\n")
    assert show_demo([Act(case, run, tmp_path)], as_json=True) == 0
    stored = json.loads(capsys.readouterr().out)
    assert (stored["exit_code"], stored["demo"]["exit_code"]) == (1, 0)


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("TestMount", Verdict.COMPATIBLE, "compatible instead of regressed"),
        ("TestCut", Verdict.COMPATIBLE, "compatible instead of lost"),
        ("TestCopy", Verdict.REGRESSED, "regressed, which nothing expects"),
        ("TestCopy", Verdict.FLAKY, "flaky, which nothing expects"),
        ("TestCopy", Verdict.STALE_ENTRY, "stale-entry, which nothing expects"),
    ],
)
def test_a_demo_that_saw_something_else_names_it_and_is_no_success_and_no_regression(
    run: Run, capsys: pytest.CaptureFixture[str], name: str, verdict: Verdict, words: str
) -> None:
    rows = [replace(it, verdict=verdict) if name in it.name else it for it in run.judgements]
    other = replace(run, judgements=tuple(rows))
    case = of_demo(other, PLANTED)
    assert show_demo([Act(case, other, Path("/run"))], as_json=False) == 3
    out = capsys.readouterr().out
    assert name in out
    assert words in out
    assert f"It ends with 3; a real run that saw this would have ended with {run.exit_code}." in out


def test_a_failure_that_a_skip_list_explains_is_the_one_that_is_planted(run: Run) -> None:
    rows = [
        replace(it, verdict=Verdict.KNOWN) if "TestMount" in it.name else it
        for it in run.judgements
    ]
    listed = replace(run, judgements=tuple(rows))
    assert of_demo(listed, PLANTED).sight is Sight.SEEN
    other = expect("TestMount", Verdict.REGRESSED, "another error")
    assert of_demo(listed, (other, *PLANTED[1:])).sight is Sight.MISSED


def test_an_interrupted_demo_ends_with_130_and_a_broken_machine_with_4(
    run: Run, tmp_path: Path
) -> None:
    stopped = replace(run, interrupted=True)
    act = Act(of_demo(stopped, PLANTED), stopped, tmp_path)
    assert show_demo([act], as_json=False) == 130
    assert show_demo([act, Act(of_demo(run, PLANTED), run, tmp_path)], as_json=False) == 130
    offline = expect("TestOffline", Verdict.REGRESSED, "no such host")
    case = of_demo(run, (*PLANTED[:3], offline))
    assert show_demo([Act(case, run, tmp_path)], as_json=False) == 4
    assert 1 not in CODES_OF_DEMO.values()


def test_a_demo_shows_what_scenarios_answer_and_is_held_to_it(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [feature_runs.row("CopyChmod", "w", "y")]
    answered = feature_runs.run_on(feature_runs.pair(feature_runs.DAEMONS[0]), rows)
    last = Act(of_demo(run, PLANTED), run, tmp_path)

    def shown(wanted: Verdict, error: str = "") -> tuple[int, str]:
        case = of_demo(answered, [expect("TestScenarioCopyChmod", wanted, error)])
        code = show_demo([Act(case, answered, tmp_path), last], as_json=False)
        return code, capsys.readouterr().out

    code, out = shown(Verdict.REGRESSED, "expected")
    assert code == 0
    assert "wrong: the build succeeds, and what comes of it is not right" in out
    assert "planted in MiniKit, 5 tests, and nothing else" in out
    code, out = shown(Verdict.REFUSED)
    assert code == 3
    assert "regressed instead of refused" in out
