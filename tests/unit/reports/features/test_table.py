"""Marks, floors and doubts of the table of features."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.model import Channel
from harness.reports.features.document import Feature
from harness.reports.features.gather import Gathered
from harness.reports.features.words import chosen, counts, letter, since
from tests.support import feature_runs
from tests.support.feature_runs import DAEMONS, scenario
from tests.support.matrix_factories import FRONTENDS, MASTER, commit


def feature(did: str, *, since: str = "1.4", frontend: int = 0, mainline: bool = False) -> Feature:
    """Return the row of one scenario that did this on each daemon, and last on its own."""
    gathered = Gathered()
    runs = feature_runs.runs(
        {"CopyX": did},
        frontend=FRONTENDS[frontend],
        channel=Channel.MAINLINE if mainline else Channel.LABS,
    )
    for run in runs:
        rows = (scenario("CopyX", "COPY --x", since=since),)
        assert run.scenarios is not None
        gathered.add(feature_runs.run_on(run.pair, run.judgements, rows))
    return gathered.document().boards[0].features[0]


@pytest.mark.parametrize(
    ("did", "expected"),
    [
        ("yyyy", "all"),
        ("wyyy", "v0.12.5 (not v0.6.4)"),
        ("rwyy", "v0.17.3 (not v0.12.5)"),
        ("rrry", "master (not v0.17.3)"),
        ("yyyw", "–"),  # noqa: RUF001 - a dash
        ("ywyy", "v0.17.3 (not v0.12.5)"),
        ("w-yy", "v0.17.3 (not v0.6.4)"),
        ("wfyy", "v0.17.3 (not v0.6.4)"),
        ("-yyy", "all"),
        ("----", "–"),  # noqa: RUF001 - a dash
    ],
)
def test_a_feature_works_since_the_oldest_daemon_from_which_on_it_always_does(
    did: str, expected: str
) -> None:
    assert since(feature(did)) == expected


@pytest.mark.parametrize("did", ["wwyy", "ryfy", "-wwy"])
def test_what_works_on_the_own_daemon_is_beyond_doubt(did: str) -> None:
    assert feature(did).doubt == ""


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("w", "wrong on the frontend's own daemon too: the scenario is at fault, or found a bug"),
        ("f", "the scenario itself fails on the frontend's own daemon: it is at fault"),
        ("-", "not run on the frontend's own daemon, so nothing vouches for the scenario"),
    ],
)
def test_a_row_says_what_came_out_on_the_own_daemon(own: str, expected: str) -> None:
    assert feature(f"yyy{own}").doubt == expected


def test_a_frontend_older_than_the_feature_is_not_to_blame_on_anybody() -> None:
    told = "came with Dockerfile 1.14, and this is 1.10.0 labs"
    assert feature("rrrr", since="1.14", frontend=1).doubt == told
    assert "came with" not in feature("rrrr", since="1.10", frontend=1).doubt


def test_a_feature_of_labs_is_not_in_mainline() -> None:
    told = "came with Dockerfile 1.14-labs, and this is 1.26.0 mainline"
    assert feature("rrrr", since="1.14-labs", mainline=True).doubt == told
    assert "came with" not in feature("rrrr", since="1.14-labs").doubt


def test_some_scenarios_that_work_are_partial_support() -> None:
    gathered = Gathered()
    for run in feature_runs.runs():
        gathered.add(run)
    (board,) = gathered.document().boards
    row = next(it for it in board.features if it.feature == "COPY --exclude")
    assert [letter(it) for it in row.marks] == ["W½", "Y", "Y", "Y"]
    assert (row.marks[0].works, row.marks[0].told) == (1, 2)
    assert counts(board, 0) == "1 works, 1 refused, 4 wrong"


@pytest.mark.parametrize("name", ["v0.12.5", "v0.12", DAEMONS[1].sha])
def test_a_daemon_is_chosen_by_release_line_or_commit(name: str) -> None:
    gathered = Gathered()
    for run in feature_runs.runs():
        gathered.add(run)
    (board,) = chosen(gathered.document(), name).boards
    assert [it.name for it in board.daemons] == ["v0.12.5"]
    assert {len(it.marks) for it in board.features} == {1}
    assert {len(one.seen) for it in board.features for one in it.tried} == {1}
    assert since(board.features[0]) == "v0.17.3 (not v0.12.5)"


def test_only_an_address_of_the_web_becomes_a_link() -> None:
    gathered = Gathered()
    bad = scenario("CopyX", "COPY --x")
    for number, docs in enumerate(("javascript:alert(1)", "https://docs.docker.com/#copy")):
        found = replace(bad, docs=docs)
        of = feature_runs.pair(commit(f"v0.{number}.0", "2020-01-01", "0.1.0", "1.0.0"), MASTER)
        made = feature_runs.run_on(of, [feature_runs.row("CopyX", "y", "y")], [found])
        gathered = Gathered()
        gathered.add(made)
        assert gathered.document().boards[0].features[0].docs == (docs if number else "")
