"""The program as a user starts it, with a cache, a folder of runs and an engine of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness import minikit
from harness.journal import read_run
from harness.model import Leg, Run, Verdict
from harness.store import Store, default_cache
from tests.support.engines import BASE, Daemon
from tests.support.watched_processes import Child

ROOT = Path(__file__).parents[2]
MINIKIT = ROOT / "examples" / "minikit"
QUICK = "TestDefaultEnvWithArgs"
HANGS = "TestCacheMountTwoTargets"
"""Tests of MiniKit: one that passes at once, and one of which the candidate never ends."""


def verdicts(run: Run) -> dict[str, Verdict]:
    """Return what a run says of each test."""
    return {row.name: row.verdict for row in run.judgements}


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Program:
    """The program with a cache, a folder of runs and an engine."""

    folder: Path
    daemon: Daemon
    environment: Mapping[str, str] = field(default_factory=dict)
    """Over that which names the engine by its socket; an empty value takes a variable away."""
    within: tuple[str, ...] = ()
    """What begins its command line."""

    @classmethod
    def fresh(cls, folder: Path, daemon: Daemon) -> Program:
        """Begin with a cache that has nothing but Go in it."""
        (folder / "cache").mkdir()
        (default_cache() / "go").mkdir(parents=True, exist_ok=True)
        (folder / "cache" / "go").symlink_to(default_cache() / "go")
        return cls(folder, daemon)

    def start(self, *words: str) -> Child[str]:
        hidden = ("COMPAT_", "GIT_", "DOCKER_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        named = {"DOCKER_HOST": self.daemon.host, "COMPAT_BASE_IMAGE": BASE, **self.environment}
        places = ("--cache", str(self.folder / "cache"), "--out", str(self.folder / "runs"))
        return Child(
            [*self.within, sys.executable, "-m", "harness.cli", *words, *places],
            cwd=ROOT,
            env=kept | {name: value for name, value in named.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def demo(self, backend: str, stage: str = "generic", *more: str) -> tuple[int, Run, str]:
        with self.start("demo", "--backend", backend, "--stage", stage, *more) as child:
            out, err = child.communicate(timeout=900)
        assert child.returncode in {0, 3}, err + out
        return child.returncode, self.latest(), err

    def demo_until(self, word: str) -> Child[str]:
        """Start the demo on the engine and come back once it has said a word."""
        child = self.start("demo", "--backend", "docker", "--stage", "generic")
        assert child.stderr
        for line in child.stderr:
            if word in line:
                return child
        pytest.fail(f"the demo ended without {word!r}")

    def pair(
        self,
        *more: str,
        tests: tuple[str, ...] = (QUICK,),
        names: tuple[str, str] = (minikit.DAEMON, minikit.FRONTEND),
    ) -> Ended:
        """Run the demo's pair on the engine, with a few tests and no old control."""
        with self.start(*self._pair(more, tests, names)) as child:
            out, err = child.communicate(timeout=900)
        return Ended(child.returncode, out, err)

    def start_pair(self, *more: str, tests: tuple[str, ...] = (QUICK,)) -> Child[str]:
        return self.start(*self._pair(more, tests))

    def latest(self) -> Run:
        return read_run((self.folder / "runs" / "latest").resolve())

    def raw(self, leg: Leg) -> str:
        """Return what the tests of the newest run have printed so far."""
        runs = sorted((self.folder / "runs").glob(f"*-*/{leg}/raw.log"))
        return runs[-1].read_text("utf-8", "replace") if runs else ""

    def _pair(
        self,
        more: tuple[str, ...],
        tests: tuple[str, ...],
        names: tuple[str, str] = (minikit.DAEMON, minikit.FRONTEND),
    ) -> list[str]:
        repository = minikit.materialise(MINIKIT, Store(self.folder / "cache"))
        words = ["run", *names, "--repo", str(repository)]
        words += ["--data", str(MINIKIT), "--offline", "--fresh-control", "--reruns", "0"]
        words += ["--backend", "docker", "--stage", "generic"]
        return [*words, *(word for test in tests for word in ("--tests", test)), *more]
