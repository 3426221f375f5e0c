"""Where to look next: a search among candidates of which some cannot tell. Pure.

Candidates stand in a row, 0 to `last`. The first is known to answer as the old end does, the last
as the new end; somewhere between two neighbours the answer turns. One that does not build, or
fails in a third way, cannot tell: then another one is asked, and in the end several neighbours
may be left between which nobody can say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile

_HALF = 0.5
_LEAST = 0.2
"""A question leaves at most 1 - this of the candidates, whatever their weights say."""

_APART = 0.1
"""Share of what is left within which neighbours of one that cannot tell are passed over."""

_NEAR = 0.15
"""Share of what is left within which one that is built is asked in the place of the best one.

It tells at least 0.93 of what the best one does, and nothing is compiled for it.
"""

_TRIES = 16


class Says(StrEnum):
    """What a candidate answers."""

    OLD = "as the old end"
    NEW = "as the new end"
    UNCLEAR = "cannot tell"


Ask = Callable[[int], Says]
"""Asks a candidate by its place in the row."""


@dataclass(frozen=True)
class Turn:
    """Between which candidates the answer turns."""

    old: int
    """The last one known to answer as the old end."""
    new: int
    """The first one known to answer as the new end."""


@dataclass
class Search:
    """A search that is asked what to ask, and told what was answered."""

    weights: Sequence[float]
    """How likely each candidate is to have turned the answer; that of the first says nothing."""
    built: Callable[[int], bool] = lambda _at: False
    """Whether a candidate costs little, as nothing has to be built for it."""
    old: int = 0
    new: int = field(init=False)
    unclear: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with the ends. Raises ValueError if there is one candidate only."""
        self.new = len(self.weights) - 1
        if self.new < 1:
            raise ValueError("one candidate has nothing between its ends")

    @property
    def turn(self) -> Turn:
        """What is known by now."""
        return Turn(self.old, self.new)

    def next(self) -> int | None:
        """Return the candidate to ask; None if no further one can say more."""
        left = [at for at in range(self.old + 1, self.new) if at not in self.unclear]
        if not left:
            return None
        aim, reach = self._aim(), _NEAR * (self.new - self.old)
        nearest = sorted(left, key=lambda at: (abs(at - aim), at))
        near = takewhile(lambda at: abs(at - aim) <= reach, nearest)
        return next(filter(self.built, near), nearest[0])

    def tell(self, at: int, says: Says) -> None:
        """Take an answer. Raises ValueError for a candidate that is not between the ends."""
        if not self.old < at < self.new:
            raise ValueError(f"{at} is not between {self.old} and {self.new}")
        if says is Says.UNCLEAR:
            self.unclear.add(at)
        elif says is Says.OLD:
            self.old = at
        else:
            self.new = at

    def _aim(self) -> float:
        """Return the place that parts the weight in two; elsewhere if nearby ones cannot tell.

        Their neighbours mostly cannot either, so what lies far from them is tried: a quarter,
        three quarters, an eighth, as in the sequence of van der Corput.
        """
        between = self.new - self.old
        others = (self.old + _corput(number) * between for number in range(2, _TRIES))
        for aim in (middle := self._middle(), *others):
            if not any(abs(at - aim) < _APART * between for at in self.unclear):
                return aim
        return middle

    def _middle(self) -> float:
        weights = self.weights[self.old + 1 : self.new + 1]
        half, sum_, place = sum(weights) / 2, 0.0, self.old
        for weight in weights:
            if sum_ + weight / 2 > half:
                break
            sum_ += weight
            place += 1
        between = self.new - self.old
        return min(max(place, self.old + _LEAST * between), self.new - _LEAST * between)


def run(search: Search, ask: Ask) -> Turn:
    """Ask until nothing more can be learnt; return between which candidates the answer turns."""
    while (at := search.next()) is not None:
        search.tell(at, ask(at))
    return search.turn


def _corput(number: int) -> float:
    """Return the n-th number of van der Corput's sequence in base 2: 1/2, 1/4, 3/4, 1/8, …."""
    share, unit = 0.0, _HALF
    while number:
        share += unit * (number & 1)
        number >>= 1
        unit /= 2
    return share
