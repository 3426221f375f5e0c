"""The search itself: it ends at the turn, whatever cannot tell, and asks few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bisect.search import Says, Search, Turn, run


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[float], int, frozenset[int]]:
    """Draw weights, the first candidate that does as the new end, and those that cannot tell."""
    last = draw(st.integers(1, 80))
    weights = draw(st.lists(st.floats(0.5, 60), min_size=last + 1, max_size=last + 1))
    turn = draw(st.integers(1, last))
    silent = draw(st.frozensets(st.integers(1, last - 1), max_size=last)) if last > 1 else []
    return weights, turn, frozenset(silent)


class Row:
    """Candidates of which one turned the answer; remembers what it was asked."""

    def __init__(self, turn: int, silent: frozenset[int] = frozenset()) -> None:
        self.turn = turn
        self.silent = silent
        self.asked: list[int] = []

    def __call__(self, at: int) -> Says:
        self.asked.append(at)
        if at in self.silent:
            return Says.UNCLEAR
        return Says.NEW if at >= self.turn else Says.OLD


@given(rows())
def test_the_turn_lies_between_the_nearest_two_that_can_tell(
    drawn: tuple[list[float], int, frozenset[int]],
) -> None:
    weights, turn, silent = drawn
    row = Row(turn, silent)
    found = run(Search(weights), row)
    telling = [at for at in range(len(weights)) if at not in silent]
    assert found == Turn(
        max(at for at in telling if at < turn), min(at for at in telling if at >= turn)
    )
    assert len(row.asked) == len(set(row.asked))
    assert not {0, len(weights) - 1} & set(row.asked)


@given(st.integers(1, 500), st.data())
def test_equal_candidates_are_halved(last: int, data: st.DataObject) -> None:
    row = Row(data.draw(st.integers(1, last)))
    run(Search([1.0] * (last + 1)), row)
    assert len(row.asked) <= last.bit_length() + 1


@given(rows())
def test_no_weights_make_it_ask_many(drawn: tuple[list[float], int, frozenset[int]]) -> None:
    weights, turn, _ = drawn
    row = Row(turn)
    run(Search(weights), row)
    # Each question leaves four fifths at most, so 80 are 2 after 17 of them.
    assert len(row.asked) <= 18


@given(rows(), st.frozensets(st.integers(1, 79)))
def test_what_is_built_changes_no_answer_and_adds_few_questions(
    drawn: tuple[list[float], int, frozenset[int]], built: frozenset[int]
) -> None:
    weights, turn, _ = drawn
    row = Row(turn)
    even = [1.0] * len(weights)
    assert run(Search(even, built=built.__contains__), row) == Turn(turn - 1, turn)
    # A question leaves 0.65 of the candidates at most.
    assert len(row.asked) <= 12


@pytest.mark.parametrize(("built", "asked"), [(44, 44), (64, 64), (30, 50)])
def test_one_that_is_built_is_asked_if_it_is_near_the_middle(built: int, asked: int) -> None:
    assert Search([1.0] * 101, built={built}.__contains__).next() == asked


def test_a_large_change_is_found_in_fewer_questions_than_halves_take() -> None:
    weights = [1.0] * 128
    weights[127] = 60.0
    row = Row(127)
    run(Search(weights), row)
    assert len(row.asked) < 7


def test_neighbours_of_one_that_cannot_tell_are_not_the_next() -> None:
    row = Row(90, frozenset(range(40, 61)))
    found = run(Search([1.0] * 101), row)
    assert found == Turn(89, 90)
    assert len([at for at in row.asked if at in row.silent]) == 1


def test_one_candidate_has_no_ends() -> None:
    with pytest.raises(ValueError, match="nothing between"):
        Search([1.0])


def test_an_answer_from_elsewhere_is_refused() -> None:
    search = Search([1.0] * 5)
    search.tell(2, Says.OLD)
    with pytest.raises(ValueError, match="1 is not between 2 and 4"):
        search.tell(1, Says.NEW)
