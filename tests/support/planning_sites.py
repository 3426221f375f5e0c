"""A repository, its lines and a backend that are written down, for the tests of planning."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.backends.base import Found
from harness.config.datadir import find_data
from harness.config.lines import Lines, load_lines
from harness.config.matrixfile import Matrix, load_matrix
from harness.errors import ConfigError, UsageError
from harness.history.expected import Expected
from harness.model import Channel, Commit, Pair, Side
from harness.model.matrix import Plan
from harness.plan.planning import Frame, Selection, plan
from harness.repository.git import Git
from harness.repository.refs import Repository, ResolvedRef, resolve

LINES = load_lines(find_data(None, {}).lines_file)

TAGS = (
    *("v0.2.0", "v0.6.0", "v0.6.4", "v0.7.2", "v0.8.3", "v0.10.0-rc1", "v0.10.6", "v0.12.5"),
    *("dockerfile/1.2.1", "dockerfile/1.4.0", "dockerfile/1.4.3", "dockerfile/1.10.0"),
    *("dockerfile/1.11.0-labs", "nightly"),
)
FRAME = Frame(
    matrix="m",
    harness="1.2.3",
    created="2026-11-24T00:00:00Z",
    repository="/the/repository",
    reruns=2,
    most_reruns=20,
    tests=(),
    test_timeout=None,
    data="d",
)
OLD = ("v0.2", "v0.6", "v0.7")
"""Lines whose frontends have the channel experimental."""


def sha(name: str) -> str:
    """Return the commit of a name."""
    return hashlib.sha256(name.encode()).hexdigest()[:40]


class Names(Git):
    """A repository of names; it knows commits by their whole id."""

    def __init__(self) -> None:
        super().__init__(Path("/the/repository"))

    def commit(self, rev: str) -> str | None:
        return rev if len(rev) == 40 else None


def repository(
    tags: Collection[str] = TAGS,
    branches: Collection[str] = ("master", "v0.12"),
    same: Mapping[str, str] | None = None,
) -> Repository:
    """Make a repository; `same` says which names point at the commit of another."""
    same = same or {}
    spaces = {"refs/tags/": tags, "refs/heads/": branches}
    refs = {s + n: sha(same.get(n, n)) for s, names in spaces.items() for n in names}
    return Repository(Names(), refs)


@dataclass
class WrittenSite:
    """Answers what planning asks, and keeps what it was asked."""

    repository: Repository = field(default_factory=repository)
    lines: Lines = LINES
    backend: str = "native"
    platform: str = "linux/amd64"
    offline: bool = False
    workers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By line; oci and containerd otherwise."""
    cached: frozenset[tuple[Side, str]] = frozenset()
    """Sides and refs of what is built already."""
    history: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    ahead: set[str] = field(default_factory=set)

    images: Mapping[str, ResolvedRef] = field(default_factory=dict)
    """What names of published images mean, on one platform (`NAME linux/arm64`) or on any; all else
    is a name in the repository."""

    def resolve(self, asked: str, side: Side, platform: str) -> ResolvedRef:
        found = self.images.get(f"{asked} {platform}") or self.images.get(asked)
        if found:
            return replace(found, platform=platform)
        return resolve(self.repository, asked, side)

    def look_ahead(self, shas: Collection[str]) -> None:
        self.ahead |= set(shas)

    def commit(self, meant: ResolvedRef) -> Commit:
        assert meant.sha in self.ahead
        name = meant.ref
        if name == "nightly":
            raise UsageError("nightly is not a commit of BuildKit", hint="name another")
        first = min(n for n, there in self.repository.refs.items() if there == meant.sha)
        first = first.removeprefix("refs/").partition("/")[2]
        release = first.startswith("v")
        return Commit(
            asked=meant.asked,
            ref=name,
            sha=meant.sha,
            date="2020-02-02",
            line=".".join(first.split("-")[0].split(".")[:2]) if release else "master",
            version=first.removeprefix("v") if release else "0.33.0",
            dockerfile=first.removeprefix("dockerfile/") if "/" in first else "1.27.0",
            image=meant.image,
        )

    def check(self, suite: Commit, worker: str, tests: Commit | None = None) -> None:
        self.asked["check", f"{suite.ref} {worker}"] += 1
        there = self.workers.get((tests or suite).line, ("oci", "containerd"))
        if worker not in there:
            raise UsageError(f"the tests of {suite.line} have no worker {worker}", hint="oci")

    def channel(self, commit: Commit, wanted: Channel | None) -> Channel:
        own = Channel.EXPERIMENTAL if commit.line in OLD else Channel.LABS
        if wanted not in {None, own, Channel.MAINLINE}:
            raise UsageError(f"{commit.ref} has no frontend channel {wanted}", hint=f"take {own}")
        return wanted or own

    def contains(self, newer: str, older: str) -> bool:
        return older in self.history.get(newer, ())

    def find(self, side: Side, commit: Commit, channel: Channel) -> Found:
        self.asked[side, f"{commit.ref} {channel}"] += 1
        key = f"{side}-{commit.identity[-8:]}-{channel}"
        return Found(key, (side, commit.ref) in self.cached)


@dataclass(frozen=True)
class Written(Expected):
    """What history expects, by refs."""

    cells: Mapping[str, float] = field(default_factory=dict)
    builds: Mapping[str, float] = field(default_factory=dict)

    def cell(self, pair: Pair) -> float | None:
        return self.cells.get(f"{pair.suite.ref} {pair.frontend.ref}")

    def build(self, side: Side, commit: Commit, channel: Channel) -> float | None:  # noqa: ARG002 - the protocol's
        return self.builds.get(f"{side} {commit.ref}")


def matrix(folder: Path, text: str) -> Matrix:
    """Read a matrix file of this text, called `m.yaml`."""
    file = folder / "m.yaml"
    file.write_text(f"description: d\n{text}", "utf-8")
    return load_matrix(file)


@dataclass
class Planner:
    """Plans matrices; what is said goes to `said`."""

    folder: Path
    site: WrittenSite = field(default_factory=WrittenSite)
    expected: Written = field(default_factory=Written)
    said: list[str] = field(default_factory=list)
    frame: Frame = FRAME

    def __call__(self, text: str, selection: Selection | None = None) -> Plan:
        made = matrix(self.folder, text)
        chosen = selection or Selection()
        return plan(made, chosen, self.frame, self.site, self.expected, self.said.append)

    def cells(self, text: str, selection: Selection | None = None) -> list[str]:
        """Return the ids of a plan's cells."""
        return [cell.id for cell in self(text, selection).cells]

    def complaint(self, text: str, selection: Selection | None = None) -> tuple[str, str]:
        """Return what is said of a matrix that is refused, with its place in it, and the hint."""
        with pytest.raises(ConfigError) as caught:
            self(text, selection)
        return str(caught.value).replace(f"{self.folder}/m.yaml:", ""), caught.value.hint
