"""The state of every test while a stream is read; the framings speak, this listens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import msgspec

from harness.gotest.dumps import DumpWatch
from harness.gotest.logs import BoundedLog, readable
from harness.gotest.names import parse
from harness.gotest.reasons import Explanation, error_line, explain, skip_reason
from harness.gotest.shelf import Shelf
from harness.gotest.tree import Test, place
from harness.model import BUILT_LENGTH, MOST_BUILT, MOST_SECONDS, Outcome

OnEnd = Callable[[str, Outcome, float | None], None]
"""Told each test that ended: its name, outcome, and seconds if Go gave them."""
OnLog = Callable[[str, bytes], None]
"""Told the log of each test that failed."""

_WORSE = (Outcome.PASS, Outcome.SKIP, Outcome.FAIL)
_MANY = 8
_ODD_NAME = 200

_DEPTH = 64
"""Parents that a panic fails in direct succession; sandboxes have three."""

# Tests of one run, characters of a name and of all names: beyond that nothing is a test.
#
# BuildKit's suites have some 2,000 of about 100 characters, and Go's test2json takes lines of
# 4 KiB.
TESTS = 50_000
NAME = 4096
NAMES = 4 * 1024 * 1024
EVIDENCE = 16 * 1024 * 1024
"""Characters of all excerpts of one run; what is behind them is cut to a line each."""


def _text(value: str) -> str:
    """Return the text that a string of JSON holds; what is none is empty, whoever printed it."""
    try:
        return msgspec.json.decode(value, type=str)
    except msgspec.DecodeError:
        return ""


class Tracker:
    """Takes events and output, keeps one small record per test, hands failing logs on.

    Rules that hold for every framing: a test passes only by its own pass event; an end before
    a begin is no end; of two ends of one test the worse one counts.
    """

    def __init__(self, on_end: OnEnd, on_log: OnLog) -> None:
        """Listen from the beginning of a stream."""
        self.tests: dict[str, Test] = {}
        self.dump = DumpWatch()
        self.loose = BoundedLog()
        """Output that belongs to no test: before the first, after the last."""
        self.passed: bool | None = None
        """The binary's own last word, PASS or FAIL, if it came to that."""
        self.oddities: dict[str, list[str]] = {}
        """Kinds of surprises and the first few tests they happened to."""
        self.chain: deque[str] = deque(maxlen=_DEPTH)
        """Tests announced as failed in direct succession: a panic fails a test and its parents."""
        self.failed: deque[str] = deque(maxlen=_DEPTH)
        """The tests announced as failed last, whatever came in between."""
        self.foreign: dict[str, str] = {}
        """Error blocks that name another test than the one whose output they stood in."""
        self.listed = False
        """A parallel test of the suite's own has gone on: its parent has begun all it will."""
        self._on_end = on_end
        self._on_log = on_log
        self._current: Test | None = None
        self._unsealed: list[Test] = []
        self._returning: Test | None = None
        """The test that the last event said to have ended, or to wait: its t.Run returns."""
        self._shelf = Shelf()
        self._names = NAMES
        self._evidence = EVIDENCE

    def begin(self, name: str) -> None:
        """`=== RUN`: from here on the test owes an end."""
        self._frame()
        test = self.tests.get(name)
        if test is None:
            refusal = self._refusal(name)
            if refusal:
                self._odd(refusal, name)
                self._current = None
                return
            test = self.tests[name] = place(name, self.tests)
            self._names -= len(name)
        elif test.outcome is not None:
            self._odd("began again after its end", name)
            test.open = True
        self._current = test

    def _refusal(self, name: str) -> str:
        if len(name) > NAME:
            return "a begin under an endless name was ignored"
        if not name or readable(name) != name:
            return "a begin under a name that Go cannot print was ignored"
        if len(self.tests) >= TESTS or len(name) > self._names:
            return "more tests began than can be kept, these were ignored"
        return ""

    def pause(self, name: str) -> None:
        """`=== PAUSE`: a parallel test waits for its parent to finish its serial part."""
        self._frame()
        self._current = test = self.tests.get(name)
        if test is not None and test.outcome is None:
            test.paused = test.parallel = True
            self._returning = test

    def resume(self, name: str) -> None:
        """`=== CONT`: the test runs now; also written when output changes hands."""
        self._frame()
        self._current = test = self.tests.get(name)
        if test is not None and test.paused:
            test.paused = False
            self.listed |= not any(parse(it.name).function for it in test.ancestors)

    def name(self, name: str) -> None:
        """`=== NAME`: what follows is this test's output, or no test's."""
        returning = self._returning
        self._frame()
        self._current = test = self.tests.get(name)
        if test is not None and returning is not None:
            returning.returned_to(test)

    def attribute(self, name: str, key: str, value: str) -> None:
        """`=== ATTR`: of what a test says of itself, Dockerfiles are kept while there is room."""
        test = self.tests.get(name)
        text = _text(value) if key == "dockerfile" and test else ""
        if test is None or not 0 < len(text) <= self._evidence or len(test.built) >= MOST_BUILT:
            return
        self._evidence -= len(text)
        test.built += (text[:BUILT_LENGTH],)

    def nest(self, name: str, parent: str) -> None:
        """Take in that the end of a test stands indented below its parent's."""
        test, above = self.tests.get(name), self.tests.get(parent)
        if test is not None and above is not None and name.startswith(f"{parent}/"):
            test.put_below(above)

    def end(self, name: str, outcome: Outcome, seconds: float | None) -> None:
        """End a test, its output may still follow until the next event."""
        self._seal()
        test = self.tests.get(name)
        if test is None:
            self._odd("an end without a begin was ignored", name)
            self._current = None
            return
        self._current = test
        self.dump.reset()
        if outcome is Outcome.FAIL:
            self.chain.append(name)
            self.failed.append(name)
        if test.outcome is None:
            test.settle_place()
            test.paused = test.open = False
            test.outcome = outcome
            # What a test prints may be a claim, and a claim may be any number.
            test.seconds = seconds if seconds is None or 0 <= seconds <= MOST_SECONDS else None
            self._unsealed.append(test)
            self._returning = None if test.parallel else test
            self._on_end(name, outcome, test.seconds)
            return
        test.open = False
        if test.outcome is not outcome:
            self._odd("ended twice and differently, the worse counts", name)
            if _WORSE.index(outcome) > _WORSE.index(test.outcome):
                test.outcome, test.why = outcome, None
                self._unsealed.append(test)

    def output(self, data: bytes) -> None:
        """Take output of the test that spoke last; it may begin and end anywhere."""
        if data:
            self.dump.feed(data)
            self._keep(self._current, data)

    def _keep(self, test: Test | None, data: bytes) -> None:
        if test is None:
            self.loose.append(data)
            return
        if test.log is None:
            if test.outcome is Outcome.PASS or test.why is not None:
                return
            test.log = self._shelf.open()
        self._shelf.append(test.log, data)

    def package(self, *, passed: bool) -> None:
        """Take the binary's last word; what follows belongs to no test.

        Behind a panic the word is `go test`'s, and the panic stays the last of the binary's.
        """
        if passed or not self.dump.seen:
            self._frame()
        self._seal()
        self._current = None
        self.passed = passed

    def log_of(self, test: Test) -> bytes:
        """Take the log of a test; from here on it has none."""
        log, test.log = test.log, None
        return b"" if log is None else self._shelf.close(log)

    def close(self, test: Test, outcome: Outcome, why: Explanation, log: bytes) -> None:
        """End a test that will not end any more."""
        test.outcome = outcome
        test.why = self._bounded(why)
        self._on_end(test.name, outcome, None)
        if outcome.failing:
            self._on_log(test.name, log)

    def seal(self) -> None:
        """Settle the logs of the tests that have ended."""
        self._seal()

    def _frame(self) -> None:
        if self._unsealed:
            self._seal()
        if self.chain:
            self.chain.clear()
        self._returning = None
        self.dump.reset()

    def _seal(self) -> None:
        for test in self._unsealed:
            log = self.log_of(test)
            if test.outcome is Outcome.FAIL:
                why = explain(log, test=test.name)
                self._heed(why)
                test.why = self._bounded(why)
                self._on_log(test.name, log)
            elif test.outcome is Outcome.SKIP:
                test.why = self._bounded(skip_reason(log))
            elif b"Error Trace:" in log:
                self._heed(explain(log, test=test.name))
        self._unsealed.clear()

    def _heed(self, why: Explanation) -> None:
        for name, block in why.foreign.items():
            if name in self.tests:
                self.foreign.setdefault(name, block)

    def _bounded(self, why: Explanation) -> Explanation:
        """Keep an excerpt whole while there is room for all of them, else its one line."""
        error = why.error if len(why.error) <= self._evidence else error_line(why.error)
        self._evidence -= len(error)
        return replace(why, error=error, foreign={})

    def _odd(self, kind: str, name: str) -> None:
        names = self.oddities.setdefault(kind, [])
        if len(names) < _MANY:
            names.append(readable(name)[:_ODD_NAME])
