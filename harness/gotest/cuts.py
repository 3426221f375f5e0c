"""Which tests kept others from their end: those that ended the binary, held it up, or the list."""

from __future__ import annotations

from harness.gotest.endings import Ending
from harness.gotest.names import parse
from harness.gotest.tracker import Tracker
from harness.gotest.tree import Test
from harness.model import Cut, Outcome


def cut_of(tracker: Tracker, ending: Ending) -> Cut | None:
    """Return what cut a run off; None if all its tests came to an end, or the run to its limit."""
    if ending.timed_out and not ending.overdue:
        return None
    last = _last_of_the_list(tracker)
    stops = last is not None and not last.parallel and last.outcome is Outcome.FAIL
    died = stops and last is not None and _died(tracker, last)
    if ending.panicked_in or (ending.open and tracker.passed is None):
        named = {ending.panicked_in} if ending.panicked_in else ending.culprits
        culprits = sorted(name for name in named if parse(name).function)
        own = any(f"{name}/".startswith(f"{last.name}/") for name in culprits) if last else False
        return Cut(
            words=ending.words,
            culprits=tuple(culprits),
            began=tracker.listed and not stops,
            failed=stops and not (died or own),
        )
    if last is None or not stops or not any(it.outcome is Outcome.FAIL for it in last.ancestors):
        return None
    how = "the daemon died in a test" if died else "a test failed"
    words = f"{how} for which the others wait, so these did not begin"
    return Cut(words=words, culprits=(last.name,), began=False, failed=not died)


def _last_of_the_list(tracker: Tracker) -> Test | None:
    """Return the sandbox that began last; if the suite waits for it, its failure ends the list."""
    for test in reversed(tracker.tests.values()):
        above = test.ancestors
        if parse(test.name).function and not any(parse(it.name).function for it in above):
            return test
    return None


def _died(tracker: Tracker, sandbox: Test) -> bool:
    return any(
        test.outcome is Outcome.FAIL and test.why is not None and test.why.died
        for test in tracker.tests.values()
        if test is sandbox or sandbox in test.ancestors
    )
