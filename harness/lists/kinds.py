"""A repository's commits, joined where no data file tells them apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from harness.config.conditions import Condition, Facts
from harness.model import Channel, Commit, Record
from harness.plan.workspace import SUITE, Workspace, tags_of
from harness.repository.git import Git
from harness.repository.lineage import TESTS, Lineage, StrangerError
from harness.repository.refs import ResolvedRef

_SUITE = SUITE.removeprefix(f"{TESTS}/")
_TAGS = {channel: tags_of(channel).removeprefix(f"{TESTS}/") for channel in Channel}


class Remark(Record, frozen=True, kw_only=True):
    """What does not hold."""

    where: str
    """`skiplists/file.yaml:line:column`, or that of a series."""
    what: str
    hint: str


@dataclass(frozen=True)
class Kind:
    """Commits of which every condition says the same."""

    commit: Commit
    """The newest of them."""
    shas: tuple[str, ...]
    """Parents before children."""
    suite: bool
    """Whether they have tests."""
    channels: tuple[Channel, ...]
    """Of their frontends."""
    holds: frozenset[str]
    """Which of the commits that data files name they have in their history."""

    def meets(self, when: Condition, side: str) -> bool:
        """Return whether they are what a condition asks of `daemon`, `frontend` or `tests`."""
        return when.about(side).matches(
            Facts(
                daemon=self.commit,
                frontend=self.commit,
                tests=self.commit,
                worker="",
                backend="",
                channel=Channel.MAINLINE,
                offline=False,
                contains=self.contains,
            )
        )

    def contains(self, _: str, older: str) -> bool:
        """Return whether they have a commit in their history that a data file names."""
        return older in self.holds


def kinds(workspace: Workspace, named: Iterable[str]) -> list[Kind]:
    """Join all commits behind tags and branches; `named` are those that data files name.

    What is no commit of BuildKit is left out. Raises UsageError where the repository does not
    tell which line a commit is of, and GitFailed.
    """
    graph, lineage = workspace.repository.graph, Lineage(workspace.repository, workspace.lines)
    shas, held = graph.commits(), graph.held(named)
    trees = _Trees.of(workspace.repository.git, shas)
    found: defaultdict[_Alike, list[Commit]] = defaultdict(list)
    for sha, tree in zip(shas, trees.ids, strict=True):
        holds = held(sha)
        try:
            commit = lineage.describe(ResolvedRef(sha, sha[:12], sha)) if tree else None
        except StrangerError:
            continue
        if commit:
            versions = commit.line, commit.version, commit.dockerfile
            there = trees.suite(tree), trees.channels(tree)
            found[_Alike(versions, *there, holds)].append(commit)
    return [
        Kind(commits[-1], tuple(it.sha for it in commits), it.suite, it.channels, it.holds)
        for it, commits in found.items()
    ]


class _Alike(NamedTuple):
    """What conditions can ask of a commit."""

    versions: tuple[str, str, str]
    suite: bool
    channels: tuple[Channel, ...]
    holds: frozenset[str]


@dataclass(frozen=True)
class _Trees:
    """What the folders of tests and frontends have, of which many commits share one."""

    ids: list[str]
    """Of each commit; empty for one without."""
    there: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, git: Git, shas: list[str]) -> Self:
        ids = git.ids([(sha, TESTS) for sha in shas])
        names = [_SUITE, *_TAGS.values()]
        asked = [(tree, name) for tree in sorted({*ids} - {""}) for name in names]
        found = zip(asked, git.ids(asked), strict=True)
        return cls(ids, frozenset(one for one, there in found if there))

    def suite(self, tree: str) -> bool:
        return (tree, _SUITE) in self.there

    def channels(self, tree: str) -> tuple[Channel, ...]:
        return tuple(it for it, name in _TAGS.items() if (tree, name) in self.there)
