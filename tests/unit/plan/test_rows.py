"""Which cells a matrix asks for: selectors, exclusions, cells that stand twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.errors import ConfigError, UsageError
from harness.plan.planning import Selection
from tests.support.planning_sites import LINES, Planner, WrittenSite, repository, sha


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return Planner(tmp_path)


def daemons(planner: Planner, selector: str) -> list[str]:
    """Return the refs of the daemons that a selector means."""
    made = planner(f"pairs: [{{daemons: [{selector}], frontends: [{{refs: master}}]}}]")
    return [cell.pair.suite.ref for cell in made.cells]


def complaint(planner: Planner, text: str, selection: Selection | None = None) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        planner(text, selection)
    return str(caught.value).replace(f"{planner.folder}/m.yaml:", ""), caught.value.hint


# -- selectors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "refs"),
    [
        ("{lines: {since: v0.7}}", ["v0.7.2", "v0.8.3", "v0.10.6", "v0.12.5"]),
        ("{lines: {since: v0.9}}", ["v0.10.6", "v0.12.5"]),
        ("{lines: {since: v0.1}}", ["v0.6.4", "v0.7.2", "v0.8.3", "v0.10.6", "v0.12.5"]),
        ("{lines: {last: 2}}", ["v0.10.6", "v0.12.5"]),
        ("{lines: {last: 99}}", ["v0.6.4", "v0.7.2", "v0.8.3", "v0.10.6", "v0.12.5"]),
        ('{lines: {within: ">=0.6,<0.9,!=0.7"}}', ["v0.6.4", "v0.8.3"]),
        ("{dockerfile: {last: 2}}", ["dockerfile/1.4.3", "dockerfile/1.10.0"]),
        ('{dockerfile: {since: "1.4"}}', ["dockerfile/1.4.3", "dockerfile/1.10.0"]),
        ('{dockerfile: {within: "<1.3"}}', ["dockerfile/1.2.1"]),
        ("{branches: [v0.12, master]}", ["v0.12", "master"]),
        ("{refs: [v0.6, v0.8.3, latest]}", ["v0.6.4", "v0.8.3", "v0.12.5"]),
    ],
)
def test_a_selector_means_what_the_repository_has(
    planner: Planner, selector: str, refs: list[str]
) -> None:
    assert daemons(planner, selector) == refs


def test_a_line_that_the_data_do_not_know_yet_counts_and_one_too_old_does_not(
    planner: Planner,
) -> None:
    there = ["v0.3.3", "v0.32.0", "v0.33.0", "v1.0.0"]
    planner.site.repository = repository(["v0.1.0", "v0.2.0", *there])
    assert daemons(planner, "{lines: {since: v0.1}}") == there


def test_a_frontend_from_before_the_oldest_line_does_not_count(planner: Planner) -> None:
    oldest, *newer = LINES.lines
    lines = (replace(oldest, dockerfile="1.4"), *newer)
    planner.site.lines = replace(LINES, lines=lines)
    text = "pairs: [{daemons: [{refs: v0.12}], frontends: [{dockerfile: {last: 9}}]}]"
    frontends = [cell.pair.frontend.ref for cell in planner(text).cells]
    assert frontends == ["dockerfile/1.4.3", "dockerfile/1.10.0"]


def test_a_branch_is_never_a_tag_of_its_name(planner: Planner) -> None:
    planner.site.repository = repository(["v0.12"], ["v0.12", "master"], {"v0.12": "the tag"})
    planner.site.repository = type(planner.site.repository)(
        planner.site.repository.git,
        {**planner.site.repository.refs, "refs/heads/v0.12": sha("the branch")},
    )
    (cell,) = planner("pairs: [{daemons: [{branches: v0.12}], frontends: [{refs: master}]}]").cells
    assert cell.pair.suite.sha == sha("the branch")


def test_a_branch_of_the_remote_will_do(planner: Planner) -> None:
    there = repository([], ["master"])
    planner.site.repository = type(there)(
        there.git, {**there.refs, "refs/remotes/origin/next": sha("next")}
    )
    assert daemons(planner, "{branches: next}") == ["next"]


def test_the_candidate_is_what_is_named_on_either_side(planner: Planner) -> None:
    text = """pairs:
  - {daemons: [{refs: v0.6}], frontends: [{candidate: true}]}
  - {daemons: [{candidate: true}], frontends: [{refs: dockerfile/1.4}]}
"""
    assert planner.cells(text, Selection(candidate="v0.10.0-rc1")) == [
        "v0.6.4_v0.10.0-rc1_labs_oci",
        "v0.10.0-rc1_dockerfile-1.4.3_labs_oci",
    ]


BACKPORT = """pairs:
  - {daemons: [{release_branch: head}], frontends: [{release_branch: previous}],
     tests: previous, vary: daemon}
  - {daemons: [{release_branch: previous}, {release_branch: older}],
     frontends: [{release_branch: head}], baseline: previous}
