"""The stream is over: what every test did, what stopped it, what a reader should know."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.gotest import dumps
from harness.gotest.cuts import cut_of
from harness.gotest.endings import Ending, ending_of, exit_words
from harness.gotest.excerpts import error_line, head, last_words
from harness.gotest.fingerprint import fingerprint
from harness.gotest.names import parse
from harness.gotest.reasons import Explanation, classify, explain
from harness.gotest.tracker import Tracker
from harness.gotest.tree import Test, above, bottom
from harness.model import Cut, Outcome, Program, Reason, Result

_BUILD_FAILED = re.compile(rb"(?m)\[(?:build|setup) failed\]$|^FAIL\t\S+ \[")
_IO_INCOMPLETE = b"*** Test I/O incomplete"
_NO_TESTS = b"testing: warning: no tests to run"
_MANY = 8
_DUMP_IN_LOG = 512 * 1024


class Aside(StrEnum):
    """Why a test has no result of its own; each such test has subtests, and they have."""

    PASSED = "it passed or skipped, and so says no more than its subtests"
    FAILED_BELOW = "it failed because a subtest did, and said nothing of its own"
    CUT_OFF = "it was cut off together with a subtest"


@dataclass(frozen=True)
class Parsed:
    """A run of a test binary, as its output tells it."""

    results: tuple[Result, ...]
    """What is judged: every leaf that began, and parents that failed by themselves."""
    parents: dict[str, Outcome]
    """How each parent ended, of those that did."""
    aside: dict[str, Aside]
    """Every test that began and has no result."""
    failed_below: dict[str, tuple[str, ...]]
    """Of those, the ones that failed because these of `results` did; the first few of them."""
    notes: tuple[str, ...]
    """What a reader should know, one sentence each."""
    cut: Cut | None = None
    """What kept tests from their end, if anything did."""
    broken: str = ""
    """What went wrong around the tests, where none of them did; nobody's regression."""


def settle(
    tracker: Tracker, status: int | None, *, timed_out: bool, overdue: Collection[str] = ()
) -> Parsed:
    """Draw the results from what was tracked; tells the tracker's listeners the last ends."""
    tracker.seal()
    ending = ending_of(tracker, status, timed_out=timed_out, overdue=overdue)
    unended = [test for test in tracker.tests.values() if test.outcome is None]
    for test in unended:
        test.settle_place()
    for test in unended:
        _close(tracker, test, ending)
    leaves = frozenset(test.name for test in bottom(tracker.tests.values()))
    judged = _judged(tracker, ending, leaves)
    results = tuple(_result(tracker, test, ending) for test in judged)
    told = set(judged)
    aside = [test for test in tracker.tests.values() if test not in told]
    inner = tracker.tests.keys() - leaves - ending.open
    ended = ((name, test.outcome) for name, test in tracker.tests.items() if name in inner)
    own = [result for result in results if result.name in inner or result.name in ending.open]
    return Parsed(
        results=results,
        parents={name: outcome for name, outcome in ended if outcome is not None},
        aside={test.name: _aside(test, ending) for test in aside},
        failed_below=_failed_below(aside, judged),
        notes=tuple(_notes(tracker, ending, own)),
        cut=cut_of(tracker, ending),
        broken=_broken(tracker, status, results, timed_out=timed_out),
    )


def _close(tracker: Tracker, test: Test, ending: Ending) -> None:
    """Set for a test that never ended its outcome and what is known about why."""
    log = tracker.log_of(test)
    guilty = test.name in ending.culprits
    if test.name in ending.shown:
        log += b"\n" + ending.dump[:_DUMP_IN_LOG].encode()
    if test.paused:
        error = f"was waiting for its turn when the run ended: {ending.words}"
        tracker.close(test, Outcome.MISSING, Explanation(Reason.INCOMPLETE, error), log)
        return
    own_words = log.partition(dumps.headline(ending.dump).encode())[0] if ending.dump else log
    found = explain(own_words, test=test.name)
    error = f"did not end: {ending.words}"
    evidence = found.error
    reason, program = Reason.INCOMPLETE, found.program
    # A test that panics has what all share cleaned up first: their registry is gone then.
    stands = found.reason.spurious and not (ending.panicked and not guilty)
    if stands or found.reason in {Reason.DAEMON_GONE, Reason.PANIC}:
        reason = found.reason
    elif guilty and ending.timed_out:
        reason = Reason.TIMEOUT
        evidence = dumps.own_frames(ending.stacks.get(parse(test.name).function, "")) or evidence
    elif guilty and ending.panicked:
        reason, program = Reason.PANIC, Program.TEST_BINARY
        evidence = dumps.own_frames(dumps.first_goroutine(ending.dump))
    elif _hidden_end(log, test.name):
        error += "; its end may stand behind output that lacks its newline"
    elif guilty and ending.exited and parse(test.name).function:
        reason = Reason.EXIT
    told = head(f"{error}\n{evidence}".strip())
    why = Explanation(reason, told, stable=error, program=program)
    tracker.close(test, Outcome.HANG if ending.timed_out else Outcome.CRASH, why, log)


