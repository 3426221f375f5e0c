"""What the pairs of a run share: data files and a repository, read once; cells are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from harness.backends import BACKENDS
from harness.backends.base import Artefact, Backend, BuildRequest
from harness.config import series, skiplists
from harness.config.conditions import Facts
from harness.config.datadir import Data
from harness.config.floors import Floors, load_floors
from harness.config.known import Known
from harness.config.lines import Line, Lines, load_lines
from harness.config.needs import Has
from harness.config.oracle import Oracle, load_oracle
from harness.config.series import Patch
from harness.config.skiplists import Entry
from harness.errors import InfrastructureError, UsageError
from harness.events import Listener, Said, Warned, ignore
from harness.gc import sweep
from harness.images.mirror import digests
from harness.images.sets import ImageSets
from harness.model import Channel, Commit, Pair, Published, Scenarios, Side, Source
from harness.model.matrix import Plan
from harness.plan.asks import Where
from harness.plan.cell import Cell
from harness.plan.foreign import here, lacking_for
from harness.plan.published import Wanted, find_published, is_published
from harness.repository.ancestry import Ancestry
from harness.repository.clones import find
from harness.repository.lineage import TESTS, locate
from harness.repository.refs import Repository, ResolvedRef, resolve
from harness.scenarios import suite as scenario_suite
from harness.store import Store

RELEASES = "frontend/dockerfile/release"
"""Folder in BuildKit's tree with one folder per channel."""

SUITE = "frontend/dockerfile/dockerfile_test.go"
"""The tests; a tree without it has none."""


# Where a suite's functions are written, and how: `func testCopy(t *testing.T, sb …Sandbox) {`.
FUNCTIONS = "frontend/dockerfile/*_test.go"
_FUNCTION = r"^func [tT]est[A-Za-z0-9_]*\(.*Sandbox"


