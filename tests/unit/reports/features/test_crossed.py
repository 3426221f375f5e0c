"""Clients by daemons, where runs had several clients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from harness.model import Run, Source
from harness.reports.features import markdown, terminal
from harness.reports.features.crossed import Crossed, Group, crossed
from harness.reports.features.document import Board, Feature, Features
from harness.reports.features.gather import Gathered
from tests.support import feature_runs
from tests.support.feature_runs import DAEMONS

CLIENTS = {
    "v0.6.4": {"CopyChmod": "yyy", "CopyExclude": "wyy", "RunDevice": "wrr"},
    "v0.12.5": {"CopyChmod": "yyy", "CopyExclude": "wyy", "RunDevice": "wyy"},
    "v0.17.3": {"CopyChmod": "yyy", "CopyExclude": "wyy", "RunDevice": "wyy"},
}
"""What scenarios do with a client, a letter for each daemon."""


def calling(client: str, did: dict[str, str]) -> list[Run]:
    """Return a run for each daemon with a client, which is as ever where it is its own."""
    commit = next(it for it in DAEMONS if it.ref == client)
    table = {name: f"{letters}y" for name, letters in did.items()}
    return [
        replace(
            run,
            id=f"{client} on {run.pair.suite.ref}",
            pair=replace(
                run.pair,
                buildctl=None
                if run.pair.suite == commit
                else Source(commit=commit, channel=run.pair.suite_channel),
            ),
        )
        for run in feature_runs.runs(table)
    ]


def document(*clients: str) -> Features:
    """Return the table of runs with clients."""
    gathered = Gathered()
    for client in clients:
        for run in calling(client, CLIENTS[client]):
            gathered.add(run)
    return gathered.document()


def board(*clients: str) -> Board:
    """Return the only frontend's table."""
    (found,) = document(*clients).boards
    return found


@pytest.fixture
def table() -> Crossed:
    found = crossed(board(*CLIENTS))
    assert found is not None
    return found


def test_both_are_sorted_by_age_and_the_control_is_no_part_of_it(table: Crossed) -> None:
    assert table.clients == table.daemons == ("v0.6.4", "v0.12.5", "v0.17.3")
    assert len(table.cells) == len(set(table.cells.values())) == 9


def test_features_that_come_out_alike_share_a_table_and_what_works_is_first(table: Crossed) -> None:
    assert [[it.feature for it in group.features] for group in table.groups] == [
        ["COPY --chmod, symbolic"],
        ["COPY --exclude"],
        ["RUN --device"],
    ]
    assert [group.works for group in table.groups] == [True, False, False]


def test_whole_rows_and_columns_are_named_as_such(table: Crossed) -> None:
    assert [where for where, _ in table.notes(table.groups[2])] == [
        "daemon v0.6.4",
        "v0.6.4 on v0.12.5 and v0.17.3",
    ]
    assert table.where(table.cells) == "everywhere"
    first_row = [it for it in table.cells if it[0] == "v0.12.5"]
    assert table.where([*first_row, ("v0.6.4", "v0.17.3")]) == "client v0.12.5; v0.6.4 on v0.17.3"


def test_what_differs_in_digests_and_numbers_alone_is_said_once() -> None:
    first, *others = calling("v0.6.4", CLIENTS["v0.6.4"])
    gathered = Gathered()
    for at, run in enumerate((first, *others, *calling("v0.12.5", CLIENTS["v0.12.5"]))):
        row = next(it for it in run.judgements if "CopyExclude/" in it.name)
        error = f"expected sha256:{at:064x}, got {at}"
        failed = tuple(replace(it, error=error) for it in row.candidate)
        gathered.add(replace(run, judgements=(replace(row, candidate=failed),)))
    (found,) = gathered.document().boards
    made = crossed(found)
    assert made is not None
    (group,) = made.groups
    assert [*made.notes(group)] == [("", f"wrong: expected sha256:{0:064x}, got 0")]


def test_what_features_do_alike_is_said_once_and_what_some_do_with_their_names() -> None:
    gathered = Gathered()
    for client in ("v0.6.4", "v0.12.5"):
        did = {"CopyExclude": "wyy", "RunDevice": "wyy", "Heredoc": "wyy"}
        for run in calling(client, did):
            gathered.add(run)
    (found,) = gathered.document().boards
    made = crossed(found)
    assert made is not None
    (group,) = made.groups
    assert [*made.notes(group)] == [("", "wrong: mode of /f: expected 0555, seen 0000")]
    some = replace(group.features[0], tried=())
    (note,) = made.notes(replace_features(group, some))
    assert note[0] == " and ".join(it.feature for it in group.features[1:])


def replace_features(group: Group, first: Feature) -> Group:
    """Return a group whose first feature was changed."""
    return Group((first, *group.features[1:]), group.marks)


def test_the_control_is_the_truth_whatever_clients_most_columns_have() -> None:
    (found,) = document("v0.6.4", "v0.12.5").boards
    assert {it.doubt for it in found.features} == {""}


def test_one_other_client_is_a_column_beside_the_others() -> None:
    assert crossed(board("v0.6.4")) is None
    (found,) = document("v0.6.4").boards
    assert any(it.client == "client v0.6.4" for it in found.daemons)


def test_clients_by_daemons_on_a_terminal(golden: Callable[[str, str], None]) -> None:
    golden("features/clients.txt", terminal.render(document(*CLIENTS)))


def test_clients_by_daemons_as_markdown(golden: Callable[[str, str], None]) -> None:
    golden("features/clients.md", markdown.render(document(*CLIENTS)))
