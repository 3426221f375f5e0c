"""The project's documents, and their parts as far as tests look at them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").glob("*/*.md")])

_FENCE = re.compile(r"^(```+)(\w*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`([^`\n]+)`")
_PROGRAMS = {"compat", "compat-run", "./compat-run"}


def text(page: Path) -> str:
    """Read a page."""
    return page.read_text(encoding="utf-8")


def prose(words: str) -> str:
    """Leave the code blocks out."""
    return _FENCE.sub("", words)


def sections(page: Path) -> dict[str, str]:
    """Return what stands under each heading, up to the next heading of any depth."""
    hidden = _FENCE.sub(lambda block: block[0].replace("\n#", "\n #"), text(page))
    parts = _HEADING.split(hidden)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in sections(page)}


def links(page: Path) -> list[str]:
    """Return where the links of a page lead."""
    return _LINK.findall(prose(text(page)))


def spans(words: str) -> set[str]:
    """Return what stands in backticks, outside of code blocks."""
    return set(_SPAN.findall(prose(words)))


def rows(section: str) -> dict[str, str]:
    """Return table rows by what stands in backticks in their first cell."""
    found = {}
    for line in section.splitlines():
        if line.startswith("| "):
            first, _, rest = line.removeprefix("| ").partition(" | ")
            found.update(dict.fromkeys(_SPAN.findall(first.replace("\\|", "|")), rest))
    return found


def blocks(page: Path, kind: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return [block for _, found, block in _FENCE.findall(text(page)) if found == kind]


def commands(page: Path) -> Iterator[list[str]]:
    """Return the words of each command of ours in the code blocks of a page."""
    for line in _shell_lines(page):
        if not _PROGRAMS.isdisjoint(line.split()):
            yield from _commands(line)


def _shell_lines(page: Path) -> Iterator[str]:
    """Return the lines of `sh` blocks, and those behind a prompt in `console` blocks."""
    for _, kind, block in _FENCE.findall(text(page)):
        lines = block.replace("\\\n", " ").splitlines()
        if kind == "sh":
            yield from lines
        elif kind == "console":
            yield from (line[2:] for line in lines if line.startswith("$ "))


def _commands(line: str) -> Iterator[list[str]]:
    """Take a line of a shell apart where it joins, pipes or redirects."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("();<>|&"):
            if command and command[0] in _PROGRAMS:
                yield command
            command = ["(a file)"] if word[0] in "<>" else []
        else:
            command.append(word)
