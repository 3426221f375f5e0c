"""Whose tests, what varies, whose buildctl: what is built for it, and which controls are one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.model import Client, Side, Vary
from harness.plan.cell import Settings, controls
from harness.plan.planning import part
from harness.store import key_of
from tests.support.planning_sites import Planner, WrittenSite
from tests.support.played_matrices import cells_of

DAEMONS = "daemons: [{refs: [v0.6.4, v0.12.5]}]"


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return Planner(tmp_path)


def _row(daemons: str, more: str, frontends: str = "master") -> str:
    return f"pairs:\n  - {daemons}\n    frontends: [{{refs: [{frontends}]}}]\n    {more}\n"


def test_daemons_that_vary_have_one_control_and_cost_a_build_each(planner: Planner) -> None:
    made = planner(_row(DAEMONS, "tests: master\n    vary: daemon"))
    assert [build.id for build in made.builds] == [
        "suite v0.6.4",
        "suite master",
        "frontend master labs",
        "suite v0.12.5",
    ]
    for cell in made.cells:
        assert cell.pair.vary is Vary.DAEMON
        assert (cell.tested, cell.control, cell.candidate) == (
            *("suite master", "frontend master labs"),
            "frontend master labs",
        )
    found = controls(made, cells_of(made), Settings())
    assert len(found) == 2
    assert len(set(found.values())) == 1


def test_a_third_client_is_built_once_and_has_no_say_in_the_control(planner: Planner) -> None:
    own = planner(_row(DAEMONS, "tests: scenarios\n    vary: daemon"))
    made = planner(_row(DAEMONS, "tests: scenarios\n    vary: daemon\n    client: v0.10.6"))
    extra = [build.id for build in made.builds if build.id not in {it.id for it in own.builds}]
    assert extra == ["suite v0.10.6"]
    assert {cell.client for cell in made.cells} == {"suite v0.10.6"}
    assert [cell.pair.axes for cell in made.cells] == [
        ("tests scenarios", "vary daemon", "client v0.10.6")
    ] * 2
    before = controls(own, cells_of(own), Settings()).values()
    assert {*controls(made, cells_of(made), Settings()).values()} == {*before}
    frontend = planner(_row(DAEMONS, "tests: scenarios\n    client: v0.10.6"))
    called = {it.key for it in frontend.builds if it.id == "suite v0.10.6"}
    varied = controls(frontend, cells_of(frontend), Settings()).values()
    assert {it.client for it in varied} == called, "where the frontend varies both sides call it"


def test_the_daemons_own_client_is_as_usual(planner: Planner) -> None:
    made = planner(_row(DAEMONS, "tests: scenarios\n    vary: daemon\n    client: v0.12.5"))
    assert {cell.pair.suite.ref: cell.client for cell in made.cells} == {
        "v0.6.4": "suite v0.12.5",
        "v0.12.5": "",
    }
    tests = planner(_row(DAEMONS, "tests: scenarios\n    vary: daemon\n    client: tests"))
    assert {cell.client for cell in tests.cells} == {"suite master"}
    same = planner(
        _row(
            "daemons: [{refs: [master]}]", "tests: scenarios\n    vary: daemon\n    client: v0.6.4"
        )
    )
    assert [cell.pair.client_asked for cell in same.cells] == ["v0.6.4"]


def test_a_control_of_a_daemon_that_varies_is_that_of_the_plain_pair(planner: Planner) -> None:
    daemon = planner(_row(DAEMONS, "tests: master\n    vary: daemon"))
    plain = planner(_row("daemons: [{refs: [master]}]", "workers: [oci]"))
    (varied, *_) = controls(daemon, cells_of(daemon), Settings()).values()
    (own,) = controls(plain, cells_of(plain), Settings()).values()
    assert varied.suite == own.suite
    assert varied == own


def test_a_control_that_is_as_usual_has_the_key_of_before_there_were_axes(
    planner: Planner,
) -> None:
    made = planner(_row("daemons: [{refs: [master]}]", "workers: [oci]"))
    (own,) = controls(made, cells_of(made), Settings()).values()
    assert set(own.identity) == {
        *("suite", "frontend", "worker", "select", "skip", "parallel", "timeout", "offline"),
        *("mirror", "environment"),
    }


def test_each_axis_has_a_say_over_the_control(planner: Planner) -> None:
    found = {}
    for more in (
        "tests: daemon",
        "tests: master",
        "{tests: master, client: tests}",
        "{tests: master, baseline: dockerfile/1.4.3}",
        "baseline: dockerfile/1.4.3",
    ):
        words = more.strip("{}").replace(", ", "\n    ")
        made = planner(_row("daemons: [{refs: [v0.12.5]}]", words, "dockerfile/1.10.0"))
        (control,) = controls(made, cells_of(made), Settings()).values()
        found[more] = key_of(control.identity)
    assert len(set(found.values())) == len(found)


def test_what_is_as_usual_anyway_makes_the_same_cell(planner: Planner) -> None:
    usual = planner(_row("daemons: [{refs: [v0.12.5]}]", "tests: daemon"))
    told = planner(
        _row(
            "daemons: [{refs: [v0.12.5]}]",
            "tests: v0.12.5\n    client: tests\n    baseline: v0.12.5",
        )
    )
    assert told.cells[0].pair == usual.cells[0].pair
    assert told.digest == usual.digest


def test_cells_are_told_apart_by_their_axes(planner: Planner) -> None:
    cells = planner.cells(
        _row("daemons: [{refs: [v0.12.5]}]", "tests: [daemon, frontend, v0.6.4]\n    client: tests")
    )
    assert cells == [
        "v0.12.5_master_labs_oci",
        "v0.12.5_master_labs_oci_tests-master_client-tests",
        "v0.12.5_master_labs_oci_tests-v0.6.4_client-tests",
    ]


def test_a_pair_knows_what_its_control_has(planner: Planner) -> None:
    text = "include:\n  - {daemon: v0.6.4, frontend: dockerfile/1.10.0, tests: master, "
    daemon = planner(f"{text}vary: daemon, client: tests}}\n").cells[0].pair
    assert daemon.control_daemon.commit.ref == "master"
    assert daemon.control_frontend.commit.ref == "dockerfile/1.10.0"
    assert daemon.client is Client.TESTS
    frontend = planner(f"{text}baseline: v0.12.5}}\n").cells[0].pair
    assert frontend.control_daemon.commit.ref == "v0.6.4"
    assert frontend.control_frontend.commit.ref == "v0.12.5"
    assert frontend.tested.commit.ref == "master"
    assert frontend.axes == ("tests master", "baseline v0.12.5")


def test_a_daemon_of_a_row_that_is_its_tests_own_is_left_out_and_told(planner: Planner) -> None:
    text = _row("daemons: [{refs: [v0.6.4, master]}]", "tests: master\n    vary: daemon")
    assert planner.cells(text) == ["v0.6.4_master_labs_oci_tests-master_vary-daemon"]
    assert planner.said == ["master is the tests' own daemon: left out of pairs[0]"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (_row(DAEMONS, "tests: v9.9"), "m.yaml:3:5: pairs[0].tests: "),
        (_row(DAEMONS, "baseline: nowhere"), "m.yaml:3:5: pairs[0].baseline: "),
        (_row(DAEMONS, "vary: daemon"), "m.yaml:5:11: pairs[0].vary: nothing varies"),
        (_row(DAEMONS, "client: tests"), "m.yaml:5:13: pairs[0].client: has no say"),
        (
            _row(DAEMONS, "tests: master\n    vary: daemon\n    baseline: v0.6"),
            "pairs[0].baseline: has no say with `vary: daemon`",
        ),
        (
            "include: [{daemon: master, frontend: v0.6.4, tests: master, vary: daemon}]\n",
            "include[0]: nothing varies: master is the tests' own daemon",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(planner: Planner, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        planner(text)
    assert told in str(refused.value)


def test_tests_and_daemon_need_a_worker_in_common(tmp_path: Path) -> None:
    planner = Planner(tmp_path, WrittenSite(workers={"master": ("oci",)}))
    with pytest.raises(ConfigError, match=r"pairs\[0\].*have no worker containerd"):
        planner(_row("daemons: [{refs: [v0.12.5]}]", "workers: containerd\n    tests: master"))


def test_no_axis_costs_a_product(planner: Planner) -> None:
    daemons = "daemons: [{refs: [v0.6.4, v0.7.2, v0.12.5]}]"
    made = planner(
        _row(daemons, "tests: [v0.8.3, master]\n    baseline: dockerfile/1.4.3", "v0.10.6, master")
    )
    assert len(made.cells) == 12
    sides = [build.side for build in made.builds]
    assert sides.count(Side.SUITE) == 3 + 2
    assert sides.count(Side.FRONTEND) == 2 + 1


def test_a_part_of_a_plan_keeps_all_builds_of_its_cells(planner: Planner) -> None:
    made = planner(_row(DAEMONS, "tests: scenarios\n    vary: daemon\n    client: v0.10.6"))
    cell = made.cells[0]
    kept = part(made, {cell.id: ()}, data="d")
    assert {it.id for it in kept.builds} == {*cell.needs}
    assert {"suite master", "suite v0.10.6"} <= {it.id for it in kept.builds}
