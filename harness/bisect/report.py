"""What a bisection found, for people and for programs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from math import floor
from typing import Any

import click
import msgspec

from harness.bisect.found import Found, Weighed
from harness.reports.text import one_line, plural, visible
from harness.repository.stories import CommitLine, Story

_FILES = 12
"""Paths that are told one by one."""

_SHOWN = 160
_MILLION = 1_000_000
Told = Mapping[str, Story]
"""Commits by their ids: the suspects, and the merge."""


def as_json(found: Found, told: Told, test: str, pulls: str) -> dict[str, Any]:
    """Return the finding with what there is to tell of its commits.

    `pulls` is the address below which pull requests have their pages.
    """
    commits = [
        {**msgspec.to_builtins(told[sha]), "link": link(found, told, sha, pulls)}
        for sha in found.suspects
    ]
    merge = msgspec.to_builtins(told[found.merge].commit) if found.merge else None
    own = msgspec.to_builtins(found)
    del own["suspects"]
    return {
        "test": test,
        **own,
        "merge": merge,
        "suspects": commits,
        "exit_code": int(found.exit_code),
    }


def render(found: Found, told: Told, test: str, pulls: str, *, color: bool = False) -> str:
    """Return the finding as text, whose last line ends with a newline."""
    lines = [*_head(found, test)]
    for sha in found.suspects:
        lines += _commit(told[sha], link(found, told, sha, pulls))
    if found.merge and found.merge not in found.suspects:
        lines += ["merged by", *_one(told[found.merge].commit)]
    if found.weighed:
        lines += _weighed(found.weighed)
    lines += [f"note: {visible(note)}" for note in found.notes]
    for name, end in (("last", found.old), ("first", found.new)):
        does = "old" if name == "last" else "new"
        lines.append(f"{name} as the {does} end: {end.commit[:12]} {end.words}  {visible(end.run)}")
    if found.old.run and found.new.run:
        lines.append(f"compare: compat diff {shlex.join((found.old.run, found.new.run))}")
    lines.append(
        f"{plural(found.commits, 'commit')}, {found.line} along first parents, "
        f"{plural(found.candidates, 'candidate')}; {found.runs} run, {found.known} known before"
    )
    lines[0] = click.style(lines[0], bold=True)
    text = "\n".join(lines) + "\n"
    return text if color else click.unstyle(text)


def _head(found: Found, test: str) -> list[str]:
    if len(found.suspects) == 1:
        return [f"what {found.turned} {visible(test)}:"]
    unclear = [
        f"  {one.commit[:12]} cannot tell: {one_line(one.words, _SHOWN)}" for one in found.unclear
    ]
    return [f"one of {len(found.suspects)} commits {found.turned} {visible(test)}:", *unclear]


def _commit(story: Story, page: str) -> list[str]:
    shown = [f"    {visible(path)}" for path in story.files[:_FILES]]
    if len(story.files) > _FILES:
        shown.append(f"    and {len(story.files) - _FILES} more")
    return [*_one(story.commit), *([f"  {page}"] if page else []), *shown]


def _weighed(weighed: Weighed) -> list[str]:
    """Return how likely it is, rounded down, and what that rests on."""
    before, after = (f"{it.failed} of {it.attempts}" for it in (weighed.before, weighed.after))
    share = floor(weighed.probability * _MILLION) / _MILLION
    words = f"{share:g} likely ({weighed.confidence:g} was asked for)"
    return [f"{words}: it fails in {before} attempts before that, in {after} from there on"]


def _one(commit: CommitLine) -> list[str]:
    return [
        f"  {commit.sha} {visible(commit.subject)}",
        f"  {visible(commit.author)}, {commit.day}",
    ]


def link(found: Found, told: Told, sha: str, pulls: str) -> str:
    """Return the page of the pull request that brought a suspect in; empty if none is named."""
    pull = told[sha].commit.pull or (told[found.merge].commit.pull if found.merge else None)
    return f"{pulls}/{pull}" if pull else ""
