"""How long planning takes: 50 x 50 cells, on a repository made for it or a real one.

Run by `tox -e bench`; with COMPAT_REPO set, on real BuildKit, 30 daemons x 20 frontends:

    python -m tests.bench.plan
    COMPAT_REPO=…/buildkit.git python -m tests.bench.plan
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.large_repository import big

ROOT = Path(__file__).parents[2]
ROUNDS = 3
REAL = """\
description: real BuildKit
pairs:
  - daemons: [{lines: {last: 29}}, {branches: [master]}]
    frontends: [{dockerfile: {last: 20}}]
"""


def main() -> None:
    """Measure and print: with an empty cache, then with what that left."""
    with tempfile.TemporaryDirectory(prefix="compat-bench-") as folder:
        words = _real(Path(folder)) if os.environ.get("COMPAT_REPO") else _made(Path(folder))
        cache = Path(folder, "cache")
        cold, cells = _plan(words, cache)
        warm = min(_plan(words, cache)[0] for _ in range(ROUNDS))
        sys.stdout.write(f"{cells} cells: {cold:.2f} s, planned again {warm:.2f} s\n")


def _plan(words: list[str], cache: Path) -> tuple[float, int]:
    argv = [sys.executable, "-m", "harness.cli", "plan", *words, "--cache", str(cache)]
    argv += ["--backend", "native", "--format", "lines", "--history", str(cache / "none.sqlite")]
    begun = time.monotonic()
    ended = subprocess.run(
        [*argv, "--write", str(cache.with_suffix(".json"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.monotonic() - begun
    if ended.returncode:
        sys.exit(ended.stderr)
    return took, cache.with_suffix(".json").read_text("utf-8").count('"timeout":')


def _made(folder: Path) -> list[str]:
    repository, data = big(folder, lines=50, between=100)
    return ["big", "--repo", str(repository), "--data", str(data)]


def _real(folder: Path) -> list[str]:
    file = folder / "real.yaml"
    file.write_text(REAL, "utf-8")
    return [str(file)]


if __name__ == "__main__":
    main()
