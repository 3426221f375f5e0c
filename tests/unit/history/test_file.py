"""The history's file: brought up to date, left alone if it is not ours, never damaged further."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.errors import ExitCode
from harness.history import History, HistoryError, default_history
from harness.history.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION
from harness.model import Verdict
from tests.support.remembered_nights import CELL, FOO, NIGHTS, dump, foo, keep, since


def test_the_file_lies_beside_the_runs_or_where_the_user_says(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_history() == own_home / "state" / "buildkit-compat" / "history.sqlite"
    monkeypatch.setenv("COMPAT_HISTORY", "~/h.sqlite")
    assert default_history() == own_home / "h.sqlite"


def test_there_is_no_second_file_once_a_history_is_closed(history_file: Path) -> None:
    with History.open(history_file, create=True) as history:
        history.keep(*foo(1, Verdict.REGRESSED))
    assert [path.name for path in history_file.parent.iterdir()] == [history_file.name]


def test_a_history_that_is_not_there_is_not_made_by_a_question(history_file: Path) -> None:
    with (
        pytest.raises(HistoryError, match="there is no history") as caught,
        History.open(history_file),
    ):
        pass
    assert caught.value.exit_code is ExitCode.USAGE
    assert str(history_file) in str(caught.value)
    assert not history_file.parent.exists()


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


def test_a_newer_history_is_left_alone(history_file: Path) -> None:
    with History.open(history_file, create=True):
        pass
    with closing(sqlite3.connect(history_file)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = history_file.read_bytes()
    with (
        pytest.raises(HistoryError, match=r"schema version 5, this harness knows 4") as caught,
        History.open(history_file, create=True),
    ):
        pass
    assert "upgrade" in caught.value.hint
    assert history_file.read_bytes() == before


def test_an_older_history_is_brought_up_to_date_with_all_it_holds(
    history_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History.open(history_file, create=True) as history:
        history.keep(*foo(1, Verdict.REGRESSED))
    newer = (*MIGRATIONS, "ALTER TABLE tests ADD COLUMN owner TEXT; SELECT 1;")
    monkeypatch.setattr("harness.history.database.MIGRATIONS", newer)
    with History.open(history_file) as history:
        assert since(history, CELL, FOO)
    with closing(sqlite3.connect(history_file)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert database.execute("SELECT owner FROM tests").fetchall() == [(None,), (None,)]


def test_a_migration_that_fails_changes_nothing(
    history_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History.open(history_file, create=True) as history:
        history.keep(*foo(1, Verdict.REGRESSED))
    before = dump(history_file)
    broken = (*MIGRATIONS, "DROP TABLE builds; DROP TABLE nowhere;")
    monkeypatch.setattr("harness.history.database.MIGRATIONS", broken)
    with pytest.raises(HistoryError, match="no such table"), History.open(history_file):
        pass
    assert dump(history_file) == before


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_history_that_was_cut_off_is_left_alone(history_file: Path, share: float) -> None:
    with History.open(history_file, create=True) as history:
        keep(history, NIGHTS)
    whole = history_file.read_bytes()
    cut = whole[: int(len(whole) * share)]
    history_file.write_bytes(cut)
    with (
        pytest.raises(HistoryError, match="damaged"),
        History.open(history_file, create=True) as history,
    ):
        history.keep(*foo(9, Verdict.LOST))
    assert history_file.read_bytes() == cut


def test_a_history_with_a_page_of_rubbish_is_left_alone(history_file: Path) -> None:
    with History.open(history_file, create=True) as history:
        keep(history, NIGHTS)
    data = bytearray(history_file.read_bytes())
    data[-3 * 4096 :] = b"\xa5" * (3 * 4096)
    history_file.write_bytes(data)
    with (
        pytest.raises(HistoryError, match="damaged"),
        History.open(history_file, create=True) as history,
    ):
        history.keep(*foo(9, Verdict.LOST))
    assert history_file.read_bytes() == bytes(data)


def test_a_locked_history_is_waited_for_and_then_told(history_file: Path) -> None:
    with History.open(history_file, create=True) as history:
        history.keep(*foo(1, Verdict.REGRESSED))
    with closing(sqlite3.connect(history_file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            pytest.raises(HistoryError, match=r"locked, for over 0\.2 s") as caught,
            History.open(history_file, patience=0.2),
        ):
            pass
        assert caught.value.exit_code is ExitCode.USAGE
        assert str(history_file) in str(caught.value)


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
