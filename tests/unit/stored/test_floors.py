"""Floors are proposed from what tests did on each line, and kept where a run shows nothing."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from harness.config.floors import Floors, load_floors
from harness.model import Below, Judgement, Outcome, Reason, Run, Verdict
from harness.stored.floors import Row, files, idle, propose
from tests.support.floors import LINES, floor, floors, refused, varied
from tests.support.gates import PAIR, judged, run_of
from tests.support.nights import commit


def on(line: str, *rows: Judgement, tests: str = "master") -> Run:
    """A run on the daemon of a line of the tests of another one."""
    pair = replace(PAIR, suite=replace(PAIR.suite, line=line))
    return run_of(varied(pair, commit("v0.17.3", line=tests)), *rows)


GOOD = judged("TestA", Verdict.COMPATIBLE)
WRONG = judged("TestA", Verdict.REGRESSED, "mode 0000")


def found(*runs: Run, known: Floors | None = None) -> dict[str, Row]:
    rows = propose(runs, known or floors())
    return {it.test: it for it in rows}


def test_a_floor_is_the_oldest_line_from_which_on_nothing_fails() -> None:
    row = found(on("v0.3", GOOD), on("v0.6", WRONG), on("v0.12", GOOD), on("v0.17", GOOD))["TestA"]
    assert (row.since, row.below, row.cause) == ("v0.12", Below.WRONG, "")
    assert found(on("v0.6", GOOD))["TestA"].below is None


def test_the_worst_that_a_test_does_below_is_told() -> None:
    rows = (on("v0.3", WRONG), on("v0.6", refused("TestA")), on("v0.12", GOOD))
    row = found(*rows)["TestA"]
    assert (row.since, row.below, row.cause) == ("v0.12", Below.WRONG, "")
    known = floors(floor("TestA", "v0.12", Below.WRONG, "it is ignored"))
    for line in ("v0.6", "v0.12"):
        row = found(on(line, refused("TestA")), on("v0.17", GOOD), known=known)["TestA"]
        assert (row.below, row.cause) == (Below.WRONG, "it is ignored")
    older, newer = refused("TestA", lacks="exec.old"), refused("TestA", lacks="exec.new")
    assert found(on("v0.3", older), on("v0.6", newer))["TestA"].cause == "exec.new"


def test_the_lines_whose_daemon_dies_of_what_is_wrong_on_others_are_named() -> None:
    dead = replace(WRONG, candidate=(replace(WRONG.candidate[0], outcome=Outcome.CRASH),))
    rows = (on("v0.3", dead), on("v0.6", WRONG), on("v0.12", dead), on("v0.17", GOOD))
    row = found(*rows)["TestA"]
    assert (row.since, row.below, row.dies) == ("v0.17", Below.WRONG, ("v0.3", "v0.12"))
    assert "dies: [v0.3, v0.12], cause: " in str(row)
    known = floors(floor("TestA", "v0.17", Below.WRONG, "it is ignored", dies=("v0.3", "v0.12")))
    row = found(on("v0.6", dead), on("v0.12", GOOD), known=known)["TestA"]
    assert (row.since, row.dies, row.cause) == ("v0.12", ("v0.3", "v0.6"), "it is ignored")
    assert found(on("v0.6", dead), on("v0.12", GOOD))["TestA"].dies == ()
    known = floors(floor("TestA", "v0.17", Below.CRASH))
    assert found(on("v0.6", WRONG), on("v0.17", GOOD), known=known)["TestA"].dies == (
        *("v0.3", "v0.12"),
    )


def test_a_refusal_names_the_capability() -> None:
    row = found(on("v0.6", refused("TestA")), on("v0.12", GOOD))["TestA"]
    assert (row.since, row.below, row.cause) == ("v0.12", Below.REFUSED, "exec.secretenv")


def test_what_somebody_wrote_and_what_was_not_run_stays() -> None:
    known = floors(
        floor("TestA", "v0.12", Below.WRONG, "it is ignored"), floor("TestOther", "v0.3")
    )
    rows = found(on("v0.6", WRONG), on("v0.17", GOOD), known=known)
    assert (rows["TestA"].since, rows["TestA"].cause) == ("v0.12", "it is ignored")
    assert rows["TestOther"].since == "v0.3"
    assert found(on("v0.12", WRONG), on("v0.17", GOOD), known=known)["TestA"].since == "v0.17"
    assert found(on("v0.6", GOOD), known=known)["TestA"].since == "v0.6"


def test_a_test_that_was_only_seen_to_pass_keeps_what_is_said_of_older_daemons() -> None:
    known = floors(floor("TestA", "v0.12", Below.WRONG, "it is ignored"))
    row = found(on("v0.12", GOOD), known=known)["TestA"]
    assert (row.since, row.below, row.cause) == ("v0.12", Below.WRONG, "it is ignored")


def test_a_floor_that_falls_keeps_what_was_seen_of_still_older_daemons() -> None:
    known = floors(floor("TestA", "master", Below.WRONG, "it is ignored", dies=("v0.6",)))
    row = found(on("v0.12", GOOD), known=known)["TestA"]
    assert (row.since, row.below, row.cause) == ("v0.12", Below.WRONG, "it is ignored")
    assert row.dies == ("v0.6",)
    row = found(on("v0.3", GOOD), known=known)["TestA"]
    assert (row.since, row.below, row.cause, row.dies) == ("v0.3", None, "", ()), "none is older"


def test_no_floor_is_above_the_line_of_the_tests() -> None:
    assert found(on("v0.6", WRONG, tests="v0.17"))["TestA"].since == "v0.17"
    assert "TestA" not in found(on("v0.17", WRONG, tests="v0.17"))
    assert "TestA" not in found(on("v0.12", GOOD, tests="v0.6"), on("v0.17", WRONG, tests="v0.6"))
    known = floors(floor("TestA", "v0.12", Below.WRONG, "it is ignored"))
    row = found(on("v0.17", WRONG, tests="v0.6"), known=known)["TestA"]
    assert (row.since, row.cause) == ("v0.12", "it is ignored")


def test_what_a_dying_leg_cut_off_says_nothing() -> None:
    cut = replace(WRONG.candidate[0], outcome=Outcome.CRASH, reason=Reason.INCOMPLETE)
    row = replace(WRONG, candidate=(cut, *WRONG.candidate))
    assert found(on("v0.6", row))["TestA"].below is Below.WRONG
    assert "TestA" not in found(on("v0.6", replace(WRONG, candidate=(cut,))))


def test_of_two_daemons_of_a_line_the_worse_counts() -> None:
    for rows in ((WRONG, GOOD, refused("TestA")), (refused("TestA"), GOOD, WRONG)):
        row = found(*(on("v0.6", it) for it in rows))["TestA"]
        assert (row.since, row.below, row.cause) == ("master", Below.WRONG, "")


def test_a_pair_whose_frontend_varies_proposes_nothing() -> None:
    assert found(run_of(PAIR, WRONG)) == {}
    spurious = replace(WRONG, verdict=Verdict.INFRA)
    assert "TestA" not in found(on("v0.6", spurious))


def names(*runs: Run | None) -> list[str]:
    known = (
        *(floor("TestA", "v0.12"), floor("TestA/gone", "v0.12"), floor("TestGone", "v0.3")),
        *(floor("TestCmdShell", "v0.6", params={"fileop": "true"}), floor("TestTold", "v0.3")),
    )
    return [it.test for it in idle(runs, floors(*known))]


def skipping(run: Run, pattern: str) -> Run:
    return replace(run, legs=tuple(replace(leg, skipped=pattern) for leg in run.legs))


def test_a_floor_of_a_test_that_no_pair_of_a_whole_run_has_is_idle() -> None:
    told = refused("TestTold")
    gone = ["TestA/gone", "TestGone", "TestCmdShell"]
    assert names(on("v0.6", GOOD), on("v0.12", told)) == gone
    assert names(on("v0.6", GOOD, told, judged("TestGone", Verdict.SKIPPED))) == gone[::2]
    assert names(skipping(on("v0.6", GOOD, told), "^TestIntegration$/^(?:TestGone|TestX)$")) == [
        *gone[::2]
    ]


def test_what_is_no_whole_run_tells_of_no_floor() -> None:
    run = on("v0.6", GOOD)
    assert names(run)
    assert names(run, None) == []
    assert names(run, replace(run, interrupted=True)) == []
    part = tuple(replace(leg, selection="^TestIntegration$/^TestA$") for leg in run.legs)
    assert names(replace(run, legs=part)) == []
    assert names(run_of(PAIR, GOOD)) == []


def test_what_is_written_is_read_back_and_proposed_again(tmp_path: Path) -> None:
    runs = (on("v0.6", refused("TestB", lacks="a b: c")), on("v0.12", GOOD))
    known = floors(floor("TestC", "v0.12", Below.WRONG, "it is ignored", dies=("v0.3", "v0.6")))
    rows = propose(runs, known)
    for name, text in files(rows).items():
        (tmp_path / name).write_text(text, "utf-8")
    again = propose((), load_floors(tmp_path, LINES))
    assert again == rows


def scenarios(line: str, *rows: Judgement) -> Run:
    """A run of scenarios on the daemon of a line."""
    run = on(line, *rows)
    return replace(run, pair=replace(run.pair, scenarios=True))


def test_scenarios_have_a_file_of_their_own() -> None:
    refusal = refused("TestScenarioCopy", lacks="exec.secretenv")
    rows = propose((scenarios("v0.6", refusal), on("v0.6", GOOD)), floors())
    assert list(files(rows)) == ["v0.6.yaml", "scenarios.yaml"]
    assert "TestScenarioCopy, since: master, below: refused" in files(rows)["scenarios.yaml"]


def test_a_run_of_scenarios_says_nothing_of_other_floors() -> None:
    known = floors(floor("TestGone", "v0.3"), floor("TestScenarioGone", "v0.3"))
    there = scenarios("v0.6", judged("TestScenarioCopy", Verdict.COMPATIBLE))
    assert [it.test for it in idle((there,), known)] == ["TestScenarioGone"]
    assert [it.test for it in idle((on("v0.6", GOOD),), known)] == ["TestGone"]
    assert len(idle((there, on("v0.6", GOOD)), known)) == 2
