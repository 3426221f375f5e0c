"""Legs that a test cut off: what of them runs again, where, and what is made of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Sink
from harness.events import Said, ignore
from harness.model import Leg, Outcome, Reason, Result, Run
from harness.plan.cell import Settings
from harness.run.pair import run_pair
from tests.support.factories import full_name
from tests.support.played import MARK, Bench, Played, Player, interrupt_main, until_stopped

QUIET: Played = dict.fromkeys(("TestA", "TestB", "TestC", "TestD", "TestE"), ("pass", "pass"))
PANIC = "panic: boom\n\ngoroutine 7 [running]:\nexample.com/x.test{}(0x1)\n\tx_test.go:9 +0x1\n"


class Fatal:
    """A suite whose tests kill the binary: `panic`, `exit`, `gone` for its daemon alone."""

    def __init__(self, player: Player, kills: dict[str, str], side: Leg = Leg.CANDIDATE) -> None:
        self.player = player
        self.kills = kills
        self.side = side
        self.parallel = False
        player.before = self

    def __call__(self, leg: LegRequest, sink: Sink) -> LegExit | None:
        selected = self.player.selected(leg)
        deadly = [f for f in selected if f in self.kills]
        if self.player.side(leg) is not self.side or not deadly:
            return None
        play = self._at_once if self.parallel else self._in_turn
        lines, status = play(selected, leg.parallel)
        sink(("\n".join([f"{MARK}=== RUN   TestIntegration", *lines]) + "\n").encode())
        return LegExit(status, timed_out=False, seconds=0.5)

    def _in_turn(self, selected: list[str], _parallel: int) -> tuple[list[str], int]:
        lines = []
        for function in selected:
            lines.append(f"{MARK}=== RUN   {full_name(function)}")
            if kind := self.kills.get(function):
                return [*lines, *self._end(kind, function)], 1 if kind == "gone" else 2
            lines.append(f"{MARK}--- PASS: {full_name(function)} (0.01s)")
        raise AssertionError("nothing deadly was selected")

    def _at_once(self, selected: list[str], parallel: int) -> tuple[list[str], int]:
        lines = []
        for function in selected:
            lines += [f"{MARK}=== {w} {full_name(function)}" for w in ("RUN  ", "PAUSE")]
        at_work = selected[:parallel]
        lines += [f"{MARK}=== CONT  {full_name(function)}" for function in at_work]
        while not (deadly := [f for f in at_work if f in self.kills]):
            lines += [f"{MARK}--- PASS: {full_name(f)} (0.01s)" for f in at_work]
            rest = selected[selected.index(at_work[-1]) + 1 :]
            at_work = rest[:parallel]
            lines += [f"{MARK}=== CONT  {full_name(function)}" for function in at_work]
        return [*lines, *self._end(self.kills[deadly[0]], deadly[0])], 2

    def _end(self, kind: str, function: str) -> list[str]:
        if kind == "panic":
            return [PANIC.format(function.removeprefix("Test"))]
        if kind == "gone":
            name = full_name(function)
            return [
                "    x_test.go:7: failed to solve: transport is closing",
                f"{MARK}--- FAIL: {name} (0.01s)",
                f"{MARK}--- FAIL: TestIntegration (0.02s)",
                f"{MARK}FAIL",
            ]
        return []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = Bench(tmp_path, Player(dict(QUIET)))
    found.settings = Settings(offline=True, reruns=0, parallel=2)
    return found


def candidate(run: Run, function: str) -> list[Result]:
    (row,) = (row for row in run.judgements if row.name == full_name(function))
    return list(row.candidate)


@pytest.mark.parametrize("kind", ["panic", "exit", "gone"])
def test_what_a_crash_cut_off_runs_again_without_it_on_that_side(bench: Bench, kind: str) -> None:
    Fatal(bench.player, {"TestB": kind})
    run = bench.run()
    assert bench.verdicts(run) == dict.fromkeys(QUIET, "compatible") | {"TestB": "regressed"}
    assert candidate(run, "TestB")[0].outcome is Outcome.CRASH
    (control,) = bench.player.ran(Leg.CONTROL)
    _, rest = bench.player.ran(Leg.CANDIDATE)
    assert bench.player.selected(rest) == ["TestC", "TestD", "TestE"]
    assert [leg.recovers for leg in run.legs] == [None, None, 0]
    assert control.skip == ""


def test_a_crash_of_the_control_is_told_as_its_own(bench: Bench) -> None:
    Fatal(bench.player, {"TestB": "panic"}, Leg.CONTROL)
    run = bench.run()
    assert bench.verdicts(run) == dict.fromkeys(QUIET, "compatible") | {"TestB": "fixed"}
    assert len(bench.player.ran(Leg.CANDIDATE)) == 1


def test_both_sides_that_crash_alike_still_say_what_the_rest_does(bench: Bench) -> None:
    ours, theirs = Player(dict(QUIET)), bench.player
    first = Fatal(ours, {"TestB": "panic"}, Leg.CONTROL)
    Fatal(theirs, {"TestB": "panic"})
    second = theirs.before
    assert second
    ours.tests = theirs.tests
    theirs.before = lambda leg, sink: first(leg, sink) or second(leg, sink)
    run = bench.run()
    assert bench.verdicts(run) == dict.fromkeys(QUIET, "compatible") | {"TestB": "same-failure"}


def test_each_of_several_crashes_is_found(bench: Bench) -> None:
    Fatal(bench.player, {"TestB": "panic", "TestD": "exit"})
    run = bench.run()
    assert bench.verdicts(run) == {
        **dict.fromkeys(QUIET, "compatible"),
        "TestB": "regressed",
        "TestD": "regressed",
    }
    assert candidate(run, "TestD")[-1].reason is Reason.EXIT


def test_of_tests_that_were_at_work_together_each_runs_alone(bench: Bench) -> None:
    fatal = Fatal(bench.player, {"TestC": "exit"})
    fatal.parallel = True
    run = bench.run()
    assert bench.verdicts(run) == dict.fromkeys(QUIET, "compatible") | {"TestC": "regressed"}
    first, rest, alone, last = bench.player.ran(Leg.CANDIDATE)
    assert [leg.parallel for leg in (first, rest, alone, last)] == [2, 2, 1, 1]
    assert list(map(bench.player.selected, (rest, alone, last))) == [
        ["TestE"],
        ["TestC", "TestD"],
        ["TestD"],
    ]
    assert bench.player.selected(alone) == ["TestC", "TestD"]
    assert [r.outcome for r in candidate(run, "TestD")][-1] is Outcome.PASS


def test_a_suite_that_dies_again_and_again_costs_each_test_but_its_own_end(bench: Bench) -> None:
    names = [f"Test{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    bench.player.tests = dict.fromkeys(names, ("pass", "pass"))
    Fatal(bench.player, dict.fromkeys(names[::2], "panic"))
    verdicts = bench.verdicts(bench.run())
    assert [name for name in names if verdicts[name] == "regressed"] == names[::2]
    assert {verdicts[name] for name in names[1::2]} == {"compatible"}
    assert len(bench.player.ran(Leg.CANDIDATE)) == 1 + 13


def test_a_run_interrupted_between_processes_goes_on_after_the_last(bench: Bench) -> None:
    names = [f"Test{letter}" for letter in "ABCDEFGH"]
    bench.player.tests = dict.fromkeys(names, ("pass", "pass"))
    fatal = Fatal(bench.player, dict.fromkeys(names[1::2], "panic"))

    def stops_in_the_third(leg: LegRequest, sink: Sink) -> LegExit | None:
        if len(bench.player.ran(Leg.CANDIDATE)) == 3:
            interrupt_main()
            return until_stopped()
        return fatal(leg, sink)

    bench.player.before = stops_in_the_third
    stopped = bench.run()
    assert stopped.interrupted
    bench.player.before = fatal
    bench.player.legs.clear()
    job = bench.job()
    folder = replace(job.folder, path=bench.run_folder(stopped))
    verdicts = bench.verdicts(run_pair(replace(job, folder=folder, earlier=stopped), ignore))
    assert [name for name in names if verdicts[name] == "regressed"] == names[1::2]
    assert {verdicts[name] for name in names[::2]} == {"compatible"}
    ran = [bench.player.selected(leg) for leg in bench.player.ran(Leg.CANDIDATE)]
    assert ran == [names[4:], names[6:]]
    assert not bench.player.ran(Leg.CONTROL)


def test_what_was_cut_off_in_a_rerun_runs_again_too(bench: Bench) -> None:
    bench.player.tests["TestC"] = ("pass", "pass, fail so, pass")
    bench.settings = Settings(offline=True, reruns=1, parallel=2)
    Fatal(bench.player, {"TestB": "panic"})
    run = bench.run()
    assert bench.verdicts(run)["TestC"] == "flaky"
    assert [(leg.leg, leg.recovers) for leg in run.legs if leg.recovers is not None] == [
        (Leg.CANDIDATE, 0),
        (Leg.CANDIDATE, 2),
    ]


def test_the_reader_is_told_that_something_runs_again_and_why(bench: Bench) -> None:
    Fatal(bench.player, {"TestB": "panic"})
    bench.run()
    said = [event.text for event in bench.events if isinstance(event, Said)]
    assert any("panic: boom" in text and text.startswith("candidate:") for text in said)
