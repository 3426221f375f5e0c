"""A plan as people read it before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

from msgspec.structs import replace

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

_LEFT_OUT = "left out"


def render(
    plan: Plan,
    parts: Split | None,
    limits: Limits,
    controls: Controls,
    left_out: Collection[str] = (),
) -> str:
    """Return the numbered cells of a plan, its builds, and what all of it will take.

    `parts` adds the shards; `limits` say what is to run at once, `controls` which cells share one.
    Cells that are `left_out`, and what would be built for them alone, are shown and not counted.
    """
    lines = _lines(plan, parts, limits, controls, left_out)
    return escape_ci_commands("\n".join(map(visible, lines))) + "\n"


def _lines(
    plan: Plan, parts: Split | None, limits: Limits, controls: Controls, left_out: Collection[str]
) -> Iterator[str]:
    runs = _runs(plan, left_out)
    yield f"{plan.matrix}: {_counts(runs, controls, len(left_out))}"
    yield ""
    where = {cell.id: str(n) for n, cells in enumerate(parts or (), 1) for cell in cells}
    cells: Rows = [("", "cell", "expected", *(["shard"] if parts else []))]
    for number, cell in enumerate(plan.cells, 1):
        expected = _LEFT_OUT if cell.id in left_out else _took(cell.expected)
        row = (str(number), cell.id, expected)
        cells.append((*row, where[cell.id]) if parts else row)
    yield from _columns(cells)
    yield ""
    builds: Rows = [("build", "commit", "", "expected")]
    made = {build.id for build in runs.builds}
    for build in plan.builds:
        commit = f"{build.commit.short} {build.commit.date}"
        due = build.id in made and not build.cached
        expected = _took(build.expected) if due else ""
        state = "cached" if build.cached else "to build" if due else _LEFT_OUT
        builds.append((build.id, commit, state, expected))
    yield from _columns(builds)
    yield ""
    if parts:
        yield from _columns(_shards(plan, parts, left_out))
        yield ""
    if runs.cells:
        yield _expectation(runs, forecast(runs, limits, controls), limits.jobs)
    else:
        yield "Every cell is left out, as something that it needs is not here."


def _runs(plan: Plan, left_out: Collection[str]) -> Plan:
    """Return a plan without the cells that are left out and what would be built for them alone."""
    cells = tuple(cell for cell in plan.cells if cell.id not in left_out)
    needed = {name for cell in cells for name in cell.needs}
    return replace(plan, cells=cells, builds=tuple(it for it in plan.builds if it.id in needed))


def _counts(plan: Plan, controls: Controls, left_out: int) -> str:
    """`6 cells, 2 suites, 3 frontends, 2 controls, 4 of 5 builds to be made, native, offline`."""
    sides = {side: [b for b in plan.builds if b.side is side] for side in Side}
    due = [build for build in plan.builds if not build.cached]
    where = ", ".join(sorted({cell.pair.backend for cell in plan.cells}))
    words = (
        plural(len(plan.cells), "cell") + (f" and {left_out} {_LEFT_OUT}" if left_out else ""),
        plural(len(sides[Side.SUITE]), "suite"),
        plural(len(sides[Side.FRONTEND]), "frontend"),
        plural(len({controls.get(cell.id, cell.id) for cell in plan.cells}), "control"),
        f"{len(due)} of {plural(len(plan.builds), 'build')} to be made",
        where,
        *(["offline"] if plan.offline else []),
    )
    return ", ".join(words)


def _shards(plan: Plan, parts: Split, left_out: Collection[str]) -> Rows:
    durations = Durations(plan)
    rows: Rows = [("shard", "cells", "suites", "expected, with builds")]
    for number, whole in enumerate(parts, 1):
        cells = tuple(cell for cell in whole if cell.id not in left_out)
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
