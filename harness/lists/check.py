"""Whether patches and skip lists hold, by the history and the sources of a repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from harness.errors import ExitCode
from harness.lists.applied import Claim, claims
from harness.lists.kinds import Remark, kinds
from harness.lists.reached import Reaching
from harness.model import Record
from harness.plan.workspace import Workspace
from harness.reports.text import plural, visible
from harness.repository.lineage import TESTS


class Checked(Record, frozen=True, kw_only=True):
    """What came of a check."""

    commits: int
    """Of the repository that can be built, all of which were looked at."""
    patches: tuple[Claim, ...]
    entries: int
    names: int
    """Of tests, in the entries."""
    wrong: tuple[Remark, ...]
    """All that does not hold; empty if all does."""

    @property
    def exit_code(self) -> ExitCode:
        """0 if all of it holds, else 2."""
        return ExitCode.USAGE if self.wrong else ExitCode.COMPATIBLE


def check(workspace: Workspace) -> Checked:
    """Hold patches and entries against every commit behind a tag or branch.

    Raises UsageError where the repository does not tell which line a commit is of, GitFailed.
    """
    patches, entries = workspace.patches, workspace.entries
    asked = [(it.where, it.condition) for it in patches] + [(it.where, it.when) for it in entries]
    found = kinds(workspace, {sha for _, when in asked for sha in when.named})
    known = {*workspace.repository.graph.commits()}
    strange = [
        Remark(
            where=where,
            what=f"no tag or branch leads to a commit {sha}",
            hint="mend the id; if it is new, --fetch updates a cached clone",
        )
        for where, when in asked
        for sha in sorted(when.named - known)
    ]
    claimed, wrong = claims(workspace.repository.git, patches, found)
    reaching = Reaching(workspace.lines, found, Sources(workspace).functions)
    return Checked(
        commits=sum(len(kind.shas) for kind in found),
        patches=tuple(claimed),
        entries=len(entries),
        names=sum(len(it.test) for it in entries),
        wrong=(*strange, *wrong, *reaching.unreached(entries)),
    )


class Sources:
    """The tests in a repository's commits, of which many have the same."""

    def __init__(self, workspace: Workspace) -> None:
        """Take where to look."""
        self._workspace = workspace
        self._released = {*workspace.repository.tags().values()}
        self._trees: dict[str, str] = {}
        self._functions: dict[str, frozenset[str]] = {}

    def functions(self, shas: Sequence[str]) -> Iterator[frozenset[str]]:
        """Yield the test functions of these commits, those of releases first. Raises GitFailed."""
        git = self._workspace.repository.git
        due = [sha for sha in shas if sha not in self._trees]
        self._trees |= zip(due, git.ids([(sha, TESTS) for sha in due]), strict=True)
        seen = set()
        for sha in sorted(shas, key=lambda it: it in self._released, reverse=True):
            if (tree := self._trees[sha]) not in seen:
                seen.add(tree)
                if tree not in self._functions:
                    self._functions[tree] = self._workspace.functions(sha)
                yield self._functions[tree]


def render(checked: Checked, *, color: bool = False) -> str:
    """Return what was checked as text, whose last line ends with a newline."""
    commits = plural(checked.commits, "commit")
    lines = [
        *(
            f"{it.patch}: {it.commits} of {commits}, with {plural(it.contents, 'content')}"
            for it in checked.patches
        ),
        f"{plural(checked.entries, 'entry')} with {plural(checked.names, 'name')} of tests",
    ]
    for it in checked.wrong:
        lines += [visible(f"{it.where}: {it.what}"), visible(f"  hint: {it.hint}")]
    says = "all of it holds"
    if checked.wrong:
        says = f"{plural(len(checked.wrong), 'thing')} to mend"
    lines.append(click.style(says, fg="red" if checked.wrong else "green", bold=True))
    text = "\n".join(lines) + "\n"
    return text if color else click.unstyle(text)
