"""How data files name tests, and what to write for the spellings that reports and Go use.

A name is a test function with or without a subtest: `TestFoo`, `TestFoo/windows/amd64`. The
worker and the matrix values of a test have keys of their own. Another spelling would name
nothing, so it is refused with what to write: Go's full names, as in run.json and junit.xml, the
short form of the reports (`TestFoo[fileop=false]`, an arrow, the subtest), and lines of output.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated

from msgspec import Meta

from harness.config.terms import PARAMETER, TERM, Term
from harness.config.yamlfile import Complaint

ROOT = "TestIntegration"
"""The Go test that runs every function of a suite, and so begins every full name."""

WANTED = "a test function, with or without a subtest, without TestIntegration/"

MAX_SHOWN = 200
"""Characters of a name that a complaint repeats."""
_EXAMPLE = "write for example TestDefaultShellAndPath/windows/amd64"
_NAME = re.compile(r"Test[\w*?]*(/[^\s/]+)*")
_OUTPUT = re.compile(r"^\s*(?:=== [A-Z]+ +|--- [A-Z]+: )|(?: \([0-9.]+ ?m?s\))?\s*$")
_SHORT = re.compile(r"(?P<function>Test[\w*?]*)(?:\[(?P<params>[^\]]*)\])?(?:#\d{2,})?")
_REPEAT = re.compile(r"#\d{2,}$")
_QUALIFIES = re.compile(r"worker=.*|slice=\d+-\d+")
_ARROW = re.compile(r"\s*[›>]\s*")  # noqa: RUF001 - as reports write it

_PREFIXED = re.compile(r"(?:.*[.\s:])(?=Test\w)")
"""What stands before a name where classname and name of a JUnit report are put together."""
_EVERY = ("frontend", "gateway")
"""The matrix value that every test of a run here has."""
_LOWER = re.compile(r"test(?=[A-Z])")


def _read(text: str, params: Collection[str]) -> str:
    """Read a name; `params` are the keys of matrix values that tests are known to have.

    Raises Complaint, which says what to write instead.
    """
    function, *below = text.split("/")
    key = below[0].partition("=")[0] if below and "=" in below[0] else ""
    qualified = key in params or any(_QUALIFIES.fullmatch(part) for part in below)
    if _NAME.fullmatch(text) and function != ROOT and not qualified:
        return text
    raise Complaint(f"{_quoted(text)} is not {WANTED}", hint=_instead(text, params))


TestName = Annotated[str, Meta(extra={TERM: Term(PARAMETER, _read)})]
"""The name of a function or of a subtest; `*` and `?` are wild."""


def _instead(text: str, known: Collection[str]) -> str:
    """Return what to write for a name in another spelling."""
    name = _LOWER.sub("Test", _OUTPUT.sub("", text))
    if "…" in name:
        return "write the whole name: this one was cut short where it was shown"
    if not name.startswith("Test"):
        name = _PREFIXED.sub("", name)
    head, *arrow = _ARROW.split(name, maxsplit=1)
    elements = [part for part in head.split("/") if part]
    at = next((i for i, part in enumerate(elements) if part.startswith("worker=")), 0)
    rooted = bool(elements) and elements[0] == ROOT
    elements = elements[at - 1 if at else int(rooted) :]
    if not elements or not (short := _SHORT.fullmatch(elements[0])):
        return _EXAMPLE
    params = dict(pair for part in (short["params"] or "").split(",") if (pair := _pair(part)))
    rest, worker = elements[1:], ""
    if at:
        worker = _REPEAT.sub("", rest.pop(0)).removeprefix("worker=")
    while rest and (pair := _pair(rest[0])) and (pair[0] in known or (at and not known)):
        params |= [pair]
        rest.pop(0)
    return _written("/".join([short["function"], *rest, *arrow]), worker, params)


def _pair(part: str) -> tuple[str, str] | None:
    key, equals, value = part.partition("=")
    return (key, _REPEAT.sub("", value)) if key and equals else None


def _written(name: str, worker: str, params: dict[str, str]) -> str:
    name = re.sub(r"\s", "_", name)
    if not _NAME.fullmatch(name):
        return _EXAMPLE
    told = ", ".join(f'{k}: "{v}"' for k, v in params.items() if (k, v) != _EVERY)
    words = [f"write test: {name}", f"worker: {worker}" * bool(worker)]
    words += [f"params: {{{told}}}"] * bool(told)
    return ", with ".join(filter(None, words))


def _quoted(text: str) -> str:
    return repr(text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…")
