"""Reads a leg's stored output again, by the parser of today."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from msgspec.structs import replace

from harness.gotest.stream import StreamParser
from harness.journal.folder import RAW_LOG
from harness.model import LegRun, Outcome, Reason, Result
from harness.verdict.faults import excused

_CHUNK = 1 << 20

OnLog = Callable[[str, bytes], None]
"""Called with a failing test's name and its part of the output."""


def nowhere(_name: str, _log: bytes) -> None:
    """Keep no log: those that the run wrote are there already."""


def reread(leg: LegRun, folder: Path, on_log: OnLog = nowhere) -> LegRun | None:
    """Return a leg with what its output says today; None if the output is not stored.

    `folder` is the run's. How the leg ended, and what the machine did to it, stay as recorded.
    """
    raw = _open(folder, leg)
    if raw is None:
        return None
    parser = StreamParser(leg.framing, on_log=on_log)
    with raw:
        while chunk := raw.read(_CHUNK):
            parser.feed(chunk)
    parsed = parser.finish(leg.exit_status, leg.timed_out, leg.overdue)
    new = [note for note in parsed.notes if note not in leg.notes]
    read = replace(
        leg,
        results=parsed.results,
        parents=parsed.parents,
        failed_below=parsed.failed_below,
        cut=parsed.cut,
        notes=(*leg.notes, *new),
        faults=(),
    )
    return _with_what_was_seen(excused(read, *leg.faults), leg)


def _with_what_was_seen(read: LegRun, leg: LegRun) -> LegRun:
    """Add what was found out while the leg ran, beside its output: it cannot be found out again.

    That is what daemons said under tests that passed, who waited for what in those that hung, and
    which tests were left out because something was lacking.
    """
    before = {result.name: result for result in leg.results}
    results = (_seen(now, before.get(now.name, now)) for now in read.results)
    left_out = (it for it in leg.results if it.outcome is Outcome.UNAVAILABLE)
    return replace(read, results=(*results, *left_out))


def _seen(now: Result, before: Result) -> Result:
    if now.with_reason != before.with_reason:
        return now
    hung = now.outcome is Outcome.HANG and now.reason is Reason.TIMEOUT
    return replace(now, suspicions=before.suspicions, error=before.error if hung else now.error)


def _open(folder: Path, leg: LegRun) -> BinaryIO | None:
    """Open a leg's output if it is a plain file inside the run folder.

    Anybody could have made that folder: a link out of it or a pipe in it is not opened.
    """
    inner = PurePosixPath(leg.folder)
    home = folder / inner
    if inner.is_absolute() or ".." in inner.parts or home.resolve() != folder.resolve() / inner:
        return None
    try:
        descriptor = os.open(home / RAW_LOG, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # it is not there, or a link
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")
