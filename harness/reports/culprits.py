"""Who broke what, beside the causes and the tests of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from harness.model.culprits import Blame, Culprits, Suspect
from harness.reports.text import one_line, plural

_SHORT = 12
_PROSE = 300

Blames: TypeAlias = Mapping[tuple[str, str], Blame]
"""By the id of a cell and the full name of a test."""


def by_test(culprits: Culprits) -> dict[tuple[str, str], Blame]:
    """Return what is known of each test of each cell."""
    return {
        (cell, name): blame
        for blame in culprits.blames
        for cell, names in blame.tests.items()
        for name in names
    }


def told(blame: Blame) -> str:
    """Return one line: `broken by 30c069cb0345 sbom: …, Somebody, 2024-01-24`, or why nobody is."""
    if not blame.suspects:
        return f"what broke it is not known: {one_line(blame.words, _PROSE)}"
    first = suspect(blame.suspects[0])
    likely = "" if blame.probability is None else f", {blame.probability:.3g} likely,"
    if len(blame.suspects) == 1:
        before = f" (found for the run {blame.searched})" if blame.searched else ""
        return f"broken{likely} by {first}{before}"
    return (
        f"broken{likely} by one of {plural(len(blame.suspects), 'commit')}, the first one {first}"
    )


def suspect(one: Suspect) -> str:
    """Return one line about a commit."""
    words = (one.subject, one.author, one.day)
    return f"{one.sha[:_SHORT]} {', '.join(one_line(it, _PROSE) for it in words)}"


def links(blames: Sequence[Blame]) -> Iterator[tuple[str, str]]:
    """Yield lines about culprits, each once, with the address of a pull request or nothing."""
    for blame in blames:
        page = blame.suspects[0].link if blame.suspects else ""
        yield told(blame), page if page.startswith("https://") else ""
