"""Which cells a matrix asks for: products, exclusions, cells that stand twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.plan.planning import Selection
from tests.support.planning_sites import Planner, WrittenSite, repository, sha


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return Planner(tmp_path)


# -- products, exclusions, inclusions ------------------------------------------------------------


def test_a_row_is_the_product_of_its_lists_in_their_order(planner: Planner) -> None:
    text = """pairs:
  - daemons: [{refs: [v0.6, v0.8]}]
    frontends: [{refs: [master, v0.12.5]}]
    workers: [oci, containerd]
    channels: [labs, mainline]
    timeout: 40m
    memory: 6GiB
"""
    made = planner(text)
    assert [cell.id for cell in made.cells] == [
        f"{daemon}_{frontend}_{channel}_{worker}"
        for daemon in ("v0.6.4", "v0.8.3")
        for frontend in ("master", "v0.12.5")
        for channel in ("labs", "mainline")
        for worker in ("oci", "containerd")
    ]
    assert {(cell.timeout, cell.memory) for cell in made.cells} == {(2400.0, 6 << 30)}


def test_a_row_has_a_cell_for_each_platform(planner: Planner) -> None:
    text = """pairs:
  - daemons: [{refs: [v0.6]}]
    frontends: [{refs: [master]}]
    platforms: [linux/amd64, windows/amd64, linux/arm64]
exclude:
  - {when: {platform: linux/arm64}, reason: nobody has one}
include:
  - {daemon: v0.6.0, frontend: master, platform: linux/arm64}
"""
    assert planner.cells(text) == [
        "v0.6.4_master_labs_oci",
        "v0.6.4_master_labs_oci_platform-windows-amd64",
        "v0.6.0_master_labs_oci_platform-linux-arm64",
    ]


def test_what_is_excluded_is_not_run_unless_it_is_included(planner: Planner) -> None:
    text = """pairs:
  - daemons: [{lines: {since: v0.6}}]
    frontends: [{refs: [master, dockerfile/1.4]}]
    workers: [oci, containerd]
exclude:
  - {when: {daemon: "<0.12"}, reason: old}
  - {when: {worker: containerd, dockerfile: "<1.5"}, reason: old}
include:
  - {daemon: v0.6.0, frontend: master, worker: containerd, timeout: 5m, test_timeout: 20s}
"""
    made = planner(text)
    assert [cell.id for cell in made.cells] == [
        "v0.12.5_master_labs_oci",
        "v0.12.5_master_labs_containerd",
        "v0.12.5_dockerfile-1.4.3_labs_oci",
        "v0.6.0_master_labs_containerd",
    ]
    assert (made.cells[-1].timeout, made.cells[-1].test_timeout) == (300.0, 20.0)
    assert made.cells[0].test_timeout is None
    assert planner.said == []


def test_an_exclusion_may_ask_for_history_backend_and_network(planner: Planner) -> None:
    planner.site.history = {sha("v0.8.3"): ("a" * 40,)}
    planner.site.offline = True
    text = """pairs: [{daemons: [{refs: [v0.6, v0.8, v0.12.5]}], frontends: [{refs: master}]}]
