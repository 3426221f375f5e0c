"""Reads what a Go test binary prints, while it runs, into results.

    parser = StreamParser(framing, on_end, on_log)
    parser.feed(chunk)                              # as often as bytes come
    parsed = parser.finish(exit_status, timed_out)  # once

Chunks may end anywhere: the same bytes give the same results. Memory grows with the number of
tests, up to a limit, and not with what they print: logs share a bounded room (shelf.py).
"""

from __future__ import annotations

from collections.abc import Collection

from harness.gotest.framing import Escaped, Framing, Marked, Plain
from harness.gotest.names import parse
from harness.gotest.settle import Parsed, settle
from harness.gotest.tracker import OnEnd, OnLog, Tracker
from harness.gotest.tree import bottom
from harness.model import Format, Outcome


def _ignore_end(_name: str, _outcome: Outcome, _seconds: float | None) -> None:
    """Stand in for a listener that is not there."""


def _ignore_log(_name: str, _log: bytes) -> None:
    """Stand in for a listener that is not there."""


MARKING, ESCAPING = 20, 27
"""Minor versions of Go that brought the framings which a test's output cannot imitate."""


def format_of(go_minor: int) -> Format:
    """Return how a binary that was built by this Go 1.x frames events for `leg.arguments`."""
    if go_minor < MARKING:
        return Format.PLAIN
    return Format.MARKED if go_minor < ESCAPING else Format.ESCAPED


class StreamParser:
    """Takes the combined output of one run; see the module's text."""

    def __init__(
        self, framing: Format, on_end: OnEnd = _ignore_end, on_log: OnLog = _ignore_log
    ) -> None:
        """Listen: `on_end` once per test that ended, `on_log` once per failing test.

        Ends are told as they are read, or at `finish` for tests that never ended. A log is told
        after its test's end; it holds at most about 1 MiB, its middle left out if it was longer.
        """
        self._tracker = Tracker(on_end, on_log)
        self._framing: Framing = _FRAMINGS[framing](self._tracker)

    @property
    def begun(self) -> bool:
        """Whether any test has begun."""
        return bool(self._tracker.tests)

    def at_work(self) -> list[str]:
        """Name the suite's tests that run now and have no subtest that does."""
        tests = self._tracker.tests.values()
        running = bottom(test for test in tests if test.outcome is None and not test.paused)
        return [test.name for test in running if parse(test.name).function]

    def has_subtests(self, name: str) -> bool:
        """Return whether a test has certainly had subtests that ended."""
        test = self._tracker.tests.get(name)
        return test is not None and test.inner

    def feed(self, chunk: bytes) -> None:
        """Read on; any bytes are accepted."""
        self._framing.feed(chunk)

    def finish(
        self,
        exit_status: int | None,
        timed_out: bool = False,  # noqa: FBT001, FBT002 - the pair a finished process is described by
        overdue: Collection[str] = (),
    ) -> Parsed:
        """Return how the process ended and get the results; call once.

        `exit_status` is None if the process was killed; `timed_out` if that was for lack of time;
        `overdue` are the tests for which it was.
        """
        self._framing.finish()
        return settle(self._tracker, exit_status, timed_out=timed_out, overdue=overdue)


_FRAMINGS: dict[Format, type[Marked | Plain]] = {
    Format.MARKED: Marked,
    Format.ESCAPED: Escaped,
    Format.PLAIN: Plain,
}
