"""What the page says of one cell when somebody opens it, as a record for its script."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence

import msgspec

from harness.journal import RUN_FILE
from harness.model import Client, EntryRef, Judgement, Leg, Result, Run, Vary, Verdict
from harness.reports.leftovers import left_behind
from harness.reports.logs import Logs
from harness.reports.overview import CellView
from harness.reports.rates import flake, rates
from harness.reports.report import StoredCell
from harness.reports.summary import (
    attempts,
    failure,
    headline,
    main_leg,
    suspicion_text,
    suspicions,
    suspicious,
)
from harness.reports.survey import Found
from harness.reports.text import duration, excerpt, one_line, plural, visible, visible_block
from harness.reports.words import WORDS

_NAME = 500

_LISTED = 5_000
"""Tests of a cell that are shown one by one."""
_EXCERPT = 4_000

_EXCERPTS = 2_000_000
"""Characters of all excerpts of a cell."""
_PROSE = 2_000
_NOTES = 100

Linker = Callable[[str], str]
"""Gives the address, relative to the page, of a file below the run folder; empty if it is gone."""


class SideView(msgspec.Struct, omit_defaults=True):
    """One leg's part in a test."""

    did: str = ""
    error: str = ""
    log: str = ""
    daemon: str = ""


class TestView(msgspec.Struct, omit_defaults=True):
    """A test that is not plainly compatible."""

    test: int
    name: str
    control: SideView
    candidate: SideView
    entry: int | None = None


class GroupView(msgspec.Struct):
    """Tests with one verdict for one cause."""

    letter: str
    cause: str
    tests: list[TestView]


class EntryView(msgspec.Struct):
    """An entry of a skip list."""

    where: str
    status: str
    reason: str
    issue: str
    tests: int
    """How many it decided; 0 if it matched none."""


class CellDetails(msgspec.Struct, omit_defaults=True):
    """Everything about a cell."""

    headline: str
    facts: list[tuple[str, str]] = []
    files: list[tuple[str, str]] = []
    command: str = ""
    rerun: str = ""
    notes: list[str] = []
    entries: list[EntryView] = []
    groups: list[GroupView] = []
    error: str = ""
    hint: str = ""


def cell_without_run(view: CellView) -> CellDetails:
    """Describe a cell of which there is no run.json."""
    pair = view.planned.pair
    command = ["compat-run", pair.suite.asked, pair.frontend.asked, "--worker", pair.worker]
    if pair.tests_asked:
        command += ["--tests-from", pair.tests_asked, "--client", pair.client_asked]
    if pair.baseline:
        command += ["--baseline", pair.baseline.commit.asked]
    command += ["--vary", pair.vary] if pair.vary is Vary.DAEMON else []
    told = {
        "failed": "Building or running failed, so nothing was compared",
        "missing": "Nothing came of this pair: it was never begun, or its shard never arrived",
    }
    return CellDetails(
        headline=told.get(view.label, "There is no run.json, so nothing was compared"),
        facts=list(_pair_facts(view)),
        command=visible(shlex.join(command)),
        error=visible_block(excerpt(view.result.error, _EXCERPT)),
        hint=one_line(view.result.hint, _PROSE),
    )


def cell_details(
    cell: StoredCell, run: Run, causes: list[str], link: Linker, own: Sequence[tuple[str, str]]
) -> CellDetails:
    """Describe a cell with its run; `own` are names and addresses of its own reports."""
    return _Cell(cell.view, run, causes, link, own).details(cell.found)


