"""Render a matrix of a million outcomes, and open its page.

    python -m tests.bench.matrix_scale [--daemons 50] [--frontends 50] [--tests 400] [--keep FOLDER]

Every cell has a run.json as real ones are written; one test in twenty does not simply pass, for
one of forty causes. Rendering runs in a process of its own, so that its memory is its own; the
page is opened in Debian's Chromium with an empty cache. Status 1 above a minute of processor time,
1 GiB or two seconds to the first paint.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.errors import ExitCode
from harness.journal import MATRIX_FILE, PLAN_FILE, RUN_FILE
from harness.model import Commit, Judgement, Outcome, Run, Verdict
from harness.model.matrix import CellResult, PlannedCell
from harness.reports.write import write_reports
from tests.support import factories, matrix_factories
from tests.support.chromium import opened

CAUSES = 40
MINUTE = 60.0
GIBIBYTE = 1024.0
PAINT = 2000.0

_ROUGH = (
    *([Verdict.KNOWN] * 12 + [Verdict.SAME_FAILURE] * 4 + [Verdict.SKIPPED] * 2),
    *(Verdict.FLAKY, Verdict.REGRESSED),
)
_ENDS = {
    Verdict.SAME_FAILURE: (Outcome.FAIL, Outcome.FAIL),
    Verdict.SKIPPED: (Outcome.SKIP, Outcome.SKIP),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Write, render, open and measure; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--daemons", type=int, default=50)
    parser.add_argument("--frontends", type=int, default=50)
    parser.add_argument("--tests", type=int, default=400)
    parser.add_argument("--keep", type=Path, help="where the matrix is written, to look at it")
    parser.add_argument("--render", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.render:
        sys.stdout.write(json.dumps(render(options.render)))
        return 0
    with tempfile.TemporaryDirectory(prefix="compat-bench-") as temporary:
        folder = options.keep or Path(temporary)
        outcomes = write(folder, options.daemons, options.frontends, options.tests)
        ours = [sys.executable, "-m", "tests.bench.matrix_scale", "--render", str(folder)]
        done = subprocess.run(ours, check=True, capture_output=True)
        figures = {"outcomes": outcomes, **json.loads(done.stdout), **paint(folder)}
    sys.stdout.write(f"{json.dumps(figures, indent=2)}\n")
    slow = figures["render_cpu_s"] > MINUTE or figures["first_paint_ms"] > PAINT
    return int(slow or figures["peak_mib"] > GIBIBYTE)


def render(folder: Path) -> dict[str, float]:
    """Write all reports of a stored matrix and tell what that took."""
    begin, before = time.perf_counter(), time.process_time()
    written = write_reports(folder)
    wall, spent = time.perf_counter() - begin, time.process_time() - before
    page = written.files[0].parent
    return {
        "render_wall_s": round(wall, 1),
        "render_cpu_s": round(spent, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "index_kib": round((page / "index.html").stat().st_size / 1024),
        "tests_kib": round((page / "tests.js").stat().st_size / 1024),
        "summary_kib": round(written.files[1].stat().st_size / 1024),
        "page_mib": round(sum(it.stat().st_size for it in page.rglob("*.*")) / 1024**2),
    }


def paint(folder: Path) -> dict[str, float]:
    """Open the page and tell when something was seen first, and how long the views take."""
    address = (folder / "page" / "index.html").as_uri()
    with opened() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.wait_for_selector("form.tools:not([hidden])")
        paints = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint').map((it) => it.startTime)"
        )
        ready = page.evaluate("performance.now()")
        begin = time.perf_counter()
        page.fill("#query", "Test7")
        page.wait_for_selector(".found li")
        searched = time.perf_counter() - begin
        page.fill("#query", "")
        page.wait_for_selector(".found", state="detached")
        begin = time.perf_counter()
        page.click("a.cell[data-v=R] >> nth=0")
        page.wait_for_selector(".cellview")
        drilled = time.perf_counter() - begin
    return {
        "first_paint_ms": round(paints[0]),
        "ready_ms": round(ready),
        "search_ms": round(searched * 1000),
        "open_cell_ms": round(drilled * 1000),
    }


def write(folder: Path, daemons: int, frontends: int, tests: int) -> int:
    """Write a matrix run and return its number of outcomes."""
    suites = [_commit(f"v0.{number}.0", number) for number in range(daemons)]
    candidates = [_commit(f"dockerfile/1.{number}.0", number) for number in range(frontends)]
    cells: list[PlannedCell] = []
    results: list[CellResult] = []
    (folder / "cells").mkdir(parents=True, exist_ok=True)
    for suite in suites:
        for frontend in candidates:
            cell = matrix_factories.planned(matrix_factories.pair(suite, frontend))
            run = _run(cell, len(cells), tests)
            place = folder / "cells" / cell.id
            place.mkdir(exist_ok=True)
            (place / RUN_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2))
            cells.append(cell)
            results.append(matrix_factories.result_of(cell, run))
    matrix = matrix_factories.matrix_of(cells, results)
    (folder / PLAN_FILE).write_bytes(msgspec.json.encode(matrix.plan))
    (folder / MATRIX_FILE).write_bytes(msgspec.json.encode(matrix))
    return sum(sum(it.counts.values()) for it in results)


def _commit(ref: str, number: int) -> Commit:
    day = f"20{20 + number // 12:02}-{1 + number % 12:02}-01"
    return matrix_factories.commit(ref, day, f"0.{number}.0", f"1.{number}.0", f"v0.{number}")


def _run(cell: PlannedCell, number: int, tests: int) -> Run:
    rows = [_judgement(number, test) for test in range(tests)]
    run = matrix_factories.run_of(cell, rows)
    assert run.exit_code in set(ExitCode)
    return run


def _judgement(cell: int, test: int) -> Judgement:
    name = f"Test{test}MountsCacheAndCopies"
    mixed = (cell * 7919 + test * 104729) % 400
    if mixed >= len(_ROUGH):
        return factories.judgement(name, Verdict.COMPATIBLE, [Outcome.PASS], [Outcome.PASS])
    verdict = _ROUGH[mixed]
    control, candidate = _ENDS.get(verdict, (Outcome.PASS, Outcome.FAIL))
    cause = (cell + test) % CAUSES
    error = f"{factories.FILEOP_ERROR}\n             no such option --x{cause} of kind {cause}"
    error = error.replace("BUILDKIT_DISABLE_FILEOP", f"BUILDKIT_OPTION_{cause}")
    entry = factories.FILEOP if verdict is Verdict.KNOWN else None
    return factories.judgement(name, verdict, [control], [candidate], error=error, entry=entry)


if __name__ == "__main__":
    sys.exit(main())
