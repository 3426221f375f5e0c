"""Whether patches, skip lists and floors hold, by a repository's history and sources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

import click

from harness.config.floors import Floor
from harness.errors import ExitCode
from harness.lists.applied import Claim, claims
from harness.lists.kinds import Remark, kinds
from harness.lists.reached import Reaching, spot
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
    floors: int
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
    asked = [(it.where, it.condition) for it in patches]
    asked += [(spot(it), it.when) for it in entries]
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
    sources = Sources(workspace)
    reaching = Reaching(workspace.lines, found, sources.functions)
    return Checked(
        commits=sum(len(kind.shas) for kind in found),
        patches=tuple(claimed),
        entries=len(entries),
        names=sum(len(it.test) for it in entries),
        floors=len(workspace.floors.rows),
        wrong=(
            *strange,
            *wrong,
            *reaching.unreached(entries),
            *unnamed(
                workspace.floors.rows,
                sources.functions([sha for it in found if it.suite for sha in it.shas]),
            ),
        ),
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
        """Yield the scenarios, which any daemon may run, then these commits' test functions.

        Those of releases come first. Raises GitFailed.
        """
        yield self._scenarios
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

    @cached_property
    def _scenarios(self) -> frozenset[str]:
        if not self._workspace.data.scenarios.is_dir():
            return frozenset()
        return frozenset(row.test for row in self._workspace.scenarios[1].rows)


def unnamed(floors: Sequence[Floor], names: Iterator[Collection[str]]) -> Iterator[Remark]:
    """Yield the floors whose tests are nowhere; of the names no more are read than it takes."""
    left = {it.test.partition("/")[0] for it in floors}
    while left and (there := next(names, None)) is not None:
        left -= {*there}
    for it in floors:
        if it.test.partition("/")[0] in left:
            yield Remark(
                where=spot(it),
                what=f"{it.test}: no commit has a test of this name, and it is no scenario",
                hint="mend the name, or remove the floor",
            )


def render(checked: Checked, *, color: bool = False) -> str:
    """Return what was checked as text, whose last line ends with a newline."""
    commits = plural(checked.commits, "commit")
    lines = [
        *(
            f"{it.patch}: {it.commits} of {commits}, with {plural(it.contents, 'content')}"
            for it in checked.patches
        ),
        f"{plural(checked.entries, 'entry')} with {plural(checked.names, 'name')} of tests",
        *([plural(checked.floors, "floor")] if checked.floors else []),
    ]
    for it in checked.wrong:
        lines += [visible(f"{it.where}: {it.what}"), visible(f"  hint: {it.hint}")]
    says = "all of it holds"
    if checked.wrong:
        says = f"{plural(len(checked.wrong), 'thing')} to mend"
    lines.append(click.style(says, fg="red" if checked.wrong else "green", bold=True))
    text = "\n".join(lines) + "\n"
    return text if color else click.unstyle(text)