exclude:
  - when:
      contains: {daemon: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
      backend: native
      offline: true
    reason: r
  - {when: {backend: docker}, reason: r}
"""
    assert planner.cells(text) == ["v0.6.4_master_labs_oci", "v0.12.5_master_labs_oci"]
    assert planner.said == [f"{planner.folder}/m.yaml:9:5: excludes nothing"]


def test_workers_and_channels_that_a_commit_lacks_are_told_once_unless_excluded(
    planner: Planner,
) -> None:
    planner.site.workers = {"v0.6": ("oci",)}
    row = """pairs:
  - daemons: [{refs: [v0.6, v0.8]}]
    frontends: [{refs: [master, v0.7.2, v0.6.4]}]
    workers: [oci, containerd]
    channels: [labs]
"""
    told, _ = planner.complaint(row)
    assert told.splitlines() == [
        "3:5: pairs[0]: the tests of v0.6 have no worker containerd [oci]",
        "3:5: pairs[0]: v0.6.4 has no frontend channel labs [take experimental]",
        "3:5: pairs[0]: v0.7.2 has no frontend channel labs [take experimental]",
    ]
    more = """exclude:
  - {when: {daemon: "<0.7", worker: containerd}, reason: r}
  - {when: {frontend: "<0.8", channel: labs}, reason: r}
"""
    assert len(planner.cells(row + more)) == 3


# -- cells that stand twice ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        "{daemons: [{refs: [v0.6, v0.6.4]}], frontends: [{refs: master}]}",
        "{daemons: [{lines: {since: v0.10}}, {lines: {last: 1}}], frontends: [{refs: master}]}",
        "{daemons: [{lines: {since: v0.10}}, {refs: v0.12.5}], frontends: [{branches: master}]}",
        "{daemons: [{refs: v0.6}], frontends: [{refs: master}], workers: [oci, oci]}",
        "{daemons: [{refs: v0.6}], frontends: [{refs: master}], channels: [labs, labs]}",
    ],
)
def test_a_cell_that_stands_twice_is_an_error(planner: Planner, rows: str) -> None:
    told, hint = planner.complaint(f"pairs: [{rows}]")
    assert f"of pairs[0] ({planner.folder}" not in told
    assert "again" in told
    assert told.startswith("2:9: pairs[0]: ")
    assert hint.startswith("the commits, channels and workers are the same")


def test_two_rows_with_one_cell_are_both_named(planner: Planner) -> None:
    text = """pairs:
  - {daemons: [{lines: {since: v0.10}}], frontends: [{branches: master}]}
  - {daemons: [{branches: master}], frontends: [{branches: master}]}
include:
  - {daemon: v0.12.5, frontend: master}
"""
    told, _ = planner.complaint(text)
    assert told == (
        "6:5: include[0]: v0.12.5 x master (labs, oci) is v0.12.5 x master (labs, oci) "
        "of pairs[0] (3:5) again"
    )


def test_two_selectors_that_meet_today_give_one_cell_and_it_is_told(tmp_path: Path) -> None:
    there = repository(same={"v0.12.5": "master", "dockerfile/1.10.0": "master"})
    planner = Planner(tmp_path, WrittenSite(there))
    text = """pairs:
  - daemons: [{lines: {last: 1}}, {branches: master}]
    frontends: [{branches: master}, {dockerfile: {last: 1}}]
"""
    assert planner.cells(text) == ["v0.12.5_master_labs_oci"]
    assert planner.said == [
        "v0.12.5 x dockerfile/1.10.0 (labs, oci) is v0.12.5 x master (labs, oci) today: taken once",
        "master x master (labs, oci) is v0.12.5 x master (labs, oci) today: taken once",
        "master x dockerfile/1.10.0 (labs, oci) is v0.12.5 x master (labs, oci) today: taken once",
    ]


def test_an_explicit_name_of_what_a_selector_means_is_a_mistake_even_if_it_meets_by_chance(
    tmp_path: Path,
) -> None:
    planner = Planner(tmp_path, WrittenSite(repository(same={"v0.12.5": "master"})))
    text = "pairs: [{daemons: [{lines: {last: 1}}, {refs: master}], frontends: [{refs: v0.6}]}]"
    told, _ = planner.complaint(text)
    assert "master x v0.6.4 (experimental, oci) is v0.12.5 x v0.6.4" in told


# -- what the command line leaves ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("only", "exclude", "left"),
    [
        (("v0.6*",), (), ["v0.6.4_master", "v0.6.4_v0.12.5"]),
        (("master",), (), ["v0.6.4_master", "v0.8.3_master"]),
        (("v0.6.4_master_labs_oci",), (), ["v0.6.4_master"]),
        (("v0.6.4", "v0.12.5"), (), ["v0.6.4_master", "v0.6.4_v0.12.5", "v0.8.3_v0.12.5"]),
        ((), ("*_master_*",), ["v0.6.4_v0.12.5", "v0.8.3_v0.12.5"]),
        (("v0.8*",), ("master",), ["v0.8.3_v0.12.5"]),
    ],
)
def test_globs_over_ids_and_refs_choose_cells(
    planner: Planner, only: tuple[str, ...], exclude: tuple[str, ...], left: list[str]
) -> None:
    text = "pairs: [{daemons: [{refs: [v0.6, v0.8]}], frontends: [{refs: [master, v0.12.5]}]}]"
    cells = planner.cells(text, Selection(only, exclude))
    assert cells == [f"{name}_labs_oci" for name in left]


def test_globs_that_leave_nothing_are_a_usage_error(planner: Planner) -> None:
    text = "include: [{daemon: v0.6, frontend: master}]"
    with pytest.raises(UsageError, match=r"^m: --only and --exclude leave no cell"):
        planner(text, Selection(only=("v0.6*",), exclude=("master",)))


def test_a_glob_that_is_like_no_cell_is_refused_and_told_where_it_would_exclude(
    planner: Planner,
) -> None:
    text = "include: [{daemon: v0.6, frontend: master}, {daemon: v0.8, frontend: master}]"
    with pytest.raises(UsageError, match=r"^m: --only 'v0.6.5' is like no cell$") as caught:
        planner(text, Selection(only=("v0.8*", "v0.6.5")))
    assert caught.value.hint.startswith("did you mean v0.6.4? ")
    assert planner.said == []
    left = planner.cells(text, Selection(exclude=("v0.9*", "v0.8*")))
    assert left == ["v0.6.4_master_labs_oci"]
    assert planner.said == ["--exclude v0.9*: excludes nothing"]