class _Cell:
    def __init__(
        self,
        view: CellView,
        run: Run,
        causes: list[str],
        link: Linker,
        own: Sequence[tuple[str, str]],
    ) -> None:
        self._view = view
        self._own = own
        self._run = run
        self._causes = causes
        self._link = link
        self._logs = Logs(run)
        self._left = _EXCERPTS
        self._numbers: dict[EntryRef, int] = {}
        self._entries: list[EntryView] = []

    def details(self, found: Sequence[Found]) -> CellDetails:
        run = self._run
        groups = self._groups(found)
        for entry in run.unmatched:
            self._entry(entry)
        notes = [*self._left_out(found), *self._suspicious(), *run.warnings]
        notes += [f"{leg.folder}: {note}" for leg in run.legs for note in leg.notes]
        notes += [f"left behind: {left}"] if (left := left_behind(run)) else []
        return CellDetails(
            headline=headline(run),
            facts=[*_pair_facts(self._view), *self._facts()],
            files=list(self._files()),
            command=visible(shlex.join(run.command)),
            rerun=visible(shlex.join(run.rerun)),
            notes=[one_line(note, _PROSE) for note in notes[:_NOTES]],
            entries=self._entries,
            groups=groups,
            error=visible_block(excerpt(self._view.result.error, _EXCERPT)),
            hint=one_line(self._view.result.hint, _PROSE),
        )

    def _groups(self, found: Sequence[Found]) -> list[GroupView]:
        grouped: dict[tuple[Verdict, int], list[Found]] = {}
        for one in found[:_LISTED]:
            grouped.setdefault((one.judgement.verdict, one.cause), []).append(one)
        ordered = sorted(grouped.items(), key=lambda it: (it[0][0].weight, -len(it[1])))
        return [
            GroupView(
                letter=WORDS[verdict].letter,
                cause=self._causes[cause] if cause >= 0 else "",
                tests=[self._test(one) for one in members],
            )
            for (verdict, cause), members in ordered
        ]

    def _test(self, found: Found) -> TestView:
        judgement = found.judgement
        return TestView(
            test=found.test,
            name=one_line(judgement.name, _NAME),
            control=self._side(judgement, Leg.CONTROL),
            candidate=self._side(judgement, Leg.CANDIDATE),
            entry=self._entry(judgement.entry, 1) if judgement.entry else None,
        )

    def _side(self, judgement: Judgement, leg: Leg) -> SideView:
        results = attempts(judgement, leg)
        failed = failure(judgement, leg)
        seen = SideView(did=", ".join(_did(it) for it in results) or "not run")
        if leg is Leg.CANDIDATE and judgement.evidence and judgement.evidence.candidate.failed:
            seen.did = f"{', '.join(rates(judgement))}: {seen.did}"
        elif rate := flake(judgement, leg):
            seen.did = f"flaky {rate}: {seen.did}"
        if failed:
            seen.error = self._excerpt(failed.error)
            seen.daemon = self._link(self._logs.daemon(judgement, leg))
        else:
            seen.error = self._excerpt(next((it.error for it in results if it.error), ""))
        if not judgement.verdict.plain:
            seen.log = self._link(self._logs.path(judgement, leg))
        return seen

    def _excerpt(self, error: str) -> str:
        text = visible_block(excerpt(error, _EXCERPT))
        if len(text) > self._left:
            return "(left out, this page would become too large; see the log)"
        self._left -= len(text)
        return text

    def _entry(self, entry: EntryRef, tests: int = 0) -> int:
        number = self._numbers.setdefault(entry, len(self._entries))
        if number == len(self._entries):
            self._entries.append(
                EntryView(
                    where=one_line(entry.where, _NAME),
                    status=entry.status.value,
                    reason=one_line(entry.reason, _PROSE),
                    issue=one_line(entry.issue, _PROSE),
                    tests=0,
                )
            )
        self._entries[number].tests += tests
        return number

    def _left_out(self, found: Sequence[Found]) -> Iterator[str]:
        if len(found) > _LISTED:
            yield f"{len(found) - _LISTED} more tests are not shown here, all are in run.json"

    def _suspicious(self) -> Iterator[str]:
        for row in suspicious(self._run)[:_NOTES]:
            for leg, it in suspicions(row):
                yield f"suspicious: {row.name} passed, {suspicion_text(leg, it)} ({it.log})"

    def _facts(self) -> Iterator[tuple[str, str]]:
        run = self._run
        yield "took", duration(run.seconds)
        control = main_leg(run, Leg.CONTROL)
        if control is None:
            yield "control", "none was run, so nothing excuses a failure"
        elif control.cached:
            yield "control", f"a stored one of {visible(control.started)}"
        if run.offline:
            yield "network", "none: seeded images only"
        host = run.host
        memory = f"{host.memory / 1024**3:.0f} GiB"
        yield "machine", f"Linux {visible(host.kernel)}, {plural(host.cpus, 'CPU')}, {memory}"
        for patch in run.patches[:_NOTES]:
            yield (
                f"patch ({patch.side.value})",
                one_line(f"{patch.path}: {patch.reason}", _PROSE),
            )

    def _files(self) -> Iterator[tuple[str, str]]:
        legs = ((f"{leg.folder}/raw.log", leg.folder) for leg in self._run.legs[:_NOTES])
        if address := self._link(RUN_FILE):
            yield RUN_FILE, address
        yield from self._own
        for path, name in legs:
            if address := self._link(path):
                yield visible(name), address


def _pair_facts(view: CellView) -> Iterator[tuple[str, str]]:
    pair = view.planned.pair
    for name, commit in (("daemon", pair.suite), ("frontend", pair.frontend)):
        yield name, visible(str(commit))
        if image := commit.image:
            yield f"{name}'s image", image.digest
            yield from ((f"{name}'s image differs", visible(it)) for it in image.differs)
    if pair.scenarios:
        yield "tests", "scenarios"
        if pair.buildctl:
            yield "buildctl", visible(str(pair.buildctl.commit))
    elif pair.tests:
        yield "tests", visible(str(pair.tests.commit))
        yield "buildctl", f"the {pair.client}'s" if pair.client is Client.DAEMON else "the tests'"
    if pair.baseline or pair.vary is Vary.DAEMON:
        yield "control's daemon", visible(str(pair.control_daemon.commit))
        yield "control's frontend", visible(str(pair.control_frontend.commit))
    yield "worker", visible(pair.worker)
    yield "platform", visible(pair.platform)
    yield "backend", visible(pair.backend)
    same = pair.suite_channel is pair.frontend_channel
    also = "" if same else f", the daemon's own is {pair.suite_channel}"
    yield "channel", f"{pair.frontend_channel}{also}"


def _did(result: Result) -> str:
    took = f" {duration(result.seconds)}" if result.seconds is not None else ""
    return result.with_reason + took
