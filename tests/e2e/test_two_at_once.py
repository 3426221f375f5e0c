"""Two runs, and runs with a `gc`, on one cache: nothing is built twice, nothing is broken."""

from __future__ import annotations

import re
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness import minikit
from harness.journal import read_run
from harness.store import Store
from tests.support.demo_program import MINIKIT
from tests.support.torture import BUILT, PATIENCE, THOROUGH, Moment, Torture
from tests.support.watched_processes import Child

pytestmark = pytest.mark.e2e

ROUNDS = 10 if THOROUGH else 1
_BUILT = re.compile(r"^\S+ (build .+?) {2,}.*\b(built|cached)$", re.MULTILINE)


def _finish(torture: Torture, child: Child[str]) -> list[tuple[str, str]]:
    """Let a run end; see that it is right, and return what it built and what it found."""
    out, err = child.communicate(timeout=5 * PATIENCE)
    assert child.returncode == 1, err + out
    (where,) = re.findall(r"^logs +(\S+)$", out, re.MULTILINE)
    torture.says_the_same(read_run(torture.program.runs / where))
    return _BUILT.findall(err)


@contextmanager
def _two(torture: Torture) -> Iterator[tuple[Child[str], Child[str]]]:
    program, words = torture.program, torture.words
    with program.start(*words) as one, program.start(*words) as other:
        yield one, other


@pytest.mark.timeout(3600 if THOROUGH else 1800)
def test_two_runs_at_once_build_everything_once(torture: Torture) -> None:
    for _ in range(ROUNDS):
        for name in BUILT:
            shutil.rmtree(torture.program.cache / name, ignore_errors=True)  # may be gone already
        with _two(torture) as both:
            told = Counter(line for child in both for line in _finish(torture, child))
        phases = {phase for phase, _ in told}
        assert len(phases) == 3
        assert told == Counter({(phase, how): 1 for phase in phases for how in ("built", "cached")})
        torture.nothing_lives()
        torture.nothing_is_half_made()
    torture.run()


@pytest.mark.timeout(3600 if THOROUGH else 1800)
def test_a_gc_takes_nothing_away_from_runs_beside_it(torture: Torture) -> None:
    removals = 0
    for _ in range(ROUNDS):
        with _two(torture) as both:
            while any(child.poll() is None for child in both):
                code, out, err = torture.program.run("gc", "--older-than", "0", out=False)
                assert code == 0, err + out
                removals += out.count("\nremoved ")
            for child in both:
                _finish(torture, child)
        torture.nothing_lives()
        torture.nothing_is_half_made()
    print(f"removed beside runs: {removals}")  # noqa: T201 - read with -s
    torture.run()


def test_a_gc_leaves_the_repository_that_a_run_has_a_path_to(torture: Torture) -> None:
    """As the commands that a report of MiniKit suggests have: it lies in the cache itself."""
    program = torture.program
    store = Store(program.cache)
    inside = minikit.materialise(MINIKIT, store)
    words = [*torture.words]
    words[words.index("--repo") + 1] = str(inside)
    with torture.halted(Moment("run", ("runs/*/candidate",), 0.0), *words) as child:
        del store  # which has kept it until the run did
        code, out, err = program.run("gc", "--older-than", "0", out=False)
        stayed = inside.is_dir()
        child.send_signal(signal.SIGCONT)
        assert code == 0, err + out
        assert stayed
        _finish(torture, child)
    program.run("gc", "--older-than", "0", out=False)
    assert not inside.exists()
    torture.run()
