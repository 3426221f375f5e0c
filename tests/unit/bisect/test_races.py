"""Tests that fail now and then: which commit turned how often, in histories that are made up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random

import msgspec
import pytest

from harness.bisect.answers import Answer, Kind
from harness.bisect.found import CannotTellError, Turned
from harness.bisect.races import MOST
from harness.bisect.weigh import Weighing, chance, tally
from harness.model import Tally
from tests.support.hunts import Bench, fails, row, silent, works
from tests.support.simulated_history import Simulated


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same every time is what is wanted


@dataclass(frozen=True)
class Racy:
    """A test that fails at one rate without a commit, and at another with it."""

    history: Simulated
    culprit: str
    random: Random
    after: float
    before: float = 0.0

    def __call__(self, sha: str) -> Answer:
        has = self.history.is_ancestor(self.culprit, sha)
        return (
            fails(sha)
            if self.random.random() < (self.after if has else self.before)
            else works(sha)
        )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("before", "after"), [(0.0, 0.75), (0.0, 0.5), (0.1, 0.8), (0.9, 0.1)])
def test_the_commit_that_turned_the_rate_is_found(
    tmp_path: Path, seed: int, before: float, after: float
) -> None:
    history = Simulated()
    commits = row(history, 24)
    bench = Bench(history, tmp_path, Racy(history, commits[17], seeded(seed), after, before))
    found = bench.hunt(commits[0], commits[-1], races=True, confidence=0.999)
    assert found.suspects == (commits[17],)
    assert found.turned is (Turned.BROKE if after > before else Turned.MENDED)
    assert found.weighed
    assert 0.999 <= found.weighed.probability <= 1
    assert found.runs == len(bench.samples) <= MOST
    assert bench.ran == []
    assert (found.old.commit, found.new.commit) == (commits[16], commits[17])
    assert int(found.exit_code) == 0


@pytest.mark.parametrize("seed", range(3))
def test_inside_a_merge_it_is_found_too(tmp_path: Path, seed: int) -> None:
    history = Simulated()
    trunk = row(history, 6)
    side = history.add(trunk[3], b_b="0")
    branch = [side, *row(history, 4, side)[1:]]
    merge = history.add(trunk[-1], branch[-1])
    new = row(history, 4, merge)[-1]
    bench = Bench(history, tmp_path, Racy(history, branch[2], seeded(seed), 0.7))
    found = bench.hunt(trunk[0], new, races=True, confidence=0.999)
    assert (found.suspects, found.merge) == ((branch[2],), merge)
    bench = Bench(history, tmp_path / "merge", Racy(history, merge, seeded(seed), 0.7))
    found = bench.hunt(trunk[0], new, races=True, confidence=0.999)
    assert (found.suspects, found.merge) == ((merge,), merge)
    assert "its side does as before it" in found.notes[0]


@pytest.mark.parametrize("seed", range(20))
def test_without_being_told_no_wrong_commit_is_named(tmp_path: Path, seed: int) -> None:
    """A search that takes each answer for good is led astray by a pass; this one looks again."""
    history = Simulated()
    commits = row(history, 24)
    racy = Racy(history, commits[9], seeded(seed), 0.6)
    bench = Bench(history, tmp_path, lambda sha: again(racy, sha))
    try:
        found = bench.hunt(commits[0], commits[-1], confidence=0.999)
    except CannotTellError as error:
        assert "--confidence 0.999 weighs" in error.hint  # noqa: PT017 - the other way out
    else:
        assert commits[9] in found.suspects


def again(racy: Racy, sha: str) -> Answer:
    """Run a commit, and once more if it fails."""
    first = racy(sha)
    seen = (*first.seen, *(racy(sha).seen if first.kind is Kind.FAILS else ()))
    if all(seen) or not any(seen):
        return msgspec.structs.replace(first, seen=seen)
    return Answer(kind=Kind.UNCLEAR, commit=sha, words="flaky", seen=seen)


def test_what_fails_each_time_takes_few_more_attempts(tmp_path: Path) -> None:
    history = Simulated()
    commits = row(history, 24)
    bench = Bench(history, tmp_path, Racy(history, commits[17], seeded(0), 1.0))
    found = bench.hunt(commits[0], commits[-1])
    assert (found.suspects, found.weighed) == ((commits[17],), None)
    assert {*bench.samples} == {commits[16]}
    assert len(bench.samples) <= 5
    second = Bench(history, tmp_path, Racy(history, commits[17], seeded(0), 1.0))
    assert second.hunt(commits[0], commits[-1]).suspects == (commits[17],)
    assert second.ran == second.samples == []


def test_ends_that_fail_as_often_cannot_be_told_apart(tmp_path: Path) -> None:
    history = Simulated()
    commits = row(history, 8)
    bench = Bench(history, tmp_path, Racy(history, commits[4], seeded(3), 0.5, 0.5))
    with pytest.raises(CannotTellError, match="the ends cannot be told apart: the test fails"):
        bench.hunt(commits[0], commits[-1], races=True)
    assert len(bench.samples) == 40


def test_an_end_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    history = Simulated()
    commits = row(history, 8)
    bench = Bench(history, tmp_path, silent)
    with pytest.raises(CannotTellError, match="an end, cannot tell: does not build"):
        bench.hunt(commits[0], commits[-1], races=True)


def test_what_cannot_be_run_is_passed_over(tmp_path: Path) -> None:
    history = Simulated()
    commits = row(history, 12)
    racy = Racy(history, commits[6], seeded(1), 0.9)
    bench = Bench(history, tmp_path, lambda s: silent(s) if s == commits[5] else racy(s))
    found = bench.hunt(commits[0], commits[-1], races=True)
    assert found.suspects == (commits[5], commits[6])
    assert int(found.exit_code) == 3
    assert found.weighed
    assert found.weighed.probability >= 0.95


def test_a_killed_search_goes_on_with_the_attempts_that_it_saw(tmp_path: Path) -> None:
    history = Simulated()
    commits = row(history, 24)
    racy = Racy(history, commits[9], seeded(5), 0.5)
    killed = Bench(history, tmp_path, racy)

    def does(sha: str) -> Answer:
        if len(killed.samples) == 20:
            raise KeyboardInterrupt
        return racy(sha)

    killed.does = does
    with pytest.raises(KeyboardInterrupt):
        killed.hunt(commits[0], commits[-1], races=True)
    second = Bench(history, tmp_path, racy)
    found = second.hunt(commits[0], commits[-1])  # it knows by now that the test is racy
    assert commits[9] in found.suspects
    assert found.weighed
    seen = found.weighed.before.attempts + found.weighed.after.attempts
    assert seen == 19 + len(second.samples)


@pytest.mark.parametrize("rises", [True, False])
def test_shares_add_up_and_follow_what_was_seen(rises: bool) -> None:  # noqa: FBT001
    weighing = Weighing([1.0] * 5, rises, [Tally()] * 5)
    assert weighing.shares() == pytest.approx([0, 0.25, 0.25, 0.25, 0.25])
    often, seldom = Tally(failed=9, attempts=10), Tally(failed=0, attempts=10)
    for at in range(5):
        weighing.tell(at, often if (at >= 3) is rises else seldom)
    shares = weighing.shares()
    assert sum(shares) == pytest.approx(1)
    assert shares[3] > 0.99
    assert weighing.likely(0.9) == (3,)
    assert weighing.sides(3)[0].attempts == 30


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([], Tally()),
        (["", "f1", ""], Tally(failed=1, attempts=3)),
        (["other", "f1"], Tally(failed=1, attempts=1)),
    ],
)
def test_another_failure_is_no_attempt(seen: list[str], expected: Tally) -> None:
    assert tally(seen, {"f1"}) == expected


def test_the_chance_of_a_pass_is_the_mean_over_all_rates() -> None:
    assert chance(0, 0) == 1
    assert chance(2, 1) == Fraction(1, 4)
    assert chance(4, 2) < Fraction(1, 20) < chance(4, 1)


def test_a_racy_end_begins_the_weighing(tmp_path: Path) -> None:
    history = Simulated()
    commits = row(history, 12)
    racy = Racy(history, commits[6], seeded(6), 0.8)
    bench = Bench(history, tmp_path, lambda sha: again(racy, sha))
    found = bench.hunt(commits[0], commits[-1], confidence=0.999)
    assert found.suspects == (commits[6],)
    assert found.weighed
    assert any("from here on attempts are weighed" in it for it in bench.said)
