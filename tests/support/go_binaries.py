"""Test binaries of the module `hostile`, built by each Go whose output differs, and run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from harness.backends.native.toolchain import Toolchain
from harness.gotest.stream import MARKING, format_of
from harness.model import Format
from harness.store import Store
from harness.tools import process
from tests.support.streams import Heard, read

MODULE = Path(__file__).parents[1] / "integration" / "gomodules" / "hostile"
DEBIAN, OLD, NEW = "1.19", "1.21.13", "1.27.3"
"""Debian's, which marks nothing; the first in the matrix; the first that escapes, newest patch."""

DEBIAN_GO = Path("/usr/lib/go-1.19/bin/go")
"""Where Debian's golang-1.19-go has it; it is not on PATH."""

PATIENCE = 120.0
"""Seconds; none of these programs takes more than three on an idle machine."""


@dataclass(frozen=True)
class Binary:
    """A compiled test binary and the toolchain that made it."""

    path: Path
    toolchain: Toolchain
    environment: dict[str, str] = field(hash=False)

    @property
    def go_minor(self) -> int:
        return int(self.toolchain.version.split(".")[1])

    @property
    def forms(self) -> tuple[str, ...]:
        """What -test.v can be told."""
        return ("true",) if self.go_minor < MARKING else ("true", "test2json")

    def argv(self, pattern: str, *flags: str, form: str = "test2json") -> list[str]:
        return [str(self.path), f"-test.v={form}", f"-test.run={pattern}", *flags]

    def framing(self, form: str) -> Format:
        return format_of(self.go_minor) if form == "test2json" else Format.PLAIN

    def run(
        self, pattern: str, *flags: str, form: str = "test2json", hostile: str = ""
    ) -> tuple[Heard, int]:
        done = subprocess.run(
            self.argv(pattern, "-test.parallel=8", *flags, form=form),
            env={**os.environ, "HOSTILE": hostile},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        return read(done.stdout, done.returncode, framing=self.framing(form)), done.returncode

    def begun(self, *flags: str, form: str = "test2json") -> set[str]:
        heard, _ = self.run("^TestNames$", *flags, form=form)
        return {*heard.leaves, *heard.parsed.parents}

    def go(
        self, *words: str, cwd: Path = MODULE, hostile: str = "", accept: Collection[int] = (1,)
    ) -> bytes:
        """Run the go command and return what it printed; both streams, as a terminal has them."""
        done = subprocess.run(
            [str(self.toolchain.go), *words],
            cwd=cwd,
            env={**self.environment, "HOSTILE": hostile},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=5 * PATIENCE,
            check=False,
        )
        assert done.returncode in accept, done.stdout
        return done.stdout


@lru_cache
def build(toolchain: Toolchain, store: Store, folder: Path) -> Binary:
    """Compile the module."""
    environment = toolchain.environment(store) | {"GOFLAGS": "-trimpath"}
    path = folder / f"hostile-{toolchain.version}.test"
    argv = [str(toolchain.go), "test", "-c", "-o", str(path), "."]
    process.run(process.Request(argv, cwd=MODULE, env=environment, timeout=900))
    return Binary(path, toolchain, environment)