@dataclass(frozen=True)
class Workspace:
    """Data files that were checked, and a repository that was opened."""

    data: Data
    store: Store
    lines: Lines
    patches: tuple[Patch, ...]
    entries: tuple[Entry, ...]
    floors: Floors
    repository: Repository
    listener: Listener = ignore
    """Hears what a reader should know of published images."""
    limited: dict[tuple[str, str], str] = field(default_factory=dict)
    """What a registry withholds, by the image's name and platform, of a plan made elsewhere."""

    @classmethod
    def open(
        cls,
        data: Data,
        store: Store,
        where: Where,
        asked: Sequence[tuple[str, Side]],
        listener: Listener,
        platform: str = "",
    ) -> tuple[Workspace, list[ResolvedRef]]:
        """Read the data files, open the repository and find what each name means there.

        Of a published image, that for a platform is meant; without one, for this machine. What
        killed runs left half made in the store is removed first. Raises UsageError or ConfigError
        for what the user can mend, GitFailed if a repository cannot be reached.
        """
        sweep(store.root)
        store.hold(Path(where.repository))  # as MiniKit's is, which every run of it names
        lines = load_lines(data.lines_file)
        known = Known.of(lines, BACKENDS)
        patches = series.load_series(data.patches, known)
        entries = skiplists.load_entries(data.skiplists, datetime.now(UTC).date(), known)
        floors = load_floors(data.floors, lines.names, known)
        refs = [one for one in asked if not is_published(one[0])]
        repository, meant = find(
            where.repository, refs, cache=store.root, fetch=where.fetch, listener=listener
        )
        made = cls(data, store, lines, patches, entries, floors, repository, listener)
        commits = dict(zip(refs, meant, strict=True))
        found = {one: commits.get(one) or made.resolve(*one, platform) for one in asked}
        return made, [found[one] for one in asked]

    def resolve(self, asked: str, side: Side, platform: str = "") -> ResolvedRef:
        """Find what a name means: a commit, or a published image, which is taken into the store.

        The image is that for a platform; without one, for this machine. Raises UsageError, and
        InfrastructureError for an image that cannot be had.
        """
        if not is_published(asked):
            return resolve(self.repository, asked, side)
        wanted = Wanted(side, platform or here())
        if (asked, wanted) not in self._images:

            def say(text: str) -> None:
                self.listener(Said(text))

            found = find_published(self.store, self.repository, asked, wanted, say)
            self._images[asked, wanted] = found
        return self._images[asked, wanted]

    @cached_property
    def _images(self) -> dict[tuple[str, Wanted], ResolvedRef]:
        """Images that were found: a tag that moves while a run is planned is one image in it."""
        return {}

    def check_unmoved(self, made: Plan) -> None:
        """Check that the published images of a plan are still what they were, and get them.

        What a registry's limited rate keeps back is in `limited` then. Raises UsageError, and what
        `resolve` raises.
        """
        pairs = [cell.pair for cell in made.cells]
        commits = {(it.ref, pair.platform): it for pair in pairs for it in pair.commits}
        for (_, platform), commit in commits.items():
            if not commit.image:
                continue
            try:
                now = self.resolve(commit.ref, commit.image.side, platform).image
            except InfrastructureError as error:
                if not error.lacks:
                    raise
                self.limited[commit.ref, platform] = error.lacks
                self.listener(Warned(f"{error}; {error.hint}"))
                continue
            if now and now.digest != commit.image.digest:
                raise UsageError(
                    f"{commit.ref} was {commit.image.short} when {made.matrix} was planned, and is "
                    f"{now.short} now",
                    hint="plan again, or name the image by its digest",
                )

    @cached_property
    def oracle(self) -> Oracle:
        """What daemons should not say. Raises ConfigError."""
        return load_oracle(self.data.oracle_file)

    @cached_property
    def contains(self) -> Callable[[str, str], bool]:
        """Whether one commit has another in its history."""
        return Ancestry(self.repository.graph, self.store.root).contains

    def commit(self, meant: ResolvedRef) -> Commit:
        """Describe a commit: its line and nearest releases. Raises UsageError."""
        return locate(self.store, self.repository, self.lines, meant)

    def look_ahead(self, shas: Iterable[str]) -> None:
        """Prefetch what git says of these commits. Raises GitFailed."""
        paths = (TESTS, SUITE, *(tags_of(channel) for channel in Channel))
        self.repository.git.look_ahead(shas, paths, ["go.mod"])

    def check(self, suite: Commit, worker: str, tests: Commit | None = None) -> None:
        """Check that the tests of a commit can drive a daemon on this worker. Raises UsageError.

        Without `tests` they are the daemon's own.
        """
        for commit in (suite, tests or suite):
            if not self.repository.git.has(commit.sha, SUITE):
                raise UsageError(
                    f"{commit.ref} has no Dockerfile integration tests",
                    hint="v0.3.0 is the first release that has them",
                )
        line = self.lines.line((tests or suite).line)
        workers = self.lines.line(suite.line).workers
        common = [name for name in line.workers if name in workers]
        if worker in common:
            return
        hint = f"--worker takes one of: {', '.join(common)}"
        if tests is None or worker not in line.workers:
            what = f"the tests of {line.name} have no worker {worker!r}"
        else:
            what = (
                f"the daemon of {suite.ref} has no worker {worker!r} for the tests of {tests.ref}"
            )
        raise UsageError(what, hint=hint if common else "they have no worker in common")

    def cell(
        self,
        pair: Pair,
        backend: Backend,
        *,
        stage: str | None,
        offline: bool,
        seed: bool = True,
    ) -> Cell:
        """Choose line data, patches and entries for a pair. Raises UsageError and ConfigError.

        `stage` is `upstream`, `generic` or `auto`, over what the lines' data say, or None for that.
        Without `seed` the images of its mirror are not made, and it cannot be run.
        """

        def request(side: Side, source: Source) -> BuildRequest:
            return self.request(side, source.commit, source.channel, stage, backend)

        tested = pair.tested.commit
        facts = Facts(
            daemon=pair.suite,
            frontend=pair.frontend,
            worker=pair.worker,
            backend=backend.name,
            channel=pair.frontend_channel,
            offline=offline or pair.scenarios,
            contains=self.contains,
            tests=tested,
            platform=pair.platform,
            engine=bool(pair.engine),
        )
        line = self.lines.line(tested.line)
        mirrored = seed and facts.offline and self.lines.images(line)
        mirror = self._mirror(line) if mirrored else None
        has = Has(
            network=not facts.offline,
            digests=digests(mirror) if mirror else frozenset(),
            meets=backend.meets,
        )
        worker = self.lines.worker(pair.worker)
        if pair.scenarios and worker.rootless:
            what = f"scenarios start no rootless daemon, so not one of the worker {pair.worker}"
            raise UsageError(what, hint="leave --worker out")
        artefact, catalogue = self.scenarios if pair.scenarios else (None, None)
        images = [(commit.ref, pair.platform) for commit in pair.commits]
        return Cell(
            pair=pair,
            suite=request(Side.SUITE, pair.built_daemon),
            tests=request(Side.SUITE, pair.tested),
            control=request(Side.FRONTEND, pair.control_frontend),
            candidate=request(Side.FRONTEND, pair.candidate),
            entries=skiplists.applicable(self.entries, facts, has),
            mirror=mirror,
            oracle=self.oracle,
            functions=self.functions_of(pair),
            client=request(Side.SUITE, pair.buildctl) if pair.buildctl else None,
            floors=self.floors,
            scenarios=artefact,
            catalogue=catalogue,
            worker=worker,
            lacks=(*lacking_for(pair), *map(str, has.lacking(worker.needs))),
            limited=next(filter(None, (self.limited.get(it) for it in images)), ""),
        )

    @cached_property
    def scenarios(self) -> tuple[Artefact, Scenarios]:
        """The folder of scenarios, as it is run, and what they say of themselves.

        Raises ConfigError if there is none, or it cannot be run.
        """
        path, found = scenario_suite.make(self.data.scenarios, self.store)
        artefact = Artefact(found.key, path, cached=True, go_minor=scenario_suite.GO_MINOR)
        return artefact, found

    def functions_of(self, pair: Pair) -> frozenset[str]:
        """Return the names of the test functions that a pair runs. Raises ConfigError."""
        if pair.scenarios:
            return frozenset(row.test for row in self.scenarios[1].rows)
        return self.functions(pair.tested.commit.sha)

    def functions(self, sha: str) -> frozenset[str]:
        """Return the names of the test functions that a commit's sources have.

        Some may be in no suite: the sources alone do not tell. Empty if none is found.
        """
        if sha not in self._functions:
            found = self.repository.git.search(sha, _FUNCTION, FUNCTIONS)
            names = (row.removeprefix("func ").partition("(")[0] for row in found)
            self._functions[sha] = frozenset(f"T{name[1:]}" for name in names)
        return self._functions[sha]

    @cached_property
    def _functions(self) -> dict[str, frozenset[str]]:
        return {}

    def channel(self, commit: Commit, wanted: Channel | None) -> Channel:
        """Choose a commit's frontend channel. Raises UsageError if it has not what is wanted."""
        if commit.image and commit.image.side is Side.FRONTEND:
            return _channel_of(commit, commit.image, wanted)
        choices = (wanted,) if wanted else (Channel.LABS, Channel.EXPERIMENTAL)
        there = [
            channel for channel in Channel if self.repository.git.has(commit.sha, tags_of(channel))
        ]
        for choice in choices:
            if choice in there:
                return choice
        raise UsageError(
            f"{commit.ref} has no frontend channel {' or '.join(choices)}",
            hint=f"--channel takes one of: {', '.join(there) or 'none: no releases in it'}",
        )

    def request(
        self,
        side: Side,
        commit: Commit,
        channel: Channel | None,
        stage: str | None,
        backend: Backend,
    ) -> BuildRequest:
        """Choose what one side of a commit is built from. Raises UsageError for the channel."""
        chosen = self.channel(commit, channel)
        applied: tuple[Patch, ...] = ()
        if not commit.image:
            applied = series.applicable(
                self.patches,
                side,
                commit,
                channel=chosen,
                backend=backend.name,
                contains=self.contains,
            )
        line = _staged(self.lines.line(commit.line), stage)
        return BuildRequest(commit, line, chosen, applied)

    def _mirror(self, line: Line) -> Path:
        return ImageSets(self.data, self.store).seed(line.images).path


def tags_of(channel: Channel) -> str:
    """Return the file of a commit's tree that says how a channel's frontend is built."""
    return f"{RELEASES}/{channel.value}/tags"


def _channel_of(commit: Commit, image: Published, wanted: Channel | None) -> Channel:
    """Return the channel of a published image. Raises UsageError if it is not what is wanted."""
    if wanted and image.channel and wanted is not image.channel:
        raise UsageError(
            f"{commit.ref} is of the channel {image.channel}", hint=f"leave --channel {wanted} out"
        )
    return image.channel or wanted or Channel.MAINLINE


def _staged(line: Line, source: str | None) -> Line:
    """Apply the command line's choice of whose Dockerfiles are built."""
    return replace(line, stage=replace(line.stage, source=source)) if source else line