def _hidden_end(log: bytes, name: str) -> bool:
    """Return whether an end of this test stands inside a line, where it is no event."""
    return re.search(rb"--- (?:PASS|FAIL|SKIP): %s \(" % re.escape(name.encode()), log) is not None


def _judged(tracker: Tracker, ending: Ending, leaf_set: frozenset[str]) -> list[Test]:
    tests = tracker.tests
    failed_below = above(test for test in tests.values() if test.outcome is Outcome.FAIL)
    cut_off = (tests[name] for name in ending.open)
    open_below = above(test for test in cut_off if test.outcome is not Outcome.MISSING)

    def by_itself(test: Test) -> bool:
        if test.name in ending.open:
            return test not in open_below
        if test.outcome is not Outcome.FAIL:
            return False
        said = test.name in tracker.foreign or (test.why is not None and test.why.own)
        return said or not (test in failed_below or test in open_below)

    return [test for test in tests.values() if test.name in leaf_set or by_itself(test)]


def _failed_below(aside: list[Test], judged: list[Test]) -> dict[str, tuple[str, ...]]:
    found: dict[Test, list[str]] = {test: [] for test in aside if test.outcome is Outcome.FAIL}
    for test in judged if found else ():
        if test.outcome is not None and test.outcome.failing:
            for ancestor in test.ancestors:
                if ancestor in found:
                    found[ancestor].append(test.name)
    return {test.name: tuple(names[:_MANY]) for test, names in found.items()}


def _aside(test: Test, ending: Ending) -> Aside:
    if test.name in ending.open:
        return Aside.CUT_OFF
    return Aside.FAILED_BELOW if test.outcome is Outcome.FAIL else Aside.PASSED


def _result(tracker: Tracker, test: Test, ending: Ending) -> Result:
    outcome = test.outcome or Outcome.MISSING
    why = test.why
    if test.name == ending.panicked_in:
        outcome = Outcome.CRASH
        evidence = head(dumps.own_frames(dumps.first_goroutine(ending.dump)))
        why = Explanation(
            Reason.PANIC,
            evidence,
            stable=dumps.headline(ending.dump),
            program=Program.TEST_BINARY,
        )
    elif test.name == ending.caught:
        outcome = Outcome.CRASH
        why = Explanation(Reason.INCOMPLETE, f"was being failed when {ending.words}")
    elif outcome is Outcome.FAIL and test.name in ending.failed_behind:
        outcome = Outcome.CRASH
        told = f"failed while {ending.words}\n{why.error if why else ''}".strip()
        why = Explanation(Reason.INCOMPLETE, head(told), program=why.program if why else None)
    elif outcome is Outcome.FAIL and test.name in tracker.foreign and not (why and why.own):
        why = classify(tracker.foreign[test.name])
    if outcome is Outcome.FAIL and why and why.died:
        outcome = Outcome.CRASH
    bad = outcome.failing
    return Result(
        name=test.name,
        outcome=outcome,
        reason=why.reason if why and bad else None,
        program=why.program if why and bad else None,
        lacks=why.lacks if why and bad else "",
        seconds=test.seconds,
        built=test.built,
        error=why.error if why and outcome is not Outcome.PASS else "",
        fingerprint=fingerprint(why.stable or why.error) if why and bad else "",
    )


def _notes(tracker: Tracker, ending: Ending, own: list[Result]) -> Iterator[str]:
    loose = tracker.loose.value()
    if not tracker.tests and _NO_TESTS in loose:
        yield "no test matched the selection"
    if _BUILD_FAILED.search(loose):
        yield "the test binary was not built"
    if ending.open or ending.panicked_in:
        yield "; ".join(_story(ending))
    for result in own:
        if result.outcome is Outcome.FAIL:
            yield (
                f"{result.name} failed by itself ({error_line(result.error)}): "
                "tests that it had not begun by then have no verdict"
            )
    for kind, names in tracker.oddities.items():
        yield f"{kind}: {_some(names)}"


def _story(ending: Ending) -> Iterator[str]:
    yield ending.words
    if ending.panicked_in:
        yield f"in {ending.panicked_in}"
    elif ending.culprits and len(ending.culprits) < len(ending.open):
        yield f"at work: {_some(sorted(ending.culprits))}"
    if ending.open:
        yield f"began and did not end: {_some(sorted(ending.open))}"


def _broken(
    tracker: Tracker, status: int | None, results: tuple[Result, ...], *, timed_out: bool
) -> str:
    if any(result.outcome.failing or result.outcome is Outcome.MISSING for result in results):
        return ""
    loose = tracker.loose.value()
    if _IO_INCOMPLETE in loose or (timed_out and tracker.passed is not None):
        return "the tests ended, but a process that they left behind held their output open"
    if status == 0 and tracker.passed is not False:
        return ""
    how = exit_words(status)
    words = last_words(loose).strip().rpartition("\n")[2]
    if results:
        return f"the test binary {how} although no test failed" + (words and f": {words}")
    return f"the test binary {how} before any test began" + (words and f": {words}")


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_MANY])
    return shown if len(names) <= _MANY else f"{shown} and {len(names) - _MANY} more"
