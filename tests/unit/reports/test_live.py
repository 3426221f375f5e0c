"""Progress is shown without a flood, without a trace in the run, and without a stuck terminal."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from harness.events import (
    Event,
    LegEnded,
    LegStarted,
    Listener,
    PhaseEnded,
    PhaseStarted,
    Said,
    TestEnded,
    Warned,
)
from harness.model import Leg, Outcome
from harness.reports import live
from harness.reports.live import display
from harness.reports.progress import Progress
from tests.support.factories import full_name

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7][0-9;]*m")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Broken(Terminal):
    """A terminal that went away."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def ended(leg: Leg, name: str, outcome: Outcome = Outcome.PASS) -> TestEnded:
    return TestEnded(leg, 0, name, outcome, 1.5, parent=name == "TestIntegration")


def test_a_test_counts_although_another_has_its_name_in_front() -> None:
    progress = Progress()
    progress.apply(LegStarted(Leg.CONTROL, 0, None), 0.0)
    for name in ("TestNest/linux/arm/v7", "TestNest/linux/arm"):
        progress.apply(ended(Leg.CONTROL, name, Outcome.FAIL), 1.0)
    assert progress.legs[Leg.CONTROL, 0].tally == "2, 2 failed"


def a_run() -> Iterator[Event]:
    yield Said("v0.6 → v0.6.4 (ebcef1f, 2020-02-21)")
    yield PhaseStarted("build suite v0.6.4", "go 1.21.13")
    yield Warned("push ghcr.io/you/compat: denied")
    yield PhaseEnded("build suite v0.6.4", 42.1, "built")
    yield PhaseStarted("run")
    for leg in Leg:
        yield LegStarted(leg, 0, 3)
    yield ended(Leg.CONTROL, full_name("TestA"))
    yield ended(Leg.CANDIDATE, full_name("TestA"), Outcome.FAIL)
    yield ended(Leg.CANDIDATE, "TestIntegration", Outcome.FAIL)
    for leg in Leg:
        yield LegEnded(leg, 0, 44.5)
    yield PhaseEnded("run", 45)


PLAIN = """\
· v0.6 → v0.6.4 (ebcef1f, 2020-02-21)
! push ghcr.io/you/compat: denied
✓ build suite v0.6.4  42.1s  built
✗ candidate  TestA  fail after 1.5s
✓ control  44.5s  1 test, 0 failed
✓ candidate  44.5s  1 test, 1 failed
✓ run  45.0s
"""


def shown(events: Iterator[Event], stream: io.StringIO, environ: Mapping[str, str]) -> str:
    with display(stream, environ=environ) as tell:
        for event in events:
            tell(event)
    return stream.getvalue()


def wait_for(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not there() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert there()


# Which view


def test_without_a_terminal_there_is_a_line_for_what_is_over() -> None:
    assert shown(a_run(), io.StringIO(), {"TERM": "xterm"}) == PLAIN


@pytest.mark.parametrize(
    "environ",
    [
        {"TERM": "dumb"},
        {},
        {"TERM": ""},
        {"TERM": "xterm", "CI": "true"},
        {"TERM": "xterm", "CI": "1"},
    ],
)
def test_dumb_terminals_and_ci_get_plain_lines(environ: dict[str, str]) -> None:
    assert shown(a_run(), Terminal(), environ) == PLAIN


@pytest.mark.parametrize("environ", [{"TERM": "xterm"}, {"TERM": "xterm", "CI": "false"}])
def test_a_terminal_keeps_what_is_over_and_gets_its_cursor_back(environ: dict[str, str]) -> None:
    text = shown(a_run(), Terminal(), environ)
    for line in PLAIN.splitlines():
        assert (line in text) == (not line.startswith("✗"))
    assert text.count(HIDE) == text.count(SHOW) == 1
    assert text.index(HIDE) < text.index(SHOW)


def test_no_color_is_honoured() -> None:
    events: list[Event] = [
        LegStarted(Leg.CONTROL, 0, 3),
        ended(Leg.CONTROL, full_name("TestA"), Outcome.FAIL),
    ]
    for environ, coloured in (
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True),
    ):
        stream = Terminal()
        with display(stream, environ=environ) as tell:
            for event in events:
                tell(event)
            wait_for(lambda stream=stream: "TestA" in stream.getvalue())  # type: ignore[misc]
        assert bool(COLOUR.search(stream.getvalue())) == coloured


def test_the_caller_can_decide() -> None:
    stream = io.StringIO()
    with display(stream, interactive=True, color=False, environ={"CI": "true"}):
        pass
    assert HIDE in stream.getvalue()


# What is under way


def test_a_terminal_shows_both_legs_with_counts_and_the_last_failure() -> None:
    stream = Terminal()
    with display(stream, environ={"TERM": "xterm", "NO_COLOR": "1"}) as tell:
        for event in list(a_run())[:-3]:
            tell(event)
        wait_for(lambda: "1/3, 1 failed  TestA" in stream.getvalue())
        assert re.search(r"control +\S+ +\d+\.\ds  1/3, 0 failed", stream.getvalue())


