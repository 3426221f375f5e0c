"""A plan as people read it before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from harness.matrices import Plan


def render(plan: Plan) -> str:
    """Give the numbered table of a plan."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    for number, cell in enumerate(plan.cells, 1):
        yield f"{number:4}  {cell.id}"
    for build in plan.builds:
        yield f"{build.id} {'cached' if build.cached else 'build'}"
