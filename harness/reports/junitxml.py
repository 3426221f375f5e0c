"""The XML of one JUnit testsuite: escaped, bounded, written as it comes.

Totals stand in the head of the file, before what they count. So testcases wait in a spool, in
memory while they are few and in a temporary file after that, and one is held at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import BinaryIO
from xml.sax.saxutils import escape

from harness.journal import safe_name
from harness.reports.text import clip, visible, visible_block

_NAME = 500
_MESSAGE = 600
_OUTPUT_BUDGET = 16_000_000
"""Bytes of all tests' output; what comes after is left out, and says so."""
_LEFT_OUT = "(output left out, this file would become too large; see the run folder)"
_SPOOL = 8 * 1024 * 1024
_SPECIAL = re.compile(r"[&<>\"]")
_QUOTE = {'"': "&quot;"}


@dataclass(frozen=True, slots=True)
class Case:
    """One testcase before it is written."""

    name: str
    seconds: float
    kind: str = ""
    """`failure`, `error`, `skipped`, or empty for a test that passed."""
    about: str = ""
    """What the kind's `type` attribute says."""
    message: str = ""
    text: str = ""
    verdict: str = ""


class Suite:
    """Writes one testsuite: cases into a spool while they are counted, then head and cases."""

    def __init__(
        self, name: str, classname: str, started: str, seconds: float, properties: dict[str, str]
    ) -> None:
        """Describe the suite; `seconds` is its wall time, `started` UTC or empty."""
        self._name = name
        self._classname = _attribute(classname)
        self._started = started
        self._seconds = seconds
        self._properties = properties
        self._counts = {"": 0, "failure": 0, "error": 0, "skipped": 0}
        self._left = _OUTPUT_BUDGET

    def write(self, file: BinaryIO, cases: Iterable[Case]) -> None:
        """Write the whole document. To be called once."""
        with SpooledTemporaryFile(_SPOOL) as spool:
            for case in cases:
                self._counts[case.kind] += 1
                spool.write(self._case(case).encode())
            spool.seek(0)
            file.write(self._head().encode())
            copyfileobj(spool, file)
        file.write(b"</testsuite>\n</testsuites>\n")

    def _head(self) -> str:
        counts = self._counts
        totals = (
            f'tests="{sum(counts.values())}" failures="{counts["failure"]}" '
            f'errors="{counts["error"]}" skipped="{counts["skipped"]}" time="{self._seconds:.3f}"'
        )
        started = f' timestamp="{_attribute(self._started)}"' if self._started else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<testsuites {totals}>\n"
            f'<testsuite name="{_attribute(self._name)}" {totals}{started}>\n'
            f"{_properties(self._properties)}"
        )

    def _case(self, case: Case) -> str:
        name = case.name if len(case.name) <= _NAME else f"{safe_name(case.name)} (cut)"
        head = (
            f'<testcase classname="{self._classname}" name="{_attribute(name)}" '
            f'time="{case.seconds:.3f}"'
        )
        if not case.kind and not case.verdict:
            return f"{head}/>\n"
        body = _properties({"verdict": case.verdict} if case.verdict else {})
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


def _properties(properties: dict[str, str]) -> str:
    lines = (
        f'<property name="{_attribute(name)}" value="{_attribute(value)}"/>\n'
        for name, value in properties.items()
    )
    return f"<properties>\n{''.join(lines)}</properties>\n" if properties else ""


def _attribute(text: str) -> str:
    text = visible(text)
    return escape(text, _QUOTE) if _SPECIAL.search(text) else text
