"""Ctrl-C at random moments: once it ends well and can be gone on with, twice it ends at once."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.errors import ExitCode
from harness.journal import RUN_FILE, cells, read_matrix, read_run
from harness.model import Run
from harness.model.matrix import CellState
from tests.support.leftovers import strays
from tests.support.torture import MOMENTS, PATIENCE, THOROUGH, TRIES, Moment, Torture

pytestmark = pytest.mark.e2e

ROUNDS = 5 if THOROUGH else 1
ENDS = {
    ExitCode.INTERRUPTED,
    ExitCode.REGRESSION,  # it had come to its end
    -signal.SIGINT,  # it had, too, and Python was leaving
}
PROMISED = 10.0
"""Seconds from Ctrl-C to the end. Held to where the machine has nothing else to do."""
ONCE = [moment for moment in MOMENTS if moment.phase in {"build", "run"}]


@pytest.mark.timeout(3600 if THOROUGH else 1800)
def test_an_interrupted_run_keeps_what_it_has_and_the_rest_can_be_run(torture: Torture) -> None:
    resumed, slowest = Counter[str](), 0.0
    for moment in ONCE * ROUNDS:
        before = torture.program.latest()
        with torture.under_way(moment) as child:
            child.send_signal(signal.SIGINT)
            begun = time.monotonic()
            out, err = child.communicate(timeout=PATIENCE)
            slowest = max(slowest, time.monotonic() - begun)
        assert child.returncode in ENDS, err + out
        torture.nothing_lives()
        torture.nothing_is_half_made()
        assert strays(torture.program) == []
        folder = torture.program.latest()
        if folder != before and _left(folder):
            part = read_run(folder) if (folder / RUN_FILE).exists() else None
            assert part or f"compat-run --resume {folder}" in err
            resumed[moment.phase] += 1
            code, out, err = torture.program.run("run", "--resume", "latest", cache=False)
            assert code == ExitCode.REGRESSION, err + out
            assert torture.program.latest() == folder
            assert _left(folder) == []
            whole = read_run(folder)
            if part and not part.interrupted:
                assert whole == part  # it had ended, and only its row was not written yet
            elif part and part.legs:
                _only_the_rest_was_run(part, whole)
            torture.all_is_right(whole)
    print(f"slowest end: {slowest:.1f} s; resumed {dict(resumed)}")  # noqa: T201 - read with -s
    assert resumed["build"]
    assert slowest < (PROMISED if THOROUGH else PATIENCE)
    torture.run()


def _left(folder: Path) -> list[str]:
    """Return the cells of a run that are to be run yet."""
    return [row.id for row in read_matrix(folder).cells if row.state is not CellState.DONE]


@pytest.mark.timeout(3600 if THOROUGH else 1800)
def test_a_matrix_goes_on_inside_the_cell_that_was_interrupted(torture: Torture) -> None:
    """The moment is a failure in the candidate: the control has begun by then, too."""
    moment = Moment("cell", ("runs/*/cells/*/candidate/tests/*.log",), 0.0, ("control",))
    for _ in range(TRIES):
        with torture.under_way(moment, *torture.matrix) as child:
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=PATIENCE)
        assert child.returncode == ExitCode.INTERRUPTED, err + out
        folder = torture.program.latest()
        parts = {
            row.id: run
            for row, run in cells(folder)
            if row.state is CellState.INTERRUPTED and run and run.legs
        }
        if parts:
            break
    assert parts
    code, out, err = torture.program.run(*torture.matrix, "--resume", "latest")
    assert code == ExitCode.REGRESSION, err + out
    assert torture.program.latest() == folder
    assert _left(folder) == []
    whole = {row.id: run for row, run in cells(folder)}
    for name, part in parts.items():
        run = whole[name]
        assert run is not None
        _only_the_rest_was_run(part, run)
    torture.nothing_lives()
    torture.nothing_is_half_made()
    assert strays(torture.program) == []


def _only_the_rest_was_run(part: Run, whole: Run) -> None:
    decided = {row.name for row in part.judgements}
    new = [leg for leg in whole.legs if leg.resumes]
    assert whole.legs[: len(part.legs)] == part.legs
    for leg in new:
        assert not decided.intersection(result.name for result in leg.results)


@pytest.mark.timeout(3600 if THOROUGH else 1800)
def test_a_second_interrupt_ends_a_run_at_once(torture: Torture) -> None:
    for moment in ONCE * ROUNDS:
        with torture.under_way(moment) as child:
            child.send_signal(signal.SIGINT)
            time.sleep(torture.chance.uniform(0, 0.2))
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=PATIENCE)
        assert child.returncode in ENDS
        torture.nothing_lives()
        torture.nothing_is_half_made()
    torture.run()
