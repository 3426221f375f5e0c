"""What is run again: what surprises, on both sides, unless it looks systemic."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from harness.errors import ExitCode
from harness.model import Leg, Outcome, Verdict
from harness.plan.cell import Settings
from harness.reports.terminal import render
from harness.run.reruns import FEW
from tests.support.factories import full_name
from tests.support.played import MIXED, Bench, Player, attempts


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def test_only_unexpected_tests_are_run_again_and_always_on_both_sides(bench: Bench) -> None:
    bench.settings = Settings(reruns=2, most_reruns=2)
    run = bench.run()
    for side in Leg:
        first, second, third = bench.player.ran(side)
        assert bench.player.selected(first) == list(MIXED)
        assert bench.player.selected(second) == ["TestMount", "TestFixed", "TestFlaky"]
        # The flake is known for one by now, and tried as often as the rest, for its rate.
        assert bench.player.selected(third) == ["TestMount", "TestFixed", "TestFlaky"]
        assert attempts(run, side) == [0, 1, 2]
    by_name = {row.name: row for row in run.judgements}
    mount = by_name[full_name("TestMount")]
    assert [result.outcome for result in mount.control] == [Outcome.PASS] * 3
    assert [result.outcome for result in mount.candidate] == [Outcome.FAIL] * 3
    assert len(by_name[full_name("TestCopy")].control) == 1
    assert by_name[full_name("TestFlaky")].verdict is Verdict.FLAKY
    assert len(by_name[full_name("TestFlaky")].candidate) == 3


@pytest.mark.parametrize("reruns", [0, 1, 3])
def test_what_stays_unexpected_is_run_again_as_often_as_was_asked_for(
    reruns: int, bench: Bench
) -> None:
    bench.settings = Settings(reruns=reruns, most_reruns=reruns)
    run = bench.run()
    assert attempts(run, Leg.CANDIDATE) == list(range(reruns + 1))


def test_without_surprises_nothing_is_run_again(bench: Bench) -> None:
    bench.player.tests = {"TestCopy": ("pass", "pass"), "TestNet": ("fail x", "fail x")}
    run = bench.run()
    assert attempts(run, Leg.CANDIDATE) == [0]
    assert (run.verdict, run.exit_code) == (Verdict.COMPATIBLE, ExitCode.COMPATIBLE)
    assert run.rerun == ()


def test_a_systemic_failure_is_not_run_again_and_the_reader_is_told(bench: Bench) -> None:
    count = FEW + 1
    bench.player.tests = {f"Test{n}": ("pass", "fail all the same") for n in range(count)}
    run = bench.run()
    assert attempts(run, Leg.CANDIDATE) == [0]
    assert run.warnings == (
        f"{count} of {count} tests are unexpected: this looks systemic, so nothing was rerun",
    )
    assert run.verdict is Verdict.REGRESSED


def test_a_few_failures_are_run_again_even_if_they_are_all_there_is(bench: Bench) -> None:
    bench.player.tests = {f"Test{n}": ("pass", "fail once, pass") for n in range(FEW)}
    run = bench.run()
    assert run.counts == {Verdict.FLAKY: FEW}
    assert run.warnings == ()


def test_many_failures_among_many_more_tests_are_run_again(bench: Bench) -> None:
    bench.player.tests = {f"TestGood{n}": ("pass", "pass") for n in range(60)}
    bench.player.tests |= {f"TestBad{n}": ("pass", "fail once, pass") for n in range(FEW + 1)}
    assert bench.run().counts[Verdict.FLAKY] == FEW + 1


def test_a_test_that_one_side_never_got_to_is_lost_unless_a_rerun_finds_it(bench: Bench) -> None:
    bench.player.tests = {
        "TestCopy": ("pass", "pass"),
        "TestGone": ("pass", "absent"),
        "TestLate": ("pass", "absent, pass"),
    }
    run = bench.run()
    assert bench.verdicts(run) == {
        "TestCopy": "compatible",
        "TestGone": "lost",
        "TestLate": "compatible",
    }
    assert run.exit_code == ExitCode.REGRESSION


def test_the_rerun_command_names_the_functions_that_surprised_and_survives_a_shell(
    bench: Bench,
) -> None:
    bench.command = ("compat-run", "v0.6", "master", "--repo", "/a b/it's", "--offline")
    run = bench.run()
    assert run.rerun == (*bench.command, "--tests", "TestMount", "--tests", "TestFixed")
    report = render(run, bench.run_folder(run), width=1000, color=False)
    (line,) = (line for line in report.splitlines() if line.startswith("rerun"))
    assert tuple(shlex.split(line)[1:]) == run.rerun
