"""A plan as people read it before anything runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

from harness.model import Side
from harness.model.matrix import Plan
from harness.plan.estimate import Durations
from harness.plan.forecast import Forecast, forecast
from harness.plan.queue import Limits
from harness.plan.shards import Split
from harness.reports.text import duration, escape_ci_commands, plural, visible

Controls = Mapping[str, Hashable]
"""By cells' ids; those that have equal ones share a run, one that has none runs its own."""
Rows = list[tuple[str, ...]]


def render(plan: Plan, parts: Split | None, limits: Limits, controls: Controls) -> str:
    """Return the numbered cells of a plan, its builds, and what all of it will take.

    `parts` adds the shards; `limits` say what is to run at once, `controls` which cells share one.
    """
    return escape_ci_commands("\n".join(map(visible, _lines(plan, parts, limits, controls)))) + "\n"


def _lines(plan: Plan, parts: Split | None, limits: Limits, controls: Controls) -> Iterator[str]:
    yield f"{plan.matrix}: {_counts(plan, controls)}"
    yield ""
    where = {cell.id: str(n) for n, cells in enumerate(parts or (), 1) for cell in cells}
    cells: Rows = [("", "cell", "expected", *(["shard"] if parts else []))]
    for number, cell in enumerate(plan.cells, 1):
        row = (str(number), cell.id, _took(cell.expected))
        cells.append((*row, where[cell.id]) if parts else row)
    yield from _columns(cells)
    yield ""
    builds: Rows = [("build", "commit", "", "expected")]
    for build in plan.builds:
        commit = f"{build.commit.short} {build.commit.date}"
        expected = "" if build.cached else _took(build.expected)
        builds.append((build.id, commit, "cached" if build.cached else "to build", expected))
    yield from _columns(builds)
    yield ""
    if parts:
        yield from _columns(_shards(plan, parts))
        yield ""
    yield _expectation(plan, forecast(plan, limits, controls), limits.jobs)


def _counts(plan: Plan, controls: Controls) -> str:
    """`6 cells of 2 suites (with a control each) and 3 frontends; native, offline`."""
    sides = {side: [b for b in plan.builds if b.side is side] for side in Side}
    due = [build for build in plan.builds if not build.cached]
    where = ", ".join(sorted({cell.pair.backend for cell in plan.cells}))
    words = (
        plural(len(plan.cells), "cell"),
        plural(len(sides[Side.SUITE]), "suite"),
        plural(len(sides[Side.FRONTEND]), "frontend"),
        plural(len({controls.get(cell.id, cell.id) for cell in plan.cells}), "control"),
        f"{len(due)} of {plural(len(plan.builds), 'build')} to be made",
        where,
        *(["offline"] if plan.offline else []),
    )
    return ", ".join(words)


def _shards(plan: Plan, parts: Split) -> Rows:
    durations = Durations(plan)
    rows: Rows = [("shard", "cells", "suites", "expected, with builds")]
    for number, cells in enumerate(parts, 1):
        suites = len({name for it in cells for name in (it.suite, it.tested or it.suite)})
        took = _took(durations.shard(cells))
        rows.append((f"{number}/{len(parts)}", str(len(cells)), str(suites), took))
    return rows


def _expectation(plan: Plan, expected: Forecast | None, jobs: int) -> str:
    if expected is None:
        return "No run of any of these is in the history, so nothing is expected."
    parts = [f"cells {duration(expected.cells)}"]
    if any(not build.cached for build in plan.builds):
        parts.append(f"builds {duration(expected.builds)}")
    guess = f", {expected.unknown} of them guessed" if expected.unknown else ""
    wall = duration(expected.wall)
    return f"Expected: {' and '.join(parts)}{guess}; {wall} with {jobs} at a time."


def _took(seconds: float | None) -> str:
    return "?" if seconds is None else duration(seconds)


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{text:<{width}}" for text, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
