"""When a leg is ended for a test that hangs, and what is told of it."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Overdue, Sink, never
from harness.backends.processes import PROCESSES
from harness.events import Event, Warned
from harness.model import Leg, Outcome, Reason, Run
from harness.plan.cell import Settings
from harness.run import hangs
from harness.run.hangs import Budgets, LastWords, Watch
from harness.run.known import budgets_of
from harness.stored.rejudge.rejudge import rejudge
from tests.support.factories import full_name
from tests.support.played import MARK, Bench, Player
from tests.unit.gotest.test_deadlocks import ACCEPTS, LOCKED, dump

PAIR = Bench(Path("/nowhere"), Player({})).cell().pair


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Running:
    """A watch over tests that a test lists as running."""

    def __init__(self, budgets: Budgets, limit: float = inf) -> None:
        self.clock = Clock()
        self.names: list[str] = []
        self.watch = Watch(budgets, lambda: self.names, self.clock, limit)

    def passes(self, seconds: float, *names: str) -> bool:
        self.names = list(names)
        for _ in range(round(seconds / 0.5)):
            self.clock.now += 0.5
            self.watch()
        return self.watch()


def test_a_test_is_overdue_once_it_was_at_work_for_longer_than_it_may() -> None:
    running = Running(Budgets(10.0))
    assert not running.passes(9.5, "TestA", "TestB")
    assert not running.passes(9.5, "TestB", "TestC")
    assert running.passes(1, "TestB")
    assert running.watch.overdue == ("TestB",)


def test_a_leg_goes_on_beside_a_test_that_hangs_until_none_but_such_are_at_work() -> None:
    running = Running(Budgets(10.0))
    assert not running.passes(5, "TestHangs", "TestA")
    assert not running.passes(9, "TestHangs", "TestB")
    assert not running.passes(5, "TestHangs", "TestHangsToo")
    assert not running.passes(5, "TestHangs", "TestHangsToo")
    assert running.passes(2, "TestHangs", "TestHangsToo")
    assert running.watch.overdue == ("TestHangs", "TestHangsToo")


def test_a_leg_whose_time_is_over_beside_a_test_that_hangs_is_ended_for_that() -> None:
    running = Running(Budgets(10.0), limit=20.0)
    assert not running.passes(9, "TestHangs", "TestA")
    assert not running.passes(9, "TestHangs", "TestB")
    assert running.passes(2, "TestHangs", "TestC")
    assert running.watch.overdue == ("TestHangs",)


def test_the_end_of_a_test_gives_the_next_a_moment_to_go_on() -> None:
    running = Running(Budgets(10.0))
    running.passes(9, "TestHangs", "TestA")
    assert not running.passes(5, "TestHangs", "TestB")
    assert not running.passes(0.5, "TestHangs")
    assert not running.passes(5, "TestHangs", "TestC")
    assert running.passes(1, "TestHangs")
    assert running.watch.overdue == ("TestHangs",)


def test_waiting_does_not_count() -> None:
    running = Running(Budgets(10.0))
    assert not running.passes(9, "TestA")
    assert not running.passes(60)
    assert not running.passes(9, "TestA")


def test_every_test_has_its_own_budget() -> None:
    running = Running(Budgets(10.0, {"TestSlow": 100.0, "TestQuick": 2.0}))
    assert not running.passes(3, "TestSlow", "TestQuick", "TestOther")
    assert running.passes(1, "TestQuick")
    assert running.watch.overdue == ("TestQuick",)


def test_a_leg_is_ended_at_its_own_limit_whatever_its_tests_do() -> None:
    running = Running(Budgets(1000.0), limit=10.0)
    assert not running.passes(9.5, "TestA")
    assert running.passes(0.5)
    assert (running.watch.ended, running.watch.overdue) == (True, ())


def test_a_harness_that_was_stopped_finds_no_test_overdue() -> None:
    running = Running(Budgets(10.0))
    running.passes(2, "TestA")
    running.clock.now += 3600
    assert not running.watch()


def test_a_time_that_was_asked_for_holds_for_all() -> None:
    found = budgets_of(Settings(test_timeout=7.0), Path("/no/file"), PAIR, print)
    assert (found.of("TestA"), found.known) == (7.0, {})


def test_without_a_history_the_default_holds(tmp_path: Path) -> None:
    assert budgets_of(Settings(), None, PAIR, print) == Budgets()
    assert budgets_of(Settings(), tmp_path / "none.sqlite", PAIR, print) == Budgets()
    assert not (tmp_path / "none.sqlite").exists()


def test_a_history_that_cannot_be_read_is_told_of_and_costs_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    file.write_bytes(b"no database")
    events: list[Event] = []
    assert budgets_of(Settings(), file, PAIR, events.append) == Budgets()
    (warning,) = events
    assert isinstance(warning, Warned)
    assert warning.text.startswith("every test may take 300 s")


class Hanging(Player):
    """A player whose candidate waits to be ended, and then says what a leg does."""

    said = b""

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:
        if self.side(leg) is Leg.CONTROL or "TestHang" in leg.skip:
            return super().run(leg, sink, overdue)
        self.legs.append(leg)
        lines = ["=== RUN   TestIntegration", f"=== RUN   {full_name('TestHang')}"]
        sink("".join(f"{MARK}{line}\n" for line in lines).encode())
        while not overdue():
            pass
        (leg.folder / PROCESSES).mkdir()
        (leg.folder / PROCESSES / "buildkitd.7.log").write_text(
            "ready\n" + dump(("sync.Mutex.Lock, 2 minutes", LOCKED), ("IO wait", ACCEPTS)), "utf-8"
        )
        sink(self.said)
        return LegExit(None, timed_out=True, seconds=0.5)


@pytest.fixture
def hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(hangs, "_LOOK", 0.0)
    bench = Bench(tmp_path, Hanging({"TestHang": ("pass", "pass"), "TestNext": ("pass", "pass")}))
    assert isinstance(bench.player, Hanging)
    failed = f"{MARK}--- FAIL: {full_name('TestHang')} (0.1s)\n{MARK}FAIL\n"
    bench.player.said = (failed + dump(("select", ACCEPTS))).encode()
    bench.settings = Settings(offline=True, reruns=0, test_timeout=0.05)
    return bench.run()


def test_the_report_of_a_hang_names_the_lock_and_the_rest_is_judged(hung: Run) -> None:
    verdicts = {row.name: row.verdict.value for row in hung.judgements}
    assert verdicts == {full_name("TestHang"): "regressed", full_name("TestNext"): "compatible"}
    (result,) = (row.candidate[0] for row in hung.judgements if row.verdict.value == "regressed")
    assert (result.outcome, result.reason) == (Outcome.HANG, Reason.TIMEOUT)
    assert result.error.splitlines()[0] == (
        "did not end: a test took longer than it may; buildkitd: goroutine 7 [sync.Mutex.Lock,"
        " 2 minutes] in example.com/minikit/solver.(*CacheMounts).acquire at"
        " solver/cachemounts.go:45"
    )
    assert "    sync.(*Mutex).Lock\n" in result.error
    cut = next(leg.cut for leg in hung.legs if leg.cut)
    assert cut.culprits == (full_name("TestHang"),)


def test_a_leg_whose_own_time_is_over_tells_who_waits_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hangs, "_LOOK", 0.0)
    player = Hanging({"TestHang": ("pass", "pass"), "TestNext": ("pass", "pass")})
    player.said = dump(("select", ACCEPTS)).encode()
    bench = Bench(tmp_path, player, Settings(offline=True, reruns=0, timeout=0.05))
    run = bench.run()
    assert bench.verdicts(run) == {"TestHang": "regressed", "TestNext": "lost"}
    hang = next(row.candidate[0] for row in run.judgements if row.name == full_name("TestHang"))
    assert hang.error.startswith("did not end: the run timed out; buildkitd: goroutine 7 [sync.M")
    (leg,) = (leg for leg in run.legs if leg.leg is Leg.CANDIDATE)
    assert (leg.timed_out, leg.overdue, leg.cut) == (True, (), None)
    assert rejudge(run, tmp_path / "runs" / run.id, ()).run == run


def test_what_tests_say_once_their_daemons_had_to_quit_is_kept_apart(
    hung: Run, tmp_path: Path
) -> None:
    leg = next(leg for leg in hung.legs if leg.cut)
    folder = tmp_path / "runs" / hung.id / leg.folder
    assert b"--- FAIL" not in (folder / "raw.log").read_bytes()
    assert b"SIGQUIT: quit" in (folder / "raw.log").read_bytes()
    assert b"--- FAIL" in (folder / hangs.LAST_WORDS).read_bytes()


def test_where_nobody_holds_a_lock_the_daemons_waits_are_told(tmp_path: Path) -> None:
    last = LastWords()
    last.feed(f"    oci.go:9: stderr: /buildkitd\n{logged(dump(('IO wait', ACCEPTS)))}".encode())
    last.feed(dump(("select", LOCKED.replace("Mutex", "Cond"))).encode())
    ((program, (group,)),) = last.stuck(tmp_path)
    assert (program, group.state) == ("buildkitd", "IO wait")


def logged(text: str) -> str:
    return "".join(f"    oci.go:117: {line}\n" for line in text.splitlines())
