"""What is left to be run where a crash or a hang cut a leg off. Pure.

One test that kills the test binary takes all others of its leg with it. They run in a further
leg without it, on the side where that happened: those that had begun, and those that the cut
kept from beginning. What fails there is unexpected, and so is run again on both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.gotest import selection
from harness.gotest.names import sandbox_name
from harness.model import LegRun, Outcome, Reason
from harness.verdict.collate import function_of, known_names

LIMIT = 8
"""Further legs for what one leg left; a suite that kills its binary more often is broken."""


@dataclass(frozen=True)
class Rest:
    """A further leg for tests that were cut off."""

    select: str
    skip: tuple[str, ...]
    """Paths, beside those that the pair skips anyway."""
    alone: bool
    """One test at a time: then it is known which one ends the binary."""
    expected: int | None
    """How many tests it will run, if that is known."""


@dataclass(frozen=True)
class _Left:
    begun: tuple[str, ...]
    """Tests that began and were cut off by others."""
    suspects: tuple[str, ...]
    """Those of them that were at work when the binary ended and none was known to be guilty."""
    unheard: bool
    """Whether there may be tests that never began."""
    done: frozenset[str]
    culprits: frozenset[str]


def rest_of(
    chain: Sequence[LegRun], go_minor: int, elsewhere: Collection[str] | None
) -> Rest | None:
    """Return what is to be run next after a leg that was cut off; None if nothing is left.

    `chain` is that leg and those that have run its rest so far; `elsewhere` are the names that
    the other side's leg has seen, or None if it does not know them all either.
    """
    if go_minor < selection.SKIP:
        return None
    known = known_names(chain) | frozenset(elsewhere or ())
    left = _left_of(chain)
    skip = selection.paths_of(left.culprits)
    if left.suspects:
        return _named(left.suspects, go_minor, known, skip, alone=True)
    if left.unheard:
        sandboxes = {name for name in known if _is_sandbox(name, known)}
        unheard = sandboxes - left.done - left.culprits
        if elsewhere is None or unheard - known_names(chain):
            done = [name for name in left.done if name in sandboxes]
            # A test that runs again does so with its whole sandbox, whose name may be done.
            open_ = {sandbox_name(name, known) for name in left.begun}
            skip = selection.paths_of([*left.culprits, *(n for n in done if n not in open_)])
            expected = len(unheard) if elsewhere is not None else None
            return Rest(chain[0].selection, tuple(skip), alone=False, expected=expected)
    return _named(left.begun, go_minor, known, skip, alone=False) if left.begun else None


def _left_of(chain: Sequence[LegRun]) -> _Left:
    done: set[str] = set()
    culprits: set[str] = set()
    begun: dict[str, bool] = {}
    unheard = False
    for leg in chain:
        guilty = leg.cut.culprits if leg.cut else ()
        culprits |= set(guilty)
        for result in leg.results:
            waited = result.outcome is Outcome.MISSING
            if waited or result.reason is Reason.INCOMPLETE:
                begun[result.name] = not waited and leg.cut is not None and not guilty
            else:
                done.add(result.name)
        done |= leg.parents.keys()
        if leg.selection == chain[0].selection:
            unheard = leg.cut is not None and not leg.cut.began
    open_ = [
        name for name in begun if name not in done | culprits and function_of(name, frozenset(done))
    ]
    return _Left(
        begun=tuple(open_),
        suspects=tuple(name for name in open_ if begun[name]),
        unheard=unheard,
        done=frozenset(done),
        culprits=frozenset(culprits),
    )


def _named(
    names: Sequence[str],
    go_minor: int,
    known: frozenset[str],
    skip: Sequence[str],
    *,
    alone: bool,
) -> Rest:
    # What does not fit into one value is still left afterwards.
    select = selection.select_names(names, go_minor, known)[0]
    return Rest(select, tuple(skip), alone, len(names))


def _is_sandbox(name: str, known: frozenset[str]) -> bool:
    return bool(function_of(name, known)) and sandbox_name(name, known) == name
