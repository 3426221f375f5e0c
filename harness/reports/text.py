"""Hostile text made harmless, and figures made readable; every report goes through here."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

_SUSPECT = re.compile(r"[^ -~]")
_SUSPECT_IN_BLOCK = re.compile(r"[^\t\n -~]")
_COMMAND = re.compile(r"(?m)^(\s*)::")

_ANYWHERE = "##["
"""What begins a command of GitHub's and Azure's, anywhere in a line."""
LINE = 300
"""Characters of what a report tells in passing."""

_PICTURES = 0x2400
_DELETE = 0x7F
_MINUTE = 60
_HOUR = 3600
_DAY = 24 * _HOUR
_KIBI = 1024
_BYTES = ("B", "KiB", "MiB", "GiB")


def visible(text: str) -> str:
    r"""Return one line in which nothing acts on a terminal or hides from the reader.

    Control characters become their pictures (`␛`, `␊`, `␉`). Everything else that Python calls
    unprintable (marks that turn the direction of writing, invisible spaces, lone surrogates,
    unassigned code points) becomes its escape, for example `\u202e`. The result holds only
    characters that XML 1.0 allows. `##[`, which CI obeys anywhere in a line, is parted.
    """
    return _parted(text if text.isprintable() else _SUSPECT.sub(_show, text))


def visible_block(text: str) -> str:
    """Return what `visible` does, with line feeds and tabs kept."""
    return _parted(text if text.isprintable() else _SUSPECT_IN_BLOCK.sub(_show, text))


def _parted(text: str) -> str:
    return text.replace(_ANYWHERE, "## [") if _ANYWHERE in text else text


def _show(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character.isprintable():
        return character
    if code < ord(" "):
        return chr(_PICTURES + code)
    if code == _DELETE:
        return "␡"
    if code <= 0xFF:  # noqa: PLR2004 - the widest code that \x can write
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - ditto, \u


def escape_ci_commands(text: str) -> str:
    """Escape what GitHub obeys in a log: `##[command]` anywhere, `::command::` as a line begins."""
    return _COMMAND.sub(r"\1: :", text.replace(_ANYWHERE, "## ["))


def json_text(value: object) -> str:
    """Write JSON for a program to read, which may run in CI and so be part of a log.

    Everything but ASCII is escaped, and so is half of `##[`: what it means stays the same.
    """
    return json.dumps(value, indent=2).replace(_ANYWHERE, "#\\u0023[")


def clip(text: str, limit: int) -> str:
    """Cut text to at most `limit` characters, the last of which then says so: `…`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def one_line(text: str, limit: int = LINE) -> str:
    """Return at most `limit` characters of a text as one line in which all is `visible`."""
    return visible(clip(text, limit))


def excerpt(text: str, limit: int) -> str:
    """Cut a block to about `limit` characters out of its middle, and say how many are gone.

    The beginning of a failure names it and the end often says why; the middle is the stack.
    """
    gone = len(text) - limit
    if gone <= 0:
        return text
    head = limit // 2
    return f"{text[:head]}\n… {gone} characters left out …\n{text[head + gone :]}"


def plural(number: int, noun: str) -> str:
    """Write `1 test`, `3 tests`, `2 entries`."""
    if number == 1:
        return f"1 {noun}"
    entries = noun.endswith("y") and not noun.endswith("ay")
    return f"{number} {noun[:-1]}ies" if entries else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """Write `0.3s`, `42.1s`, `2m 31s` or `1h 02m`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{seconds:.1f}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02}s"
    return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02}m"


def parsed_time(iso: str) -> datetime | None:
    """Read a time in ISO 8601 as UTC; None for what is none."""
    try:
        time = datetime.fromisoformat(iso)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment(iso: str) -> str:
    """Write a time in ISO 8601 as `2026-11-23 18:06 UTC`; what is none stays as it is."""
    time = parsed_time(iso)
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else visible(iso)


def age(seconds: float) -> str:
    """Write `40 minutes`, `36 hours` or `15 days`."""
    for unit, noun in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= 2 * unit:
            return plural(int(seconds // unit), noun)
    return plural(max(0, int(seconds)), "second")


def size(count: float) -> str:
    """Write `12 B`, `1.5 KiB` or `20.3 GiB`."""
    unit = 0
    while count >= _KIBI and unit < len(_BYTES) - 1:
        count, unit = count / _KIBI, unit + 1
    return f"{count:.1f} {_BYTES[unit]}" if unit else f"{count:.0f} {_BYTES[0]}"
