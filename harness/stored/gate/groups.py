"""Findings that are one matter, told once: the same test broken in the same way in many cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from harness.reports.text import plural
from harness.stored.gate.findings import Finding, Kind

_NAMED = 10

_PARTICULAR = {"pair", "suite", "frontend", "age"}
"""Words that differ between cells with the same trouble."""


@dataclass(frozen=True)
class Group:
    """A finding, and where else there is the same."""

    finding: Finding
    others: tuple[str, ...]
    """Titles of pairs."""

    @property
    def also(self) -> str:
        """Name some of the other pairs; empty if there are none."""
        more = len(self.others) - _NAMED
        tail = f" and {plural(more, 'more cell')}" if more > 0 else ""
        return ", ".join(self.others[:_NAMED]) + tail


def by_kind(findings: Iterable[Finding]) -> list[tuple[Kind, list[Finding]]]:
    """Part findings, which stand in the order of their kinds, by kind."""
    return [(kind, list(found)) for kind, found in groupby(findings, key=lambda it: it.kind)]


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Bring findings of one kind that are one matter together, in their order."""
    found: dict[object, list[Finding]] = {}
    for finding in findings:
        found.setdefault(_matter(finding), []).append(finding)
    return [
        Group(first, tuple(other.words.get("pair", "") for other in others))
        for first, *others in found.values()
    ]


def _matter(finding: Finding) -> object:
    if finding.test:
        return finding.words["test"], finding.cause
    return tuple(sorted(it for it in finding.words.items() if it[0] not in _PARTICULAR))
