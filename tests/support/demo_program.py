"""The program as a user starts it, on MiniKit, with a cache and a folder of runs of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness import minikit
from harness.store import Store, default_cache
from tests.support.watched_processes import Child

ROOT = Path(__file__).parents[2]
MINIKIT = ROOT / "examples" / "minikit"
QUICK = ("--test-timeout", "5")


@dataclass(frozen=True)
class Program:
    """The program with a cache and a folder of runs."""

    cache: Path
    runs: Path
    environment: dict[str, str] = field(default_factory=dict)
    """Over the caller's own; an empty value takes a variable away."""
    within: tuple[str, ...] = ()
    """What begins its command line."""

    @classmethod
    def fresh(cls, folder: Path, *, compiled: Path | None = None, **environment: str) -> Program:
        """Return one with an empty cache but for the Go toolchain, which is 70 MB of download.

        `compiled` is a cache whose compiled packages are used too.
        """
        cache = folder / "cache"
        cache.mkdir()
        shared = {"go": default_cache() / "go"}
        if compiled is not None:
            shared["gocache"] = compiled / "gocache"
        for name, there in shared.items():
            there.mkdir(parents=True, exist_ok=True)
            (cache / name).symlink_to(there)
        return cls(cache, folder / "runs", environment)

    def start(self, *words: str, cache: bool = True, out: bool = True) -> Child[str]:
        places = ["--cache", str(self.cache)] if cache else []
        places += ["--out", str(self.runs)] if out else []
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COMPAT_", "GIT_"))}
        return Child(
            [*self.within, sys.executable, "-m", "harness.cli", *words, *places],
            cwd=ROOT,
            env={k: v for k, v in {**kept, **self.environment}.items() if v},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, cache: bool = True, out: bool = True) -> tuple[int, str, str]:
        with self.start(*words, cache=cache, out=out) as child:
            said, err = child.communicate(timeout=900)
            return child.returncode, said, err

    def words(self, daemon: str, frontend: str, *words: str) -> list[str]:
        """Return the command for a pair of MiniKit's repository, which is made if it is missing.

        It lies elsewhere than what the program makes for itself, which a `gc` may remove.
        """
        repository = str(minikit.materialise(MINIKIT, Store(self.cache.parent / "source")))
        given = ("--repo", repository, "--data", str(MINIKIT), "--offline", "--backend", "native")
        return ["run", daemon, frontend, *given, *words]

    def pair(self, daemon: str, frontend: str, *words: str) -> tuple[int, str, str]:
        return self.run(*self.words(daemon, frontend, *QUICK, *words))

    def latest(self) -> Path:
        return (self.runs / "latest").resolve()
