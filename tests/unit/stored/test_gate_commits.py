"""A gate wants results of the very commits that are to be released."""

from __future__ import annotations

from msgspec.structs import replace

from harness.errors import ExitCode
from harness.model.matrix import CellState
from harness.stored.gate import Kind, Release
from tests.support import factories, nights
from tests.support.gates import MASTER, OTHER, gate, kinds, ran, undone


def test_results_of_the_commit_to_be_released_are_wanted() -> None:
    assert gate(ran(), releases=[MASTER]).clean
    short = replace(MASTER, sha=MASTER.sha[:7])
    assert gate(ran(), releases=[short]).clean


def test_results_of_another_commit_of_that_name_are_refused() -> None:
    moved = replace(MASTER, sha="f" * 40)
    found = gate(ran(), releases=[moved])
    assert kinds(found) == [Kind.NOT_TESTED, Kind.OTHER_COMMIT]
    assert found.findings[1].sentence() == (
        "v0.6.4 × master (oci) has master at 73ed682, but fffffff is to be released"  # noqa: RUF001
    )
    assert found.exit_code is ExitCode.INDETERMINATE


def test_what_was_asked_for_counts_as_a_name_too() -> None:
    line = Release(name="v0.6", ref="v0.6.5", sha="e" * 40)
    assert Kind.OTHER_COMMIT in kinds(gate(ran(), releases=[line]))


def test_a_tag_on_a_commit_that_was_tested_under_another_name_will_do() -> None:
    tag = Release(name="v0.33.0", ref="v0.33.0", sha=factories.FRONTEND.sha)
    assert gate(ran(), releases=[tag]).clean


def test_a_release_that_only_a_failed_cell_was_to_test_is_not_tested() -> None:
    sha = nights.commit("v0.12.5").sha
    release = Release(name="v0.12.5", ref="v0.12.5", sha=sha)
    found = gate(ran(), undone(CellState.FAILED), releases=[release])
    assert kinds(found) == [Kind.FAILED, Kind.NOT_TESTED]


def test_a_mixed_run_is_told_cell_by_cell() -> None:
    moved = nights.pair(suite=OTHER.suite, frontend=replace(factories.FRONTEND, sha="f" * 40))
    found = gate(ran(), ran(pair=moved), releases=[MASTER])
    assert [it.cell for it in found.findings] == [nights.cell_id(OTHER)]
    assert kinds(found) == [Kind.OTHER_COMMIT]
