"""From the names on a command line to a cell: everything is checked before anything is built."""

from __future__ import annotations

from dataclasses import dataclass

from harness.backends.base import Backend
from harness.backends.choose import Place, choose
from harness.backends.docker.container import Privileges
from harness.config.datadir import Data
from harness.events import Listener, Said
from harness.model import Channel, Side
from harness.plan.cell import Cell
from harness.plan.workspace import Wanted, Workspace
from harness.store import Store


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
    cache_repo: str = ""
    """REGISTRY/NAME that docker's images are pulled from and pushed to; empty for none."""
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
    asked = [(ask.daemon, Side.SUITE), (ask.frontend, Side.FRONTEND)]
    workspace, meant = Workspace.open(
        data, store, ask.repository, asked, fetch=ask.fetch, listener=listener
    )
    suite, frontend = map(workspace.commit, meant)
    for side, commit in (("daemon", suite), ("frontend", frontend)):
        listener(Said(f"{side}: {commit}"))
    workspace.check(suite, ask.worker)
    place = Place(store, workspace.repository, workspace.lines, ask.privileges, ask.cache_repo)
    backend = choose(ask.backend, place, listener)
    wanted = Wanted(suite, frontend, ask.channel, ask.worker, ask.stage, ask.offline)
    return Prepared(workspace.cell(wanted, backend), backend)
