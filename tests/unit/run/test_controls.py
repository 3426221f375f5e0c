"""Stored control runs: used again when every input is the same, and only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from harness.backends.base import LegExit, LegRequest, Sink
from harness.model import Fault, Leg, LegRun, Outcome, Reason, Run, Verdict
from harness.plan.cell import Settings
from harness.tools import machine
from tests.support.factories import full_name
from tests.support.played import Bench, Played, Player, stream

TESTS: Played = {
    "TestCopy": ("pass", "pass"),
    "TestMount": ("pass", "fail no such mount"),
    "TestBroken": ("fail broken for years", "fail broken for years"),
}
OFFLINE = Settings(offline=True, reruns=0)
OOM = Fault(reason=Reason.OOM, words="the kernel killed a process for want of memory")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(TESTS)), OFFLINE)


def control(run: Run) -> LegRun:
    return next(leg for leg in run.legs if leg.leg is Leg.CONTROL)


def was_run_again(bench: Bench) -> bool:
    return bool(bench.player.ran(Leg.CONTROL))


def test_a_control_with_the_same_inputs_is_not_run_again(bench: Bench) -> None:
    first = bench.run()
    assert not control(first).cached
    second = bench.run()
    assert not was_run_again(bench)
    assert len(bench.player.ran(Leg.CANDIDATE)) == 1
    assert control(second) == msgspec.structs.replace(control(first), cached=True)
    assert bench.verdicts(second) == bench.verdicts(first)


def test_a_control_used_again_brings_its_output_and_logs(bench: Bench) -> None:
    folders = [bench.folder / "runs" / bench.run().id / "control" for _ in range(2)]
    first, second = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.log")}
        for folder in folders
    )
    assert second == first
    assert "raw.log" in first
    assert any("TestBroken" in name for name in first)


def test_another_frontend_under_test_finds_the_control(bench: Bench) -> None:
    bench.run()
    bench.player.keys["candidate"] = "another"
    bench.run()
    assert not was_run_again(bench)


CHANGES: dict[str, Callable[[Bench], object]] = {
    "parallel": lambda b: setattr(b, "settings", replace(OFFLINE, parallel=3)),
    "time limit": lambda b: setattr(b, "settings", replace(OFFLINE, timeout=90)),
    "tests": lambda b: setattr(b, "settings", replace(OFFLINE, tests=("Test*",))),
    "network": lambda b: setattr(b, "settings", replace(OFFLINE, offline=False)),
    "worker": lambda b: setattr(b, "worker", "containerd"),
    "mirror": lambda b: setattr(b, "mirror", Path("/cache/mirror/k2")),
    "suite": lambda b: b.player.keys.update(suite="another"),
    "own frontend": lambda b: b.player.keys.update(control="another"),
    "tools": lambda b: b.player.tools.update(runc="runc version 1.3.0"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_control_with_another_input_is_run(change: str, bench: Bench) -> None:
    bench.run()
    CHANGES[change](bench)
    if change == "worker":  # its tests have other names, so nothing is selected: that is enough
        assert bench.run().verdict is Verdict.INDETERMINATE
    else:
        bench.run()
    assert was_run_again(bench)


def test_another_kernel_is_another_machine(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()
    monkeypatch.setattr(machine, "kernel", lambda: "9.9.9")
    bench.run()
    assert was_run_again(bench)


def test_a_fresh_control_is_run_where_it_is_asked_for(bench: Bench) -> None:
    bench.run()
    bench.settings = replace(OFFLINE, fresh_control=True)
    bench.run()
    assert was_run_again(bench)


def test_without_a_control_none_is_looked_for(bench: Bench) -> None:
    bench.run()
    bench.settings = replace(OFFLINE, control=False)
    assert [leg.leg for leg in bench.run().legs] == [Leg.CANDIDATE]


@pytest.mark.parametrize(
    "end",
    [
        LegExit(None, timed_out=True, seconds=1),
        LegExit(2, timed_out=False, seconds=1),
        LegExit(2, timed_out=True, seconds=1),
        LegExit(137, timed_out=False, seconds=1),
        LegExit(-9, timed_out=False, seconds=1),
    ],
)
def test_a_control_that_was_cut_short_is_not_kept(end: LegExit, bench: Bench) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CANDIDATE:
            return None
        sink(stream({"TestCopy": "pass"}, ends=False))
        return end

    bench.player.before = before
    bench.run()
    bench.player.before = None
    bench.run()
    assert was_run_again(bench)


@pytest.mark.parametrize("settings", [OFFLINE, replace(OFFLINE, offline=False)])
@pytest.mark.parametrize(
    "what", ["no space left on device", "fork/exec /bin/sh: cannot allocate memory"]
)
def test_a_control_whose_machine_failed_is_not_kept(
    what: str, settings: Settings, bench: Bench
) -> None:
    bench.player.tests["TestBig"] = (f"fail {what}", "pass")
    bench.settings = settings
    bench.run()
    bench.run()
    assert was_run_again(bench)


def test_a_control_in_which_nothing_passed_is_not_kept(bench: Bench) -> None:
    plays: Played = {"TestCopy": ("skip no containerd-shim", "skip no containerd-shim")}
    bench.player.tests = {**plays, "TestBroken": TESTS["TestBroken"]}
    bench.run()
    bench.player.tests = dict(TESTS)
    run = bench.run()
    assert was_run_again(bench)
    assert bench.verdicts(run)["TestCopy"] == Verdict.COMPATIBLE


def test_a_control_that_ran_out_of_memory_is_not_kept(bench: Bench) -> None:
    def before(_leg: LegRequest, sink: Sink) -> LegExit:
        sink(stream({"TestCopy": "pass"}))
        return LegExit(0, timed_out=False, seconds=1, faults=(OOM,))

    bench.player.before = before
    assert control(bench.run()).faults == (OOM,)
    bench.run()
    assert was_run_again(bench)


def test_a_control_whose_network_failed_is_not_kept_where_there_is_a_network(
    bench: Bench,
) -> None:
    bench.player.tests["TestNet"] = ("fail dial tcp: lookup example.com: no such host", "pass")
    bench.settings = replace(OFFLINE, offline=False)
    run = bench.run()
    assert any(r.reason and r.reason.spurious for r in control(run).results)
    bench.run()
    assert was_run_again(bench)
    bench.settings = OFFLINE  # offline, that is how it always is
    for _ in range(2):
        bench.run()
    assert not was_run_again(bench)


def test_a_control_is_read_by_the_rules_of_the_day_and_not_of_its_own(bench: Bench) -> None:
    bench.run()
    (stored,) = (bench.folder / "cache" / "control").glob("*/raw.log")
    stored.write_bytes(stored.read_bytes().replace(b"PASS: TestInt", b"SKIP: TestInt"))
    again = {result.name: result.outcome for result in control(bench.run()).results}
    assert again[full_name("TestCopy")] is Outcome.SKIP


def test_a_rerun_runs_the_control_too_though_the_main_one_was_stored(bench: Bench) -> None:
    bench.run()
    bench.settings = replace(OFFLINE, reruns=1)
    run = bench.run()
    assert [(leg.leg, leg.attempt, leg.cached) for leg in run.legs] == [
        (Leg.CONTROL, 0, True),
        (Leg.CANDIDATE, 0, False),
        (Leg.CONTROL, 1, False),
        (Leg.CANDIDATE, 1, False),
    ]
    (again,) = bench.player.ran(Leg.CONTROL)
    assert bench.player.selected(again) == ["TestMount"]


def test_the_number_of_tests_to_come_is_told_from_the_stored_control(bench: Bench) -> None:
    bench.run()
    bench.run()
    started = [event for event in bench.events if hasattr(event, "expected")]
    assert [event.expected for event in started] == [len(TESTS)]
