"""One run judged again: its legs read anew, its tests judged by other entries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from harness.config.floors import NO_FLOORS, Floors
from harness.config.skiplists import Entry
from harness.gotest import selection
from harness.model import EntryRef, Leg, LegRun, Run, Status
from harness.plan.cell import skip_paths
from harness.stored.rejudge.reread import OnLog, nowhere, reread
from harness.verdict.collate import ref
from harness.verdict.conclude import Asked, conclude
from harness.verdict.floors import promises

LogsOf = Callable[[LegRun], OnLog]
"""Says where the logs of a leg's failing tests go."""


@dataclass(frozen=True)
class Rejudged:
    """A run as it would be concluded now."""

    run: Run
    unread: tuple[str, ...]
    """Folders of legs whose output is not stored, so that their results are those of then."""
    untold: bool
    """Whether tests were left out that no entry of today leaves out: nothing is known of them."""


def no_logs(_leg: LegRun) -> OnLog:
    """Keep no logs."""
    return nowhere


def rejudge(
    run: Run,
    folder: Path,
    entries: Sequence[Entry],
    logs: LogsOf = no_logs,
    floors: Floors = NO_FLOORS,
) -> Rejudged:
    """Judge a run again; `entries` are those that apply to its pair, `folder` is its own."""
    read = [(leg, reread(leg, folder, logs(leg))) for leg in run.legs]
    legs = tuple(new or leg for leg, new in read)
    asked = Asked(
        command=run.command,
        sides=(Leg.CONTROL, Leg.CANDIDATE) if run.control else (Leg.CANDIDATE,),
        whole=selection.asks_for_all(run),
        worker=run.pair.worker,
        interrupted=run.interrupted,
        offline=run.offline,
        lacks=run.lacks,
        limited=run.limited,
    )
    recents = {row.name: row.recent for row in run.judgements if row.recent}
    found = conclude(legs, entries, asked, recents, promises(floors, run.pair))
    new = replace(
        run,
        legs=legs,
        judgements=found.judgements,
        unmatched=(*found.unmatched, *_idle(run, entries, found.unmatched)),
        verdict=found.verdict,
        counts=found.counts,
        exit_code=found.exit_code,
        rerun=found.rerun,
    )
    return Rejudged(
        run=new,
        unread=tuple(leg.folder for leg, again in read if again is None),
        untold=_skipped_otherwise(run, entries),
    )


def _idle(run: Run, entries: Sequence[Entry], told: Collection[EntryRef]) -> Iterator[EntryRef]:
    """Yield the entries that skipped nothing then and are the same now.

    The sources that told of it are not asked again.
    """
    now = [ref(entry) for entry in entries if entry.status is Status.SKIP]
    return (one for one in run.unmatched if one in now and one not in told)


def _skipped_otherwise(run: Run, entries: Sequence[Entry]) -> bool:
    today = selection.skip(skip_paths(entries, run.pair.worker), selection.SKIP).split("|")
    main = (leg for leg in run.legs if leg.main and leg.recovers is None)
    return any(set(leg.skipped.split("|")) - {"", *today} for leg in main)
