"""What the harness itself costs, as ratios within one run: machines differ, ratios less.

Run by `tox -e bench`, on MiniKit; with COMPAT_REPO set and a pair named, on real BuildKit:

    python -m tests.bench.pair
    COMPAT_REPO=…/buildkit.git python -m tests.bench.pair v0.20.2 master
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import minikit
from harness.backends.native.sandbox import command
from harness.config.datadir import find_data
from harness.journal import read_run
from harness.model import Run
from harness.store import Store, default_cache

ROOT = Path(__file__).parents[2]
ROUNDS = 5


@dataclass(frozen=True)
class Bench:
    """A pair whose artefacts are in the cache, and where its runs go."""

    words: tuple[str, ...]
    runs: Path
    rounds: int

    def harness(self, *more: str) -> Run:
        """Run the pair by its command line and read back what it journaled."""
        argv = [sys.executable, "-m", "harness.cli", "run", *self.words, *more]
        argv += ["--out", str(self.runs)]
        ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode not in {0, 1}:
            sys.exit(ended.stderr)
        return read_run((self.runs / "latest").resolve())

    def median(self, measure: Callable[[], float]) -> float:
        """Return the median of some rounds, after one that does not count."""
        measure()
        return statistics.median(measure() for _ in range(self.rounds))


def main(pair: list[str]) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="compat-bench-") as folder:
        bench = _real(pair, Path(folder)) if pair else _miniature(Path(folder))
        for measure in (_help, _first_event, _overhead, _pair_against_leg):
            sys.stdout.write(f"{measure(bench)}\n")


def _miniature(runs: Path) -> Bench:
    source = find_data(None, {}).examples / "minikit"
    repository = minikit.materialise(source, Store(default_cache()))
    places = ("--repo", str(repository), "--data", str(source))
    words = ("v0.2", "v0.2", *places, "--offline", "--backend", "native")
    return Bench(words, runs, ROUNDS)


def _real(pair: list[str], runs: Path) -> Bench:
    return Bench((*pair, "--repo", os.environ["COMPAT_REPO"], "--offline"), runs, 1)


def _help(_bench: Bench) -> str:
    def once() -> float:
        return _timed([sys.executable, "-m", "harness.cli", "run", "--help"])

    bare = statistics.median(_timed([sys.executable, "-c", ""]) for _ in range(ROUNDS))
    took = statistics.median(once() for _ in range(ROUNDS))
    return (
        f"--help                 {took:.3f} s, {took / bare:.1f} times a bare interpreter (≤ 0.2 s)"
    )


def _first_event(bench: Bench) -> str:
    def once() -> float:
        words = [*bench.words, "--no-control", "--reruns", "0", "--out", str(bench.runs)]
        argv = [sys.executable, "-m", "harness.cli", "run", *words]
        begun = time.time()
        subprocess.run(argv, cwd=ROOT, capture_output=True, check=False)
        raw = (bench.runs / "latest" / "candidate" / "sandbox.json").resolve()
        return raw.stat().st_mtime - begun

    return f"start to leg           {bench.median(once):.3f} s, everything cached (≤ 1.5 s)"


def _overhead(bench: Bench) -> str:
    """Compare a candidate alone with the same sandbox started bare, output thrown away."""
    run = bench.harness("--no-control", "--reruns", "0")
    spec = bench.runs / run.id / "candidate" / "sandbox.json"
    argv = command(spec, offline=run.offline)
    bare = bench.median(lambda: _timed(argv))
    whole = bench.median(lambda: _whole(bench, "--no-control", "--reruns", "0"))
    return (
        f"overhead               {whole:.2f} s against {bare:.2f} s bare: "
        f"{whole - bare:+.2f} s, {100 * (whole / bare - 1):+.1f} % (≤ 3 % + 1 s)"
    )


def _pair_against_leg(bench: Bench) -> str:
    """Compare both legs side by side with one leg alone at upstream's defaults."""
    cpus = str(len(os.sched_getaffinity(0)))
    alone = bench.median(
        lambda: _leg(bench.harness("--no-control", "--reruns", "0", "--parallel", cpus))
    )
    pair = bench.median(lambda: _both(bench.harness("--fresh-control", "--reruns", "0")))
    return (
        f"pair against one leg   {pair:.2f} s against {alone:.2f} s with -parallel {cpus}: "
        f"{pair / alone:.2f} (≤ 1.5)"
    )


def _whole(bench: Bench, *more: str) -> float:
    begun = time.monotonic()
    bench.harness(*more)
    return time.monotonic() - begun


def _leg(run: Run) -> float:
    return run.legs[-1].seconds


def _both(run: Run) -> float:
    return run.phases["run"]


def _timed(argv: list[str]) -> float:
    begun = time.monotonic()
    subprocess.run(
        argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return time.monotonic() - begun


if __name__ == "__main__":
    main(sys.argv[1:])
