"""From the names on a command line to a cell: everything is checked before anything is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.ancestry import Ancestry
from harness.backends.base import Backend, BuildRequest
from harness.backends.native import Native
from harness.config import series, skiplists
from harness.config.conditions import Facts
from harness.config.datadir import Data
from harness.config.lines import Line, Lines, load_lines
from harness.errors import MissingToolError, UsageError
from harness.events import Listener, Said
from harness.images.sets import ImageSets
from harness.lineage import locate
from harness.model import Channel, Commit, Pair, Side
from harness.refs import Repository, find
from harness.runner.cell import Cell
from harness.store import Store

RELEASES = "frontend/dockerfile/release"
"""Folder in BuildKit's tree with one folder per channel."""

_Make = Callable[[Store, Repository, Lines], Backend]

BACKENDS: dict[str, _Make] = {
    "native": lambda store, repository, lines: Native(store, repository.git, lines),
}
"""Every backend by name, in the order in which `auto` tries them."""


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
    backend = _backend(ask.backend, store, repository, lines, listener)
    contains = Ancestry(repository.git, store.root).contains

    def request(side: Side, commit: Commit, channel: Channel | None) -> BuildRequest:
        chosen = _channel(repository, commit, channel)
        applied = series.applicable(
            patches, side, commit, channel=chosen, backend=backend.name, contains=contains
        )
        return BuildRequest(commit, lines.line(commit.line), chosen, applied)

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


def _backend(
    name: str, store: Store, repository: Repository, lines: Lines, listener: Listener
) -> Backend:
    chosen = next(iter(BACKENDS)) if name == "auto" else name
    backend = BACKENDS[chosen](store, repository, lines)
    problems = [problem for problem in backend.problems() if problem.fatal]
    if problems:
        raise MissingToolError(
            f"the {chosen} backend cannot run here: {'; '.join(p.what for p in problems)}",
            hint="; ".join(p.fix for p in problems),
        )
    if name == "auto":
        listener(Said(f"backend: {chosen}"))
    return backend


def _mirror(data: Data, store: Store, line: Line) -> Path:
    return ImageSets(data, store).seed(line.images).path
