"""Which runs, daemons and scenarios the table of features is made of."""

from __future__ import annotations

from msgspec.structs import replace

from harness.model import Channel, Client, Run, Source
from harness.reports.features.document import Board, Feature, Features
from harness.reports.features.gather import Gathered
from harness.verdict.answers import Answer
from tests.support import factories, feature_runs
from tests.support.feature_runs import DAEMONS, pair, row, run_on, runs
from tests.support.matrix_factories import FRONTENDS, MASTER


def table(*made: Run) -> Features:
    gathered = Gathered()
    for run in made:
        gathered.add(run)
    return gathered.document()


def only(*made: Run) -> Board:
    (board,) = table(*made).boards
    return board


def feature(board: Board, name: str) -> Feature:
    return next(it for it in board.features if it.feature == name)


def answers(board: Board, name: str) -> str:
    letters = {"works": "y", "wrong": "w", "refused": "r", "unseen": "-", "fault": "f"}
    return "".join(letters[it.answer.value] for it in feature(board, name).marks)


def test_columns_are_daemons_from_old_to_new_and_the_frontends_own_is_marked() -> None:
    board = only(*reversed(runs()))
    assert [(it.name, it.own) for it in board.daemons] == [
        ("v0.6.4", False),
        ("v0.12.5", False),
        ("v0.17.3", False),
        ("master", True),
    ]
    assert answers(board, "COPY --chmod, symbolic") == "wwyy"


def test_other_runs_are_passed_over() -> None:
    assert table(factories.regressed_run()).boards == ()


def test_every_frontend_and_channel_has_a_table_the_newest_first() -> None:
    old = FRONTENDS[1]
    found = table(
        *runs(frontend=old), *runs(channel=Channel.MAINLINE), *runs(), *runs(frontend=old)
    )
    assert [it.id for it in found.boards] == [
        "master-labs",
        "master-mainline",
        "dockerfile-1.10.0-labs",
    ]
    assert len(found.scenarios) == len(feature_runs.SCENARIOS)


def test_the_own_daemon_is_known_from_a_run_of_it_too() -> None:
    own = run_on(pair(MASTER), [row("CopyChmod", "y", "")])
    board = only(own, run_on(pair(DAEMONS[0]), [row("CopyChmod", "w", "")], number=1))
    assert [(it.name, it.own) for it in board.daemons] == [("v0.6.4", False), ("master", True)]
    assert answers(board, "COPY --chmod, symbolic") == "wy"


def test_a_control_with_another_frontend_says_nothing_of_this_one() -> None:
    of = replace(pair(DAEMONS[0]), vary="frontend", tests=None)
    board = only(run_on(of, [row("CopyChmod", "w", "y")]))
    assert [it.name for it in board.daemons] == ["v0.6.4"]


def test_attempts_of_several_runs_are_counted_together_and_a_stored_control_once() -> None:
    first, second, third = (
        run_on(pair(daemon), [row("CopyChmod", did, "y")], number=at)
        for at, (daemon, did) in enumerate(zip((DAEMONS[0],) * 3, "wyw", strict=True))
    )
    second = replace(
        second,
        judgements=tuple(
            replace(it, candidate=tuple(replace(one, seconds=2.0) for one in it.candidate))
            for it in second.judgements
        ),
    )
    (tried,) = feature(only(first, second, third), "COPY --chmod, symbolic").tried
    assert [(it.answer, it.alike, it.attempts) for it in tried.seen] == [
        (Answer.WRONG, 1, 2),
        (Answer.WORKS, 1, 1),
    ]


def test_of_a_scenario_that_was_changed_the_newest_form_counts_in_any_order() -> None:
    old = run_on(pair(DAEMONS[0]), [row("CopyChmod", "w", "f")], key="old", number=1)
    renamed = [feature_runs.scenario("CopyChmod", "COPY --chmod in words")]
    new = run_on(pair(DAEMONS[0]), [row("CopyChmod", "y", "y")], renamed, key="new", number=2)
    for made in ((old, new), (new, old)):
        assert answers(only(*made), "COPY --chmod in words") == "yy"


def test_another_worker_or_client_has_a_column_of_its_own_behind_the_usual() -> None:
    also = replace(pair(DAEMONS[0]), worker="containerd", client=Client.TESTS)
    board = only(*runs(), run_on(also, [row("CopyChmod", "y", "")]))
    assert [(it.name, it.usual) for it in board.daemons[:3]] == [
        ("v0.6.4", True),
        ("v0.6.4 containerd client tests", False),
        ("v0.12.5", True),
    ]
    assert feature(board, "COPY --chmod, symbolic").since == "v0.17.3"


def test_what_was_not_run_says_why() -> None:
    entry = replace(factories.FILEOP, reason="hangs the host")
    skipped = replace(row("CopyChmod", "", "y"), entry=entry)
    (tried,) = feature(only(run_on(pair(DAEMONS[0]), [skipped])), "COPY --chmod, symbolic").tried
    assert (tried.seen[0].answer, tried.seen[0].says) == (Answer.UNSEEN, "hangs the host")


def test_a_daemon_with_another_client_has_a_column_of_its_own_and_the_control_has_not() -> None:
    first, *others = runs()
    client = Source(commit=first.pair.frontend, channel=first.pair.frontend_channel)
    called = replace(first, id="client", pair=replace(first.pair, buildctl=client))
    board = only(first, called, *others)
    told = f"client {client.commit.ref}"
    assert [(it.name, it.client, it.usual) for it in board.daemons][:2] == [
        ("v0.6.4", "", True),
        (f"v0.6.4 {told}", told, False),
    ]
    assert [it.client for it in board.daemons if it.own] == [""]


def test_an_engine_has_a_column_of_its_own_beside_a_daemon_of_its_commit() -> None:
    first, *others = runs()
    name = "Docker Engine 19.03.8"
    suite = replace(first.pair.suite, asked="docker", ref=name)
    engine = replace(first, id="engine", pair=replace(first.pair, suite=suite, engine=name))
    board = only(first, engine, *others)
    assert [(it.name, it.usual, it.own) for it in board.daemons] == [
        (name, False, False),
        ("v0.6.4", True, False),
        ("v0.12.5", True, False),
        ("v0.17.3", True, False),
        ("master", True, True),
    ]


def test_the_dockerfiles_are_those_of_the_newest_daemon_that_they_are_known_of() -> None:
    first, *others = runs()
    row_, *rest = first.judgements
    told = replace(row_, candidate=tuple(replace(it, built=("FROM old",)) for it in row_.candidate))
    board = only(replace(first, judgements=(told, *rest)), *others)
    tried = next(it for row in board.features for it in row.tried if it.test in row_.name)
    assert tried.built == ("FROM old",)
    own = replace(row_, control=tuple(replace(it, built=("FROM own",)) for it in row_.control))
    newest = replace(first, judgements=(replace(told, control=own.control), *rest))
    board = only(newest, *others)
    tried = next(it for row in board.features for it in row.tried if it.test in row_.name)
    assert tried.built == ("FROM own",)
