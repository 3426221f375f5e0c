"""How often tests flake and how long they take: rates, percentiles and budgets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.history import History
from harness.history.durations import Count, Durations, bucket_of, summarise
from harness.model import Status, Verdict
from tests.support import factories, nights
from tests.support.remembered_nights import CELL, FOO, PAIR, Stored, foo, keep, night


def test_only_tests_that_ever_flaked_have_a_rate(history: History) -> None:
    keep(history, [foo(1, Verdict.FLAKY), foo(2, Verdict.REGRESSED), night(3)])
    assert history.flakes(CELL) == {FOO: 0.5}
    assert history.flakes("elsewhere") == {}


def test_the_flake_rate_counts_runs_whose_attempts_differed(history: History) -> None:
    known = replace(factories.FILEOP, status=Status.FLAKY)
    matrix, ((result, run),) = foo(4, Verdict.KNOWN)
    assert run
    rows = tuple(
        replace(row, entry=known) if row.verdict is Verdict.KNOWN else row for row in run.judgements
    )
    keep(history, [foo(1, Verdict.FLAKY), foo(2, Verdict.COMPATIBLE), foo(3, Verdict.KNOWN)])
    history.keep(matrix, [(result, replace(run, judgements=rows))])
    story = history.story(CELL, FOO)
    assert story
    assert (story.flakiness.flaky, story.flakiness.runs) == (2, 4)


def _took(day: int, seconds: float) -> Stored:
    matrix, ((result, run),) = foo(day, Verdict.COMPATIBLE)
    assert run
    return matrix, [(result, nights.timed(run, seconds))]


def _durations(history: History) -> Durations | None:
    story = history.story(CELL, FOO)
    return story.durations if story else None


def test_durations_are_of_passes_in_legs_that_really_ran(history: History) -> None:
    keep(history, [_took(1, 1.0), _took(2, 1.0), _took(3, 9.0)])
    told = _durations(history)
    assert told
    assert (told.count, told.p50, told.p95, told.longest) == (6, 1.0, 9.0, 9.0)
    regressed, ((result, run),) = foo(4, Verdict.REGRESSED)
    assert run
    history.keep(regressed, [(result, nights.timed(run, 500.0))])
    told = _durations(history)
    assert told
    assert (told.count, told.longest) == (7, 500.0), "the control passed, the candidate did not"


def test_a_budget_needs_a_few_passes_and_leaves_room(history: History) -> None:
    keep(history, [_took(1, 20.0), _took(2, 10.0)])
    assert FOO not in history.test_budgets(PAIR.suite, "oci", "native")
    history.keep(*_took(3, 10.0))
    assert history.test_budgets(PAIR.suite, "oci", "native")[FOO] == 80.0
    assert history.test_budgets(PAIR.suite, "containerd", "native") == {}


def test_a_quick_test_still_gets_half_a_minute(history: History) -> None:
    keep(history, [_took(day, 0.0) for day in (1, 2, 3)])
    assert history.test_budgets(PAIR.suite, "oci", "native")[FOO] == 30.0


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=200))
def test_percentiles_are_seen_never_too_short_and_a_tenth_too_long_at_most(
    took: list[float],
) -> None:
    counts: dict[int, tuple[int, float]] = {}
    for seconds in took:
        count, longest = counts.get(bucket_of(seconds), (0, 0.0))
        counts[bucket_of(seconds)] = (count + 1, max(longest, seconds))
    told = summarise(Count(bucket=b, count=n, longest=most) for b, (n, most) in counts.items())
    assert told
    assert told.longest == max(took)
    ordered = sorted(took)
    for share, figure in ((0.5, told.p50), (0.95, told.p95)):
        exact = ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
        assert figure in took
        assert exact <= figure <= max(exact * 1.1, 0.001)


def test_nothing_timed_has_no_percentiles() -> None:
    assert summarise([]) is None
