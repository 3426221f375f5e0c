"""No gate is clean by accident, whatever the cells, the policy and their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.config.policy import Policy, Stance
from harness.errors import ExitCode
from harness.model import Run, Verdict
from harness.model.matrix import CellResult, CellState
from tests.support import nights
from tests.support.gates import SIDES, gate, judged, kinds, later, ran, undone

VERDICTS = st.sampled_from(sorted(SIDES))
CELLS = st.lists(st.lists(VERDICTS, max_size=4), min_size=1, max_size=3)
POLICIES = st.builds(
    Policy,
    flaky_budget=st.integers(0, 3),
    changed_failures=st.sampled_from(Stance),
    stale_entries=st.sampled_from(Stance),
)


def _results(cells: list[list[Verdict]]) -> list[tuple[CellResult, Run | None]]:
    return [
        ran(
            *(judged(f"Test{number}", verdict) for number, verdict in enumerate(verdicts)),
            pair=nights.pair(suite=nights.commit(f"v0.{cell}.0")),
        )
        for cell, verdicts in enumerate(cells)
    ]


@given(CELLS, POLICIES, st.data())
def test_a_regression_more_is_never_a_clean_gate(
    cells: list[list[Verdict]], policy: Policy, data: st.DataObject
) -> None:
    before = gate(*_results(cells), policy=policy)
    cell = data.draw(st.integers(0, len(cells) - 1))
    cells[cell].append(data.draw(st.sampled_from([Verdict.REGRESSED, Verdict.LOST])))
    after = gate(*_results(cells), policy=policy)
    assert not after.clean
    assert after.exit_code is ExitCode.REGRESSION
    assert set(kinds(before)) <= set(kinds(after))


@given(CELLS, POLICIES, st.data())
def test_a_result_less_is_never_a_clean_gate(
    cells: list[list[Verdict]], policy: Policy, data: st.DataObject
) -> None:
    results = _results(cells)
    pairs = [run.pair for _, run in results if run]
    gone = data.draw(st.integers(0, len(cells) - 1))
    kept = [row for number, row in enumerate(results) if number != gone]
    assert not gate(*kept, policy=policy, also=pairs).clean
    state = data.draw(st.sampled_from([s for s in CellState if s is not CellState.DONE]))
    stopped = undone(state, pair=pairs[gone])
    assert not gate(*kept, stopped, policy=policy, also=pairs).clean


@given(CELLS, POLICIES, st.floats(0, 100), st.floats(0, 100))
def test_waiting_never_makes_a_gate_clean(
    cells: list[list[Verdict]], policy: Policy, first: float, more: float
) -> None:
    results = _results(cells)
    early = gate(*results, policy=policy, now=later(first))
    late = gate(*results, policy=policy, now=later(first + more))
    assert early.clean or not late.clean


@given(CELLS, POLICIES)
def test_the_order_of_cells_decides_nothing(cells: list[list[Verdict]], policy: Policy) -> None:
    results = _results(cells)
    one, other = gate(*results, policy=policy), gate(*reversed(results), policy=policy)
    assert sorted(map(repr, one.findings)) == sorted(map(repr, other.findings))
    assert (one.clean, one.exit_code) == (other.clean, other.exit_code)
