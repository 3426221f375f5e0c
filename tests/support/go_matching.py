"""Go's own matching of test names, written down in Python to check selections against.

After src/testing/match.go of Go 1.26; 1.20 to 1.25 have the same. Patterns of ours use only
what Python's regular expressions and Go's agree on.
"""

from __future__ import annotations

import re


def split(pattern: str) -> list[list[str]]:
    """Split at bars and slashes outside of brackets and parentheses: splitRegexp."""
    alternatives: list[list[str]] = [[]]
    brackets = parentheses = start = at = 0
    while at < len(pattern):
        character = pattern[at]
        outside = brackets == 0 and parentheses == 0
        if character == "[":
            brackets += 1
        elif character == "]":
            brackets = max(0, brackets - 1)
        elif character == "(" and brackets == 0:
            parentheses += 1
        elif character == ")" and brackets == 0:
            parentheses -= 1
        elif character == "\\":
            at += 1
        elif character in "/|" and outside:
            alternatives[-1].append(pattern[start:at])
            start = at + 1
            if character == "|":
                alternatives.append([])
        at += 1
    alternatives[-1].append(pattern[start:])
    return alternatives


def _matches(parts: list[str], name: list[str]) -> tuple[bool, bool]:
    """Return whether a path matches and whether it was used up: simpleMatch.matches."""
    if any(not re.search(part, element) for part, element in zip(parts, name, strict=False)):
        return False, False
    return True, len(name) < len(parts)


def _any(pattern: str, name: str) -> tuple[bool, bool]:
    """Return the first alternative's answer that is yes: alternationMatch.matches."""
    for parts in split(pattern):
        ok, partial = _matches(parts, name.split("/"))
        if ok:
            return ok, partial
    return False, False


def runs(name: str, run: str, skip: str = "") -> bool:
    """Return whether t.Run with this full name runs: matcher.fullName."""
    if run and not _any(run, name)[0]:
        return False
    skipped, partial = _any(skip, name) if skip else (False, False)
    return not skipped or partial
