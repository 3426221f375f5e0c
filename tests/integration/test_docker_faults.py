"""What befalls an engine in the middle of a run: no frontend is blamed, and nothing stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Leg, Outcome, Reason, Run, Verdict
from tests.support import container_legs
from tests.support.engine_program import HANGS, QUICK, ROOT, Program, verdicts
from tests.support.engines import BASE
from tests.support.watched_processes import Child, eventually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("seen")]

_STUBBORN = """
import sys
from harness.engine.connect import connect
from harness.engine.containers import Container

script = 'trap "" TERM INT QUIT HUP; echo deaf; while :; do sleep 1; done'
box = Container(sys.argv[1], ("sh", "-c", script), options={"network_mode": "none"})
print(connect().run(box, sys.stdout.buffer.write, timeout=float(sys.argv[2]), grace=1))
"""
_GREEDY = """
echo 1000 >/proc/1/oom_score_adj
head -c 200m /dev/zero | tail
"""
"""Lets the kernel begin with the test binary, then wants more memory than there is."""


@contextmanager
def hanging(program: Program) -> Iterator[Child[str]]:
    """Start a run, and go on when its control has ended and its candidate hangs."""
    with program.start_pair("--timeout", "600", tests=(QUICK, HANGS)) as child:

        def hangs() -> bool:
            assert child.poll() is None, child.communicate()
            ended = f"PASS: TestIntegration/{HANGS}" in program.raw(Leg.CONTROL)
            return (
                ended
                and HANGS in program.raw(Leg.CANDIDATE)
                and len(program.daemon.containers()) == 1
            )

        assert eventually(hangs, 300)
        yield child


def remove_images(program: Program) -> None:
    """Let everything be built again."""
    if named := program.daemon.docker("images", "--quiet", "compat/*").split():
        program.daemon.docker("rmi", "--force", *set(named))


def rerun(program: Program) -> None:
    """Check that a run after the fault is as any other."""
    ended = program.pair()
    assert ended.code == 0, ended.err + ended.out
    assert program.daemon.containers() == []


def test_an_engine_that_goes_away_under_a_run_is_infrastructure(program: Program) -> None:
    with hanging(program) as child:
        program.daemon.kill()
        out, err = child.communicate(timeout=120)
    gone = program.pair()
    program.daemon.restart()
    assert child.returncode == 4, err + out
    assert "Traceback" not in err
    assert "INFRA: the engine went away" in out
    run = program.latest()
    assert run.verdict is Verdict.INFRA
    assert {name.split("/")[1]: verdict for name, verdict in verdicts(run).items()} == {
        QUICK: Verdict.COMPATIBLE,
        HANGS: Verdict.INFRA,
    }
    assert gone.code == 4
    assert "no engine answers at" in gone.err
    assert "hint: " in gone.err
    rerun(program)


@contextmanager
def slow_go(program: Program, folder: Path) -> Iterator[str]:
    """Make a base image in which no build comes to its end, and return its name."""
    (folder / "bin").mkdir()
    (folder / "bin" / "go").write_text("#!/bin/sh\nexec sleep 3600\n", "utf-8")
    (folder / "bin" / "go").chmod(0o755)
    path = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    with container_legs.image(program.daemon, folder / "bin", path) as name:
        yield name


def test_an_engine_that_goes_away_under_a_build_is_infrastructure(
    program: Program, tmp_path: Path
) -> None:
    remove_images(program)
    with slow_go(program, tmp_path) as base:
        there = replace(program, environment={"COMPAT_BASE_IMAGE": base})
        with there.start_pair() as child:
            assert eventually(program.daemon.works)
            program.daemon.kill()
            out, err = child.communicate(timeout=120)
        program.daemon.restart()
    assert child.returncode == 4, err + out
    assert "error: build " in err
    assert "the engine went away" in err
    assert "hint: start it again and rerun" in err
    assert "Traceback" not in err
    rerun(program)


def test_a_run_that_is_killed_while_a_pair_is_merged_leaves_nothing_for_long(
    program: Program, tmp_path: Path
) -> None:
    own = replace(program, environment={"TMPDIR": str(tmp_path)})
    for _ in range(5):  # one that was not seen to merge comes to its end
        pairs = program.daemon.docker("images", "--quiet", "compat/pair").split()
        program.daemon.docker("rmi", "--force", *set(pairs))
        with own.start_pair() as child:
            assert eventually(lambda: merges(child) or child.poll() is not None, 300, look=0.001)
            child.kill()
            child.communicate(timeout=60)
        if child.returncode:
            break
    assert child.returncode == -signal.SIGKILL
    assert eventually(lambda: not merging(tmp_path))
    rerun(own)
    assert [*tmp_path.iterdir(), *(program.folder / "cache" / "tmp").iterdir()] == []
    assert not program.daemon.docker("images", "--quiet", "--filter", "dangling=true")


def merges(child: Child[str]) -> bool:
    """Return whether a child of this one merges a pair; a look takes next to no time."""
    files = Path(f"/proc/{child.pid}/task").glob("*/children")
    try:
        pids = [pid for file in files for pid in file.read_text("ascii").split()]
        return any(b"compat/pair:" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)
    except OSError:
        return False  # one has just ended


def merging(temporary: Path) -> bool:
    """Return whether a program merges a pair, for a run with this folder for temporary files."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            found = b"compat/pair:" in words and str(temporary) in (folder / "environ").read_text()
        except OSError:
            continue  # it has just ended
        if found:
            return True
    return False


