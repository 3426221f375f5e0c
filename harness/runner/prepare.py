"""From the names on a command line to a cell: everything is checked before anything is built."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from harness.ancestry import Ancestry
from harness.backends.base import Backend, BuildRequest
from harness.backends.docker.container import Privileges
from harness.config import series, skiplists
from harness.config.conditions import Facts
from harness.config.datadir import Data
from harness.config.lines import Line, load_lines
from harness.errors import UsageError
from harness.events import Listener, Said
from harness.images.sets import ImageSets
from harness.lineage import locate
from harness.model import Channel, Commit, Pair, Side
from harness.refs import Repository, find
from harness.runner.cell import Cell
from harness.runner.choose import Place, choose
from harness.store import Store

RELEASES = "frontend/dockerfile/release"
"""Folder in BuildKit's tree with one folder per channel."""


@dataclass(frozen=True)
class Ask:
    """What a user asks for."""

    daemon: str
    frontend: str
    repository: str
    fetch: bool = False
    channel: Channel | None = None
    """None for experimental or labs, whichever the frontend's commit has."""
    worker: str = "oci"
    backend: str = "auto"
    stage: str | None = None
    """`upstream` or `generic`, over what the lines' data say; None for that."""
    privileges: Privileges = Privileges.AUTO
    offline: bool = False


@dataclass(frozen=True)
class Prepared:
    """A cell and the backend that is to run it."""

    cell: Cell
    backend: Backend


def prepare(ask: Ask, data: Data, store: Store, listener: Listener) -> Prepared:
    """Resolve names, choose line data, patches and entries, and see that the backend can run.

    Raises UsageError or ConfigError for what the user can mend, MissingToolError for what this
    machine lacks, GitFailed if a repository cannot be reached.
    """
    lines = load_lines(data.lines_file)
    patches = series.load_series(data.patches)
    entries = skiplists.load_entries(data.skiplists, datetime.now(UTC).date())
    asked = [(ask.daemon, Side.SUITE), (ask.frontend, Side.FRONTEND)]
    repository, (daemon, frontend) = find(
        ask.repository, asked, cache=store.root, fetch=ask.fetch, listener=listener
    )
    suite = locate(store, repository, lines, daemon)
    tested = locate(store, repository, lines, frontend)
    for side, commit in (("daemon", suite), ("frontend", tested)):
        listener(Said(f"{side}: {commit}"))
    _check_tests(repository, suite)
    line = lines.line(suite.line)
    _check_worker(ask.worker, line)
    backend = choose(ask.backend, Place(store, repository, lines, ask.privileges), listener)
    contains = Ancestry(repository.git, store.root).contains

    def request(side: Side, commit: Commit, channel: Channel | None) -> BuildRequest:
        chosen = _channel(repository, commit, channel)
        applied = series.applicable(
            patches, side, commit, channel=chosen, backend=backend.name, contains=contains
        )
        return BuildRequest(commit, _staged(lines.line(commit.line), ask.stage), chosen, applied)

    own = request(Side.SUITE, suite, None)
    candidate = request(Side.FRONTEND, tested, ask.channel)
    pair = Pair(
        suite=suite,
        frontend=tested,
        suite_channel=own.channel,
        frontend_channel=candidate.channel,
        worker=ask.worker,
        backend=backend.name,
    )
    facts = Facts(
        daemon=suite,
        frontend=tested,
        worker=ask.worker,
        backend=backend.name,
        channel=candidate.channel,
        offline=ask.offline,
        contains=contains,
    )
    cell = Cell(
        pair=pair,
        suite=own,
        control=request(Side.FRONTEND, suite, own.channel),
        candidate=candidate,
        entries=skiplists.applicable(entries, facts),
        mirror=_mirror(data, store, line) if ask.offline and lines.images(line) else None,
    )
    return Prepared(cell, backend)


def _check_tests(repository: Repository, suite: Commit) -> None:
    if not repository.git.has(suite.sha, "frontend/dockerfile/dockerfile_test.go"):
        raise UsageError(
            f"{suite.ref} has no Dockerfile integration tests",
            hint="v0.3.0 is the first release that has them",
        )


def _check_worker(worker: str, line: Line) -> None:
    if worker not in line.workers:
        raise UsageError(
            f"the tests of {line.name} have no worker {worker!r} that can run here",
            hint=f"--worker takes one of: {', '.join(line.workers)}",
        )


def _channel(repository: Repository, commit: Commit, wanted: Channel | None) -> Channel:
    choices = (wanted,) if wanted else (Channel.LABS, Channel.EXPERIMENTAL)
    there = [
        channel
        for channel in Channel
        if repository.git.has(commit.sha, f"{RELEASES}/{channel.value}/tags")
    ]
    for choice in choices:
        if choice in there:
            return choice
    raise UsageError(
        f"{commit.ref} has no frontend channel {' or '.join(choices)}",
        hint=f"--channel takes one of: {', '.join(there) or 'none: no releases in this commit'}",
    )


def _staged(line: Line, source: str | None) -> Line:
    """Let the command line choose whose Dockerfiles are built."""
    return replace(line, stage=replace(line.stage, source=source)) if source else line


def _mirror(data: Data, store: Store, line: Line) -> Path:
    return ImageSets(data, store).seed(line.images).path
