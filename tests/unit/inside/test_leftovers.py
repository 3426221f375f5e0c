"""What was left behind: counted, read with suspicion, and told."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from harness.backends.native.leftovers import LEFT, Left, read_left
from harness.errors import ExitCode
from harness.inside import left
from harness.model import Leaked, Leg, Run, Verdict
from harness.reports.leftovers import left_behind
from tests.support.factories import make_run

KINDS = Leaked.__struct_fields__


def said(**numbers: int) -> dict[str, object]:
    kinds = {kind: {"number": numbers.get(kind, 0), "names": []} for kind in KINDS}
    return {**kinds, "shared": []}


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / LEFT
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_only_what_came_in_between_counts_and_equal_names_are_told_once() -> None:
    before: left.Seen = {"processes": {"7": "registry", "8": "ssh-agent"}}
    after: left.Seen = {"processes": {"7": "registry", "9": "ssh-agent", "10": "ssh-agent"}}
    assert left.between(before, after) == {
        "processes": {"number": 2, "names": ["ssh-agent x2"]},
    }


def test_all_are_counted_and_some_are_named_in_a_few_letters() -> None:
    after: left.Seen = {"state": {number: f"{number:05}{'x' * 500}" for number in range(5000)}}
    (kind,) = left.between({"state": {}}, after).values()
    assert kind["number"] == 5000
    names = kind["names"]
    assert isinstance(names, list)
    assert len(names) == left.NAMES
    assert max(map(len, names)) <= 100


def test_names_that_are_no_text_can_be_written_down() -> None:
    (kind,) = left.between({"state": {}}, {"state": {1: "a\udcff\n"}}).values()
    assert json.loads(json.dumps(kind).encode())["names"] == ["a\ufffd\n"]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, json.dumps({**said(processes=2, groups=1), "shared": ["/var/lib: no"]}))
    assert read_left(file) == Left(Leaked(processes=2, groups=1), ("/var/lib: no",))


def test_a_leg_that_was_killed_has_no_such_file_and_nothing_is_known(tmp_path: Path) -> None:
    assert read_left(tmp_path / LEFT) == Left(None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "\x00",
        b"\xff\xfe",
        json.dumps({**said(), "shared": ["?"]}).encode().replace(b"?", b"\xff"),
        json.dumps(said(processes=-1)),
        json.dumps({**said(), "shared": "all"}),
        "[" * 100_000,
    ],
)
def test_a_file_that_something_in_the_leg_wrote_is_told_and_nothing_is_known(
    text: str | bytes, tmp_path: Path
) -> None:
    read = read_left(write(tmp_path, text))
    assert read.leaked is None
    (note,) = read.shared
    assert "cannot be read" in note


def test_no_more_of_a_file_is_read_than_a_first_process_writes(tmp_path: Path) -> None:
    file = write(tmp_path, " " * (1 << 20) + json.dumps(said()))
    assert read_left(file).leaked is None


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / LEFT).mkdir()
    (note,) = read_left(tmp_path / LEFT).shared
    assert "cannot be read" in note


def with_left(control: Leaked | None, candidate: Leaked | None) -> Run:
    run = make_run(verdict=Verdict.COMPATIBLE, exit_code=ExitCode.COMPATIBLE)
    legs = tuple(
        msgspec.structs.replace(leg, leaked=control if leg.leg is Leg.CONTROL else candidate)
        for leg in run.legs
    )
    return msgspec.structs.replace(run, legs=legs)


TWO = Leaked(processes=1, temporary=2)


@pytest.mark.parametrize(
    ("control", "candidate", "words"),
    [
        (None, None, ""),
        (Leaked(), None, ""),
        (TWO, TWO, "1 process, 2 temporary files by each side, removed"),
        (None, TWO, "1 process, 2 temporary files by the candidate, removed"),
        (
            Leaked(groups=1, state=2),
            Leaked(mounts=1),
            "1 control group, 2 files of state by the control, 1 mount by the candidate, removed",
        ),
    ],
)
def test_it_is_told_in_a_line(control: Leaked | None, candidate: Leaked | None, words: str) -> None:
    assert left_behind(with_left(control, candidate)) == words


def test_reruns_are_added() -> None:
    run = with_left(None, TWO)
    again = msgspec.structs.replace(run.legs[-1], attempt=1)
    run = msgspec.structs.replace(run, legs=(*run.legs, again))
    assert left_behind(run).startswith("2 processes, 4 temporary files")
