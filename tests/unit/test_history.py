"""The history answers from what was recorded, whatever the order, and never twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.errors import ExitCode, UsageError
from harness.history import Expected, History, HistoryError, default_history, expected_by
from harness.history.batch import kept_name, utc
from harness.history.durations import Count, bucket_of, summarise
from harness.history.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION
from harness.journal import write_run
from harness.matrices import CellState, MatrixRun
from harness.model import Channel, Outcome, Pair, Run, Side, Status, Verdict
from tests.unit import matrices, nights, runs

P, F, M = Outcome.PASS, Outcome.FAIL, Outcome.MISSING
PAIR = nights.pair()
CELL = nights.cell_id(PAIR)
FOO = runs.full_name("TestFoo")

Stored = tuple[MatrixRun, nights.Results]

_SIDES = {
    Verdict.COMPATIBLE: ([P], [P]),
    Verdict.REGRESSED: ([P], [F]),
    Verdict.LOST: ([P], [M]),
    Verdict.SAME_FAILURE: ([F], [F]),
    Verdict.CHANGED_FAILURE: ([F], [F]),
    Verdict.FIXED: ([F], [P]),
    Verdict.FLAKY: ([P, P], [F, P]),
    Verdict.KNOWN: ([P], [F]),
    Verdict.INFRA: ([P], [F]),
    Verdict.SKIPPED: ([Outcome.SKIP], [Outcome.SKIP]),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


@pytest.fixture
def history(file: Path) -> Iterator[History]:
    with History.open(file, create=True) as opened:
        yield opened


def night(day: int, *verdicts: tuple[str, Verdict], of: Pair = PAIR) -> Stored:
    """One cell of one night; `TestBar` is compatible beside what is asked for."""
    started = f"2026-11-{day:02}T03:17:00Z"
    rows = [
        runs.judgement(name, verdict, *_SIDES[verdict], error="no") for name, verdict in verdicts
    ]
    worst = verdicts[0][1] if verdicts else Verdict.COMPATIBLE
    run = nights.run_of(
        of,
        *rows,
        runs.judgement("TestBar", Verdict.COMPATIBLE, [P], [P]),
        verdict=worst if worst in _TAINTING else Verdict.COMPATIBLE,
        started=started,
        number=day,
    )
    results = [nights.done(run)]
    return nights.matrix_of(results, name=f"night-{day}", started=started), results


_TAINTING = {Verdict.REGRESSED, Verdict.LOST, Verdict.INFRA, Verdict.FLAKY}


def foo(day: int, verdict: Verdict) -> Stored:
    return night(day, ("TestFoo", verdict))


def keep(history: History, stored: Sequence[Stored]) -> None:
    for one in stored:
        history.keep(*one)


def dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return list(database.iterdump())


# Recording


def test_recording_a_run_twice_changes_nothing(history: History, file: Path) -> None:
    stored = [foo(1, Verdict.REGRESSED), foo(2, Verdict.FLAKY)]
    assert [history.keep(*one) for one in stored] == [1, 1]
    before = dump(file)
    assert [history.keep(*one) for one in stored] == [0, 0]
    assert dump(file) == before


def test_shards_and_what_they_were_merged_into_count_once(history: History) -> None:
    other = nights.pair(frontend=nights.commit("v0.20.0"))
    matrix, first = foo(1, Verdict.REGRESSED)
    _, second = night(1, of=other)
    shards = [
        (replace(matrix, id="shard-1"), first),
        (nights.matrix_of(second, name="shard-2", started=matrix.started), second),
    ]
    both = [*first, *second]
    merged = nights.matrix_of(both, name="merged", started=matrix.started)
    keep(history, [*shards, (merged, both)])
    assert [len(marks) for marks in history.strips().values()] == [1, 1]
    durations = history.durations(PAIR.suite, "oci", "native", runs.full_name("TestBar"))
    assert durations
    assert durations.count == 2


def test_stored_runs_of_a_matrix_and_of_a_pair_are_recorded(
    history: History, tmp_path: Path
) -> None:
    plan = matrices.plan()
    run = night(1, ("TestFoo", Verdict.REGRESSED))[1][0][1]
    assert run
    folder, _ = matrices.store(tmp_path / "matrix", plan, {plan.cells[0].id: run})
    assert history.record(folder) == 2
    assert history.record(folder) == 0
    assert history.since(plan.cells[0].id, FOO)
    (missing,) = history.strip(plan.cells[1].id)
    assert missing.state is CellState.MISSING
    single = tmp_path / "single"
    single.mkdir()
    write_run(single, replace(run, id="single"))
    assert history.record(single) == 1
    with pytest.raises(UsageError, match="not the folder of a run"):
        history.record(tmp_path)


def test_a_resumed_run_puts_results_in_the_place_of_none(history: History) -> None:
    matrix, results = foo(1, Verdict.REGRESSED)
    before = [nights.undone(CELL, CellState.MISSING)]
    history.keep(replace(matrix, cells=(before[0][0],)), before)
    assert [mark.state for mark in history.strip(CELL)] == [CellState.MISSING]
    history.keep(matrix, results)
    assert [mark.state for mark in history.strip(CELL)] == [CellState.DONE]
    history.keep(replace(matrix, cells=(before[0][0],)), before)
    assert [mark.state for mark in history.strip(CELL)] == [CellState.DONE]


def test_a_cell_that_came_to_nothing_is_kept_as_that(history: History) -> None:
    matrix, _ = foo(1, Verdict.REGRESSED)
    failed = [nights.undone(CELL, CellState.FAILED, "no space left")]
    history.keep(replace(matrix, cells=(failed[0][0],)), failed)
    (mark,) = history.strip(CELL)
    assert (mark.state, mark.verdict) == (CellState.FAILED, Verdict.INFRA)
    assert history.since(CELL, FOO) is None


def test_a_cell_that_no_plan_knows_is_refused_and_nothing_is_kept(history: History) -> None:
    matrix, results = foo(1, Verdict.REGRESSED)
    stray = nights.undone("stray", CellState.MISSING)
    with pytest.raises(UsageError, match="its plan has no cell 'stray'"):
        history.keep(matrix, [*results, stray])
    assert history.strips() == {}


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00+14"])
def test_a_time_that_is_none_is_refused(history: History, text: str) -> None:
    matrix, ((result, run),) = foo(1, Verdict.REGRESSED)
    assert run
    with pytest.raises(UsageError, match="no time in ISO 8601"):
        history.keep(matrix, [(result, replace(run, started=text))])
    assert history.tests() == []


def test_times_are_kept_in_utc_so_that_they_sort() -> None:
    assert utc("2026-11-23T19:06:07.5+01:00") == "2026-11-23T18:06:07Z"
    assert utc("2026-11-23T18:06:07") == "2026-11-23T18:06:07Z"


def test_absurd_names_are_bounded_and_found_again(history: History) -> None:
    long, longer = "TestFoo/" + "x" * 10_000, "TestFoo/" + "x" * 10_001
    history.keep(*night(1, (long, Verdict.REGRESSED), (longer, Verdict.LOST)))
    found = [history.since(CELL, name) for name in (long, longer)]
    assert [it.last.verdict for it in found if it] == [Verdict.REGRESSED, Verdict.LOST]
    assert max(map(len, history.tests())) == 400


def test_a_failed_recording_leaves_nothing(
    history: History, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.keep(*foo(1, Verdict.REGRESSED))
    before = dump(file)

    def broken(_seconds: float) -> int:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("harness.history.record.bucket_of", broken)
    with pytest.raises(RuntimeError):
        history.keep(*foo(2, Verdict.REGRESSED))
    assert dump(file) == before


# Since when


STORIES = {
    "never": ([Verdict.COMPATIBLE] * 2, None),
    "today": ([Verdict.COMPATIBLE, Verdict.REGRESSED], (2, 2, 1)),
    "in a row": ([Verdict.COMPATIBLE, Verdict.REGRESSED, Verdict.REGRESSED], (2, 2, 2)),
    "mended": ([Verdict.REGRESSED, Verdict.COMPATIBLE], (1, None, 0)),
    "again": ([Verdict.LOST, Verdict.FIXED, Verdict.CHANGED_FAILURE], (1, 3, 1)),
    "silence is no pass": ([Verdict.REGRESSED, Verdict.INFRA, Verdict.REGRESSED], (1, 1, 2)),
    "skipped is no pass": ([Verdict.REGRESSED, Verdict.SKIPPED, Verdict.REGRESSED], (1, 1, 2)),
    "a flake is no end": ([Verdict.REGRESSED, Verdict.FLAKY, Verdict.REGRESSED], (1, 1, 3)),
    "known": ([Verdict.KNOWN, Verdict.SAME_FAILURE], (1, 1, 2)),
}


@pytest.mark.parametrize("name", STORIES)
def test_since_when_a_test_fails(history: History, name: str) -> None:
    verdicts, told = STORIES[name]
    keep(history, [foo(day, verdict) for day, verdict in enumerate(verdicts, 1)])
    found = history.since(CELL, FOO)
    if told is None:
        assert found is None
        return
    first, failing, row = told
    assert found
    assert found.first.run == f"night-{first}"
    assert (found.failing and found.failing.run) == (failing and f"night-{failing}")
    assert found.runs == row
    assert found.last.run == f"night-{len(verdicts)}"


def test_since_names_the_run_its_time_and_the_frontends_commit(history: History) -> None:
    keep(history, [foo(1, Verdict.COMPATIBLE), foo(2, Verdict.REGRESSED)])
    found = history.since(CELL, FOO)
    assert found
    assert found.failing == found.first
    assert (found.first.run, found.first.started) == ("night-2", "2026-11-02T03:17:00Z")
    assert found.first.frontend == runs.FRONTEND.sha
    assert found.first.suite == runs.SUITE.sha


def test_a_run_without_the_test_says_nothing_about_it(history: History) -> None:
    keep(history, [foo(1, Verdict.REGRESSED), night(2), foo(3, Verdict.REGRESSED)])
    found = history.since(CELL, FOO)
    assert found
    assert (found.first.run, found.runs) == ("night-1", 2)


def test_all_that_fails_in_the_newest_run_at_once(history: History) -> None:
    keep(
        history,
        [
            night(1, ("TestFoo", Verdict.REGRESSED), ("TestOld", Verdict.LOST)),
            night(2, ("TestFoo", Verdict.REGRESSED), ("TestNew", Verdict.KNOWN)),
        ],
    )
    told = history.sinces(CELL)
    assert {name: it.first.run for name, it in told.items()} == {
        FOO: "night-1",
        runs.full_name("TestNew"): "night-2",
    }
    assert told[FOO] == history.since(CELL, FOO)
    assert history.sinces("elsewhere") == {}


NIGHTS = [
    foo(1, Verdict.REGRESSED),
    foo(2, Verdict.FLAKY),
    night(3, ("TestBaz", Verdict.LOST)),
    (
        nights.matrix_of([], name="night-4", also=[PAIR]),
        [nights.undone(CELL, CellState.MISSING)],
    ),
]


def _answers(file: Path, order: Sequence[Stored]) -> object:
    with History.open(file, create=True) as history:
        keep(history, order)
        names = sorted(history.tests())
        return (
            history.strips(),
            [history.story(CELL, name) for name in names],
            [history.test_budget(PAIR.suite, "oci", "native", name) for name in names],
            history.expected().cell(PAIR),
        )


def test_the_order_of_recording_changes_no_answer(tmp_path: Path) -> None:
    answers = [
        _answers(tmp_path / str(number), order)
        for number, order in enumerate([*permutations(NIGHTS)][::5])
    ]
    assert all(answer == answers[0] for answer in answers)


# Flakes and durations


def test_only_tests_that_ever_flaked_have_a_rate(history: History) -> None:
    keep(history, [foo(1, Verdict.FLAKY), foo(2, Verdict.REGRESSED), night(3)])
    assert history.flakes(CELL) == {FOO: 0.5}
    assert history.flakes("elsewhere") == {}


def test_the_flake_rate_counts_runs_whose_attempts_differed(history: History) -> None:
    known = replace(runs.FILEOP, status=Status.FLAKY)
    matrix, ((result, run),) = foo(4, Verdict.KNOWN)
    assert run
    rows = tuple(
        replace(row, entry=known) if row.verdict is Verdict.KNOWN else row for row in run.judgements
    )
    keep(history, [foo(1, Verdict.FLAKY), foo(2, Verdict.COMPATIBLE), foo(3, Verdict.KNOWN)])
    history.keep(matrix, [(result, replace(run, judgements=rows))])
    story = history.story(CELL, FOO)
    assert story
    assert (story.flakiness.flaky, story.flakiness.runs, story.flakiness.rate) == (2, 4, 0.5)


def _took(day: int, seconds: float) -> Stored:
    matrix, ((result, run),) = foo(day, Verdict.COMPATIBLE)
    assert run
    return matrix, [(result, nights.timed(run, seconds))]


def test_durations_are_of_passes_in_legs_that_really_ran(history: History) -> None:
    keep(history, [_took(1, 1.0), _took(2, 1.0), _took(3, 9.0)])
    told = history.durations(PAIR.suite, "oci", "native", FOO)
    assert told
    assert (told.count, told.p50, told.p95, told.longest) == (6, 1.0, 9.0, 9.0)
    assert history.durations(PAIR.suite, "containerd", "native", FOO) is None
    regressed, ((result, run),) = foo(4, Verdict.REGRESSED)
    assert run
    history.keep(regressed, [(result, nights.timed(run, 500.0))])
    told = history.durations(PAIR.suite, "oci", "native", FOO)
    assert told
    assert (told.count, told.longest) == (7, 500.0), "the control passed, the candidate did not"


def test_a_budget_needs_a_few_passes_and_leaves_room(history: History) -> None:
    keep(history, [_took(1, 20.0), _took(2, 10.0)])
    budget = history.test_budget
    assert budget(PAIR.suite, "oci", "native", FOO) is None
    history.keep(*_took(3, 10.0))
    assert budget(PAIR.suite, "oci", "native", FOO) == 80.0
    assert budget(PAIR.suite, "oci", "native", "TestOther") is None


def test_a_quick_test_still_gets_half_a_minute(history: History) -> None:
    keep(history, [_took(day, 0.0) for day in (1, 2, 3)])
    assert history.test_budget(PAIR.suite, "oci", "native", FOO) == 30.0


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=200))
def test_percentiles_are_seen_never_too_short_and_a_tenth_too_long_at_most(
    took: list[float],
) -> None:
    counts: dict[int, tuple[int, float]] = {}
    for seconds in took:
        count, longest = counts.get(bucket_of(seconds), (0, 0.0))
        counts[bucket_of(seconds)] = (count + 1, max(longest, seconds))
    told = summarise(Count(bucket=b, count=n, longest=most) for b, (n, most) in counts.items())
    assert told
    assert told.longest == max(took)
    ordered = sorted(took)
    for share, figure in ((0.5, told.p50), (0.95, told.p95)):
        exact = ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
        assert figure in took
        assert exact <= figure <= max(exact * 1.1, 0.001)


def test_nothing_timed_has_no_percentiles() -> None:
    assert summarise([]) is None


# Strips


def test_a_strip_has_the_newest_verdicts_oldest_first(history: History) -> None:
    keep(history, [foo(day, Verdict.COMPATIBLE) for day in range(1, 8)])
    history.keep(*foo(8, Verdict.REGRESSED))
    assert [mark.run for mark in history.strip(CELL, last=3)] == ["night-6", "night-7", "night-8"]
    assert history.strip(CELL, last=3) == history.strips(last=3)[CELL]
    assert history.strip(CELL)[-1].verdict is Verdict.REGRESSED
    assert history.strip(nights.cell_id(nights.pair(frontend=runs.SUITE))) == ()


def test_a_run_of_a_few_tests_is_no_verdict_on_the_cell(history: History) -> None:
    matrix, ((result, run),) = foo(1, Verdict.REGRESSED)
    assert run
    legs = tuple(replace(leg, selection="^TestIntegration$/^TestFoo$") for leg in run.legs)
    history.keep(matrix, [(result, replace(run, legs=legs))])
    assert history.strip(CELL) == ()
    assert history.since(CELL, FOO)
    assert history.expected().cell(PAIR) is None


def test_where_else_a_test_was_seen(history: History) -> None:
    other = nights.pair(frontend=nights.commit("v0.20.0"))
    keep(history, [foo(1, Verdict.REGRESSED), night(1, of=other)])
    assert history.cells(runs.full_name("TestBar")) == sorted([CELL, nights.cell_id(other)])
    assert history.cells(FOO) == [CELL]
    assert history.cells("TestNowhere") == []
    assert history.story(nights.cell_id(other), FOO) is None


# What to expect


def _ran(day: int, seconds: float, of: Pair = PAIR) -> Stored:
    matrix, ((result, run),) = night(day, of=of)
    assert run
    phases = {"suite v0.6.4": 500.0, "run": seconds - 1, "rerun 1": 1.0}
    return matrix, [(result, replace(run, phases=phases))]


def test_a_cell_is_expected_to_take_the_median_of_its_last_runs(history: History) -> None:
    keep(history, [_ran(day, took) for day, took in enumerate([900, 10, 20, 30, 40, 50], 1)])
    assert history.expected().cell(PAIR) == 30.0


def test_a_new_cell_is_expected_to_take_what_its_suite_or_line_takes(history: History) -> None:
    keep(history, [_ran(1, 100.0)])
    expected = history.expected()
    new = nights.commit("v0.99.0")
    later = nights.commit("v0.6.5", line="v0.6")
    assert expected.cell(nights.pair(frontend=new)) == 100.0
    assert expected.cell(nights.pair(suite=later, frontend=new)) == 100.0
    assert expected.cell(nights.pair(suite=new)) is None
    assert expected.cell(replace(PAIR, worker="containerd")) is None
    assert expected.cell(replace(PAIR, backend="docker")) is None


def test_builds_are_expected_to_take_what_the_commit_the_line_or_the_side_took(
    history: History,
) -> None:
    matrix, results = night(1)
    took = {"suite v0.6.4": 60.0, "frontend master": 40.0}
    history.keep(replace(matrix, builds=took), results)
    expected = history.expected()
    later = nights.commit("v0.6.5", line="v0.6")
    assert expected.build(Side.SUITE, runs.SUITE, Channel.EXPERIMENTAL) == 60.0
    assert expected.build(Side.SUITE, later, Channel.EXPERIMENTAL) == 60.0
    assert expected.build(Side.SUITE, nights.commit("v0.9.0"), Channel.LABS) == 60.0
    assert expected.build(Side.FRONTEND, runs.FRONTEND, Channel.LABS) == 40.0
    assert history.expected(backend="native").build(Side.SUITE, later, Channel.LABS) == 60.0
    assert history.expected(backend="docker").build(Side.SUITE, later, Channel.LABS) is None


def test_without_a_history_nothing_is_expected(file: Path) -> None:
    expected = expected_by(file)
    assert expected.cell(PAIR) is None
    assert expected.build(Side.SUITE, runs.SUITE, Channel.LABS) is None
    assert not file.parent.exists()
    assert Expected().cell(PAIR) is None


def test_a_history_is_read_for_what_to_expect(file: Path) -> None:
    with History.open(file, create=True) as history:
        history.keep(*_ran(1, 77.0))
    assert expected_by(file).cell(PAIR) == 77.0


# The file


def test_the_file_lies_beside_the_runs_or_where_the_user_says(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_history() == own_home / "state" / "buildkit-compat" / "history.sqlite"
    monkeypatch.setenv("COMPAT_HISTORY", "~/h.sqlite")
    assert default_history() == own_home / "h.sqlite"


def test_there_is_no_second_file_once_a_history_is_closed(file: Path) -> None:
    with History.open(file, create=True) as history:
        history.keep(*foo(1, Verdict.REGRESSED))
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_history_that_is_not_there_is_not_made_by_a_question(file: Path) -> None:
    with pytest.raises(HistoryError, match="there is no history") as caught, History.open(file):
        pass
    assert caught.value.exit_code is ExitCode.USAGE
    assert str(file) in str(caught.value)
    assert not file.parent.exists()


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"to do: everything\n" * 99, "damaged, or no history"), (b"SQLite format 3\0", "damaged")],
)
def test_a_file_of_another_kind_is_left_alone(
    tmp_path: Path, content: bytes, words: str, *, create: bool
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(HistoryError, match=words), History.open(file, create=create):
        pass
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["notes.txt"]


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE places (url)")
    before = file.read_bytes()
    with (
        pytest.raises(HistoryError, match="no history of ours"),
        History.open(file, create=True),
    ):
        pass
    assert file.read_bytes() == before


def test_a_newer_history_is_left_alone(file: Path) -> None:
    with History.open(file, create=True):
        pass
    with closing(sqlite3.connect(file)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = file.read_bytes()
    with (
        pytest.raises(HistoryError, match=r"schema version 3, this harness knows 2") as caught,
        History.open(file, create=True),
    ):
        pass
    assert "upgrade" in caught.value.hint
    assert file.read_bytes() == before


def test_an_older_history_is_brought_up_to_date_with_all_it_holds(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History.open(file, create=True) as history:
        history.keep(*foo(1, Verdict.REGRESSED))
    newer = (*MIGRATIONS, "ALTER TABLE tests ADD COLUMN owner TEXT; SELECT 1;")
    monkeypatch.setattr("harness.history.database.MIGRATIONS", newer)
    with History.open(file) as history:
        assert history.since(CELL, FOO)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert database.execute("SELECT owner FROM tests").fetchall() == [(None,), (None,)]


def test_a_migration_that_fails_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History.open(file, create=True) as history:
        history.keep(*foo(1, Verdict.REGRESSED))
    before = dump(file)
    broken = (*MIGRATIONS, "DROP TABLE builds; DROP TABLE nowhere;")
    monkeypatch.setattr("harness.history.database.MIGRATIONS", broken)
    with pytest.raises(HistoryError, match="no such table"), History.open(file):
        pass
    assert dump(file) == before


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_history_that_was_cut_off_is_left_alone(file: Path, share: float) -> None:
    with History.open(file, create=True) as history:
        keep(history, NIGHTS)
    whole = file.read_bytes()
    cut = whole[: int(len(whole) * share)]
    file.write_bytes(cut)
    with pytest.raises(HistoryError, match="damaged"), History.open(file, create=True) as history:
        history.keep(*foo(9, Verdict.LOST))
    assert file.read_bytes() == cut


def test_a_history_with_a_page_of_rubbish_is_left_alone(file: Path) -> None:
    with History.open(file, create=True) as history:
        keep(history, NIGHTS)
    data = bytearray(file.read_bytes())
    data[-3 * 4096 :] = b"\xa5" * (3 * 4096)
    file.write_bytes(data)
    with pytest.raises(HistoryError, match="damaged"), History.open(file, create=True) as history:
        history.keep(*foo(9, Verdict.LOST))
    assert file.read_bytes() == bytes(data)


def test_a_locked_history_is_waited_for_and_then_told(file: Path) -> None:
    with History.open(file, create=True) as history:
        history.keep(*foo(1, Verdict.REGRESSED))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            pytest.raises(HistoryError, match=r"locked, for over 0\.2 s") as caught,
            History.open(file, patience=0.2),
        ):
            pass
        assert caught.value.exit_code is ExitCode.USAGE
        assert str(file) in str(caught.value)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be used"), History.open(tmp_path, create=True):
        pass


def test_a_file_in_the_place_of_its_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with (
        pytest.raises(HistoryError, match=r"folder .* cannot be made"),
        History.open(tmp_path / "state" / "h.sqlite", create=True),
    ):
        pass


def test_names_keep_their_kind_of_characters() -> None:
    assert kept_name(runs.HOSTILE) == runs.HOSTILE


def test_hostile_names_are_kept_and_found(history: History) -> None:
    stored: Run = runs.hostile_run()
    results = [nights.done(stored, cell="hostile")]
    history.keep(nights.matrix_of(results), results)
    assert history.since("hostile", runs.HOSTILE)
    assert history.since("hostile", "'; DROP TABLE tests; --") is None
