"""One program that is killed or interrupted again and again, and what is looked at each time."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.gotest.names import display
from harness.journal import RUN_FILE, read_run
from harness.model import Run, Verdict
from tests.support.demo_program import Program
from tests.support.leftovers import REPEATABLE, groups, manifests, mounts, strays, tagged
from tests.support.watched_processes import Child, eventually

THOROUGH = bool(os.environ.get("COMPAT_THOROUGH"))

TESTS = ("TestExport*", "TestQuoted*", "TestCopy*", "TestEmpty*", "TestCgroupParent")
"""Regressed, fixed, known, broken alike and compatible ones, but none that hangs."""

_GLOBS = [word for glob in TESTS for word in ("--tests", glob)]

EXPECTED = {
    "TestExportLabels": Verdict.REGRESSED,
    "TestQuotedMetaArgs": Verdict.FIXED,
    "TestCopyWildcards[fileop=false]": Verdict.KNOWN,
    "TestEmptyDestDir[fileop=false]": Verdict.KNOWN,
    "TestCopySymlinks › link": Verdict.SAME_FAILURE,  # noqa: RUF001 - as it is shown
    "TestCgroupParent": Verdict.SKIPPED,
}

PATIENCE = 300.0
"""Seconds for what takes a few, on a machine that does much else."""

TRIES = 10
"""A run is over within a second: on a busy machine it may be so before it is killed or stopped."""


@dataclass(frozen=True)
class Moment:
    """When to kill: so long after something can be seen on the disk."""

    phase: str
    patterns: tuple[str, ...]
    """Files below the folder of cache and runs, any of which shows that the phase is under way."""
    longest: float | str
    """Seconds that may go by then, or the name of a phase in run.json."""
    forget: tuple[str, ...] = ()
    """Folders of the cache without which the program gets there."""


BUILT = ("tree", "suite", "frontend", "control")
MOMENTS = (
    Moment("start", (), 1.0),
    Moment("checkout", ("cache/tmp/tree-*/*",), 0.1, BUILT),
    Moment("build", ("cache/tmp/suite-*/*", "cache/tmp/frontend-*/*"), 1.0, BUILT),
    Moment("publish", ("cache/tmp/suite-*/*/src", "cache/suite/*"), 0.01, BUILT),
    Moment("publish", ("cache/tmp/frontend-*/*/frontend.tar", "cache/frontend/*"), 0.01, BUILT),
    Moment("run", ("runs/*/candidate",), "run", ("control",)),
    Moment("run", ("runs/*/candidate",), "run"),
    Moment("journal", ("runs/*/.run.json.*", "runs/*/run.json"), 0.02, ("control",)),
)


@dataclass
class Torture:
    """One program that is killed again and again, and what is checked each time."""

    program: Program
    folder: Path
    tag: str
    chance: random.Random
    known: dict[str, str] = field(default_factory=dict)
    """Digests of the artefacts that were made."""
    hits: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds of each, as the first run took them."""
    pids: set[int] = field(default_factory=set)
    """Of the programs that were killed or interrupted."""

    @property
    def words(self) -> list[str]:
        """What is typed for a pair."""
        return self.program.words("v0.1", "master", "--timeout", "120", "--reruns", "0", *_GLOBS)

    @property
    def matrix(self) -> list[str]:
        """What is typed for a matrix."""
        _, _, _, *given = self.program.words("", "", "--reruns", "0", *_GLOBS)
        return ["matrix", "demo", *given]

    @classmethod
    def begin(cls, folder: Path, compiled: Path) -> Torture:
        """Let the program run once, to know what it says; the seed of all moments is printed."""
        (folder / "tmp").mkdir()
        tag = f"torture-{secrets.token_hex(8)}"
        seed = int(os.environ.get("COMPAT_SEED") or secrets.randbits(32))
        print(f"COMPAT_SEED={seed}")  # noqa: T201 - pytest shows it if a test fails
        program = Program.fresh(
            folder,
            compiled=compiled,
            USER=tag,
            TMPDIR=str(folder / "tmp"),
            COMPAT_HISTORY=str(folder / "history.sqlite3"),
            DOCKER_HOST=f"unix://{folder}/no-engine",
        )
        made = cls(program, folder, tag, random.Random(seed))  # noqa: S311 - to be had again
        made.run()
        return made

    @contextmanager
    def under_way(self, moment: Moment, *words: str) -> Iterator[Child[str]]:
        """Start the program and be there at a moment of it."""
        for name in moment.forget:
            shutil.rmtree(self.program.cache / name, ignore_errors=True)
        before = self.seen(moment)
        with self.program.start(*(words or self.words)) as child:
            self.pids.add(child.pid)

            def there() -> bool:
                return bool(self.seen(moment) - before) or child.poll() is not None

            if moment.patterns:
                assert eventually(there, PATIENCE, look=0.001), f"no {moment.phase}"
            time.sleep(self.chance.uniform(0, self.longest(moment)))
            self.hits[moment.phase if child.poll() is None else "too late"] += 1
            yield child

    @contextmanager
    def halted(self, moment: Moment, *words: str) -> Iterator[Child[str]]:
        """Be there at a moment with the program stopped, and its run not written down yet."""
        for _ in range(TRIES):
            with self.under_way(moment, *words) as child:
                child.send_signal(signal.SIGSTOP)
                if not (self.program.latest() / RUN_FILE).exists():
                    yield child
                    return
                child.send_signal(signal.SIGCONT)
                child.communicate(timeout=PATIENCE)
        raise AssertionError("each run was over before it was stopped")

    def seen(self, moment: Moment) -> set[Path]:
        try:
            return {path for pattern in moment.patterns for path in self.folder.glob(pattern)}
        except FileNotFoundError:
            return set()  # a folder went while it was looked through

    def kill(self, moment: Moment) -> None:
        """Start the program, kill it at a moment, and see what is left."""
        with self.under_way(moment) as child:
            child.kill()
            child.communicate(timeout=PATIENCE)
        self.nothing_lives()
        self.nothing_is_half_made()

    def longest(self, moment: Moment) -> float:
        if isinstance(moment.longest, float):
            return moment.longest
        name = next(name for name in self.phases if name.startswith(moment.longest))
        return self.phases[name]

    def nothing_lives(self) -> None:
        eventually(lambda: not tagged(self.tag), PATIENCE)
        assert tagged(self.tag) == []
        assert mounts(self.folder) == []

    def nothing_is_half_made(self) -> None:
        """Compare what is published with what there was of the same name."""
        for name, digest in manifests(self.program.cache).items():
            if name.partition("/")[0] in REPEATABLE:
                assert self.known.setdefault(name, digest) == digest, name

    def run(self) -> None:
        """Let the program come to its end, and see that it says what it always says."""
        code, out, err = self.program.run(*self.words)
        assert code == 1, err + out
        self.all_is_right(read_run(self.program.latest()))

    def all_is_right(self, run: Run) -> None:
        """Check that a run says what the first one said, and that nothing is left of it."""
        self.says_the_same(run)
        self.nothing_lives()
        self.nothing_is_half_made()
        assert strays(self.program) == []
        assert groups(self.pids) == []

    def says_the_same(self, run: Run) -> None:
        names = [row.name for row in run.judgements]
        verdicts = {display(row.name, names): row.verdict for row in run.judgements}
        self.verdicts = self.verdicts or verdicts
        self.phases = self.phases or run.phases
        assert verdicts == self.verdicts
