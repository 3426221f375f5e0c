"""Takes up the run of a pair that was interrupted: what must be the same, what is added up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from harness.errors import UsageError
from harness.gotest import selection
from harness.gotest.names import sandbox_name
from harness.model import Commit, Leg, LegRun, Run
from harness.plan.cell import Cell
from harness.run.recovery import Rest
from harness.verdict.collate import known_names

_HINT = "run the pair anew, without --resume"


def check_same(cell: Cell, earlier: Run) -> None:
    """Check that a pair is still what it was when a run of it began. Raises UsageError."""
    was, now = earlier.pair, cell.pair
    for before, after in zip(was.commits, now.commits, strict=False):
        if before.identity != after.identity:
            raise UsageError(f"{_moved(before, after)} since the run began", hint=_HINT)
    if was != now:
        raise UsageError(
            "the pair is of another channel, worker, backend or other tests now", hint=_HINT
        )
    if earlier.patches != cell.patches:
        raise UsageError("the patches are others than those of the run", hint=_HINT)


def left_unrun(legs: Iterable[LegRun], sides: Collection[Leg]) -> bool:
    """Return whether a main run was stopped before the test binaries had come to their end."""
    ended = {leg.leg for leg in legs if leg.main and (leg.exit_status is not None or leg.timed_out)}
    return not ended.issuperset(sides)


def rest_of_interrupted(legs: Sequence[LegRun], decided: Collection[str]) -> Rest:
    """Return what is left of a run of which these tests are decided.

    A test runs again with its whole sandbox if anything of that is left.
    """
    known = known_names(legs)
    mains = [leg for leg in legs if leg.main]
    seen = {result.name for leg in mains for result in leg.results}
    left = {sandbox_name(name, known) for name in seen.difference(decided)}
    done = {sandbox_name(name, known) for name in decided} - left
    skip = tuple(selection.paths_of(sorted(done)))
    return Rest(mains[0].selection, skip, alone=False, expected=None)


def joined(earlier: Run, run: Run) -> Run:
    """Return a run the beginning and the time of the one that it went on with."""
    phases = {
        name: round(earlier.phases.get(name, 0.0) + run.phases.get(name, 0.0), 3)
        for name in (*earlier.phases, *run.phases)
    }
    warnings = tuple(dict.fromkeys((*earlier.warnings, *run.warnings)))
    seconds = earlier.seconds + run.seconds
    return replace(run, started=earlier.started, seconds=seconds, phases=phases, warnings=warnings)


def _moved(before: Commit, after: Commit) -> str:
    was, now = (it.image.short if it.image else it.short for it in (before, after))
    return f"{before.asked} has moved from {was} to {now}"
