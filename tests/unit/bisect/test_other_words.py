"""Commits between the ends that do neither as one nor as the other."""

from __future__ import annotations

import pytest

from harness.bisect.answers import Answer
from harness.bisect.found import CannotTellError, Turned
from harness.bisect.hunt import MOST_UNCLEAR
from tests.support.hunts import Benches, fails, row, silent, works
from tests.support.simulated_history import Simulated


def test_too_many_in_a_row_that_cannot_tell_end_it(history: Simulated, bench: Benches) -> None:
    commits = row(history, 60)
    ends = {commits[0]: works, commits[-1]: fails}
    tried = bench(lambda sha: ends.get(sha, silent)(sha))
    with pytest.raises(CannotTellError, match="in a row cannot tell") as told:
        tried.hunt(commits[0], commits[-1])
    assert len(tried.ran) == MOST_UNCLEAR + 2
    assert "what was learnt is kept" in told.value.hint


def test_a_failure_that_had_other_words_before_is_followed_to_where_it_began(
    history: Simulated, bench: Benches
) -> None:
    """Seen on BuildKit: TestMultiPlatformWarnings fails in other words on 16 merges in a row."""
    commits = row(history, 60)
    begins, last = 15, commits[-1]

    def does(sha: str) -> Answer:
        if commits.index(sha) < begins:
            return works(sha)
        return fails(sha, "f2" if sha == last else "f1")

    tried = bench(does)
    found = tried.hunt(commits[0], last)
    assert (found.turned, found.suspects) == (Turned.BROKE, (commits[begins],))
    assert found.exit_code == 0
    (note,) = found.notes
    assert note.endswith(f" fails, too, in other words than {last[:12]}")
    assert len(tried.ran) == len(set(tried.ran)), "nothing is run twice"


def test_what_failed_in_other_words_is_mended_where_the_last_of_them_is(
    history: Simulated, bench: Benches
) -> None:
    commits = row(history, 60)

    def does(sha: str) -> Answer:
        at = commits.index(sha)
        return works(sha) if at > 40 else fails(sha, "f2" if at else "f1")

    found = bench(does).hunt(commits[0], commits[-1])
    assert (found.turned, found.suspects) == (Turned.MENDED, (commits[41],))


def test_a_search_that_ends_for_another_reason_goes_on_nowhere(
    history: Simulated, bench: Benches
) -> None:
    """A few fail in other words, but it is the one that works that could not be confirmed."""
    commits = row(history, 12)
    ran: set[str] = set()

    def does(sha: str) -> Answer:
        at, again = commits.index(sha), sha in ran
        ran.add(sha)
        if at >= 5:
            return fails(sha, "f2" if at < 8 else "f1")
        return silent(sha) if again else works(sha)

    tried = bench(does)
    with pytest.raises(CannotTellError, match="could not be told"):
        tried.hunt(commits[0], commits[-1])
    assert not any("the search goes on" in said for said in tried.said)
