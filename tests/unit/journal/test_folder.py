"""The journal keeps runs whole and apart from each other, whatever ends a writer."""

from __future__ import annotations

import os
import secrets
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InfrastructureError
from harness.journal import RunFolder, leg_path, log_of_test, read_run, safe_name, write_run
from harness.journal.files import remove_unfinished, replacing
from harness.model import Leg, Run
from tests.support import factories

NOW = datetime(2026, 11, 23, 18, 6, 7, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty folder; tmp_path holds the test's home."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def clock() -> datetime:
    return NOW


# Run folders


def test_a_run_folder_is_named_by_the_time_in_utc(place: Path) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    folder = RunFolder.create(place / "runs", lambda: elsewhere)
    assert folder.path.is_dir()
    assert folder.id.startswith("20261123-180607-")
    assert len(folder.id) == len("20261123-180607-ab12")


def test_two_runs_that_begin_in_the_same_second_get_different_folders(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(["ab12", "ab12", "ab12", "cd34"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(tokens))
    ids = [RunFolder.create(place, clock).id for _ in range(2)]
    assert ids == ["20261123-180607-ab12", "20261123-180607-cd34"]


def test_many_runs_at_once_never_share_a_folder(place: Path) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(RunFolder.create(place, clock).id))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == len(threads)


def test_running_out_of_names_is_an_error_not_a_loop(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "ab12")
    RunFolder.create(place, clock)
    with pytest.raises(InfrastructureError, match="no free name"):
        RunFolder.create(place, clock)


def test_a_runs_folder_that_is_a_file_is_a_clear_error(place: Path) -> None:
    (place / "runs").write_text("")
    with pytest.raises(InfrastructureError, match=r"cannot write .*runs") as caught:
        RunFolder.create(place / "runs", clock)
    assert "free space" in caught.value.hint


def test_legs_and_reruns_have_folders_of_their_own(place: Path) -> None:
    run = RunFolder(place)
    control, again = run.leg(Leg.CONTROL), run.leg(Leg.CANDIDATE, 2)
    assert control.relative == "control"
    assert again.relative == leg_path(Leg.CANDIDATE, 2) == "rerun-2/candidate"
    assert again.make().raw_log == place / "rerun-2" / "candidate" / "raw.log"
    again.test_log("A/b").write_text("")
    again.daemon_log("A/b").write_text("")
    assert again.test_log("A/b") == place / log_of_test(again.relative, "A/b")
    assert again.daemon_log("A/b").parent == again.path / "daemon"


def test_a_leg_whose_folder_cannot_be_made_is_a_clear_error(place: Path) -> None:
    (place / "control").write_text("")
    with pytest.raises(InfrastructureError, match="control"):
        RunFolder(place).leg(Leg.CONTROL).make()


# File names from test names


@settings(deadline=None)
@given(st.text(max_size=400))
def test_a_safe_name_is_one_bounded_plain_path_element(name: str) -> None:
    safe = safe_name(name)
    assert safe == safe_name(name)
    assert safe.isascii()
    assert safe.isprintable()
    assert 1 <= len(safe) <= 117
    assert not safe.startswith((".", "-"))
    assert not set(safe) & set("/\\ :*?\"'<>|$`;&\n")


@settings(deadline=None)
@given(st.text(), st.text())
def test_different_tests_have_different_files(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


def test_a_safe_name_still_reads_like_the_test() -> None:
    name = factories.full_name("TestWorkdirUser", "fileop=false")
    assert safe_name(name).startswith(
        "TestIntegration_TestWorkdirUser_worker=oci_fileop=false_frontend=gateway-"
    )


def test_a_hostile_name_stays_inside_the_folder(place: Path) -> None:
    log = RunFolder(place).leg(Leg.CONTROL).test_log("../../../etc/passwd\x00")
    assert log.resolve().is_relative_to(place / "control" / "tests")


# Writing


@pytest.mark.parametrize(
    "run",
    [factories.regressed_run(), factories.every_verdict_run(), factories.empty_run()],
    ids=lambda run: run.id,
)
def test_a_run_reads_back_equal(place: Path, run: Run) -> None:
    write_run(place, run)
    assert read_run(place) == run
    assert read_run(place / "run.json") == run


def test_equal_runs_give_equal_bytes_whatever_the_order_of_their_maps(place: Path) -> None:
    run = factories.every_verdict_run()
    turned = msgspec.structs.replace(run, counts=dict(reversed(run.counts.items())))
    first = write_run(place, run).read_bytes()
    assert write_run(place, turned).read_bytes() == first
    assert first.startswith(b'{\n  "schema": 1,\n  "id": "20261123-180607-ab12",\n')
    assert first.endswith(b"}\n")


def test_text_that_is_no_unicode_does_not_lose_the_run(place: Path) -> None:
    run = msgspec.structs.replace(
        factories.regressed_run(),
        command=("compat-run", "caf\udce9"),
        phases={"run \udce9": 1.0},
    )
    write_run(place, run)
    again = read_run(place)
    assert again.command == ("compat-run", "caf\\udce9")
    assert again.phases == {"run \\udce9": 1.0}
    assert again.judgements == run.judgements


def test_a_failed_write_leaves_the_earlier_file_and_nothing_else(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(place, factories.compatible_run())

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InfrastructureError, match=r"run\.json: No space left on device"):
        write_run(place, factories.regressed_run())
    assert read_run(place) == factories.compatible_run()
    assert [path.name for path in place.iterdir()] == ["run.json"]


def test_an_interrupted_write_leaves_the_earlier_file(place: Path) -> None:
    path = place / "junit.xml"
    path.write_text("before")

    def write_half() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text() == "before"
    assert [it.name for it in place.iterdir()] == ["junit.xml"]


def test_latest_follows_the_run_that_was_written_last(place: Path) -> None:
    first, second = (RunFolder.create(place, clock) for _ in range(2))
    for folder in (first, second):
        folder.write_run(factories.compatible_run())
        folder.point_latest()
        assert (place / "latest").readlink() == Path(folder.id)
    assert read_run(place / "latest") == factories.compatible_run()
    assert sorted(it.name for it in place.iterdir()) == sorted([first.id, second.id, "latest"])


def test_a_folder_in_the_place_of_latest_is_kept_and_named(place: Path) -> None:
    folder = RunFolder.create(place, clock)
    (place / "latest" / "mine").mkdir(parents=True)
    with pytest.raises(InfrastructureError, match="latest"):
        folder.point_latest()
    assert sorted(it.name for it in place.iterdir()) == sorted([folder.id, "latest"])


def test_a_folder_is_cleared_of_legs_and_the_run_alone(place: Path) -> None:
    folder = RunFolder.create(place, clock)
    for leg, attempt in ((Leg.CONTROL, 0), (Leg.CANDIDATE, 0), (Leg.CONTROL, 12)):
        folder.leg(leg, attempt).make()
    folder.write_run(factories.compatible_run())
    kept = [folder.path / name for name in ("matrix.json", ".lock")]
    for path in kept:
        path.touch()
    folder.clear()
    assert sorted(folder.path.iterdir()) == sorted(kept)


def test_what_a_killed_writer_left_is_removed_and_nothing_else(place: Path) -> None:
    (place / "cell").mkdir()
    kept = [place / ".lock", place / "run.json", place / "cell" / ".hidden.txt"]
    (place / ".page.602e72e2").mkdir()
    unfinished = (place / ".page.602e72e2" / ".index.html.11223344", place / ".run.json.0a1b2c3d")
    for path in (*kept, *unfinished, place / "cell" / ".x.svg.00000000"):
        path.touch()
    remove_unfinished(place)
    assert sorted(place.rglob("*")) == sorted([*kept, place / "cell"])
