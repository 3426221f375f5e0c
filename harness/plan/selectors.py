"""What the selectors of a matrix mean in a repository: names become commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from packaging.version import Version

from harness.config.lines import Lines
from harness.config.matrixfile import (
    NO_REFS,
    DockerfilePart,
    LinePart,
    Matrix,
    Selector,
)
from harness.config.yamlfile import Complaint, Place, Problems
from harness.errors import UsageError
from harness.model import Client, Side
from harness.plan.published import SCHEMES, is_published
from harness.repository.refs import Repository, ResolvedRef, near, releases, version_of
from harness.tools.refnames import check_text

BUILDKIT = "v"
DOCKERFILE = "dockerfile/"


@dataclass(frozen=True)
class Chosen:
    """A commit that a selector means."""

    meant: ResolvedRef
    place: Place
    """Of the selector."""
    way: str
    """Key of the selector that chose it."""

    @property
    def moving(self) -> bool:
        """Whether the same words may mean another commit tomorrow."""
        return self.way not in {"refs", "images"}


@dataclass(frozen=True)
class Selectors:
    """Evaluates selectors; everything that is wrong is added to `problems`."""

    repository: Repository
    lines: Lines
    candidate: str | None
    problems: Problems
    resolve: Callable[[str, Side], ResolvedRef]
    """Finds what a name means, a commit or a published image. Raises UsageError."""

    def choose(self, selectors: Iterable[Selector], side: Side, path: str) -> list[Chosen]:
        """Return the commits of one side of a row, in the order of its selectors."""
        ways: dict[str, Callable[[Selector, Side], Iterable[ResolvedRef]]] = {
            "lines": self._lines,
            "dockerfile": self._dockerfile,
            "branches": self._branches,
            "refs": self._refs,
            "images": self._images,
            "candidate": self._candidate,
        }
        chosen: list[Chosen] = []
        for index, selector in enumerate(selectors):
            (way,) = (key for key in ways if getattr(selector, key))
            at = f"{path}[{index}].{way}"
            try:
                found = [Chosen(m, selector.place, way) for m in ways[way](selector, side)]
            except (Complaint, UsageError) as error:
                self.problems.add(selector.place, at, str(error), error.hint)
                continue
            if not found:
                self.problems.add(selector.place, at, "matches nothing", self._there())
            chosen += found
        return chosen

    def named(self, name: str, side: Side, place: Place, path: str) -> Chosen | None:
        """Return the commit of one explicit name."""
        try:
            return Chosen(self.resolve(name, side), place, "refs")
        except UsageError as error:
            self.problems.add(place, path, str(error), error.hint)
            return None

    def _lines(self, selector: Selector, _side: Side) -> list[ResolvedRef]:
        oldest = Version(self.lines.lines[0].version)
        return self._newest(BUILDKIT, selector.lines, oldest) if selector.lines else []

    def _dockerfile(self, selector: Selector, _side: Side) -> list[ResolvedRef]:
        oldest = Version(self.lines.lines[0].dockerfile)
        part = selector.dockerfile
        return self._newest(DOCKERFILE, part, oldest) if part else []

    def _newest(
        self, prefix: str, part: LinePart | DockerfilePart, oldest: Version
    ) -> list[ResolvedRef]:
        """Return the newest patch release of each line; lines too old to be built never count."""
        tags = self.repository.tags()
        newest = {version_of(tag).release[:2]: tag for tag in releases(tags, prefix)}
        minors = [minor for minor in newest if minor >= oldest.release[:2]]
        if part.since:
            since = Version(part.since.removeprefix("v")).release
            minors = [minor for minor in minors if minor >= since]
        if part.within:
            minors = [minor for minor in minors if "{}.{}".format(*minor) in part.within]
        if part.last:
            minors = minors[-part.last :]
        return [ResolvedRef(newest[minor], newest[minor], tags[newest[minor]]) for minor in minors]

    def _branches(self, selector: Selector, _side: Side) -> Iterator[ResolvedRef]:
        for name in selector.branches:
            check_text(name)
            if not (sha := self.repository.branch(name)):
                wide = name == "HEAD" or name.startswith("refs/")
                hint = f"write refs: [{name}]" if wide else near(self.repository, name)
                raise Complaint(f"there is no branch {name!r}", hint=hint)
            yield ResolvedRef(name, name, sha)

    def _refs(self, selector: Selector, side: Side) -> list[ResolvedRef]:
        for name in selector.refs:
            if is_published(name):
                raise Complaint(f"{name!r} is an image", hint=f'write images: ["{name}"]')
        return [self.resolve(name, side) for name in selector.refs]

    def _images(self, selector: Selector, side: Side) -> list[ResolvedRef]:
        for name in selector.images:
            if not is_published(name):
                schemes = " or ".join(SCHEMES)
                raise Complaint(f"{name!r} is no image", hint=f"it begins with {schemes}")
        return [self.resolve(name, side) for name in selector.images]

    def _candidate(self, _selector: Selector, side: Side) -> list[ResolvedRef]:
        if self.candidate is None:
            raise Complaint("no candidate is named", hint="name it with --candidate REF")
        return [self.resolve(self.candidate, side)]

    def _there(self) -> str:
        tags = self.repository.tags()
        newest = [found[-1] for p in (BUILDKIT, DOCKERFILE) if (found := releases(tags, p))]
        return f"newest releases in {self.repository.git.path}: {', '.join(newest) or 'none'}"


def explicit(matrix: Matrix) -> list[tuple[str, Side]]:
    """List the names that a matrix spells out, for what has to be fetched first."""
    sides = {Side.SUITE: "daemons", Side.FRONTEND: "frontends"}
    rows = [
        (name, side)
        for row in matrix.pairs
        for side, key in sides.items()
        for selector in getattr(row, key)
        for name in selector.refs
    ]
    more = [
        pair
        for cell in matrix.include
        for pair in ((cell.daemon, Side.SUITE), (cell.frontend, Side.FRONTEND))
    ]
    tests = [name for row in matrix.pairs for name in row.tests]
    tests += [cell.tests for cell in matrix.include]
    clients = [row.client for row in matrix.pairs] + [cell.client for cell in matrix.include]
    also = [(name, Side.SUITE) for name in tests if name not in NO_REFS]
    also += [(name, Side.SUITE) for name in clients if name not in {*Client}]
    baselines = [row.baseline for row in matrix.pairs] + [it.baseline for it in matrix.include]
    also += [(name, Side.FRONTEND) for name in baselines if name]
    return list(dict.fromkeys(rows + more + also))


def wants_candidate(matrix: Matrix) -> bool:
    """Return whether a selector of the matrix waits for `--candidate`."""
    return any(s.candidate for row in matrix.pairs for s in (*row.daemons, *row.frontends))
