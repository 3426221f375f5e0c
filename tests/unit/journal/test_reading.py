"""The journal refuses what is no run, by file and key, and changes nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.journal import documents, read_run, write_run
from tests.support import factories
from tests.support.changed_runs import stored


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty folder; tmp_path holds the test's home."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def test_keys_of_a_newer_harness_are_ignored(place: Path) -> None:
    assert read_run(stored(place, weather={"sky": "blue"})) == factories.regressed_run()


@pytest.mark.parametrize("path", ["", "nowhere", "nowhere/run.json", "other.txt/run.json"])
def test_what_is_no_run_folder_is_named(place: Path, path: str) -> None:
    (place / "other.txt").write_text("")
    with pytest.raises(UsageError, match=r"is not the folder of a finished run") as caught:
        read_run(place / path)
    assert str(place) in str(caught.value)
    assert "run.json" in caught.value.hint


def test_a_device_is_not_read(place: Path) -> None:
    (place / "run.json").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="not the folder of a finished run"):
        read_run(place)


def test_an_unreadable_file_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = stored(place)

    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UsageError, match=r"cannot read .*run\.json: Permission denied"):
        read_run(file)


def test_a_file_beyond_the_bound_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = stored(place)
    monkeypatch.setattr(documents, "MAX_BYTES", file.stat().st_size - 1)
    with pytest.raises(UsageError, match="larger than"):
        read_run(file)
    monkeypatch.setattr(documents, "MAX_BYTES", file.stat().st_size)
    assert read_run(file).id == "20261123-180607-ab12"


@settings(deadline=None)
@given(share=st.floats(0, 0.999))
def test_a_file_cut_off_anywhere_is_an_error_of_usage(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    file = write_run(tmp_path_factory.mktemp("cut"), factories.regressed_run())
    data = file.read_bytes().rstrip()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UsageError, match=r"run\.json: not readable as JSON") as caught:
        read_run(file)
    assert "run the pair again" in caught.value.hint


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b'{"x": "\xff', b'{"schema": 1, "x": ' + b"[" * 200_000, b"{]"]
)
def test_bytes_that_are_no_json_are_an_error_of_usage(place: Path, data: bytes) -> None:
    (place / "run.json").write_bytes(data)
    with pytest.raises(UsageError, match="not readable as JSON"):
        read_run(place)


@pytest.mark.parametrize(
    ("version", "advice"), [(99, "upgrade the harness"), (0, "run the pair again")]
)
def test_another_schema_version_says_what_to_do(place: Path, version: int, advice: str) -> None:
    file = stored(place, schema=version, judgements="of another shape")
    with pytest.raises(UsageError, match=rf"schema version {version}.* reads version 1") as caught:
        read_run(file)
    assert advice in caught.value.hint


def test_counts_that_are_not_those_of_the_judgements_are_an_error_of_usage(place: Path) -> None:
    file = stored(place, counts={"regressed": 7})
    with pytest.raises(UsageError, match="its counts are not those of its judgements") as caught:
        read_run(file)
    assert "run the pair again" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"exit_code": "none"}, r"\$\.exit_code"),
        ({"schema": "1"}, r"\$\.schema"),
        ({"verdict": "perfect"}, r"\$\.verdict"),
        ({"counts": {"regressed": 0.5}}, r"\$\.counts"),
        ({"legs": [{"leg": "third"}]}, r"\$\.legs\[0\]\.leg"),
        ({"pair": None}, r"\$\.pair"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_by_its_path(
    place: Path, changes: dict[str, object], where: str
) -> None:
    with pytest.raises(UsageError, match=rf"run\.json: .*{where}"):
        read_run(stored(place, **changes))


def test_reading_changes_nothing(place: Path) -> None:
    file = stored(place)
    file.chmod(stat.S_IRUSR)
    before = file.read_bytes()
    read_run(place)
    assert file.read_bytes() == before
    assert [it.name for it in place.iterdir()] == ["run.json"]
