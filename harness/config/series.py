"""Patch series (patches/<line-or-need>/series.yaml): small edits of old trees, by condition.

A series is an ordered list under `patches:`. Folders are taken in the order of their names
(v0.4 before v0.10), patches of one folder in the order of the list.

A tree is built once and used with every counterpart, so a patch may depend only on what it is
applied to: the commit of its own side, the channel (frontend side), the backend.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from harness.config.conditions import ALWAYS, Condition, Facts
from harness.config.diffs import check_diff
from harness.config.known import ANYTHING, Known
from harness.config.schema import load
from harness.config.yamlfile import Complaint, Place, Problems
from harness.errors import ConfigError
from harness.model import Channel, Commit, Record, Side

SERIES = "series.yaml"

MAX_PATCH = 256 * 1024
"""Bytes."""

Link = Annotated[
    str,
    Meta(
        pattern=r"\Ahttps://[A-Za-z0-9.-]+/\S+\Z",
        description="an https link",
        examples=["https://github.com/moby/buildkit/pull/1331"],
    ),
]
"""Where a reader finds the discussion or the change that something stands for."""

PatchFile = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9_][A-Za-z0-9._-]*\.patch\Z",
        description="the name of a .patch file beside the series",
        examples=["mirror-first.patch"],
    ),
]


@dataclass(frozen=True)
class Patch:
    """One patch of a series, read and checked."""

    name: str
    """Below the patches folder: `v0.4/mirror-first.patch`."""
    side: Side
    condition: Condition
    reason: str
    link: str
    path: Path
    sha256: str
    """Of `text`, in hex."""
    text: bytes
    where: str
    """file:line:column of its entry in the series."""


class _Entry(Record, frozen=True, kw_only=True):
    place: Place
    file: PatchFile
    side: Side
    reason: str
    link: Link
    when: Condition = ALWAYS

    def __post_init__(self) -> None:
        """Refuse conditions that one tree cannot decide. Raises: Complaint."""
        beyond = self.when.beyond(self.side)
        if beyond:
            what = f"{', '.join(beyond)} cannot decide over a patch of the {self.side} side"
            hint = "a tree is built once, for every counterpart: ask only about its own commit"
            raise Complaint(what, key="when", hint=hint)


class _Series(Record, frozen=True, kw_only=True):
    patches: tuple[_Entry, ...]

    def __post_init__(self) -> None:
        """Refuse a file that is listed twice. Raises: Complaint."""
        names = [entry.file for entry in self.patches]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            hint = "write one entry with a condition that covers both"
            raise Complaint(f"listed twice: {', '.join(sorted(twice))}", key="patches", hint=hint)


def load_series(patches_dir: Path, known: Known = ANYTHING) -> tuple[Patch, ...]:
    """Read every series below a folder, in the order in which patches are applied.

    `known` is what patches can hold for.

    Raises:
        ConfigError: A series or a patch is wrong or can hold for nothing, or a folder holds a
            patch that no series lists.

    """
    try:
        found = (path for path in patches_dir.iterdir() if path.is_dir())
        folders = sorted((path for path in found if path.name[0] != "."), key=_natural)
    except OSError as error:
        raise ConfigError(f"{patches_dir}: cannot be read: {error.strerror}") from error
    return tuple(patch for folder in folders for patch in _folder(folder, known))


def applicable(
    patches: tuple[Patch, ...],
    side: Side,
    commit: Commit,
    *,
    channel: Channel,
    backend: str,
    contains: Callable[[str, str], bool],
) -> tuple[Patch, ...]:
    """Choose the patches for the tree of one commit on one side, in their order.

    `channel` is the one the tree is built for; `contains` is as in Facts.
    """
    facts = Facts(
        daemon=commit,
        frontend=commit,
        worker="",
        backend=backend,
        channel=channel,
        offline=False,
        contains=contains,
    )
    return tuple(p for p in patches if p.side is side and p.condition.matches(facts))


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order v0.4 before v0.10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _split(path.name)]


def _split(name: str) -> list[str]:
    return [part for part in re.split(r"(\d{1,9})", name) if part]


def _folder(folder: Path, known: Known) -> list[Patch]:
    file = folder / SERIES
    series = load(file, _Series, words=known.words)
    problems = Problems()
    patches = []
    for entry in series.patches:
        known.check(entry.when, entry.place, f"patches.{entry.file}.when", problems)
        try:
            patches.append(_patch(folder, entry))
        except Complaint as complaint:
            problems.add(entry.place, f"patches.{entry.file}", complaint.what, complaint.hint)
    listed = {entry.file for entry in series.patches}
    for stray in sorted(path.name for path in folder.glob("*.patch") if path.name not in listed):
        hint = "list it, or delete it"
        problems.add(Place(str(file), 1, 1), "patches", f"{stray} is not listed", hint)
    problems.raise_any()
    return patches


def _patch(folder: Path, entry: _Entry) -> Patch:
    path = folder / entry.file
    try:
        hint = f"put the patch itself into {folder.name}/"
        if not path.resolve().is_relative_to(folder.parent.resolve()):
            raise Complaint("leads out of the patches folder", hint=hint)
        if not path.is_file():
            raise Complaint("there is no such file", hint=hint)
        with path.open("rb") as stream:
            text = stream.read(MAX_PATCH + 1)
    except OSError as error:
        raise Complaint(f"cannot be read: {error.strerror}") from error
    if len(text) > MAX_PATCH:
        raise Complaint(f"is larger than {MAX_PATCH} bytes", hint="patches here are small edits")
    check_diff(text)
    return Patch(
        name=f"{folder.name}/{entry.file}",
        side=entry.side,
        condition=entry.when,
        reason=entry.reason,
        link=entry.link,
        path=path,
        sha256=hashlib.sha256(text).hexdigest(),
        text=text,
        where=f"patches/{folder.name}/{SERIES}:{entry.place.line}:{entry.place.column}",
    )
