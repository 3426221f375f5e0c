"""Of which commit a published image is, and in what it is not as that commit's own build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.backends.steps import FRONTEND_DOCKERFILE
from harness.errors import BuildError, UsageError
from harness.images import published
from harness.images.dockerfile import describe
from harness.images.published import Facts
from harness.model import Channel, Side
from harness.repository.refs import Repository, ResolvedRef, releases, resolve

_REVISION = "org.opencontainers.image.revision"
_VERSION = "org.opencontainers.image.version"
_COMPARED = "moby.buildkit."
_PREFIXES = {Side.FRONTEND: "dockerfile/", Side.SUITE: "v"}
_WHOLE = re.compile(r"[0-9a-f]{40}")
_ID = 40
"""Hex digits in the id of a commit."""
_NUMBERED = re.compile(r"v?(?P<number>[0-9]+(?:\.[0-9]+){0,2})(?:-(?P<variant>[a-z][a-z0-9.]*))?")
_PARTS = 2
"""Numbers that a version has at least, if it is to say which release it is."""


@dataclass(frozen=True)
class Provenance:
    """What an image in the store says of where it comes from."""

    repository: Repository
    side: Side
    source: str
    """Its name, for people; behind it a commit may be said."""
    folder: Path
    tag: str

    @cached_property
    def facts(self) -> Facts:
        """Return what it says of itself."""
        return published.facts_of(self.folder)

    @cached_property
    def version(self) -> str:
        """Return its version by its label or its tag; empty for a tag such as `latest`."""
        told = self.facts.labels.get(_VERSION)
        return told or (self.tag if _NUMBERED.fullmatch(self.tag) else "")

    @property
    def channel(self) -> Channel | None:
        """Return the channel that its version is of; None if it says nothing of that."""
        numbered = _NUMBERED.fullmatch(self.version)
        if self.side is not Side.FRONTEND or not numbered:
            return None
        variant = numbered["variant"] or Channel.MAINLINE
        return Channel(variant) if variant in {*Channel} else None

    def commit(self, named: str) -> tuple[ResolvedRef, str]:
        """Return of which commit it is, and what a reader should know of that.

        Raises UsageError if nothing says so, or it is none of the repository.
        """
        if named:
            return resolve(self.repository, named, self.side), ""
        hint = f"say of which it is: {self.source}#COMMIT"
        git = self.repository.git
        if revision := self.facts.labels.get(_REVISION):
            sha = git.commit(revision) if _WHOLE.fullmatch(revision) else None
            if sha is None:
                what = f"{self.source} says that it is of the commit {revision!r}, which is not in"
                raise UsageError(f"{what} {git.path}", hint=f"--fetch may help, or {hint}")
            return self._called(sha), ""
        if self._written:
            return self._called(self._written), ""
        if tag := self._release:
            meant = resolve(self.repository, tag, self.side)
            note = f"{self.source} is taken for {meant.ref}, since its version is {self.version}"
            return meant, note
        raise UsageError(f"nothing in {self.source} says of which commit it is", hint=hint)

    def differences(self, meant: ResolvedRef) -> Iterator[str]:
        """Say what it says of itself that its commit's own build does not."""
        tags = self.repository.tags()
        numbered = _NUMBERED.fullmatch(self.version)
        spelt = (self.version.removeprefix("v"), numbered["number"] if numbered else "")
        named = {tags.get(self._prefix + it) for it in spelt} - {None}
        if named and meant.sha not in named:
            yield f"its version is {self.version}, its commit {meant.sha[:7]} is another"
        if self._written and self._written != meant.sha:
            written = self._called(self._written)
            yield f"its program says that it is of {written.ref}, not of {meant.sha[:7]}"
        yield from (f"its {it}" for it in self.facts.left)
        if self.side is Side.FRONTEND:
            yield from self._described(meant)

    def _described(self, meant: ResolvedRef) -> Iterator[str]:
        """Compare labels and entry point with those of a frontend's own Dockerfile."""
        text = self.repository.git.read(meant.sha, FRONTEND_DOCKERFILE)
        if text is None:
            return
        try:
            own = describe(text)
        except BuildError:
            return  # which says what is wrong once that commit is built
        if self.facts.entrypoint != own.entrypoint:
            yield f"its entry point is {list(self.facts.entrypoint)}, not {list(own.entrypoint)}"
        for label in sorted({*self.facts.labels, *own.labels}):
            theirs, ours = self.facts.labels.get(label), own.labels.get(label)
            if label.startswith(_COMPARED) and theirs != ours:
                yield f"its label {label} is {_shown(theirs)}, not {_shown(ours)}"

    @property
    def _prefix(self) -> str:
        return _PREFIXES[self.side]

    def _called(self, sha: str) -> ResolvedRef:
        """Name a commit by its release, if it is one."""
        tags = self.repository.tags()
        name = next((it for it in releases(tags, self._prefix) if tags[it] == sha), sha)
        return ResolvedRef(name, name, sha)

    @property
    def _release(self) -> str:
        """Return the release that its version names; empty if there is none."""
        numbered = _NUMBERED.fullmatch(self.version)
        exact = self._prefix + self.version.removeprefix("v")  # labs has releases of its own
        if exact in self.repository.tags():
            return exact
        if not numbered or numbered["number"].count(".") + 1 < _PARTS:
            return ""
        early = re.search("[0-9]", numbered["variant"] or "")  # rc1 is no flavour of its release
        return "" if early else self._prefix + numbered["number"]

    @cached_property
    def _written(self) -> str:
        """Return the commit that is written in its program, as upstream's builds do, or nothing.

        A release counts before other commits, and of these one that is the only one.
        """
        runs = self.facts.hex
        found = sorted({run[at : at + _ID] for run in runs for at in range(len(run) - _ID + 1)})
        tags = self.repository.tags()
        released = {tags[it] for it in tags if it.startswith(self._prefix)}
        for sha in found:
            if sha in released:
                return sha
        commits = self.repository.git.which(found)
        return commits[0] if len(commits) == 1 else ""


def _shown(label: str | None) -> str:
    return "missing" if label is None else repr(label)
