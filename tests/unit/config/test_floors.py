"""Floors are read, found by a test's name and values, and refused in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.config.floors import NO_FLOORS, Floors, load_floors
from harness.config.known import Known
from harness.errors import ConfigError
from harness.model import Below
from tests.support.floors import LINES, floor, floors

GOOD = """\
floors:
  - {test: TestA, since: v0.3}
  - {test: TestB/x, since: v0.12, below: refused, cause: exec.secretenv}
  - {test: TestB/x, params: {fileop: "true"}, since: v0.17, below: wrong, cause: mode 0000}
"""


def read(folder: Path, text: str, known: Known | None = None) -> Floors:
    (folder / "v0.12.yaml").write_text(text, "utf-8")
    return load_floors(folder, LINES, known or Known())


def complaint(folder: Path, text: str, known: Known | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, known)
    return str(caught.value).removeprefix(f"{folder}/")


def test_floors_are_found_by_name_and_by_as_many_values_as_they_have(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    one = found.find("TestB/x", {"fileop": "false"})
    other = found.find("TestB/x", {"fileop": "true", "frontend": "gateway"})
    assert one
    assert (one.since, one.below, one.cause) == ("v0.12", Below.REFUSED, "exec.secretenv")
    assert other
    assert (other.since, other.below) == ("v0.17", Below.WRONG)
    assert one.where == f"{tmp_path.name}/v0.12.yaml:3"
    assert found.find("TestB", {}) is None
    assert found.older("v0.6", "v0.12")
    assert not found.older("master", "v0.17")
    assert not found.older("v0.6", "v0.6")


def test_the_floor_of_a_platform_comes_before_that_of_all(tmp_path: Path) -> None:
    rows = "{test: TestA, since: v0.6}, {test: TestA, since: v0.12, platform: windows/amd64}"
    found = read(tmp_path, f"floors: [{rows}]\n")
    for platform, since in (("linux/amd64", "v0.6"), ("windows/amd64", "v0.12")):
        floor = found.find("TestA", {}, platform)
        assert floor
        assert floor.since == since


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert load_floors(tmp_path / "none", LINES) == Floors((), LINES)
    assert NO_FLOORS.find("TestA", {}) is None


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{test: TestC, since: v0.13}", "2:5: since: there is no line 'v0.13'"),
        ("{test: TestC, since: v0.3, below: crash}", "2:5: below: no line is older than v0.3"),
        (
            "{test: TestC, since: v0.6, below: wrong}",
            "2:5: floors[0].below: a test that is wrong below its floor needs a cause",
        ),
        ('{test: TestC, since: v0.6, below: wrong, cause: ""}', "2:52: floors[0].cause: "),
        ("{test: TestC, since: v0.6, cause: x}", "2:5: floors[0].cause: nothing is said"),
        (
            "{test: TestC, since: v0.6, below: crash, dies: [v0.3]}",
            "2:5: floors[0].dies: only what is wrong below may die on some lines",
        ),
        (
            "{test: TestC, since: v0.6, below: wrong, cause: x, dies: [v0.3, v0.6]}",
            "2:5: dies: there is no line 'v0.6' below v0.6",
        ),
        ("{test: 'TestC*', since: v0.6}", "2:5: floors[0].test: a floor is one test's"),
    ],
)
def test_a_floor_that_is_wrong_is_refused_in_its_place(tmp_path: Path, row: str, told: str) -> None:
    said = complaint(tmp_path, f"floors:\n  - {row}\n")
    assert told.split(": ", 1)[1] in said
    assert said.startswith("v0.12.yaml:2:")


def test_two_floors_of_one_test_contradict_one_another(tmp_path: Path) -> None:
    said = complaint(tmp_path, GOOD + "  - {test: TestA, since: v0.6}\n")
    assert said.startswith("v0.12.yaml:5:")
    assert f"TestA has a floor already: {tmp_path.name}/v0.12.yaml:2 says v0.3" in said
    assert "says the same" in complaint(tmp_path, GOOD + "  - {test: TestA, since: v0.3}\n")


def test_a_value_that_no_test_has_is_refused(tmp_path: Path) -> None:
    known = Known(params={"fileop": ("true", "false")})
    assert read(tmp_path, GOOD, known).rows
    said = complaint(tmp_path, GOOD.replace('"true"', '"maybe"'), known)
    assert said.startswith("v0.12.yaml:4:")


def test_floors_are_found_among_others() -> None:
    found = floors(floor("TestA", "v0.6"), floor("TestB", "v0.12", Below.CRASH))
    row = found.find("TestB", {"frontend": "gateway"})
    assert row is found.rows[1]
