"""Where a run keeps its files: one new folder per run, one folder per leg below it."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from harness.errors import InfrastructureError
from harness.journal.record import RUN_FILE, write_run
from harness.model import Leg, Run
from harness.tools.disks import disk_errors

Clock = Callable[[], datetime]
"""Gives the time of day with its zone."""

LATEST = "latest"
RAW_LOG = "raw.log"

_ATTEMPTS = 64
_STEM = 100
_DIGEST = 16
_UNSAFE = re.compile(r"[^A-Za-z0-9._=+-]+")


def safe_name(name: str) -> str:
    """Turn a test's name into a file name: readable, bounded, stable, unique per test.

    At most 117 ASCII characters. What a path could misunderstand becomes `_`; a digest of the
    whole name keeps apart names that read the same after that.
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    stem = _UNSAFE.sub("_", name).lstrip(".-")[:_STEM] or "_"
    return f"{stem}-{digest}"


def leg_path(leg: Leg, attempt: int) -> str:
    """Path of a leg below the run folder: `control`, or `rerun-1/control` for attempt 1."""
    return leg.value if attempt == 0 else f"rerun-{attempt}/{leg.value}"


def log_of_test(leg_folder: str, name: str) -> str:
    """Path of a failing test's log, relative to what `leg_folder` is relative to."""
    return str(PurePosixPath(leg_folder, "tests", f"{safe_name(name)}.log"))


def daemon_log_of_test(leg_folder: str, name: str) -> str:
    """Path of what the daemon wrote during a failing test, relative to the same."""
    return str(PurePosixPath(leg_folder, "daemon", f"{safe_name(name)}.log"))


@dataclass(frozen=True)
class LegFolder:
    """The files of one leg. Paths are only named; `make` creates the folders."""

    path: Path
    relative: str
    """The same folder relative to the run folder, as LegRun.folder records it."""

    @property
    def raw_log(self) -> Path:
        """The test binary's combined output, unchanged."""
        return self.path / RAW_LOG

    def test_log(self, name: str) -> Path:
        """Name the file for the part of the output that belongs to one failing test."""
        return self.path / "tests" / f"{safe_name(name)}.log"

    def daemon_log(self, name: str) -> Path:
        """Name the file for what the daemon wrote during one failing test."""
        return self.path / "daemon" / f"{safe_name(name)}.log"

    def make(self) -> LegFolder:
        """Create the leg's folders and return it.

        Raises InfrastructureError if the disk refuses.
        """
        with disk_errors(self.path):
            for name in ("tests", "daemon"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
        return self


def run_name(moment: datetime) -> str:
    """Return a name for a run's folder: the time (UTC), and something at random."""
    return f"{moment.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @classmethod
    def create(cls, runs_dir: Path, clock: Clock) -> RunFolder:
        """Create a new, empty folder below `runs_dir`, named by the time (UTC) and at random.

        Two runs that start in the same second get different folders, because creating a
        folder succeeds for one of them only. Raises InfrastructureError if the disk refuses.
        """
        begun = clock()
        with disk_errors(runs_dir):
            runs_dir.mkdir(parents=True, exist_ok=True)
            for _ in range(_ATTEMPTS):
                path = runs_dir / run_name(begun)
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                return cls(path)
        raise InfrastructureError(
            f"{runs_dir}: no free name for a run of {begun} after {_ATTEMPTS} tries"
        )

    @property
    def id(self) -> str:
        """The folder's name, for example 20261123-180607-ab12."""
        return self.path.name

    def leg(self, leg: Leg, attempt: int = 0) -> LegFolder:
        """Name the folder of one leg; attempt 0 is the main run."""
        relative = leg_path(leg, attempt)
        return LegFolder(self.path / relative, relative)

    def write_run(self, run: Run) -> Path:
        """Write run.json and return its path.

        Raises InfrastructureError if the disk refuses; an earlier run.json is then unharmed.
        """
        return write_run(self.path, run)

    def clear(self) -> None:
        """Make the folder, or remove what an earlier try left in it: legs and run.json.

        Raises InfrastructureError if the disk refuses.
        """
        with disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / RUN_FILE).unlink(missing_ok=True)
            for name in (*Leg, *(it.name for it in self.path.glob("rerun-*"))):
                shutil.rmtree(self.path / name, ignore_errors=True)

    def point_latest(self) -> None:
        """Replace the `latest` link in one step, so that it never dangles in between.

        The new one is made in our own folder, so that nothing lies beside those of others if we
        are killed. Raises InfrastructureError if the disk refuses.
        """
        latest = self.path.parent / LATEST
        new = self.path / f".{LATEST}"
        with disk_errors(latest):
            new.unlink(missing_ok=True)
            new.symlink_to(self.id, target_is_directory=True)
            try:
                new.replace(latest)
            except OSError:
                new.unlink()
                raise
