"""What a command that runs pairs sets up around them: cache, run folder, display, interruption."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from platformdirs import user_state_path

from harness.backends.docker.container import Privileges
from harness.backends.docker.supply import check_repository
from harness.cli.interruption import interruptible
from harness.config.datadir import Data, find_data
from harness.gotest.selection import check, select
from harness.history.history import default_history
from harness.journal import RunFolder
from harness.model import Channel, Run
from harness.plan.cell import Settings
from harness.plan.prepare import Ask, prepare
from harness.reports.junit import write_junit
from harness.reports.live import display
from harness.repository.refs import DEFAULT_REPOSITORY
from harness.run.pair import Job, run_pair
from harness.store import Store, default_cache
from harness.tools.homes import expanded
from harness.tools.locks import held
from harness.tools.redaction import redact
from harness.verdict.evidence import MOST

JUNIT_FILE = "junit.xml"
LOCK = ".lock"
PATIENCE = 1.0
"""The lock of a run that is taken up, and seconds to wait for who has it."""

_DEFAULTS: dict[str, object] = {
    "worker": "oci",
    "backend": "auto",
    "privileges": "auto",
    "timeout": 1800.0,
    "reruns": 2,
    "most_reruns": MOST,
}
_REPEATED = (
    *("repo", "channel", "worker", "backend", "stage", "privileges", "cache_repo"),
    *("parallel", "timeout", "test_timeout", "reruns", "most_reruns"),
)
_FLAGS = ("no_control", "offline")
_PLACES = ("out", "cache", "data")


class RunOptions(TypedDict):
    """The options of `compat run`, by the names that click gives them."""

    daemon: str
    frontend: str
    repo: str | None
    fetch: bool
    channel: str | None
    worker: str
    backend: str
    stage: str | None
    privileges: str
    cache_repo: str | None
    tests: tuple[str, ...]
    parallel: int | None
    timeout: float
    test_timeout: float | None
    reruns: int
    most_reruns: int
    no_control: bool
    fresh_control: bool
    no_cache: bool
    offline: bool
    out: Path | None
    as_json: bool
    cache: Path | None
    data: Path | None


def default_runs() -> Path:
    """Give COMPAT_RUNS, else the user's state folder for this program."""
    if named := os.environ.get("COMPAT_RUNS"):
        return expanded(named).absolute()
    return Path(user_state_path("buildkit-compat")) / "runs"


@dataclass(frozen=True)
class Session:
    """One pair that was asked for on a command line."""

    ask: Ask
    settings: Settings
    data: Data
    store: Store
    no_cache: bool
    runs: Path
    command: tuple[str, ...]
    taken_up: tuple[Path, Run] | None = None
    """An interrupted run that is gone on with, and its folder."""

    @classmethod
    def open(cls, options: RunOptions, taken_up: tuple[Path, Run] | None = None) -> Session:
        """Read a command's options. Raises UsageError and ConfigError."""
        repository = options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY
        channel = options["channel"]
        select(options["tests"], worker=options["worker"])  # refuses a bad glob before any build
        return cls(
            ask=Ask(
                daemon=options["daemon"],
                frontend=options["frontend"],
                repository=repository,
                fetch=options["fetch"],
                channel=Channel(channel) if channel else None,
                worker=options["worker"],
                backend=options["backend"],
                stage=options["stage"],
                privileges=Privileges(options["privileges"]),
                cache_repo=_repository(options),
                offline=options["offline"],
            ),
            settings=Settings(
                tests=tuple(options["tests"]),
                parallel=options["parallel"] or 0,
                timeout=options["timeout"],
                test_timeout=options["test_timeout"],
                reruns=options["reruns"],
                most_reruns=options["most_reruns"],
                offline=options["offline"],
                control=not options["no_control"],
                fresh_control=options["fresh_control"],
            ),
            data=find_data(options["data"], os.environ),
            store=Store(options["cache"] or default_cache()),
            no_cache=options["no_cache"],
            runs=(options["out"] or default_runs()).absolute(),
            command=command_of(options),
            taken_up=taken_up,
        )

    def run(self) -> tuple[Run, Path]:
        """Run the pair under a display on standard error and journal it."""
        with self._store() as store, interruptible(), display(sys.stderr) as listener:
            prepared = prepare(self.ask, self.data, store, listener)
            cell = prepared.cell
            check(self.settings.tests, cell.functions, cell.pair.suite.ref)
            folder = self._folder()
            job = Job(
                cell=cell,
                settings=self.settings,
                backend=prepared.backend,
                store=store,
                folder=folder,
                command=self.command,
                history=default_history(),
                earlier=self.taken_up[1] if self.taken_up else None,
            )
            try:
                with self._alone(folder):
                    run = run_pair(job, listener)
            except BaseException:
                with suppress(OSError):  # a leg has left something to look at
                    folder.path.rmdir()
                raise
        write_junit(folder.path / JUNIT_FILE, run)
        return run, folder.path

    def _folder(self) -> RunFolder:
        if self.taken_up:
            return RunFolder(self.taken_up[0])
        return RunFolder.create(self.runs, lambda: datetime.now(UTC))

    def _alone(self, folder: RunFolder) -> AbstractContextManager[None]:
        """Keep others from going on with the same run; a new folder is nobody else's."""
        return held(folder.path / LOCK, patience=PATIENCE) if self.taken_up else nullcontext()

    def _store(self) -> AbstractContextManager[Store]:
        return self.store.apart() if self.no_cache else nullcontext(self.store)


def _repository(options: RunOptions) -> str:
    named = check_repository(options["cache_repo"] or "")
    return "" if options["no_cache"] else named


def command_of(options: RunOptions) -> tuple[str, ...]:
    """Give the command that asks for the same pair again, without its selection of tests."""
    words = ["compat-run", options["daemon"], options["frontend"]]
    given: Mapping[str, object] = {**options}
    for name in (*_REPEATED, *_PLACES):
        value = given[name]
        if value is not None and value != _DEFAULTS.get(name):
            text = f"{value:g}" if isinstance(value, float) else redact(str(value))
            words += [f"--{name.replace('_', '-')}", text]
    words += [f"--{name.replace('_', '-')}" for name in _FLAGS if given[name]]
    return tuple(words)
