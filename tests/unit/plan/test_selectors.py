"""Which commits the selectors of a matrix mean, and what they cannot mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.errors import UsageError
from harness.plan.planning import Selection
from tests.support.planning_sites import LINES, Planner, repository, sha


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return Planner(tmp_path)


def daemons(planner: Planner, selector: str) -> list[str]:
    """Return the refs of the daemons that a selector means."""
    made = planner(f"pairs: [{{daemons: [{selector}], frontends: [{{refs: master}}]}}]")
    return [cell.pair.suite.ref for cell in made.cells]


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
    told, what_to_do = planner.complaint(text, selection)
    place = "2:47: pairs[0].frontends[0].release_branch: "
    assert told.partition(": character")[0].startswith(place + words)
    assert hint in what_to_do
    text = "include: [{daemon: v0.6, frontend: master, tests: previous, vary: daemon}]"
    assert planner.complaint(text, selection)[0].startswith(f"2:11: include[0].tests: {words}")


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
    told, what_to_do = planner.complaint(text)
    assert told.partition(": character")[0] == words
    assert what_to_do == hint or selector.startswith("{refs: [v0.6")


def test_every_selector_that_leads_nowhere_is_told_at_once(planner: Planner) -> None:
    text = """pairs:
  - {daemons: [{lines: {since: v0.40}}, {refs: gone}], frontends: [{branches: none}]}
include:
  - {daemon: v0.6, frontend: lost}
  - {daemon: "-x", frontend: master}
"""
    told, _ = planner.complaint(text)
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
