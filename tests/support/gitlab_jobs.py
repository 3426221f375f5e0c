"""Carries out jobs of a GitLab pipeline on this machine, one after the other.

A job has a workspace of its own, in which lie the project and what earlier jobs left. A key that
is not known here is refused, so that no part of a job goes untested unseen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.watched_processes import Child
from tests.support.workflow_jobs import PATIENCE, RefusedError

_KEYS = {
    *("extends", "variables", "script", "allow_failure", "artifacts", "stage", "when"),
    *("tags", "needs"),
}
_SHELL = ("bash", "-eo", "pipefail", "-c")


@dataclass(frozen=True)
class Ended:
    """What came of a job."""

    succeeded: bool
    """Whether its pipeline goes on: an exit code may be allowed."""
    code: int
    log: str


@dataclass(frozen=True)
class Pipeline:
    """A pipeline whose jobs leave artifacts for each other."""

    root: Path
    checkout: Callable[[Path], None]
    environment: Mapping[str, str]

    @property
    def kept(self) -> Path:
        """What the jobs left, as a later job finds it."""
        return self.root / "kept"

    def run(self, name: str, jobs: Mapping[str, Mapping[str, Any]]) -> Ended:
        """Carry out a job of a file, with what it extends."""
        job = _whole(name, jobs)
        workspace = self.root / name.replace("/", "-")
        workspace.mkdir()
        self.checkout(workspace)
        if self.kept.exists():
            shutil.copytree(self.kept, workspace, symlinks=True, dirs_exist_ok=True)
        own = {"CI_PROJECT_DIR": str(workspace)}
        for key, value in job.get("variables", {}).items():
            own[key] = str(value).replace("$CI_PROJECT_DIR", str(workspace))
        with Child(
            [*_SHELL, "\n".join(job["script"])],
            cwd=workspace,
            env={
                **self.environment,
                **own,
                "CI": "true",
                "PATH": f"{workspace}{os.pathsep}{os.environ['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            log, _ = child.communicate(timeout=PATIENCE)
        succeeded = child.returncode in {0, *job.get("allow_failure", {}).get("exit_codes", ())}
        left = job.get("artifacts", {})
        if child.returncode == 0 or left.get("when") == "always":
            for path in left.get("paths", ()):
                _keep(workspace / path, self.kept / path)
        return Ended(succeeded, child.returncode, log)


def _whole(name: str, jobs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a job with what it extends, whose maps are joined. Raises RefusedError."""
    own = dict(jobs[name])
    if unknown := own.keys() - _KEYS:
        raise RefusedError(f"{name}: not known here: {', '.join(sorted(unknown))}")
    if "extends" not in own:
        return own
    below = _whole(own.pop("extends"), jobs)
    return joined(below, own)


def joined(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two maps as one, and so on for the maps in them; else what is above counts."""
    found = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            found[key] = joined(below[key], above[key])
    return found


def _keep(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        for link in (it for it in target.rglob("*") if it.is_symlink()):
            if (source / link.relative_to(target)).is_symlink():
                link.unlink()  # of two jobs the later one's counts
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
