"""Which names can be refs: git's own rules, and what is not taken though git would.

The rules are those of git-check-ref-format(1). A name that holds to them is no option and holds
none of git's operators, so git can be asked about it.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Callable

from harness.errors import UsageError

LONGEST = 500
"""Characters; GitHub takes 255 bytes."""

_SHOWN = 60
_HINT = "give a tag, a branch, a commit, or a release line such as v0.6"
_FOUL = {
    "~": "which counts generations in git",
    "^": "which means a parent in git",
    ":": "which parts a commit from a path in git",
    "?": "which is a wildcard in git",
    "*": "which is a wildcard in git",
    "[": "which is a wildcard in git",
    "\\": "which git allows in no name",
    " ": "a blank, which git allows in no name",
}

_OPERATORS = ("~", "^", ":", "@{")
"""What makes an expression of a name, of which `git rev-parse` makes a commit."""

_IMAGE = re.compile(
    r"[a-z0-9._-]+(:\d+)?(/[a-z0-9._-]+)+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?", re.ASCII
)
"""What is the name of an image rather than of a file in a commit."""

_ODD = {
    "Cc": "a control character",
    "Cf": "a character that cannot be seen",
    "Cs": "a byte that is no UTF-8",
    "Zs": "a blank that is none of ASCII's",
    "Zl": "a separator of lines",
    "Zp": "a separator of paragraphs",
}
"""By general category; git allows all of these but ASCII's own control characters."""


def check_text(asked: str) -> None:
    """Refuse what cannot be a ref before any tool sees it.

    Every name that git allows is taken, in any script, but for those that begin with a dash,
    hold a character that a reader cannot see, or are longer than LONGEST. Raises UsageError,
    which says what is at fault and why.
    """
    why = next((found for rule in _RULES if (found := rule(asked))), "")
    if why:
        shown = asked if len(asked) <= _SHOWN else f"{asked[:_SHOWN]}…"
        raise UsageError(f"{shown!r} is not a ref: {why}", hint=_hint(asked))


def _hint(asked: str) -> str:
    expression = any(it in asked for it in _OPERATORS) and asked.isprintable()
    if not expression or asked.startswith("-") or ".." in asked or len(asked) > _SHOWN:
        return _HINT
    if _IMAGE.fullmatch(asked):
        return f"an image is written image:{asked}"
    return f"give the commit that `git rev-parse {shlex.quote(asked)}` prints"


def _size(asked: str) -> str:
    if not asked:
        return "it is empty"
    many = f"it has {len(asked)} characters, more than {LONGEST}"
    return many if len(asked) > LONGEST else ""


def _characters(asked: str) -> str:
    for place, it in enumerate(asked, 1):
        at = f"character {place}"
        if it in _FOUL:
            return f"{at} is {it!r}, {_FOUL[it]}" if it != " " else f"{at} is {_FOUL[it]}"
        if (category := unicodedata.category(it)) in _ODD:
            name = unicodedata.name(it, "")
            return f"{at} is U+{ord(it):04X} {name}".rstrip() + f", {_ODD[category]}"
    return ""


def _sequences(asked: str) -> str:
    if asked.startswith("-"):
        return f"character 1 is '-', which begins an option: write refs/heads/{asked} for a branch"
    if "@{" in asked:
        return f"character {asked.index('@{') + 1} begins '@{{', an entry of git's reflog"
    if ".." in asked:
        return f"character {asked.index('..') + 1} begins '..', which is a range in git"
    return ""


def _parts(asked: str) -> str:
    if asked.startswith("/") or asked.endswith("/") or "//" in asked:
        return "a part between its slashes is empty"
    if asked.endswith("."):
        return "its last character is '.', which git allows in no name"
    for part in asked.split("/"):
        if part.startswith("."):
            return f"its part {part!r} begins with a dot, which git allows in no name"
        if part.endswith(".lock"):
            return f"its part {part!r} ends in .lock, which git allows in no name"
    return ""


_RULES: tuple[Callable[[str], str], ...] = (_size, _characters, _sequences, _parts)
