"""A matrix by the workers of a Dask scheduler: the ledger of local jobs, whoever dies meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from harness.journal import read_matrix, read_run
from harness.model.matrix import CellState, MatrixRun
from tests.support.dask_clusters import ROOT, Cluster, cluster, tasks
from tests.support.demo_program import Program
from tests.support.torture import THOROUGH
from tests.support.watched_processes import Child, alive, eventually

pytestmark = pytest.mark.e2e

KILLS = 20 if THOROUGH else 1

NEW = ("matrix", "demo", "--only", "v0.2*")
"""Three cells whose control is the same, of a few seconds each."""
BUILT = "frontend dockerfile/1.2.0 labs"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path / "dask") as made:
        yield made


def told(made: MatrixRun) -> list[tuple[object, ...]]:
    """Return what a ledger says that does not depend on the clock."""
    return [
        (it.id, it.state, it.verdict, it.exit_code, it.counts, it.run, it.error)
        for it in made.cells
    ]


def judged(folder: Path, made: MatrixRun) -> list[dict[str, str]]:
    runs = [read_run(folder / it.run / "run.json") for it in made.cells]
    return [{row.name: row.verdict for row in run.judgements} for run in runs]


def versions(folder: Path) -> dict[Path, tuple[int, int]]:
    found = {path: path.stat() for path in folder.glob("cells/*/run.json")}
    return {path: (it.st_ino, it.st_mtime_ns) for path, it in found.items()}


def test_workers_give_the_ledger_of_local_jobs(program: Program) -> None:
    code, out, err = program.run(*NEW, "--jobs", "2")
    assert code == 0, err + out
    folder = program.latest()
    here = read_matrix(folder)
    shutil.rmtree(program.cache / "control")  # so that workers run all that was run here
    (build,) = (it for it in here.plan.builds if it.id == BUILT)
    shutil.rmtree(program.cache / "frontend" / build.key)  # and build something
    code, out, err = program.run(*NEW, "--executor", "local:2")
    assert code == 0, err + out
    other = program.latest()
    by_workers = read_matrix(other)
    assert other != folder
    assert told(by_workers) == told(here)
    assert judged(other, by_workers) == judged(folder, here)
    assert set(by_workers.builds) == {BUILT}
    assert "dask" not in err  # what its log says is no matter of the user's


def _halted(cell: Child[bytes]) -> int:
    """Wait for a worker's child, and stop it where it is, so that it cannot end."""
    halted: list[int] = []

    def halts() -> bool:
        for child in tasks(cell)[:1]:
            with suppress(ProcessLookupError):  # it has ended meanwhile, and another comes
                os.kill(child, signal.SIGSTOP)
                halted.append(child)
        return bool(halted)

    assert eventually(halts)
    return halted[0]


@pytest.mark.timeout(3 * 3600 if THOROUGH else 1200)
def test_a_killed_worker_costs_its_cell_and_it_goes_on_elsewhere(
    program: Program, there: Cluster
) -> None:
    """Another cell is hit each time, so that others are over by then."""
    for number in range(KILLS):
        _kill(program, there, number)


def _kill(program: Program, there: Cluster, number: int) -> None:
    """Kill a worker in a run of which none, one or two of the three cells are over."""
    victim, last = there.worker(f"victim-{number}"), program.latest()
    words = ("--executor", there.address, "--jobs", "1", "--fresh-control")
    with program.start(*NEW, *words) as client:
        assert eventually(lambda: program.latest() != last)
        folder = program.latest()
        assert eventually(lambda: len(versions(folder)) >= number % 3)
        child = _halted(victim)
        before = versions(folder)
        other = there.worker(f"other-{number}")
        victim.kill()
        out, err = client.communicate(timeout=600)
    assert client.returncode == 0, err + out
    assert eventually(lambda: not alive(child))
    made = read_matrix(folder)
    assert {row.state for row in made.cells} == {CellState.DONE}
    assert {path: versions(folder)[path] for path in before} == before
    other.kill()


def test_ctrl_c_ends_what_the_workers_do_and_keeps_what_there_is(
    program: Program, there: Cluster
) -> None:
    worker = there.worker("first")
    words = ("--executor", there.address)
    with program.start(*NEW, *words) as client:
        assert eventually(lambda: bool(tasks(worker)))
        client.send_signal(signal.SIGINT)
        out, err = client.communicate(timeout=120)
    assert client.returncode == 130, err + out
    assert eventually(lambda: not tasks(worker))
    assert read_matrix(program.latest()).interrupted
    code, out, err = program.run("matrix", "--resume", "latest", *words)
    assert code == 0, err + out
    assert {row.state for row in read_matrix(program.latest()).cells} == {CellState.DONE}


def test_a_client_that_is_killed_leaves_nothing_running(program: Program, there: Cluster) -> None:
    worker = there.worker("first")
    with program.start(*NEW, "--executor", there.address) as client:
        assert eventually(lambda: bool(tasks(worker)))
        client.kill()
    assert eventually(lambda: not tasks(worker))


def test_workers_of_another_version_are_refused(
    program: Program, there: Cluster, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "harness", tmp_path / "other" / "harness")
    with (tmp_path / "other" / "harness" / "verdict" / "table.py").open("a") as file:
        file.write("\n# another table\n")
    there.worker("other", package=tmp_path / "other")
    code, _, err = program.run(*NEW, "--executor", there.address)
    assert code == 4, err
    assert "another version of this program" in err
    assert "Traceback" not in err


def test_workers_with_caches_of_their_own_build_what_they_lack(
    program: Program, there: Cluster
) -> None:
    cache = there.folder / "cache"
    cache.mkdir()
    for name in ("go", "gocache", "suite", "mirror"):
        (cache / name).symlink_to(program.cache / name)
    there.worker("apart", COMPAT_CACHE=str(cache))
    one = replace(program, environment={**program.environment, "COMPAT_CACHE": str(program.cache)})
    words = ("--only", "*v0.2*1.2.0*", "--executor", there.address)
    code, out, err = one.run("matrix", "demo", *words, cache=False)
    assert code == 0, err + out
    assert {row.state for row in read_matrix(program.latest()).cells} == {CellState.DONE}
    assert len(list((cache / "frontend").iterdir())) == 2  # of the control and the candidate
    assert list((cache / "control").iterdir())


def test_a_scheduler_that_goes_away_is_told(program: Program, there: Cluster) -> None:
    worker = there.worker("first")
    with program.start(*NEW, "--executor", there.address) as client:
        assert eventually(lambda: bool(tasks(worker)))
        there.scheduler.kill()
        out, err = client.communicate(timeout=120)
    assert client.returncode == 4, err + out
    assert "is gone" in out
    assert "Traceback" not in out + err
    assert eventually(lambda: not tasks(worker))


def test_a_scheduler_that_is_not_there(program: Program) -> None:
    code, _, err = program.run(*NEW, "--executor", "dask://127.0.0.1:1")
    assert code == 4
    assert "no scheduler of Dask answers at tcp://127.0.0.1:1" in err
    assert "Traceback" not in err
