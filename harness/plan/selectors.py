"""What the selectors of a matrix mean in a repository: names become commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from packaging.version import Version

from harness.config.lines import Lines
from harness.config.matrixfile import (
    NO_REFS,
    PREVIOUS,
    DockerfilePart,
    LinePart,
    Matrix,
    OfBranch,
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

    def fits(self, platform: str) -> bool:
        """Return whether a pair of this platform can have it: an image is for one alone."""
        return self.meant.platform in {"", platform}


@dataclass(frozen=True)
class Selectors:
    """Evaluates selectors; everything that is wrong is added to `problems`."""

    repository: Repository
    lines: Lines
    candidate: str | None
    branch: str | None
    """The release branch whose head is to be released, or that head."""
    problems: Problems
    resolve: Callable[[str, Side, str], ResolvedRef]
    """Finds what a name means: a commit, or a published image for a platform. Raises UsageError."""
    contains: Callable[[str, str], bool]
    """Whether a commit has another in its history, or is it."""
    platforms: tuple[str, ...]
    """Of the cells that are asked for: a published image is another one on each."""

    def on(self, platforms: Sequence[str]) -> Selectors:
        """Return these for cells of other platforms."""
        return replace(self, platforms=tuple(platforms))

    def choose(self, selectors: Iterable[Selector], side: Side, path: str) -> list[Chosen]:
        """Return the commits of one side of a row, in the order of its selectors."""
        ways: dict[str, Callable[[Selector, Side], Iterable[ResolvedRef]]] = {
            "lines": self._lines,
            "dockerfile": self._dockerfile,
            "branches": self._branches,
            "refs": self._refs,
            "images": self._images,
            "candidate": self._candidate,
            "release_branch": self._release_branch,
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

    def named(self, name: str, side: Side, place: Place, path: str) -> list[Chosen]:
        """Return the commit of one explicit name, or the image for each platform; none if gone."""
        try:
            return [Chosen(it, place, "refs") for it in self._each(name, side)]
        except UsageError as error:
            self.problems.add(place, path, str(error), error.hint)
            return []

    def previous(self, place: Place, path: str) -> list[Chosen]:
        """Return the release before the head of the release branch; nothing if there is none."""
        try:
            return [Chosen(self._previous, place, "release_branch")]
        except (Complaint, UsageError) as error:
            self.problems.add(place, path, str(error), error.hint)
            return []

    def _each(self, name: str, side: Side) -> list[ResolvedRef]:
        platforms = self.platforms if is_published(name) else self.platforms[:1]
        return [self.resolve(name, side, platform) for platform in platforms]

    def _lines(self, selector: Selector, _side: Side) -> list[ResolvedRef]:
        return self._part(BUILDKIT, selector.lines) if selector.lines else []

    def _dockerfile(self, selector: Selector, _side: Side) -> list[ResolvedRef]:
        return self._part(DOCKERFILE, selector.dockerfile) if selector.dockerfile else []

    def _part(self, prefix: str, part: LinePart | DockerfilePart) -> list[ResolvedRef]:
        newest = self._newest(prefix)
        minors = list(newest)
        if part.since:
            since = Version(part.since.removeprefix("v")).release
            minors = [minor for minor in minors if minor >= since]
        if part.within:
            minors = [minor for minor in minors if "{}.{}".format(*minor) in part.within]
        if part.last:
            minors = minors[-part.last :]
        return [newest[minor] for minor in minors]

    def _newest(self, prefix: str) -> dict[tuple[int, ...], ResolvedRef]:
        """Return the newest patch release of each line; lines too old to be built never count."""
        first = self.lines.lines[0]
        oldest = Version(first.version if prefix == BUILDKIT else first.dockerfile).release[:2]
        tags = self.repository.tags()
        found = {version_of(tag).release[:2]: tag for tag in releases(tags, prefix)}
        return {it: ResolvedRef(tag, tag, tags[tag]) for it, tag in found.items() if it >= oldest}

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
        return [it for name in selector.refs for it in self._each(name, side)]

    def _images(self, selector: Selector, side: Side) -> list[ResolvedRef]:
        for name in selector.images:
            if not is_published(name):
                schemes = " or ".join(SCHEMES)
                raise Complaint(f"{name!r} is no image", hint=f"it begins with {schemes}")
        return [it for name in selector.images for it in self._each(name, side)]

    def _candidate(self, _selector: Selector, side: Side) -> list[ResolvedRef]:
        if self.candidate is None:
            raise Complaint("no candidate is named", hint="name it with --candidate REF")
        return self._each(self.candidate, side)

    def _release_branch(self, selector: Selector, _side: Side) -> list[ResolvedRef]:
        if selector.release_branch is OfBranch.HEAD:
            return [self._head]
        previous = self._previous
        if selector.release_branch is OfBranch.OLDER:
            own = version_of(previous.ref).release[:2]
            return [meant for minor, meant in self._newest(BUILDKIT).items() if minor < own]
        return [previous]

    @cached_property
    def _head(self) -> ResolvedRef:
        """Return what is to be released next. Raises Complaint and UsageError."""
        if self.branch is None:
            raise Complaint("no release branch is named", hint="name it with --branch v0.N")
        if is_published(self.branch):
            hint = "name the commit that it was built from"
            raise Complaint(f"{self.branch} is an image, and no branch", hint=hint)
        return self.resolve(self.branch, Side.SUITE, "")

    @cached_property
    def _previous(self) -> ResolvedRef:
        """Return the release before the head. Raises Complaint and UsageError."""
        head, tags = self._head, self.repository.tags()
        for tag in reversed(releases(tags, BUILDKIT)):
            if tags[tag] != head.sha and self.contains(head.sha, tags[tag]):
                return ResolvedRef(tag, tag, tags[tag])
        raise Complaint(f"no release comes before {head.ref}", hint=self._there())

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
    also = [(name, Side.SUITE) for name in tests if name not in {*NO_REFS, PREVIOUS}]
    also += [(name, Side.SUITE) for name in clients if name not in {*Client, PREVIOUS}]
    baselines = [row.baseline for row in matrix.pairs] + [it.baseline for it in matrix.include]
    also += [(name, Side.FRONTEND) for name in baselines if name and name != PREVIOUS]
    return list(dict.fromkeys(rows + more + also))


def wants_candidate(matrix: Matrix) -> bool:
    """Return whether a selector of the matrix waits for `--candidate`."""
    return any(s.candidate for row in matrix.pairs for s in (*row.daemons, *row.frontends))


def wants_branch(matrix: Matrix) -> bool:
    """Return whether a part of the matrix waits for `--branch`."""
    sides = [s for row in matrix.pairs for s in (*row.daemons, *row.frontends)]
    beside = [name for row in matrix.pairs for name in (*row.tests, row.baseline, row.client)]
    beside += [name for it in matrix.include for name in (it.tests, it.baseline, it.client)]
    return any(s.release_branch for s in sides) or PREVIOUS in beside
