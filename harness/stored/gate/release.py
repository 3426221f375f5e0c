"""The commits that are to be released, from what a command line says of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.events import Listener
from harness.model import Side
from harness.repository.clones import find
from harness.repository.refs import ResolvedRef
from harness.stored.gate.findings import Release
from harness.tools.refnames import check_text

_SHA = re.compile(r"[0-9a-fA-F]{7,40}")


@dataclass(frozen=True)
class Source:
    """Where names that come without a commit are looked up."""

    where: str
    """A path or a URL."""
    cache: Path
    """Holds the clone of a URL."""
    fetch: bool


def read(asked: Sequence[str], source: Source, listener: Listener) -> tuple[Release, ...]:
    """Read `REF=SHA` as it stands, and look `REF` up; one with a `=` in it by its full name.

    Raises UsageError for what is neither and for a name that is not there, GitFailed if a URL
    cannot be reached.
    """
    names = [text for text in asked if not _is_given(text)]
    meant: dict[str, ResolvedRef] = {}
    if names:
        _, found = find(
            source.where,
            [(name, Side.SUITE) for name in names],
            cache=source.cache,
            fetch=source.fetch,
            listener=listener,
        )
        meant = {it.asked: it for it in found}
    return tuple(_looked_up(meant[text]) if text in meant else _given(text) for text in asked)


def _looked_up(meant: ResolvedRef) -> Release:
    return Release(name=meant.asked, ref=meant.ref, sha=meant.sha)


def _is_given(text: str) -> bool:
    end = text.rpartition("=")[2]
    return "=" in text and not (text.startswith("refs/") and not _SHA.fullmatch(end))


def _given(text: str) -> Release:
    name, _, sha = text.rpartition("=")
    check_text(name)
    if not _SHA.fullmatch(sha):
        raise UsageError(
            f"--release {name}: {sha!r} is not a commit",
            hint=f"give 7 to 40 hex digits, or refs/heads/{text} if that is the name of a branch",
        )
    return Release(name=name, ref=name, sha=sha.lower())
