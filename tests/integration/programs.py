"""The program as a user starts it, with a cache, a folder of runs and an engine of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.journal import read_run
from harness.model import Run
from tests.integration.engines import BASE, Daemon

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Program:
    """The program with a cache, a folder of runs and an engine."""

    folder: Path
    daemon: Daemon

    def start(self, *words: str) -> subprocess.Popen[str]:
        hidden = ("COMPAT_", "GIT_", "DOCKER_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        places = ("--cache", str(self.folder / "cache"), "--out", str(self.folder / "runs"))
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cli", *words, *places],
            cwd=ROOT,
            env={**kept, "DOCKER_HOST": self.daemon.host, "COMPAT_BASE_IMAGE": BASE},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def demo(self, backend: str) -> tuple[int, Run, str]:
        with self.start("demo", "--backend", backend, "--stage", "generic") as child:
            out, err = child.communicate(timeout=500)
        assert child.returncode in {0, 1}, err + out
        return child.returncode, self.latest(), err

    def demo_until(self, word: str) -> subprocess.Popen[str]:
        """Start the demo on the engine and come back once it has said a word."""
        child = self.start("demo", "--backend", "docker", "--stage", "generic")
        assert child.stderr
        for line in child.stderr:
            if word in line:
                return child
        pytest.fail(f"the demo ended without {word!r}")

    def latest(self) -> Run:
        return read_run((self.folder / "runs" / "latest").resolve())
