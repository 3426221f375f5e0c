"""What the history says of tests and cells, in words and for programs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from harness.errors import UsageError
from harness.gotest.names import display, parse
from harness.history import Durations, History, Mark, Story
from harness.reports.text import duration, escape_ci_commands, one_line, plural
from harness.reports.words import look

_STRIP = 60
_NEAR = 5
_SHORT = 7

Strips = Mapping[str, Sequence[Mark]]


def stories(history: History, test: str, cells: str) -> list[Story]:
    """Find what is known of the tests and cells of these names, which may have * and ?.

    A test goes by its function, by its whole name, or as reports show it. Raises UsageError if
    none is like that.
    """
    known = history.tests()
    found = [name for name in known if any(_like(it, test) for it in _called(name))]
    if not found:
        near = difflib.get_close_matches(test, {parse(name).function for name in known}, n=_NEAR)
        hint = f"near: {', '.join(near)}" if near else "compat history lists the cells it knows"
        raise UsageError(f"{history.file}: no test like {test!r} was ever recorded", hint=hint)
    told = (
        history.story(cell, name)
        for name in found
        for cell in history.cells(name)
        if _like(cell, cells)
    )
    return [story for story in told if story]


def chosen(strips: Strips, cells: str) -> dict[str, Sequence[Mark]]:
    """Choose the cells of these names."""
    return {cell: marks for cell, marks in strips.items() if _like(cell, cells)}


def render(found: Iterable[Story]) -> str:
    """Render stories as text that ends in a line feed; empty without any."""
    text = "\n".join("\n".join(_story_lines(story)) + "\n" for story in found)
    return escape_ci_commands(text)


def render_strips(strips: Strips) -> str:
    """Return a line for each cell, newest verdict last."""
    width = max((len(_strip(marks)) for marks in strips.values()), default=0)
    return "".join(
        f"{_strip(marks):>{width}}  {one_line(cell)}\n" for cell, marks in strips.items()
    )


def as_json(found: Iterable[Story]) -> list[dict[str, Any]]:
    """Return what `--json` prints of stories."""
    return [
        {
            "cell": story.cell,
            "test": story.test,
            "first": _mark_as_json(story.since.first) if story.since else None,
            "since": _mark_as_json(story.since.failing) if story.since else None,
            "runs_failing": story.since.runs if story.since else 0,
            "flaky": {"runs": story.flakiness.flaky, "of": story.flakiness.runs},
            "seconds": _seconds_as_json(story.durations),
            "runs": [_mark_as_json(mark) for mark in story.marks],
        }
        for story in found
    ]


def strips_as_json(strips: Strips) -> list[dict[str, Any]]:
    """Return what `--json` prints of cells."""
    return [
        {"cell": cell, "runs": [_mark_as_json(mark) for mark in marks]}
        for cell, marks in strips.items()
    ]


def _story_lines(story: Story) -> Iterator[str]:
    yield f"test {one_line(display(story.test))} in {one_line(story.cell)}"
    newest = story.marks[-1]
    yield f"  newest  {newest.verdict}, {_when(newest)}"
    since = story.since
    if since is None:
        yield f"  since   never seen failing in {plural(len(story.marks), 'run')}"
    else:
        if since.failing:
            yield f"  since   {_when(since.failing)}; {plural(since.runs, 'run')} in a row"
        if since.failing != since.first:
            yield f"  first   seen failing: {since.first.verdict}, {_when(since.first)}"
    if story.flakiness.flaky:
        yield f"  flaky   in {story.flakiness.flaky} of {plural(story.flakiness.runs, 'run')}"
    if story.durations:
        took = story.durations
        median, most, longest = map(duration, (took.p50, took.p95, took.longest))
        yield f"  takes   {median}, 95 of 100 at most {most}, {longest} at the longest"
    yield f"  runs    {_strip(story.marks)}"


def _when(mark: Mark) -> str:
    return f"{mark.started}, run {one_line(mark.run)}, frontend {mark.frontend[:_SHORT]}"


def _strip(marks: Sequence[Mark]) -> str:
    """Write verdicts and states as letters, oldest first; `…` if there are more."""
    letters = (look(mark.state, mark.verdict).letter for mark in marks[-_STRIP:])
    return ("…" if len(marks) > _STRIP else "") + "".join(letters)


def _called(name: str) -> tuple[str, ...]:
    return name, parse(name).function, display(name)


def _like(name: str, glob: str) -> bool:
    return fnmatchcase(name, glob.replace("[", "[[]"))


def _mark_as_json(mark: Mark | None) -> dict[str, str] | None:
    if mark is None:
        return None
    return {
        "run": mark.run,
        "started": mark.started,
        "suite": mark.suite,
        "frontend": mark.frontend,
        "state": mark.state.value,
        "verdict": mark.verdict.value,
    }


def _seconds_as_json(took: Durations | None) -> dict[str, float] | None:
    if took is None:
        return None
    return {"count": took.count, "p50": took.p50, "p95": took.p95, "longest": took.longest}
