"""What is built for the cells of a matrix: each artefact once, and nothing that is not needed."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.errors import UsageError
from harness.model import Channel, Side
from harness.model.matrix import CellId, Plan, PlannedCell
from harness.model.pairs import ADOPTED
from harness.plan import planning
from harness.plan.cell import Control, Settings, controls
from harness.plan.planning import Selection
from harness.repository.refs import resolve
from tests.support.planning_sites import FRAME, Planner, Written, WrittenSite, repository
from tests.support.played_matrices import cells_of

FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

TEXT = """pairs:
  - daemons: [{refs: [v0.6, v0.8, v0.12.5]}]
    frontends: [{refs: [master, v0.12.5]}]
    workers: [oci, containerd]
"""


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return Planner(tmp_path)


# -- N suites, M frontends, N controls -----------------------------------------------------------


class Machine:
    """Runs a plan as anything that keeps to it would, and counts what it does."""

    def __init__(self) -> None:
        self.built: Counter[str] = Counter()
        self.controls: Counter[Control] = Counter()
        self.candidates: Counter[str] = Counter()

    def run(self, plan: Plan) -> None:
        there = {build.id: build.key for build in plan.builds}
        for build in plan.builds:
            self.built[build.key] += 1
        shared = controls(plan, cells_of(plan), Settings())
        found = set()
        for cell in plan.cells:
            suite, candidate = there[cell.suite], there[cell.candidate]
            kept = shared[cell.id]
            if kept not in found:
                found.add(kept)
                self.controls[kept] += 1
            self.candidates[f"{suite} {candidate} {cell.pair.worker}"] += 1


def test_n_suites_and_m_frontends_cost_n_plus_m_builds_and_n_controls(planner: Planner) -> None:
    suites = ["v0.6.4", "v0.7.2", "v0.8.3", "v0.10.6"]
    frontends = ["master", "dockerfile/1.10.0", "dockerfile/1.4.3"]
    made = planner(
        f"pairs: [{{daemons: [{{refs: [{', '.join(suites)}]}}],"
        f" frontends: [{{refs: [{', '.join(frontends)}]}}]}}]"
    )
    machine = Machine()
    machine.run(made)
    assert len(made.cells) == len(machine.candidates) == 12
    sides = Counter(build.side for build in made.builds)
    assert sides == {Side.SUITE: 4, Side.FRONTEND: 4 + 3}
    assert len(machine.controls) == 4
    assert {*machine.built.values(), *machine.controls.values()} == {1}


NAMES = ("v0.6.4", "v0.7.2", "v0.8.3", "v0.12.5", "master", "dockerfile/1.4.3")
SAME = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES), max_size=2)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.sampled_from(["oci", "containerd"]),
        st.sampled_from([None, "mainline"]),
    ),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(ROWS, SAME, st.data())
@FILES
def test_whatever_is_asked_for_nothing_is_built_or_controlled_twice(
    tmp_path: Path,
    rows: list[tuple[str, str, str, str | None]],
    same: dict[str, str],
    data: st.DataObject,
) -> None:
    there = repository(same=same)
    planner = Planner(tmp_path, WrittenSite(there))
    # Names that share a commit would ask for a cell twice, which is an error of its own.
    shas = {name: resolve(there, name, Side.SUITE).sha for row in rows for name in row[:2]}
    once = {(shas[row[0]], shas[row[1]], *row[2:]): row for row in rows}
    text = "include:\n" + "".join(
        f"  - {{daemon: {suite}, frontend: {frontend}, worker: {worker}"
        + (f", channel: {channel}}}\n" if channel else "}\n")
        for suite, frontend, worker, channel in once.values()
    )
    made = planner(text)
    machine = Machine()
    machine.run(made)
    assert {*machine.built.values(), *machine.controls.values()} == {1}
    needed = {name for cell in made.cells for name in (cell.suite, cell.control, cell.candidate)}
    assert needed == {build.id for build in made.builds}, "what is built is needed"
    assert len(needed) == len(made.builds), "ids are unique"
    commits = {build.id: (build.side, build.commit.sha, build.channel) for build in made.builds}
    for cell in made.cells:
        pair = cell.pair
        assert commits[cell.suite] == (Side.SUITE, pair.suite.sha, pair.suite_channel)
        assert commits[cell.control] == (Side.FRONTEND, pair.suite.sha, pair.suite_channel)
        assert commits[cell.candidate] == (
            *(Side.FRONTEND, pair.frontend.sha),
            pair.frontend_channel,
        )
    suites = {(cell.pair.suite.sha, cell.pair.worker) for cell in made.cells}
    assert len(machine.controls) == len(suites)
    assert set(planner.site.asked.values()) == {1}, "a backend and a commit are asked once"
    kept = data.draw(st.sampled_from(made.cells))
    assert [cell.id for cell in planner(text, Selection(only=(kept.id,))).cells] == [kept.id]


def test_what_is_left_out_is_not_built(planner: Planner) -> None:
    made = planner(TEXT, Selection(only=("v0.6*",), exclude=("master", "*_containerd")))
    assert [build.id for build in made.builds] == [
        "suite v0.6.4",
        "frontend v0.6.4 experimental",
        "frontend v0.12.5 labs",
    ]
    assert planner.site.asked.keys() >= {("suite", "v0.6.4 experimental")}
    assert not any("v0.8.3" in what for side, what in planner.site.asked if side != "check")


def test_one_frontend_serves_as_control_and_as_candidate(planner: Planner) -> None:
    (cell,) = planner("include: [{daemon: v0.12.5, frontend: v0.12.5}]").cells
    assert cell.control == cell.candidate == "frontend v0.12.5 labs"
    (cell,) = planner("include: [{daemon: v0.12.5, frontend: v0.12.5, channel: mainline}]").cells
    assert (cell.control, cell.candidate) == (
        "frontend v0.12.5 labs",
        "frontend v0.12.5 mainline",
    )


# -- what a plan says ----------------------------------------------------------------------------


def test_a_plan_says_what_is_there_and_what_history_expects(planner: Planner) -> None:
    planner.site.cached = frozenset({(Side.SUITE, "v0.6.4"), (Side.FRONTEND, "master")})
    planner.expected = Written(
        {"v0.6.4 master": 90.0}, {"suite v0.6.4": 30.0, "frontend v0.6.4": 10.0}
    )
    made = planner("include: [{daemon: v0.6, frontend: master}, {daemon: v0.8, frontend: master}]")
    assert [(build.id, build.cached, build.expected) for build in made.builds] == [
        ("suite v0.6.4", True, 30.0),
        ("frontend v0.6.4 experimental", False, 10.0),
        ("frontend master labs", True, None),
        ("suite v0.8.3", False, None),
        ("frontend v0.8.3 labs", False, None),
    ]
    assert [cell.expected for cell in made.cells] == [90.0, None]
    assert (made.matrix, made.harness, made.reruns, made.offline) == ("m", "1.2.3", 2, False)
    assert made.cells[0].pair.suite_channel is Channel.EXPERIMENTAL


def test_a_plan_can_be_written_and_read(planner: Planner) -> None:
    made = planner(TEXT)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Plan) == made


def test_an_id_names_a_folder_whatever_the_refs_are(planner: Planner) -> None:
    odd = ["_private", "+plus", "a" * 180, "x/y", "x-y", "A.b+c"]
    planner.site.repository = repository(odd, ["master"])
    text = "include:\n" + "".join(f'  - {{daemon: v, frontend: "{name}"}}\n' for name in odd)
    planner.site.repository = repository([*odd, "v"], ["master"])
    ids = [cell.id for cell in planner(text).cells]
    assert msgspec.convert(ids, tuple[CellId, ...]) == tuple(ids)
    assert all(len(name) <= planning.MAX_ID for name in ids)
    assert len({name.casefold() for name in ids}) == len(odd)


def test_ids_stay_when_others_come(planner: Planner) -> None:
    few = planner.cells("include: [{daemon: v0.8, frontend: master}]")
    many = planner.cells(TEXT)
    assert set(few) <= set(many)


# -- the digest ----------------------------------------------------------------------------------


def test_the_digest_is_of_what_is_run_and_not_of_what_is_expected_or_there(
    tmp_path: Path,
) -> None:
    first = Planner(tmp_path)(TEXT)
    other = Planner(tmp_path)
    other.site.cached = frozenset({(Side.SUITE, "v0.6.4")})
    other.expected = Written({"v0.6.4 master": 90.0})
    second = other(TEXT.replace("workers", "memory: 6GiB\n    workers"))
    assert second != first
    assert second.digest == first.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p(TEXT, Selection(exclude=("v0.6*",))),
        lambda p: p(TEXT.replace("workers", "timeout: 31m\n    workers")),
        lambda p: p(TEXT.replace("workers", "test_timeout: 31s\n    workers")),
        lambda p: p(TEXT.replace("v0.8", "v0.10")),
        lambda p: replaced(p, offline=True)(TEXT),
        lambda p: replaced(p, backend="docker")(TEXT),
    ],
    ids=["cells", "timeout", "test_timeout", "commits", "offline", "backend"],
)
def test_the_digest_tells_other_runs_apart(
    tmp_path: Path, change: Callable[[Planner], Plan]
) -> None:
    assert change(Planner(tmp_path)).digest != Planner(tmp_path)(TEXT).digest


def test_the_time_limit_of_a_test_that_is_asked_for_counts_over_the_matrix(tmp_path: Path) -> None:
    planner = Planner(tmp_path)
    text = TEXT.replace("workers", "test_timeout: 31s\n    workers")
    assert {cell.test_timeout for cell in planner(text).cells} == {31.0}
    planner.frame = dataclasses.replace(FRAME, test_timeout=7.0)
    assert {cell.test_timeout for cell in planner(text).cells} == {7.0}


def replaced(planner: Planner, **changes: Any) -> Planner:  # noqa: ANN401 - fields of a site
    """Return a planner whose site is another."""
    return Planner(planner.folder, dataclasses.replace(planner.site, **changes))


# -- on another machine --------------------------------------------------------------------------


def _there(planner: Planner) -> WrittenSite:
    """Return the site of another machine, where nothing was asked yet and something is cached."""
    site = WrittenSite(cached=frozenset({(Side.SUITE, "v0.8.3")}))
    site.look_ahead({c.sha for x in planner(TEXT).cells for c in (x.pair.suite, x.pair.frontend)})
    return site


def _again(made: Plan, site: WrittenSite, **changes: str) -> Plan:
    given = {"harness": FRAME.harness, "data": FRAME.data, **changes}
    return planning.again(made, site, **given)


def test_a_plan_is_taken_over_with_what_is_there(planner: Planner) -> None:
    planner.expected = Written({"v0.6.4 master": 90.0}, {"suite v0.6.4": 30.0})
    made = planner(TEXT)
    taken = _again(made, _there(planner))
    cached = {build.id for build in taken.builds if build.cached}
    assert cached == {"suite v0.8.3"}
    builds = tuple(replace(build, cached=False) for build in taken.builds)
    assert replace(taken, builds=builds) == made


def test_a_part_of_a_matrix_is_taken_over_under_the_same_names(planner: Planner) -> None:
    made = planner(TEXT, Selection(exclude=("v0.6*",)))
    assert _again(made, _there(planner)).digest == made.digest


def _merged(made: Plan) -> Plan:
    """Give a plan an adopted cell, as a merge does."""
    first = made.cells[0]
    adopted = replace(first, id="theirs", pair=replace(first.pair, backend=ADOPTED))
    return replace(made, cells=(*made.cells, adopted), digest="merged")


def test_of_a_merged_plan_what_was_not_adopted_is_taken_over(planner: Planner) -> None:
    made = planner(TEXT)
    taken = _again(_merged(made), _there(planner))
    assert [cell.id for cell in taken.cells] == [cell.id for cell in made.cells]
    assert taken.digest == made.digest
    (first, *rest) = made.builds
    other = replace(_merged(made), builds=(replace(first, key="another"), *rest))
    with pytest.raises(UsageError, match=r"suite v0\.6\.4 would be built otherwise"):
        _again(other, _there(planner))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"harness": "1.2.4"}, "was made by version 1.2.3 of this program, this is 1.2.4"),
        ({"data": "e"}, "is of other data: it would be run or judged otherwise"),
    ],
)
def test_a_plan_of_another_harness_or_of_other_data_is_refused(
    planner: Planner, change: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        _again(planner(TEXT), _there(planner), **change)
    assert caught.value.hint == planning.OTHER


def test_what_would_be_built_otherwise_is_named(planner: Planner) -> None:
    made = planner(TEXT)
    (first, *rest) = made.builds
    other = replace(made, builds=(replace(first, key="another"), *rest), digest="another")
    with pytest.raises(UsageError, match=r"suite v0\.6\.4 would be built otherwise"):
        _again(other, _there(planner))


def test_a_plan_that_says_other_things_of_a_commit_is_refused(planner: Planner) -> None:
    made = planner(TEXT)

    def moved(cell: PlannedCell) -> PlannedCell:
        suite = replace(cell.pair.suite, line="v0.1")
        return replace(cell, pair=replace(cell.pair, suite=suite))

    other = replace(made, cells=tuple(map(moved, made.cells)))
    with pytest.raises(UsageError, match=r"says other things of v0\.6\.4 than this repository"):
        _again(other, _there(planner))