def test_silence_is_broken_by_a_heartbeat_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Progress, "beat", 0.05)
    stream = io.StringIO()
    with display(stream) as tell:
        wait_for(lambda: threading.active_count() > 1)
        time.sleep(0.2)
        assert stream.getvalue() == ""  # nothing is under way
        tell(PhaseStarted("build suite v0.6.4"))
        wait_for(lambda: stream.getvalue().count("\n") >= 2)
        tell(PhaseEnded("build suite v0.6.4", 0.3))
    *beats, last = stream.getvalue().splitlines()
    assert all(re.fullmatch(r"… build suite v0\.6\.4  \d+\.\ds", beat) for beat in beats)
    assert last == "✓ build suite v0.6.4  0.3s"


def test_many_failing_tests_are_no_flood() -> None:
    events: list[Event] = [LegStarted(Leg.CONTROL, 0, 500)]
    events += [ended(Leg.CONTROL, full_name(f"Test{n}"), Outcome.FAIL) for n in range(500)]
    events += [LegEnded(Leg.CONTROL, 0, 9)]
    lines = shown(iter(events), io.StringIO(), {}).splitlines()
    assert len(lines) == 50 + 1 + 1
    assert lines[-2:] == [
        "… further failing tests are counted, not named",
        "✓ control  9.0s  500 tests, 500 failed",
    ]


def test_what_did_not_finish_is_said_so() -> None:
    lines = shown(iter(list(a_run())[:-4]), io.StringIO(), {}).splitlines()
    assert [re.sub(r"[\d.]+s$", "…s", line) for line in lines[-3:]] == [
        "✗ control  1/3, 0 failed  did not finish  …s",
        "✗ candidate  1/3, 1 failed  did not finish  …s",
        "✗ run  did not finish  …s",
    ]


def test_hostile_text_is_shown_not_obeyed() -> None:
    hostile = "\x1b[2J[bold]x[/bold]\n::error::\u202e" * 50
    events: list[Event] = [
        Said(hostile),
        PhaseStarted(hostile, hostile),
        PhaseEnded(hostile, 1, hostile),
        LegStarted(Leg.CONTROL, 0, None),
        ended(Leg.CONTROL, hostile + "/" * 5000, Outcome.FAIL),
        LegEnded(Leg.CONTROL, 0, 1),
    ]
    text = shown(iter(events), io.StringIO(), {})
    assert len(text.splitlines()) == 4
    assert all(line.isprintable() for line in text.split("\n"))
    assert max(map(len, text.splitlines())) < 1000
    rich = shown(iter(events), Terminal(), {"TERM": "xterm"})
    assert "\x1b[2J" not in rich
    assert "[bold]x[/bold]" in rich


# Threads and faults


def test_two_legs_may_tell_at_once_and_nothing_is_lost() -> None:
    stream = io.StringIO()
    with display(stream, environ={}) as tell:
        threads = [threading.Thread(target=tell_leg, args=(tell, leg)) for leg in Leg]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(stream.getvalue().splitlines()) == [
        "✓ candidate  1.0s  2000 tests, 0 failed",
        "✓ control  1.0s  2000 tests, 0 failed",
    ]


def tell_leg(tell: Listener, leg: Leg) -> None:
    tell(LegStarted(leg, 0, 2000))
    for number in range(2000):
        tell(ended(leg, full_name(f"Test{number}")))
    tell(LegEnded(leg, 0, 1))


def test_a_fault_of_the_display_is_said_once_and_stays_out_of_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_args: object) -> None:
        raise ValueError("no such colour")

    monkeypatch.setattr(Progress, "apply", fail)
    stream = Terminal()
    text = shown(a_run(), stream, {"TERM": "xterm"})
    assert text.count("the progress display failed (ValueError('no such colour'))") == 1
    assert text.index(SHOW) < text.index("the progress display failed")


@pytest.mark.parametrize("environ", [{"TERM": "xterm"}, {"TERM": "dumb"}])
def test_a_terminal_that_went_away_ends_no_run(environ: dict[str, str]) -> None:
    reached = False
    with display(Broken(), environ=environ) as tell:
        for event in a_run():
            tell(event)
        reached = True
    assert reached


def test_an_error_of_the_run_passes_through_and_the_cursor_comes_back() -> None:
    stream = Terminal()

    def stopped() -> None:
        with display(stream, environ={"TERM": "xterm"}) as tell:
            tell(PhaseStarted("build suite v0.6.4"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert "build suite v0.6.4  did not finish" in stream.getvalue()
    assert stream.getvalue().count(SHOW) == 1


def test_a_stuck_terminal_holds_up_neither_listener_nor_exit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()

    class Paused(io.StringIO):
        def write(self, _text: str) -> int:
            go_on.wait(60)
            return 0

    monkeypatch.setattr(live, "_PATIENCE", 0.05)
    began = time.monotonic()
    with display(Paused(), environ={}) as tell:
        for event in a_run():
            tell(event)
    assert time.monotonic() - began < 50
    go_on.set()
