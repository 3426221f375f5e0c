"""The XML of JUnit testsuites: escaped, bounded, written as they come.

Totals stand in the head of the file, before what they count. So testcases wait in a spool, in
memory while they are few and in a temporary file after that, on the same disk as the whole file,
and one is held at a time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO, Self
from xml.sax.saxutils import escape

import msgspec

from harness.journal import safe_name
from harness.reports.spool import spool
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


class Document:
    """Writes one file of testsuites, which share a budget for what tests put out."""

    def __init__(self, seconds: float, folder: Path | None = None) -> None:
        """Begin a file that will lie in `folder`; `seconds` is the wall time of it all."""
        self._seconds = seconds
        self._folder = folder
        self._spool = spool(folder)
        self._counts = Counter[str]()
        self._left = _OUTPUT_BUDGET

    def __enter__(self) -> Self:
        """Use the file's spool until the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Give up the spool."""
        self._spool.close()

    def add(self, suite: Suite, cases: Iterable[Case]) -> None:
        """Add a testsuite; its cases wait until they are counted."""
        counts = Counter[str]()
        with spool(self._folder) as waiting:
            for case in cases:
                counts[case.kind] += 1
                waiting.write(self._case(suite.classname, case).encode())
            waiting.seek(0)
            self._spool.write(suite.head(_totals(counts, suite.seconds)).encode())
            copyfileobj(waiting, self._spool)
        self._spool.write(b"</testsuite>\n")
        self._counts += counts

    def write(self, file: BinaryIO) -> None:
        """Write the whole file. To be called once, at the end."""
        totals = _totals(self._counts, self._seconds)
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {totals}>\n'.encode())
        self._spool.seek(0)
        copyfileobj(self._spool, file)
        file.write(b"</testsuites>\n")

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
    properties: dict[str, str]

    def head(self, totals: str) -> str:
        """Write the beginning, up to the first testcase."""
        started = f' timestamp="{_attribute(self.started)}"' if self.started else ""
        return (
            f'<testsuite name="{_attribute(self.name)}" {totals}{started}>\n'
            f"{_properties(self.properties.items())}"
        )


def _totals(counts: Counter[str], seconds: float) -> str:
    return (
        f'tests="{counts.total()}" failures="{counts["failure"]}" '
        f'errors="{counts["error"]}" skipped="{counts["skipped"]}" time="{seconds:.3f}"'
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