def test_a_test_binary_that_runs_out_of_memory_is_infrastructure(program: Program) -> None:
    with hanging(program) as child:
        (leg,) = program.daemon.containers()
        program.daemon.docker("update", "--memory", "64m", "--memory-swap", "64m", leg)
        program.daemon.docker("exec", "--detach", leg, "sh", "-c", _GREEDY)
        out, err = child.communicate(timeout=120)
    assert child.returncode == 4, err + out
    run = program.latest()
    assert run.verdict is Verdict.INFRA
    (row,) = [row for row in run.judgements if HANGS in row.name]
    assert row.verdict is Verdict.INFRA
    (attempt,) = row.candidate
    assert (attempt.outcome, attempt.reason) == (Outcome.CRASH, Reason.OOM)
    assert "memory ran out" in out
    assert program.daemon.containers() == []


def test_a_container_that_is_deaf_to_signals_is_removed(program: Program) -> None:
    for seconds in ("1", "10", "60"):  # more, where it was not under way yet
        done = subprocess.run(
            [sys.executable, "-c", _STUBBORN, BASE, seconds],
            cwd=ROOT,
            env={**os.environ, "DOCKER_HOST": program.daemon.host, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.stderr == ""
        *said, ended = done.stdout.splitlines()
        if said:
            break
    assert said == ["deaf"]
    assert "status=None, timed_out=True" in ended
    assert program.daemon.containers() == []


def test_ctrl_c_twice_ends_at_once_and_the_next_run_clears_up(program: Program) -> None:
    with hanging(program) as child:

        def gone() -> bool:
            child.send_signal(signal.SIGINT)
            return child.poll() is not None

        with program.daemon.frozen():  # to end well would take its time
            assert eventually(gone)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "interrupted again: nothing is journaled" in err
    assert "Traceback" not in err
    rerun(program)


def test_two_runs_at_once_on_one_engine_share_what_is_built(
    program: Program, seen: tuple[int, Run, str]
) -> None:
    remove_images(program)
    with program.start_pair() as one, program.start_pair() as other:
        said = [child.communicate(timeout=900) for child in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    told = "".join(err for _, err in said)
    assert told.count("  built") == 1, told  # the suite, by whoever came first
    assert program.daemon.containers() == []
    assert verdicts(program.latest()).items() <= verdicts(seen[1]).items()
