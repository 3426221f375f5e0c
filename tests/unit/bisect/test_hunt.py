"""From two ends to the commit, in histories that are made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.bisect.answers import Answer, Kind
from harness.bisect.found import CannotTellError, Turned
from harness.errors import UsageError
from tests.support.hunts import Bench, Benches, fails, has, row, silent, works
from tests.support.simulated_history import Simulated


def test_one_commit_broke_it(history: Simulated, bench: Benches) -> None:
    commits = row(history, 20)
    tried = bench(has(history, commits[13]))
    found = tried.hunt(commits[0], commits[-1])
    assert (found.turned, found.suspects, found.merge) == (Turned.BROKE, (commits[13],), "")
    assert (found.old.commit, found.new.commit) == (commits[12], commits[13])
    assert (found.commits, found.line, found.candidates) == (20, 20, 20)
    assert (found.runs, found.known, int(found.exit_code)) == (len(tried.ran), 0, 0)
    assert tried.ends == [commits[-1], commits[0]]


def test_what_a_search_with_other_ends_was_told_counts_wherever_it_lies(
    history: Simulated, bench: Benches
) -> None:
    commits = row(history, 40)
    tried = bench(has(history, commits[21]))
    tried.hunt(commits[0], commits[-1])
    before = len(tried.ran)
    found = tried.hunt(commits[5], commits[-1])
    assert found.suspects == (commits[21],)
    assert tried.ran[before:] == [commits[5]]


def test_of_those_near_the_middle_one_that_is_built_is_run(
    history: Simulated, bench: Benches
) -> None:
    commits = row(history, 40)
    tried = bench(has(history, commits[30]))
    tried.built = {commits[17], commits[35]}
    assert tried.hunt(commits[0], commits[-1]).suspects == (commits[30],)
    assert commits[17] in tried.ran
    assert commits[35] not in tried.ran[:4]


def test_one_commit_mended_it(history: Simulated, bench: Benches) -> None:
    commits = row(history, 9)
    broken = has(history, commits[4])
    found = bench(lambda s: works(s) if broken(s).kind is Kind.FAILS else fails(s)).hunt(
        commits[0], commits[-1]
    )
    assert (found.turned, found.suspects) == (Turned.MENDED, (commits[4],))


def test_one_failure_became_another(history: Simulated, bench: Benches) -> None:
    commits = row(history, 9)
    broken = has(history, commits[4])
    found = bench(lambda s: fails(s, "f2") if broken(s).kind is Kind.FAILS else fails(s)).hunt(
        commits[0], commits[-1]
    )
    assert (found.turned, found.suspects) == (Turned.CHANGED, (commits[4],))


def test_what_changes_nothing_is_never_run(history: Simulated, bench: Benches) -> None:
    commits = row(history, 3)
    for number in range(40):
        commits.append(history.put((commits[-1],), {"a/a.go": "x", "README.md": str(number)}))
    commits += row(history, 3, commits[-1])[1:]
    tried = bench(has(history, commits[4]))
    found = tried.hunt(commits[0], commits[-1])
    assert (found.suspects, found.candidates, found.line) == ((commits[4],), 7, 46)
    assert not set(tried.ran) & set(commits[5:44])


def test_another_failure_is_not_bad(history: Simulated, bench: Benches) -> None:
    commits = row(history, 12)

    def does(sha: str) -> Answer:
        at = commits.index(sha)
        return works(sha) if at < 5 else fails(sha, "other" if at < 8 else "f1")

    found = bench(does).hunt(commits[0], commits[-1])
    assert found.suspects == tuple(commits[5:9])
    assert {one.commit for one in found.unclear} == set(commits[5:8])
    assert int(found.exit_code) == 3


@pytest.fixture
def merged(history: Simulated) -> list[str]:
    """Return a range whose middle is the merge of a branch of four commits."""
    trunk = row(history, 4)
    branch = [history.add(trunk[2], b_b="0")]
    for number in range(3):
        branch.append(history.add(branch[-1], b_b=str(number + 1)))
    merge = history.add(trunk[-1], branch[-1])
    after = row(history, 3, merge)[1:]
    return [*trunk, *branch, merge, *after]


def test_inside_a_merge_the_commit_is_found(
    history: Simulated, bench: Benches, merged: list[str]
) -> None:
    trunk, branch, merge = merged[:5], merged[5:9], merged[9]
    tried = bench(has(history, branch[1]))
    found = tried.hunt(trunk[0], merged[-1])
    assert (found.suspects, found.merge) == ((branch[1],), merge)
    assert (found.old.commit, found.new.commit) == (branch[0], branch[1])
    # Where the branch left, the trunk is behind a commit that works.
    assert trunk[2] not in tried.ran[2:] or trunk[2] in tried.ran[:5]


def test_a_merge_that_breaks_what_both_sides_do_is_named_itself(
    history: Simulated, bench: Benches, merged: list[str]
) -> None:
    found = bench(has(history, merged[9])).hunt(merged[0], merged[-1])
    assert (found.suspects, found.merge) == ((merged[9],), merged[9])
    assert found.notes == (
        f"{merged[9][:12]} is a merge, and no side of it does alone as the newer end",
    )


def test_a_merge_of_several_that_fail_is_named_itself(history: Simulated, bench: Benches) -> None:
    trunk = row(history, 2)
    one, other = history.add(trunk[0], b_b="1"), history.add(trunk[0], c_c="1")
    merge = history.add(trunk[-1], one, other)
    both = {one, other, merge}
    found = bench(lambda s: fails(s) if s in both else works(s)).hunt(trunk[0], merge)
    assert (found.suspects, found.merge) == ((merge,), merge)
    assert "more than one side does" in found.notes[0]


def test_a_branch_that_left_where_it_failed_already_names_the_merge(
    history: Simulated, bench: Benches
) -> None:
    start = row(history, 4)
    branch = history.add(start[1], b_b="1")
    merge = history.add(start[-1], branch)
    failing = {start[1], branch, merge}
    found = bench(lambda s: fails(s) if s in failing else works(s)).hunt(start[2], merge)
    assert found.suspects == (merge,)
    assert "left where it was as with the newer end" in found.notes[0]


def test_a_killed_search_goes_on_with_what_it_learnt(history: Simulated, bench: Benches) -> None:
    commits = row(history, 40)
    does = has(history, commits[33])
    first = bench(does)

    def killed(sha: str) -> Answer:
        if len(first.ran) == 4:
            raise KeyboardInterrupt
        return does(sha)

    first.does = killed
    with pytest.raises(KeyboardInterrupt):
        first.hunt(commits[0], commits[-1])
    second = bench(does)
    found = second.hunt(commits[0], commits[-1])
    assert (found.suspects, found.known) == ((commits[33],), 3)
    assert not set(first.ran[:3]) & set(second.ran)
    third = bench(does)
    assert third.hunt(commits[0], commits[-1]).suspects == (commits[33],)
    assert third.ran == []


def test_an_end_that_is_said_to_work_is_run_only_if_all_others_fail(
    history: Simulated, bench: Benches, tmp_path: Path
) -> None:
    commits = row(history, 12)
    tried = bench(has(history, commits[5]))
    assert tried.hunt(commits[0], commits[-1], trusted=True).suspects == (commits[5],)
    assert tried.ends == [commits[-1]]
    tried = Bench(history, tmp_path / "first", has(history, commits[1]))
    found = tried.hunt(commits[0], commits[-1], trusted=True)
    assert (found.suspects, found.old.words) == ((commits[1],), "compatible")
    assert tried.ends == [commits[-1], commits[0]]
    with pytest.raises(CannotTellError, match="the ends do not differ"):
        Bench(history, tmp_path / "all", fails).hunt(commits[0], commits[-1], trusted=True)
    # What mends a test must be known by the failure that it mends.
    tried = Bench(history, tmp_path / "mended", lambda s: fails(s) if s == commits[0] else works(s))
    assert tried.hunt(commits[0], commits[-1], trusted=True).turned is Turned.MENDED


def test_ends_that_do_alike_are_told(history: Simulated, bench: Benches) -> None:
    commits = row(history, 3)
    with pytest.raises(CannotTellError, match="the ends do not differ: the test works") as told:
        bench(works).hunt(commits[0], commits[-1])
    assert "--good or --bad" in told.value.hint


def test_an_end_that_does_not_build_is_told(history: Simulated, bench: Benches) -> None:
    commits = row(history, 3)
    tried = bench(lambda s: silent(s) if s == commits[-1] else works(s))
    with pytest.raises(CannotTellError, match=r"the newer end, .* cannot tell: does not build"):
        tried.hunt(commits[0], commits[-1])


def test_ends_between_which_nothing_matters_are_told(history: Simulated, bench: Benches) -> None:
    old = history.put((), {"a/a.go": "1"})
    new = history.put((old,), {"a/a.go": "1", "README.md": "2"})
    tried = bench(works)
    with pytest.raises(UsageError, match="nothing that the frontend is built from differs"):
        tried.hunt(old, new)
    assert tried.ran == []


@pytest.mark.parametrize(
    ("ends", "words", "hint"),
    [
        ((3, 1), "is newer than", "--good takes the older end"),
        ((1, 1), "nothing lies between", "--good names the older end"),
    ],
)
def test_ends_the_wrong_way_round_are_told(
    history: Simulated, bench: Benches, ends: tuple[int, int], words: str, hint: str
) -> None:
    commits = row(history, 3)
    with pytest.raises(UsageError, match=words) as told:
        bench(works).hunt(commits[ends[0]], commits[ends[1]])
    assert hint in told.value.hint


def test_a_range_without_a_path_names_where_histories_part(
    history: Simulated, bench: Benches
) -> None:
    commits = row(history, 3)
    branch = history.add(commits[1], b_b="1")
    with pytest.raises(UsageError, match="no path leads") as told:
        bench(works).hunt(branch, commits[-1])
    assert f"--good {commits[1][:12]}" in told.value.hint
    with pytest.raises(UsageError, match="no path leads") as told:
        bench(works).hunt(history.add(x_x="1"), commits[-1])
    assert "share no history" in told.value.hint


@st.composite
def histories(draw: st.DrawFn) -> tuple[Simulated, list[str]]:
    """Draw a trunk with branches that are merged into it; every commit changes a file."""
    made = Simulated()
    trunk = [made.add(a_a="0")]
    for number in range(draw(st.integers(1, 12))):
        length = draw(st.integers(0, 3))
        if not length:
            trunk.append(made.add(trunk[-1], a_a=f"t{number}"))
            continue
        side = draw(st.sampled_from(trunk[-3:]))
        for step in range(length):
            side = made.add(side, **{f"b_{number}": f"s{step}"})
        trunk.append(
            made.add(trunk[-1], side, **({"m_m": str(number)} if draw(st.booleans()) else {}))
        )
    return made, trunk


@given(histories(), st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_the_history_the_commit_is_found_or_is_among_the_suspects(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: tuple[Simulated, list[str]],
    data: st.DataObject,
) -> None:
    history, trunk = drawn
    inside = sorted(history._reached(trunk[-1]) - history._reached(trunk[0]))
    # A merge that is built from the same as its side does as its side does.
    likely = [
        it
        for it in inside
        if all(history.files(it) != history.files(p) for p in history.parents(it))
    ]
    culprit = data.draw(st.sampled_from(likely))
    mute = data.draw(st.frozensets(st.sampled_from(inside), max_size=4)) - {trunk[-1], culprit}
    does = has(history, culprit)
    folder = tmp_path_factory.mktemp("hunt")
    tried = Bench(history, folder, lambda sha: silent(sha) if sha in mute else does(sha))
    found = tried.hunt(trunk[0], trunk[-1])
    assert any(history.is_ancestor(culprit, it) for it in found.suspects)
    assert not history.is_ancestor(culprit, found.old.commit)
    if not mute:
        assert found.suspects == (culprit,)
    assert len(tried.ran) == len(set(tried.ran))
