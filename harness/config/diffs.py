"""What a patch of a series may be: a plain unified diff that edits text files in place.

One context line on each side of a change is enough for `git apply` to place it and keeps a patch
valid on as many commits as possible; more would tie it to lines that it does not care about.
Paths are checked here because git follows what a diff says.
"""

from __future__ import annotations

import re

from harness.config.yamlfile import Complaint

MAX_CONTEXT = 1
HUNK = re.compile(r"@@ -[0-9]{1,7}(?:,([0-9]{1,7}))? \+[0-9]{1,7}(?:,([0-9]{1,7}))? @@( .*)?\Z")
PLAIN_PATH = re.compile(r"[A-Za-z0-9._+@-]+(/[A-Za-z0-9._+@-]+)*\Z")
OUTSIDE = {"..", ".", ".git"}
MAKE_IT = "make it with `git diff -U1`"


def check_diff(text: bytes) -> tuple[str, ...]:
    """Check a patch and name the files that it edits.

    Raises:
        Complaint: It is no such diff; the complaint names the line of the patch.

    """
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise Complaint("the patch is not UTF-8", hint=MAKE_IT) from error
    if lines.pop() != "":
        raise Complaint("the patch does not end with a newline", hint=MAKE_IT)
    reader = _Reader(lines)
    paths = []
    while reader.line is not None:
        paths.append(reader.file())
    if not paths:
        raise Complaint("the patch is empty", hint=MAKE_IT)
    return tuple(paths)


class _Reader:
    """Goes through a diff line by line; the methods follow its grammar."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.number = 0

    @property
    def line(self) -> str | None:
        """The next line, or None behind the last."""
        return self.lines[self.number] if self.number < len(self.lines) else None

    def file(self) -> str:
        """Read one file's part and return its path."""
        header = self.take() if self.at("diff --git ") else ""
        if header and self.at("index "):
            self.take()
        path = self.path("--- a/")
        if header not in {"", f"diff --git a/{path} b/{path}"} or self.path("+++ b/") != path:
            raise self.wrong("names two paths; a patch may only edit a file in place")
        self.hunk()
        while self.at("@@ "):
            self.hunk()
        return path

    def path(self, prefix: str) -> str:
        """Read a path line."""
        if not self.at(prefix):
            what = f"`{prefix}PATH` is wanted here; a patch may only edit text files that exist"
            raise self.wrong(what, ahead=1)
        path = self.take().removeprefix(prefix)
        if not PLAIN_PATH.match(path) or OUTSIDE & set(path.split("/")):
            raise self.wrong(f"{path[:80]!r} is no plain path below the tree's root")
        return path

    def hunk(self) -> None:
        """Read one hunk and hold it to its counts and its context."""
        match = HUNK.match(self.line or "")
        if match is None:
            raise self.wrong("`@@ -LINE,COUNT +LINE,COUNT @@` is wanted here", ahead=1)
        self.take()
        body = self.body(*(int(match[group] or 1) for group in (1, 2)))
        changes = body.strip(" ")
        if not changes:
            raise self.wrong("the hunk changes nothing")
        before, after = body.index(changes), len(body) - len(body.rstrip(" "))
        within = max(len(run) for run in re.findall(" *", changes))
        if max(before, after) > MAX_CONTEXT or within > 2 * MAX_CONTEXT:
            raise self.wrong(f"the hunk has more than {MAX_CONTEXT} line of context on a side")

    def body(self, old: int, new: int) -> str:
        """Read a hunk's lines; return their first characters (` `, `+`, `-`)."""
        marks = ""
        while old > 0 or new > 0:
            mark = (self.line or " ")[0]
            if self.line is None or mark not in "+- ":
                raise self.wrong("the hunk is shorter than its header says", ahead=1)
            self.take()
            old -= mark in "- "
            new -= mark in "+ "
            marks += mark
        if old < 0 or new < 0:
            raise self.wrong("the hunk is longer than its header says")
        return marks

    def at(self, prefix: str) -> bool:
        """Return whether the next line begins with a prefix."""
        return self.line is not None and self.line.startswith(prefix)

    def take(self) -> str:
        """Return the next line and step over it."""
        self.number += 1
        return self.lines[self.number - 1]

    def wrong(self, what: str, *, ahead: int = 0) -> Complaint:
        """Make a complaint about the line that was read last, or lines ahead of it."""
        return Complaint(f"line {self.number + ahead} of the patch: {what}", hint=MAKE_IT)