"""
BRANCH = Selection(branch="v0.12")


def test_a_release_branch_is_held_against_the_newest_release_in_its_history(
    planner: Planner,
) -> None:
    # v0.12.5 is of a branch that went another way; v0.10.0-rc1 is no release.
    past = ("v0.6.0", "v0.8.3", "v0.10.0-rc1", "dockerfile/1.10.0")
    planner.site.history = {sha("v0.12"): tuple(map(sha, past))}
    assert planner.cells(BACKPORT, BRANCH) == [
        "v0.12_v0.8.3_labs_oci_tests-v0.8.3_vary-daemon",
        "v0.8.3_v0.12_labs_oci",
        "v0.6.4_v0.12_labs_oci_baseline-v0.8.3",
        "v0.7.2_v0.12_labs_oci_baseline-v0.8.3",
    ]


def test_a_head_that_was_released_is_held_against_the_release_before(planner: Planner) -> None:
    tip, before = sha("v0.10.6"), sha("v0.8.3")
    planner.site.history = {tip: (tip, before)}
    cells = planner.cells(BACKPORT, Selection(branch="v0.10.6"))
    assert cells[0] == "v0.10.6_v0.8.3_labs_oci_tests-v0.8.3_vary-daemon"


@pytest.mark.parametrize(
    ("selection", "words", "hint"),
    [
        (Selection(), "no release branch is named", "name it with --branch v0.N"),
        (Selection(branch="v0.99"), "'v0.99' has no release in /the/repository", "near: "),
        (BRANCH, "no release comes before v0.12", "newest releases in /the/repository: v0.12.5"),
        (Selection(branch="oci:x.tar"), "oci:x.tar is an image, and no branch", "name the commit"),
    ],
)
def test_a_release_branch_that_cannot_be_held_against_anything_is_told(
    planner: Planner, selection: Selection, words: str, hint: str
) -> None:
    text = "pairs: [{daemons: [{refs: v0.6}], frontends: [{release_branch: previous}]}]"
    told, what_to_do = complaint(planner, text, selection)
    place = "2:47: pairs[0].frontends[0].release_branch: "
    assert told.partition(": character")[0].startswith(place + words)
    assert hint in what_to_do
    text = "include: [{daemon: v0.6, frontend: master, tests: previous, vary: daemon}]"
    assert complaint(planner, text, selection)[0].startswith(f"2:11: include[0].tests: {words}")


def test_a_matrix_without_a_place_for_a_release_branch_refuses_one(planner: Planner) -> None:
    with pytest.raises(UsageError, match=r"^m has no place for the release branch v0\.12$"):
        planner("include: [{daemon: v0.6, frontend: master}]", BRANCH)


def test_latest_is_each_sides_own(planner: Planner) -> None:
    text = "pairs: [{daemons: [{refs: latest}], frontends: [{refs: latest}]}]"
    assert planner.cells(text) == ["v0.12.5_dockerfile-1.10.0_labs_oci"]


@pytest.mark.parametrize(
    ("selector", "words", "hint"),
    [
        (
            "{lines: {since: v0.40}}",
            "2:20: pairs[0].daemons[0].lines: matches nothing",
            "newest releases in /the/repository: v0.12.5, dockerfile/1.10.0",
        ),
        (
            "{branches: mater}",
            "2:20: pairs[0].daemons[0].branches: there is no branch 'mater'",
            "near: master",
        ),
        (
            "{refs: [v0.6, v0.8.9]}",
            "2:20: pairs[0].daemons[0].refs: no ref 'v0.8.9' in /the/repository",
            "near: v0.8.3, v0.6.0, v0.12.5, v0.12, v0.7.2",
        ),
        (
            "{refs: --upload-pack=x}",
            "2:20: pairs[0].daemons[0].refs: '--upload-pack=x' is not a ref",
            "give a tag, a branch, a commit, or a release line such as v0.6",
        ),
        (
            "{branches: 'a..b'}",
            "2:20: pairs[0].daemons[0].branches: 'a..b' is not a ref",
            "give a tag, a branch, a commit, or a release line such as v0.6",
        ),
        (
            "{candidate: true}",
            "2:20: pairs[0].daemons[0].candidate: no candidate is named",
            "name it with --candidate REF",
        ),
        (
            "{refs: nightly}",
            "2:20: pairs[0]: nightly is not a commit of BuildKit",
            "name another",
        ),
    ],
)
def test_a_selector_that_leads_nowhere_is_told_with_its_place(
    planner: Planner, selector: str, words: str, hint: str
) -> None:
    text = f"pairs: [{{daemons: [{selector}], frontends: [{{refs: master}}]}}]"
    told, what_to_do = complaint(planner, text)
    assert told.partition(": character")[0] == words
    assert what_to_do == hint or selector.startswith("{refs: [v0.6")


def test_every_selector_that_leads_nowhere_is_told_at_once(planner: Planner) -> None:
    text = """pairs:
  - {daemons: [{lines: {since: v0.40}}, {refs: gone}], frontends: [{branches: none}]}
include:
  - {daemon: v0.6, frontend: lost}
  - {daemon: "-x", frontend: master}
"""
    told, _ = complaint(planner, text)
    assert [line.split(" ")[0] for line in told.splitlines()] == [
        "3:16:",
        "3:41:",
        "3:68:",
        "5:5:",
        "6:5:",
    ]


def test_a_candidate_that_nothing_waits_for_is_refused(planner: Planner) -> None:
    with pytest.raises(UsageError, match=r"^m has no place for the candidate v0\.6$"):
        planner("include: [{daemon: v0.6, frontend: master}]", Selection(candidate="v0.6"))


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
    told, _ = complaint(planner, row)
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
    told, hint = complaint(planner, f"pairs: [{rows}]")
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
    told, _ = complaint(planner, text)
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
    told, _ = complaint(planner, text)
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
