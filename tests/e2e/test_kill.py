"""`kill -9` of the program at random moments: nothing is left, nothing is half made, all goes on.

The seed is printed; COMPAT_SEED=… gives the same moments again, as far as a machine repeats itself.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.journal import read_matrix, read_run
from harness.model.matrix import CellState
from tests.support.torture import EXPECTED, MOMENTS, THOROUGH, TRIES, Moment, Torture

pytestmark = pytest.mark.e2e

KILLS = 200 if THOROUGH else 8
ROUND = 8
"""Kills after which a run may come to its end."""

MATRICES = 20 if THOROUGH else 1
TESTS = Moment("run", ("runs/*/candidate",), "run", ("control",))
CELLS = Moment("matrix", ("runs/*/cells/*/run.json",), 2.0, ("control",))


@pytest.mark.timeout(6 * 3600 if THOROUGH else 1800)
def test_after_kill_9_at_any_moment_nothing_is_left_and_all_is_right(torture: Torture) -> None:
    assert {name: torture.verdicts.get(name) for name in EXPECTED} == EXPECTED
    torture.hits.clear()
    for number in range(KILLS):
        if number and number % ROUND == 0:
            torture.run()
        torture.kill(MOMENTS[number % len(MOMENTS)])
    torture.run()
    print(f"kills: {dict(torture.hits)}")  # noqa: T201 - read with -s
    assert sum(torture.hits.values()) == KILLS
    assert torture.hits["too late"] <= KILLS / 2


def test_a_pair_that_was_killed_among_its_tests_is_taken_up(torture: Torture) -> None:
    """Of legs that were killed nothing is believed: they run again, in the folder of the run."""
    folder = _killed_among_its_tests(torture)
    code, out, err = torture.program.run("run", "--resume", "latest", cache=False)
    assert code == 1, err + out
    assert torture.program.latest() == folder
    assert {row.state for row in read_matrix(folder).cells} == {CellState.DONE}
    assert not any(leg.resumes for leg in read_run(folder).legs)
    assert _hidden(folder) == [folder / ".lock"]
    torture.all_is_right(read_run(folder))


def _killed_among_its_tests(torture: Torture) -> Path:
    """Kill pairs until one had not come to its end, earlier each time; return its folder."""
    for number in range(TRIES):
        torture.kill(replace(TESTS, longest=torture.longest(TESTS) / 2**number))
        folder = torture.program.latest()
        (row,) = read_matrix(folder).cells
        if row.state is not CellState.DONE:
            assert row.state is CellState.MISSING
            return folder
    raise AssertionError("each pair was over before it was killed")


@pytest.mark.timeout(3600 if THOROUGH else 1800)
def test_a_killed_matrix_goes_on_where_it_was(torture: Torture) -> None:
    for _ in range(MATRICES):
        with torture.under_way(CELLS, *torture.matrix) as child:
            child.kill()
        torture.nothing_lives()
        folder = torture.program.latest()
        done = {path: _version(path) for path in folder.glob("cells/*/run.json")}
        code, out, err = torture.program.run(*torture.matrix, "--resume", "latest")
        assert code == 1, err + out
        assert torture.program.latest() == folder
        matrix = read_matrix(folder)
        assert {row.state for row in matrix.cells} == {CellState.DONE}
        assert not matrix.interrupted
        assert done
        assert {path: _version(path) for path in done} == done
        assert _hidden(folder) == [folder / ".lock"]
        torture.nothing_lives()
        torture.nothing_is_half_made()


def _hidden(folder: Path) -> list[Path]:
    return sorted(folder.rglob(".*"))


def _version(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_ino, found.st_mtime_ns
