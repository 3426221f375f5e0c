"""Judge a stored matrix of a million outcomes again, by a skip list.

    python -m tests.bench.rejudge [--daemons 25] [--frontends 20] [--tests 1000] [--keep FOLDER]

An outcome is what one leg says of one test. Every leg has its output as Go prints it, beside the
run.json of its cell; judging runs in a process of its own, so that its memory is its own. Status 1
above a minute of wall time or 1 GiB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.journal import cell_folder, cells, read_matrix
from harness.journal.folder import RAW_LOG
from harness.model import Judgement, Leg, Outcome, Run, Status
from harness.repository.refs import Repository
from harness.store import Store
from harness.stored.rejudge import Lists, reclassify
from tests.bench import matrix_scale
from tests.support.played import entry

_MARK = "\x16"
_WORDS = {Outcome.PASS: "PASS", Outcome.FAIL: "FAIL", Outcome.SKIP: "SKIP"}


def main(argv: Sequence[str] | None = None) -> int:
    """Write, judge again and measure; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--daemons", type=int, default=25)
    parser.add_argument("--frontends", type=int, default=20)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="where the matrix is written, to look at it")
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.judge:
        sys.stdout.write(json.dumps(judge(options.judge)))
        return 0
    with tempfile.TemporaryDirectory(prefix="compat-bench-") as temporary:
        folder = options.keep or Path(temporary)
        matrix_scale.write(folder, options.daemons, options.frontends, options.tests)
        outcomes = write_output(folder)
        ours = [sys.executable, "-m", "tests.bench.rejudge", "--judge", str(folder)]
        done = subprocess.run(ours, check=True, capture_output=True)
        figures = {"outcomes": outcomes, **json.loads(done.stdout)}
    sys.stdout.write(f"{json.dumps(figures, indent=2)}\n")
    slow = figures["judge_wall_s"] > matrix_scale.MINUTE
    return int(slow or figures["peak_mib"] > matrix_scale.GIBIBYTE)


def judge(folder: Path) -> dict[str, float]:
    """Judge every cell of a stored matrix again and tell what that took."""
    known = entry("Test7*", Status.EXPECTED_FAILURE, "no such option", line=7)
    begin, before = time.perf_counter(), time.process_time()
    found = reclassify(folder, Lists((known,), Store(folder / "cache"), _closed))
    wall, spent = time.perf_counter() - begin, time.process_time() - before
    return {
        "cells": len(found.cells),
        "cells_changed": sum(cell.changed for cell in found.cells),
        "judge_wall_s": round(wall, 1),
        "judge_cpu_s": round(spent, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _closed() -> Repository:
    raise AssertionError("no entry asks for a commit")


def write_output(folder: Path) -> int:
    """Give each leg of a stored matrix its output; return how many outcomes are in it."""
    written = 0
    read_matrix(folder)
    for row, run in cells(folder):
        assert run is not None
        for leg in run.legs:
            place = cell_folder(folder, row) / leg.folder
            place.mkdir(parents=True, exist_ok=True)
            lines = [line for judged in run.judgements for line in _lines(run, judged, leg.leg)]
            (place / RAW_LOG).write_text("".join(lines), "utf-8")
            written += len(run.judgements)
    return written


def _lines(run: Run, judged: Judgement, leg: Leg) -> Iterator[str]:
    (result,) = judged.candidate if leg is Leg.CANDIDATE else judged.control
    name = judged.name
    yield f"{_MARK}=== RUN   {name}\n"
    if result.outcome is not Outcome.PASS:
        said = result.error.replace("\n", "\n        \t")
        yield f"    x_test.go:7: \n        \tError Trace:\tx_test.go:7\n        \t{said}\n"
    yield f"    sandbox.go:7: daemon of {run.pair.suite.ref} started\n"
    yield f"{_MARK}--- {_WORDS[result.outcome]}: {name} (1.25s)\n"


if __name__ == "__main__":
    sys.exit(main())
