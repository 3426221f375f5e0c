"""Takes in runs of scenarios, one at a time, and keeps what each did on which daemon."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.model import Channel, Commit, Judgement, Pair, Result, Run, Scenario, Vary
from harness.reports.features.document import (
    FEATURES_SCHEMA_VERSION,
    Board,
    Daemon,
    Feature,
    Features,
)
from harness.reports.features.table import features, seen_of
from harness.reports.layout import daemon_age, frontend_age
from harness.reports.summary import ref_name
from harness.reports.text import visible
from harness.verdict.answers import scenario_of

Variant = tuple[str, str, str]
"""Worker, backend, and whose client where that is not the daemon's."""


@dataclass(frozen=True)
class _Place:
    """A column: a daemon, by its commit or its image, and how it was run."""

    commit: str
    variant: Variant


@dataclass
class _Kept:
    """What one scenario did in one place, in the newest form of the scenarios."""

    key: str
    started: str
    results: list[Result]
    skipped: str
    """The reason of the entry for which it was not run."""


@dataclass
class _Frontend:
    """The runs of one frontend."""

    commit: Commit
    channel: Channel
    daemons: dict[_Place, Commit] = field(default_factory=dict)
    kept: dict[tuple[_Place, str], _Kept] = field(default_factory=dict)


class Gathered:
    """What was run; `document` makes the table of it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._frontends: dict[tuple[str, Channel], _Frontend] = {}
        self._scenarios: dict[str, tuple[str, Scenario]] = {}
        self._runs: dict[str, None] = {}

    def add(self, run: Run) -> None:
        """Take in what the scenarios of a run did; nothing if it is a run of other tests."""
        if run.scenarios is None:
            return
        self._runs[visible(run.id)] = None
        for row in run.scenarios.rows:
            started, _ = self._scenarios.get(row.test, ("", row))
            if run.started >= started:
                self._scenarios[row.test] = run.started, row
        pair = run.pair
        frontend = self._frontends.setdefault(
            (pair.frontend.identity, pair.frontend_channel),
            _Frontend(pair.frontend, pair.frontend_channel),
        )
        for judgement in run.judgements:
            scenario = scenario_of(judgement.name, run.scenarios.rows)
            if scenario is not None:
                for daemon, variant, results in _sides(judgement, pair):
                    did = (scenario.test, judgement, results)
                    self._keep(frontend, run, daemon, variant, did)

    def document(self) -> Features:
        """Return the table of all that was taken in."""
        rows = {test: row for test, (_, row) in sorted(self._scenarios.items())}
        found = sorted(
            (it for it in self._frontends.values() if it.kept), key=lambda it: it.channel
        )
        found.sort(key=lambda it: frontend_age(it.commit), reverse=True)
        return Features(
            schema=FEATURES_SCHEMA_VERSION,
            runs=tuple(self._runs),
            boards=tuple(_boards(found, rows)),
            scenarios=tuple(rows.values()),
        )

    def _keep(
        self,
        frontend: _Frontend,
        run: Run,
        daemon: Commit,
        variant: Variant,
        did: tuple[str, Judgement, Sequence[Result]],
    ) -> None:
        """Keep results of one scenario; those of an older form of the scenarios are left out."""
        test, judgement, results = did
        place = _Place(daemon.identity, variant)
        frontend.daemons.setdefault(place, daemon)
        key = run.scenarios.key if run.scenarios else ""
        skipped = judgement.entry.reason if judgement.entry and not judgement.candidate else ""
        kept = frontend.kept.get((place, test))
        if kept is None or (kept.key != key and kept.started < run.started):
            frontend.kept[place, test] = _Kept(key, run.started, list(results), skipped)
        elif kept.key == key:
            # A control that was found again is in many runs, and is one.
            kept.results += [it for it in results if it not in kept.results]


def _boards(frontends: Sequence[_Frontend], scenarios: dict[str, Scenario]) -> Iterator[Board]:
    taken: Counter[str] = Counter()
    for it in frontends:
        name = f"{ref_name(it.commit)}-{it.channel}"
        anchor = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-").lower()
        taken[anchor] += 1
        places = _places(it)
        columns = tuple(_daemon(place, it, _usual(it)) for place in places)
        yield Board(
            id=anchor if taken[anchor] == 1 else f"{anchor}-{it.commit.short}",
            frontend=it.commit,
            channel=it.channel,
            daemons=columns,
            features=_features(it, places, columns, scenarios),
        )


def _features(
    frontend: _Frontend,
    places: Sequence[_Place],
    columns: Sequence[Daemon],
    scenarios: dict[str, Scenario],
) -> tuple[Feature, ...]:
    tests = {test for _, test in frontend.kept}
    did, built = {}, {}
    for test in sorted(tests):
        found = [frontend.kept.get((place, test)) for place in places]
        did[test] = tuple(seen_of(it.results, it.skipped) if it else seen_of(()) for it in found)
        results = (result for it in reversed(found) if it for result in it.results)
        built[test] = next((it.built for it in results if it.built), ())
    board = (frontend.commit, frontend.channel, columns)
    return features({test: scenarios[test] for test in did}, did, built, *board)


def _places(frontend: _Frontend) -> list[_Place]:
    """Return the columns from old to new, the unusual ones behind the usual one of a daemon."""
    usual = _usual(frontend)
    return sorted(
        frontend.daemons,
        key=lambda it: (daemon_age(frontend.daemons[it]), it.variant != usual, it.variant),
    )


def _usual(frontend: _Frontend) -> Variant:
    """Return how most daemons were run."""
    counts = Counter(place.variant for place in frontend.daemons)
    return min(counts, key=lambda it: (-counts[it], it))


def _daemon(place: _Place, frontend: _Frontend, usual: Variant) -> Daemon:
    commit = frontend.daemons[place]
    worker, backend, client = place.variant
    told = {"", visible(commit.ref), *usual}
    other = [it for it in place.variant if it not in told]
    return Daemon(
        name=" ".join([ref_name(commit), *other]),
        commit=commit,
        worker=worker,
        backend=backend,
        client=client,
        usual=place.variant == usual,
        own=commit.sha == frontend.commit.sha and client != visible(commit.ref),
    )


def _sides(judgement: Judgement, pair: Pair) -> Iterator[tuple[Commit, Variant, Sequence[Result]]]:
    """Yield what a scenario did with the frontend under test, by the daemon that it did it on.

    Only the candidate has an engine in its daemon's place, or another's client where that varies.
    """
    place = visible(pair.worker), visible(pair.backend)
    client = next((visible(it) for it in pair.axes if it.startswith("client ")), "")
    yield pair.suite, (*place, visible(pair.engine) or client), judgement.candidate
    same = pair.control_frontend
    if (same.commit.identity, same.channel) == (pair.frontend.identity, pair.frontend_channel):
        own = "" if pair.vary is Vary.DAEMON else client
        yield pair.control_daemon.commit, (*place, own), judgement.control
