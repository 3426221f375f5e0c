"""Whether every patch applies to every commit that it claims.

Thousands of commits have the same content in the files that a patch edits. It is tried once for
each content, by the very program that applies it when a tree is made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.backends import BACKENDS
from harness.config import series
from harness.config.diffs import check_diff
from harness.config.series import Patch
from harness.errors import PatchError
from harness.lists.contrary import contrary
from harness.lists.kinds import Kind, Remark
from harness.model import Channel, Record, Side
from harness.reports.text import plural
from harness.repository.checkout import apply
from harness.repository.git import Git
from harness.tools.temporary import temporary

_SIDES = {Side.SUITE: "daemon", Side.FRONTEND: "frontend"}
"""What a condition calls the side that a patch is for."""

_Series = tuple[Patch, ...]


class Claim(Record, frozen=True, kw_only=True):
    """What one patch claims, and whether that holds."""

    patch: str
    where: str
    commits: int
    """To which it is applied."""
    contents: int
    """In so many ways these commits differ in the files that are patched."""


def claims(
    git: Git, patches: Sequence[Patch], kinds: Sequence[Kind]
) -> tuple[list[Claim], list[Remark]]:
    """Try every patch on all contents of the commits that it claims. Raises GitFailed."""
    commits: defaultdict[str, set[str]] = defaultdict(set)
    contents: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    wrong: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    for applied, shas in _applied(patches, kinds).items():
        for alike in _by_content(git, applied, shas).items():
            _, members = alike
            failed = _try(git, applied, *alike)
            for patch in applied:
                commits[patch.name] |= {*members}
                contents[patch.name].add(alike[0])
            if failed:
                name, why = failed
                wrong[name].setdefault(why, []).extend(members)
    claimed = [
        Claim(
            patch=patch.name,
            where=patch.where,
            commits=len(commits[patch.name]),
            contents=len(contents[patch.name]),
        )
        for patch in patches
    ]
    order = {sha: number for number, sha in enumerate(sha for it in kinds for sha in it.shas)}
    told = [
        Remark(
            where=patch.where,
            what=f"{patch.name} {_does_not(sorted({*shas}, key=order.__getitem__), why)}",
            hint="narrow its condition, or make a patch for these",
        )
        for patch in patches
        for why, shas in wrong[patch.name].items()
    ]
    idle = [
        Remark(
            where=patch.where,
            what=f"{patch.name} is for no commit{why and f': {why}'}",
            hint="see whether its `when` can hold, or delete it",
        )
        for patch in patches
        if not commits[patch.name]
        for why in (contrary(patch.condition, _SIDES[patch.side], kinds),)
    ]
    return claimed, told + idle


def _applied(patches: Sequence[Patch], kinds: Sequence[Kind]) -> dict[_Series, list[str]]:
    """Return the commits to which the same patches are applied, whatever runs them."""
    found: defaultdict[_Series, list[str]] = defaultdict(list)
    for kind in kinds:
        chosen = {
            series.applicable(
                tuple(patches),
                side,
                kind.commit,
                channel=channel,
                backend=backend,
                contains=kind.contains,
            )
            for side, channel in _sides(kind)
            for backend in BACKENDS
        }
        for applied in chosen - {()}:
            found[applied] += kind.shas
    return found


def _sides(kind: Kind) -> Iterator[tuple[Side, Channel]]:
    """Yield what can be built of a commit, and for which channels."""
    for channel in kind.channels:
        yield Side.FRONTEND, channel
        if kind.suite and channel is not Channel.MAINLINE:
            yield Side.SUITE, channel


def _by_content(
    git: Git, applied: _Series, shas: Sequence[str]
) -> dict[tuple[str, ...], list[str]]:
    files = _files(applied)
    ids = git.ids([(sha, file) for sha in shas for file in files])
    found: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for number, sha in enumerate(shas):
        found[tuple(ids[number * len(files) : (number + 1) * len(files)])].append(sha)
    return found


def _files(applied: _Series) -> list[str]:
    return sorted({path for patch in applied for path in check_diff(patch.text)})


def _try(
    git: Git, applied: _Series, content: Sequence[str], shas: Sequence[str]
) -> tuple[str, str] | None:
    """Apply a series to files; return which patch does not apply, and why."""
    with temporary() as folder:
        for path, digits in zip(_files(applied), content, strict=True):
            if digits:
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(git.blob(digits))
        for patch in applied:
            try:
                apply(patch, folder, shas[0])
            except PatchError as error:
                return patch.name, str(error).partition(": ")[2]
    return None


def _does_not(shas: Sequence[str], why: str) -> str:
    which = f"{shas[0][:12]} to {shas[-1][:12]}" if len(shas) > 1 else shas[0][:12]
    return f"does not apply to {plural(len(shas), 'commit')}, {which}: {why}"
