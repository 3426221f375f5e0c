"""Read a long stored event stream into outcomes, and let gotestsum do the same beside it.

    python -m tests.bench.gotest_stream [--megabytes 200] [--rounds 3]

The stream is this repository's recordings, repeated with renamed tests. gotestsum reads it as
`go tool test2json` converts it, which is what it takes; we read it as it is stored. Both run as
processes of their own, in turns, and the best round of each counts. Status 1 if we take longer.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.backends.native.toolchain import provide
from harness.gotest.stream import StreamParser
from harness.model import Format
from harness.store import Store, default_cache
from tests.support.streams import RECORDINGS, recording

ROOT = Path(__file__).resolve().parents[2]
GO = "1.26.6"
MEGABYTE = 1_000_000
CHUNK = 1 << 16


@dataclass(frozen=True)
class Measure:
    """What one process took."""

    wall: float
    cpu: float
    memory: int
    """Peak resident set in MB."""

    def __str__(self) -> str:
        return f"{self.wall:6.2f} s wall {self.cpu:6.2f} s cpu {self.memory:5d} MB"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a table; 0 if we take no longer than gotestsum."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=200, help="size of the stream as JSON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--read", type=Path, metavar="STREAM")
    options = parser.parse_args(argv)
    if options.read:
        read(options.read)
        return 0
    if shutil.which("gotestsum") is None:
        parser.error("gotestsum is missing: apt-get install gotestsum")
    with tempfile.TemporaryDirectory(prefix="compat-bench-") as folder:
        figures = compare(Path(folder), options.megabytes, options.rounds)
    ratio = figures["ours"].wall / figures["gotestsum"].wall
    if options.json:
        told = {name: vars(one) for name, one in figures.items()} | {"ratio": ratio}
        sys.stdout.write(f"{json.dumps(told)}\n")
    else:
        for name, one in figures.items():
            share = one.wall / figures["gotestsum"].wall
            sys.stdout.write(f"{name:<12} {one}  ratio {share:.2f}\n")
    return 0 if ratio <= 1 else 1


def compare(folder: Path, megabytes: int, rounds: int) -> dict[str, Measure]:
    """Write the streams and read them with every reader, best of so many rounds."""
    marked, events = folder / "stream.log", folder / "stream.json"
    write_streams(marked, events, megabytes * MEGABYTE)
    us = [sys.executable, "-m", "tests.bench.gotest_stream", "--read"]
    commands = {
        "gotestsum": [
            *["gotestsum", "--raw-command", "--", "cat", str(events)],
        ],
        "ours": [*us, str(marked)],
    }
    taken = [{name: measure(command) for name, command in commands.items()} for _ in range(rounds)]
    return {name: min((row[name] for row in taken), key=lambda one: one.wall) for name in commands}


def write_streams(marked: Path, events: Path, size: int) -> None:
    """Write the recordings again and again, each time under another root test's name."""
    toolchain = provide(Store(default_cache()), GO)
    environment = toolchain.environment(Store(default_cache())) | {"GOFLAGS": ""}
    with events.open("wb") as out:
        argv = [str(toolchain.go), "tool", "test2json", "-t", "-p", "example.com/suite"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, env=environment) as convert:
            assert convert.stdin is not None
            with marked.open("wb") as raw:
                for part in repeated():
                    raw.write(part)
                    convert.stdin.write(part)
                    convert.stdin.flush()
                    if events.stat().st_size >= size:
                        break
            convert.stdin.close()
    if convert.returncode:
        raise SystemExit(f"go tool test2json ended with status {convert.returncode}")


def repeated() -> Iterator[bytes]:
    """Yield each recording under ever new names."""
    names = sorted(path.name.removesuffix(".log.gz") for path in RECORDINGS.glob("*test2json*"))
    recordings = [recording(name) for name in names]
    number = 0
    while True:
        for one in recordings:
            yield one.replace(b"TestIntegration", b"TestRound%06d" % number)
            number += 1


def read(stream: Path) -> None:
    """Do what is measured: the stream in, results out."""
    parser = StreamParser(Format.MARKED)
    with stream.open("rb") as file:
        while chunk := file.read(CHUNK):
            parser.feed(chunk)
    parser.finish(1)


def measure(argv: Sequence[str]) -> Measure:
    """Run a command to its end; its output goes nowhere."""
    started = time.perf_counter()
    child = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    return Measure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 // MEGABYTE)


if __name__ == "__main__":
    sys.exit(main())
