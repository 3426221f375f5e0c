"""What GitHub shows at the head of a job: at most ten errors and ten warnings for a step.

GitHub obeys `::command::` in whatever a job prints, so all other output belongs between fences
(https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.model.matrix import CellState
from harness.reports.overview import CellView
from harness.reports.survey import Survey, Trouble
from harness.reports.text import clip, one_line, plural, visible
from harness.reports.words import WORDS

MOST = 10
"""Of each kind; GitHub drops what is more."""

_TITLE = 200
_MESSAGE = 800
_NAMES = 5
_TOKEN = re.compile(r"[A-Za-z0-9]{16,}")


def github_annotations(views: Sequence[CellView], survey: Survey) -> list[str]:
    """Write a command for every root cause, and for every pair without a result."""
    troubles = survey.troubles()
    errors = [_of_trouble(it, views, survey) for it in troubles if it.verdict.blames_frontend]
    errors += [_of_pair(it) for it in views if it.result.state is CellState.FAILED]
    warnings = [
        _of_pair(it)
        for it in views
        if it.result.state in {CellState.MISSING, CellState.INTERRUPTED}
    ]
    warnings += [
        _of_trouble(it, views, survey) for it in troubles if not it.verdict.blames_frontend
    ]
    return [*_bounded("error", errors), *_bounded("warning", warnings)]


def fence(token: str, lines: Sequence[str]) -> Iterator[str]:
    """Put lines where GitHub obeys none of them; `token` must be one that they cannot know.

    Raises ValueError for a token that could be guessed or is no word.
    """
    if not _TOKEN.fullmatch(token) or any(token in line for line in lines):
        raise ValueError("a fence needs a long random word that is not inside")
    yield f"::stop-commands::{token}"
    yield from lines
    yield f"::{token}::"


def _bounded(kind: str, told: list[tuple[str, str]]) -> Iterator[str]:
    whole = len(told) <= MOST
    for title, message in told if whole else told[: MOST - 1]:
        yield _command(kind, title, message)
    if not whole:
        left = len(told) - MOST + 1
        yield _command(kind, f"and {left} more", "The page and summary.md have them all.")


def _of_trouble(trouble: Trouble, views: Sequence[CellView], survey: Survey) -> tuple[str, str]:
    tests = [survey.tests[number] for number in trouble.tests]
    pairs = [views[number].title for number in trouble.cells]
    line = survey.causes[trouble.cause] if trouble.cause >= 0 else WORDS[trouble.verdict].meaning
    title = f"{trouble.verdict.value}: {plural(len(tests), 'test')} in {plural(len(pairs), 'pair')}"
    return title, f"{line}\n{_some(tests)}\n{_some(pairs)}"


def _of_pair(view: CellView) -> tuple[str, str]:
    first = view.result.error.strip().partition("\n")[0]
    return f"{view.title} {view.label}", first or "Nothing came of this pair."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _command(kind: str, title: str, message: str) -> str:
    lines = [visible(line) for line in clip(message, _MESSAGE).split("\n")]
    return f"::{kind} title={_property(one_line(title, _TITLE))}::{_data(lines)}"


def _data(lines: Sequence[str]) -> str:
    return "%0A".join(_harmless(line) for line in lines)


def _property(text: str) -> str:
    return _harmless(text).replace(":", "%3A").replace(",", "%2C")


def _harmless(text: str) -> str:
    """Escape what ends a command's data, and part `##[`, which begins another anywhere."""
    return text.replace("%", "%25").replace("##[", "## [")
