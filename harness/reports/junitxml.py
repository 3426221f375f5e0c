"""The XML of JUnit testsuites: escaped, bounded, written front to back.

Totals stand before what they count, so they are handed in; testcases come one at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

import msgspec

from harness.journal import safe_name
from harness.reports.text import clip, visible, visible_block

_NAME = 500
_MESSAGE = 600

_OUTPUT_BUDGET = 16_000_000
"""Bytes of all tests' output; what comes after is left out, and says so."""
_LEFT_OUT = "(output left out, this file would become too large; see the run folder)"
_SPECIAL = re.compile(r"[&<>\"]")
_QUOTE = {'"': "&quot;"}


class Case(msgspec.Struct, frozen=True):
    """One testcase before it is written."""

    name: str
    seconds: float
    kind: str = ""
    """`failure`, `error`, `skipped`, or empty for a test that passed."""
    about: str = ""
    """What the kind's `type` attribute says."""
    message: str = ""
    text: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    """Names may repeat."""


@dataclass(frozen=True)
class Suite:
    """What stands at the head of a testsuite."""

    name: str
    classname: str
    """Of all its testcases."""
    started: str
    """UTC, or empty."""
    seconds: float
    """Wall time."""
    counts: Mapping[str, int]
    """Number of its tests by kind of case."""
    properties: dict[str, str]


class Document:
    """Writes one file of testsuites, which share a budget for what tests put out."""

    def __init__(self) -> None:
        """Begin with the whole budget."""
        self._left = _OUTPUT_BUDGET

    def head(self, counts: Mapping[str, int], seconds: float) -> str:
        """Return the beginning of the file: how many tests it is about, and their wall time."""
        totals = _totals(counts, seconds)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {totals}>\n'

    def suite(self, suite: Suite, cases: Iterable[Case]) -> Iterator[str]:
        """Return a testsuite piece by piece."""
        started = f' timestamp="{_attribute(suite.started)}"' if suite.started else ""
        totals = _totals(suite.counts, suite.seconds)
        yield f'<testsuite name="{_attribute(suite.name)}" {totals}{started}>\n'
        yield _properties(suite.properties.items())
        for case in cases:
            yield self._case(suite.classname, case)
        yield "</testsuite>\n"

    def foot(self) -> str:
        """Return the end of the file."""
        return "</testsuites>\n"

    def _case(self, classname: str, case: Case) -> str:
        name = case.name if len(case.name) <= _NAME else f"{safe_name(case.name)} (cut)"
        head = (
            f'<testcase classname="{_attribute(classname)}" name="{_attribute(name)}" '
            f'time="{case.seconds:.3f}"'
        )
        if not case.kind and not case.properties:
            return f"{head}/>\n"
        body = _properties(case.properties)
        text = self._output(case.text)
        message = f'message="{_attribute(clip(case.message, _MESSAGE))}"'
        if case.kind in {"failure", "error"}:
            about = f'type="{_attribute(case.about)}"'
            body += f"<{case.kind} {message} {about}>{text}</{case.kind}>\n"
        else:
            body += f"<skipped {message}/>\n" if case.kind else ""
            body += f"<system-out>{text}</system-out>\n" if text else ""
        return f"{head}>\n{body}</testcase>\n"

    def _output(self, text: str) -> str:
        """Escape a test's output, as long as the whole file stays within its budget."""
        escaped = escape(visible_block(text)) if self._left else ""
        self._left = max(0, self._left - len(escaped.encode()))
        return escaped if self._left or not text else _LEFT_OUT


def _totals(counts: Mapping[str, int], seconds: float) -> str:
    failures, errors, skipped = (counts.get(it, 0) for it in ("failure", "error", "skipped"))
    return (
        f'tests="{sum(counts.values())}" failures="{failures}" '
        f'errors="{errors}" skipped="{skipped}" time="{seconds:.3f}"'
    )


def _properties(properties: Iterable[tuple[str, str]]) -> str:
    lines = "".join(
        f'<property name="{_attribute(name)}" value="{_attribute(value)}"/>\n'
        for name, value in properties
    )
    return f"<properties>\n{lines}</properties>\n" if lines else ""


def _attribute(text: str) -> str:
    text = visible(text)
    return escape(text, _QUOTE) if _SPECIAL.search(text) else text
