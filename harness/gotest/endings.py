"""How a test binary came to its end, and which tests were at work then."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.gotest import dumps
from harness.gotest.logs import readable
from harness.gotest.names import parse
from harness.gotest.tracker import Tracker
from harness.gotest.tree import Test, bottom
from harness.model import Outcome, Reason

_SIGNALLED = 128
"""From here on shells and our init.py report a signal."""

_SHOWN = 20


@dataclass(frozen=True)
class Ending:
    """What the end of a stream says about the tests that it cut off."""

    dump: str
    """The binary's last words, if it died with any."""
    timed_out: bool
    words: str
    """What happened, in one clause."""
    open: frozenset[str]
    """Tests that began and have no end."""
    stacks: dict[str, str]
    """The goroutine of each test function, if the run timed out with a dump."""
    culprits: frozenset[str]
    """Of those, the ones that held or killed the run, as far as that can be told."""
    shown: frozenset[str]
    """Of those, the ones whose log gets the dump; it is long, so they are few."""
    panicked_in: str
    """The test that Go itself failed because it panicked, if there is one."""
    caught: str = ""
    """The test that Go was failing, perhaps for a panic, when another's ended the binary."""
    failed_behind: frozenset[str] = frozenset()
    """Tests that failed behind it, or behind `panicked_in`: what all share was gone by then."""
    overdue: bool = False
    """True if it was ended for tests that took longer than they may."""
    exited: bool = False
    """True if the binary ended without a word, by itself: os.Exit."""

    @property
    def panicked(self) -> bool:
        """True if the binary died by itself."""
        return bool(self.dump) and not (self.timed_out or dumps.asked_to_quit(self.dump))


def ending_of(
    tracker: Tracker, status: int | None, *, timed_out: bool, overdue: Collection[str] = ()
) -> Ending:
    """Draw it from a stream that is over and how its process ended.

    `overdue` are the tests for which a watch ended it.
    """
    dump = "" if tracker.passed else tracker.dump.text()
    late = timed_out or bool(overdue) or dumps.timed_out(dump)
    unended = [test for test in tracker.tests.values() if test.outcome is None]
    at_work = [test.name for test in bottom(test for test in unended if not test.paused)]
    held = frozenset(test.name for test in unended).intersection(overdue)
    own_death = bool(dump) and not (late or dumps.asked_to_quit(dump))
    panicked_in = _panicked_in(tracker, dump) if own_death else ""
    culprits = _culprits(at_work, dump, late=late) if not (held or panicked_in) else held
    caught = _caught(tracker) if own_death and not panicked_in else ""
    return Ending(
        dump=dump,
        timed_out=late,
        words=_late(held) if late else _words(tracker, status, dump),
        open=frozenset(test.name for test in unended),
        stacks=dumps.goroutines(dump) if late else {},
        culprits=culprits,
        shown=frozenset(sorted(culprits)[:_SHOWN] if dump else ()),
        panicked_in=panicked_in,
        caught=caught,
        failed_behind=_failed_behind(tracker, panicked_in or caught),
        overdue=bool(held),
        exited=_exited(tracker, status) and not (late or dump),
    )


def _exited(tracker: Tracker, status: int | None) -> bool:
    return tracker.passed is None and status is not None and 0 <= status < _SIGNALLED


def _late(held: frozenset[str]) -> str:
    if not held:
        return "the run timed out"
    return "a test took longer than it may" if len(held) == 1 else "tests took longer than they may"


def exit_words(status: int | None) -> str:
    """Return how a process ended: None is a kill, below zero is a signal as Python reports it."""
    if status is None:
        return "was killed"
    return f"exited with status {status}" if status >= 0 else f"was killed by signal {-status}"


def _words(tracker: Tracker, status: int | None, dump: str) -> str:
    if dumps.asked_to_quit(dump):
        return "the test binary was told to quit"
    if dump:
        return f"the test binary died: {readable(dumps.headline(dump))}"
    if tracker.passed is not None:
        return "the test binary finished without saying how this test ended"
    return f"the test binary {exit_words(status)}"


def _panicked_in(tracker: Tracker, dump: str) -> str:
    """Find the test that Go failed by a panic: it fails it and all its parents, then it panics.

    What other tests say comes in between; then the stack says whose panic it is.
    """
    died = dumps.first_goroutine(dump)
    on_stack = dumps.functions(died)
    failed = [tracker.tests[name] for name in tracker.failed]
    blamed = [test for test in failed if parse(test.name).function in on_stack]
    if blamed and tracker.tests[blamed[-1].name.partition("/")[0]].outcome is Outcome.FAIL:
        return max((test.name for test in _related(blamed)), key=len)
    if dumps.started_by_a_test(died):
        return ""
    related = _related([tracker.tests[name] for name in tracker.chain])
    whole = any("/" not in test.name for test in related)
    return max((test.name for test in related), key=len) if whole else ""


def _caught(tracker: Tracker) -> str:
    """Find the test that Go failed last without a word: that may be the first step of a panic.

    Its next step, and its words, are lost where a panic of another goroutine comes before them.
    """
    failed = [tracker.tests[name] for name in tracker.failed]
    silent = (test for test in reversed(bottom(failed)) if _silent(test))
    return next((test.name for test in silent), "")


def _silent(test: Test) -> bool:
    return test.why is not None and test.why.reason is Reason.UNKNOWN


def _failed_behind(tracker: Tracker, first: str) -> frozenset[str]:
    """Return the tests that failed later than the one that panicked.

    Go says that it failed, then runs the cleanups of all its parents, and then lets the binary
    die; others work on in the meantime, without their registry.
    """
    failed = list(tracker.failed)
    if first not in failed:
        return frozenset()
    parents = {test.name for test in tracker.tests[first].ancestors}
    return frozenset(failed[failed.index(first) + 1 :]) - parents - {first}


def _related(tests: list[Test]) -> list[Test]:
    """Return the last test and those right before it that are each above or below the next."""
    related = tests[-1:]
    for test in reversed(tests[:-1]):
        if related[-1] in test.ancestors or test in related[-1].ancestors:
            related.append(test)
        else:
            break
    return related


def _culprits(at_work: list[str], dump: str, *, late: bool) -> frozenset[str]:
    """Find who is to blame: on a stack of the dump, else named by Go, else the only one left."""
    on_stack = dumps.functions(dump if late else dumps.first_goroutine(dump))
    found = {name for name in at_work if (parse(name).function or parse(name).root) in on_stack}
    if not found and late:
        found = set(dumps.listed(dump)).intersection(at_work) or set(at_work)
    if not found and len(at_work) == 1:
        found = set(at_work)
    return frozenset(found)
