"""What cells and builds are expected to take, by what they took."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from harness.history import Expected, History, expected_by
from harness.model import Channel, Pair, Side
from tests.support import factories, nights
from tests.support.remembered_nights import PAIR, Stored, keep, night


def _ran(day: int, seconds: float, of: Pair = PAIR) -> Stored:
    matrix, ((result, run),) = night(day, of=of)
    assert run
    phases = {"suite v0.6.4": 500.0, "run": seconds - 1, "rerun 1": 1.0}
    return matrix, [(result, replace(run, phases=phases))]


def test_a_cell_is_expected_to_take_the_median_of_its_last_runs(history: History) -> None:
    keep(history, [_ran(day, took) for day, took in enumerate([900, 10, 20, 30, 40, 50], 1)])
    assert history.expected().cell(PAIR) == 30.0


def test_a_new_cell_is_expected_to_take_what_its_suite_or_line_takes(history: History) -> None:
    keep(history, [_ran(1, 100.0)])
    expected = history.expected()
    new = nights.commit("v0.99.0")
    later = nights.commit("v0.6.5", line="v0.6")
    assert expected.cell(nights.pair(frontend=new)) == 100.0
    assert expected.cell(nights.pair(suite=later, frontend=new)) == 100.0
    assert expected.cell(nights.pair(suite=new)) is None
    assert expected.cell(replace(PAIR, worker="containerd")) is None
    assert expected.cell(replace(PAIR, backend="docker")) is None


def test_builds_are_expected_to_take_what_the_commit_the_line_or_the_side_took(
    history: History,
) -> None:
    matrix, results = night(1)
    took = {"suite v0.6.4": 60.0, "frontend master": 40.0}
    history.keep(replace(matrix, builds=took), results)
    expected = history.expected()
    later = nights.commit("v0.6.5", line="v0.6")
    assert expected.build(Side.SUITE, factories.SUITE, Channel.EXPERIMENTAL) == 60.0
    assert expected.build(Side.SUITE, later, Channel.EXPERIMENTAL) == 60.0
    assert expected.build(Side.SUITE, nights.commit("v0.9.0"), Channel.LABS) == 60.0
    assert expected.build(Side.FRONTEND, factories.FRONTEND, Channel.LABS) == 40.0
    assert history.expected(backend="native").build(Side.SUITE, later, Channel.LABS) == 60.0
    assert history.expected(backend="docker").build(Side.SUITE, later, Channel.LABS) is None


def test_without_a_history_nothing_is_expected(history_file: Path) -> None:
    expected = expected_by(history_file)
    assert expected.cell(PAIR) is None
    assert expected.build(Side.SUITE, factories.SUITE, Channel.LABS) is None
    assert not history_file.parent.exists()
    assert Expected().cell(PAIR) is None


def test_a_history_is_read_for_what_to_expect(history_file: Path) -> None:
    with History.open(history_file, create=True) as history:
        history.keep(*_ran(1, 77.0))
    assert expected_by(history_file).cell(PAIR) == 77.0
