"""The gate names what builds the wrong thing and says nothing, by its feature."""

from __future__ import annotations

from harness.config.policy import Policy
from harness.errors import ExitCode
from harness.model import Run
from harness.stored.gate import Gate, Kind, Results
from harness.stored.gate.evaluate import evaluate
from tests.support import feature_runs, gates


def gate(*made: Run) -> Gate:
    example = feature_runs.matrix(made)
    cells = [(it, example.runs[it.id]) for it in example.matrix.cells]
    return evaluate(Policy(), Results(example.matrix, cells, gates.again), gates.NOW)


def test_a_lie_is_named_by_its_feature_and_daemon() -> None:
    found = gate(*feature_runs.runs({"CopyExclude": "wyyy"}))
    (lie,) = (it for it in found.findings if it.kind is Kind.WRONG)
    assert lie.refused
    assert lie.sentence().startswith(
        "COPY --exclude builds the wrong thing on v0.6.4 with master's frontend, and says nothing: "
    )
    assert "expected 0555" in lie.sentence()
    assert found.exit_code == ExitCode.REGRESSION


def test_what_dies_or_is_unclear_is_a_regression_by_its_test() -> None:
    found = gate(*feature_runs.runs({"CopyExclude": "cuyy"}))
    kinds = [it.kind for it in found.findings]
    assert kinds.count(Kind.REGRESSED) == 2
    assert Kind.WRONG not in kinds
