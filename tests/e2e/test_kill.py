"""`kill -9` of the program at random moments: nothing is left, nothing is half made, all goes on.

The seed is printed; COMPAT_SEED=… gives the same moments again, as far as a machine repeats itself.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.gotest.names import display
from harness.journal import read_run
from harness.model import Verdict
from tests.e2e.leftovers import REPEATABLE, manifests, mounts, strays, tagged
from tests.e2e.programs import Program
from tests.integration.watching import eventually

pytestmark = pytest.mark.e2e

THOROUGH = bool(os.environ.get("COMPAT_THOROUGH"))
KILLS = 200 if THOROUGH else 8
ROUND = 8
"""Kills after which a run may come to its end."""

TESTS = ("TestExport*", "TestQuoted*", "TestCopy*", "TestEmpty*", "TestCgroupParent")
"""Regressed, fixed, known, broken alike and compatible ones, but none that hangs."""

EXPECTED = {
    "TestExportLabels": Verdict.REGRESSED,
    "TestQuotedMetaArgs": Verdict.FIXED,
    "TestCopyWildcards[fileop=false]": Verdict.KNOWN,
    "TestEmptyDestDir[fileop=false]": Verdict.KNOWN,
    "TestCopySymlinks › link": Verdict.SAME_FAILURE,  # noqa: RUF001 - as it is shown
    "TestCgroupParent": Verdict.SKIPPED,
}

PATIENCE = 60.0
"""Seconds for what takes one at most, on a machine that does much else."""


@dataclass(frozen=True)
class Moment:
    """When to kill: so long after something can be seen on the disk."""

    phase: str
    patterns: tuple[str, ...]
    """Files below the folder of cache and runs, any of which shows that the phase is under way."""
    longest: float | str
    """Seconds that may go by then, or the beginning of the phase's name in run.json."""
    forget: tuple[str, ...] = ()
    """Folders of the cache without which the program gets there."""


BUILT = ("tree", "suite", "frontend", "control")
MOMENTS = (
    Moment("start", (), 1.0),
    Moment("checkout", ("cache/tmp/tree-*/*",), 0.1, BUILT),
    Moment("build", ("cache/tmp/suite-*/*", "cache/tmp/frontend-*/*"), "build suite", BUILT),
    Moment("publish", ("cache/tmp/suite-*/*/bin/dockerfile.test",), 0.1, BUILT),
    Moment("publish", ("cache/tmp/frontend-*/*/frontend.tar",), 0.05, BUILT),
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

    @property
    def words(self) -> list[str]:
        tests = [word for glob in TESTS for word in ("--tests", glob)]
        return self.program.words("v0.1", "master", "--timeout", "120", "--reruns", "0", *tests)

    def kill(self, moment: Moment) -> None:
        """Start the program, kill it at a moment, and see what is left."""
        for name in moment.forget:
            shutil.rmtree(self.program.cache / name, ignore_errors=True)
        before = {path for pattern in moment.patterns for path in self.folder.glob(pattern)}
        with self.program.start(*self.words) as child:

            def there() -> bool:
                found = {path for pattern in moment.patterns for path in self.folder.glob(pattern)}
                return bool(found - before) or child.poll() is not None

            if moment.patterns:
                assert eventually(there, PATIENCE), f"no {moment.phase}"
            time.sleep(self.chance.uniform(0, self.longest(moment)))
            self.hits[moment.phase if child.poll() is None else "too late"] += 1
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
        run = read_run(self.program.latest())
        names = [row.name for row in run.judgements]
        verdicts = {display(row.name, names): row.verdict for row in run.judgements}
        self.verdicts = self.verdicts or verdicts
        self.phases = self.phases or run.phases
        assert verdicts == self.verdicts
        self.nothing_lives()
        self.nothing_is_half_made()
        assert strays(self.program) == []


@pytest.fixture(scope="module")
def torture(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Torture:
    folder = tmp_path_factory.mktemp("kill")
    (folder / "tmp").mkdir()
    tag = f"kill-{secrets.token_hex(8)}"
    seed = int(os.environ.get("COMPAT_SEED") or secrets.randbits(32))
    print(f"COMPAT_SEED={seed}")  # noqa: T201 - shown by pytest if the test fails
    own = Program.fresh(folder, compiled=program.cache, USER=tag, TMPDIR=str(folder / "tmp"))
    made = Torture(own, folder, tag, random.Random(seed))  # noqa: S311 - to be had again
    made.run()
    return made


@pytest.mark.timeout(6 * 3600 if THOROUGH else 600)
def test_after_kill_9_at_any_moment_nothing_is_left_and_all_is_right(torture: Torture) -> None:
    assert {name: torture.verdicts.get(name) for name in EXPECTED} == EXPECTED
    for number in range(KILLS):
        if number and number % ROUND == 0:
            torture.run()
        torture.kill(MOMENTS[number % len(MOMENTS)])
    torture.run()
    print(f"kills: {dict(torture.hits)}")  # noqa: T201 - read with -s
    assert sum(torture.hits.values()) == KILLS
    assert torture.hits["too late"] <= KILLS / 4
