"""All that is known of one cell's tests at once: a page of thousands of cells asks this of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.history.streak import Mark, Since, streak
from harness.model import Verdict

_VERDICTS = {verdict.value: verdict for verdict in Verdict}


@dataclass(frozen=True)
class Observed:
    """One run of a cell; tests are numbers."""

    id: int
    roster: frozenset[int]
    whole: bool
    mark: Callable[[Verdict], Mark]
    """Makes a mark of it: of millions of verdicts few are told."""


class CellPast:
    """The runs of one cell, oldest first, and the tests that did not simply pass in them."""

    def __init__(
        self, observed: Sequence[Observed], outcomes: Iterable[tuple[int, int, str, bool]]
    ) -> None:
        """Take rows of test, observation, verdict, and whether attempts differed."""
        self._observed = observed
        self._verdicts: defaultdict[int, dict[int, Verdict]] = defaultdict(dict)
        self._mixed: defaultdict[int, int] = defaultdict(int)
        for test, observation, verdict, mixed in outcomes:
            self._verdicts[test][observation] = _VERDICTS[verdict]
            if mixed:
                self._mixed[test] += 1

    def sinces(self) -> dict[int, Since]:
        """Return since when those tests fail that did not simply pass in the newest whole run."""
        newest = next((it.id for it in reversed(self._observed) if it.whole), None)
        failing = [
            test
            for test, verdicts in self._verdicts.items()
            if _failed(verdicts.get(newest or 0, Verdict.COMPATIBLE))
        ]
        found = {test: self._since(test) for test in failing}
        return {test: told for test, told in found.items() if told is not None}

    def before(self, run: str, started: str) -> tuple[frozenset[int], frozenset[int]] | None:
        """Return what was to run, and what of it failed, in the newest whole run before another."""
        marks = [(it, it.mark(Verdict.COMPATIBLE)) for it in self._observed if it.whole]
        older = [it for it, mark in marks if mark.run != run and mark.started < started]
        if not older:
            return None
        last = older[-1]
        failed = (
            test
            for test, verdicts in self._verdicts.items()
            if _failed(verdicts.get(last.id, Verdict.COMPATIBLE))
        )
        return last.roster, frozenset(failed)

    def flakes(self) -> dict[int, float]:
        """Return the flake rates of the tests that ever flaked."""
        return {test: flaky / len(self._telling(test)) for test, flaky in self._mixed.items()}

    def _since(self, test: int) -> Since | None:
        said = self._telling(test)
        found = streak([not verdict.passes for _, verdict in said])
        if found is None:
            return None
        first, begin = found
        return Since(
            first=_mark(said[first]),
            failing=_mark(said[begin]) if begin < len(said) else None,
            last=_mark(said[-1]),
            runs=len(said) - begin,
        )

    def _telling(self, test: int) -> list[tuple[Observed, Verdict]]:
        verdicts = self._verdicts[test]
        told = (
            (it, verdicts.get(it.id, Verdict.COMPATIBLE))
            for it in self._observed
            if test in it.roster
        )
        return [(it, verdict) for it, verdict in told if not verdict.says_nothing]


def _failed(verdict: Verdict) -> bool:
    return not (verdict.passes or verdict.says_nothing)


def _mark(said: tuple[Observed, Verdict]) -> Mark:
    observed, verdict = said
    return observed.mark(verdict)
