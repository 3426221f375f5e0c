"""`compat bisect` on MiniKit: planted regressions are found, and a killed search goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo_program import Program
from tests.support.watched_processes import Child

pytestmark = pytest.mark.e2e

LABELS = "pb: leave what is empty out of image configs"
MENDED = "control: make the labels' map where a frontend sent none"
NO_FILEOP = "dockerfile: remove copies without file operations"
ANY_NAME = "builder: take the first name"
PROPAGATION = "dockerfile: say how bind mounts propagate"
PATIENCE = 300.0


def _words(program: Program, daemon: str, frontend: str, test: str, *more: str) -> list[str]:
    _, *pair = program.words(daemon, frontend)
    return ["bisect", *pair, "--test", test, "--test-timeout", "5", *more]


def _found(program: Program, *words: str) -> dict[str, Any]:
    code, out, err = program.run(*words, "--json")
    assert code == 0, err
    told: dict[str, Any] = json.loads(out)
    return told


def _subjects(told: dict[str, Any]) -> list[str]:
    return [one["commit"]["subject"] for one in told["suspects"]]


def test_a_planted_regression_is_found_and_known_the_next_time(program: Program) -> None:
    words = _words(program, "v0.1", "master", "TestExportLabels")
    told = _found(program, *words)
    assert (told["turned"], _subjects(told)) == ("broke", [LABELS])
    assert told["suspects"][0]["files"] == ["solver/pb/image.go"]
    assert told["candidates"] < told["line"] == told["commits"]
    assert (told["old"]["words"], told["new"]["words"]) == ("compatible", "regressed")
    folder = Path(told["folder"])
    for end in ("old", "new"):
        assert Path(told[end]["run"]).parent == folder / "runs"
        assert (Path(told[end]["run"]) / "run.json").is_file()
    again = _found(program, *words)
    assert (again["runs"], again["suspects"]) == (0, told["suspects"])
    code, out, _ = program.run(
        "diff", told["old"]["run"], told["new"]["run"], out=False, cache=False
    )
    assert code == 0
    assert "compatible → regressed" in out


def test_a_killed_search_goes_on_with_what_it_learnt(program: Program) -> None:
    words = _words(program, "v0.1", "master", "TestMountContextNoParallel")
    before = set(program.runs.glob("bisect-*"))
    with program.start(*words) as child:
        kept = _learnt(program, before, child)
        child.kill()
        child.communicate(timeout=60)
    told = _found(program, *words)
    assert _subjects(told) == [PROPAGATION]
    assert told["known"] >= kept


def _learnt(program: Program, before: set[Path], child: Child[str]) -> int:
    """Wait until the new search has kept two answers; return how many it had."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and child.poll() is None:
        for folder in set(program.runs.glob("bisect-*")) - before:
            file = folder / "bisect.json"
            answers = json.loads(file.read_text())["answers"] if file.is_file() else {}
            if len(answers) > 1:
                return len(answers)
        time.sleep(0.1)
    raise AssertionError("the search ended, or kept nothing in time")


def test_what_mended_the_daemon_is_found(program: Program) -> None:
    words = _words(program, "v0.2.0-rc1", "master", "TestExportLabels")
    told = _found(program, *words, "--axis", "daemon", "--good", "v0.1.0")
    assert (told["turned"], _subjects(told)) == ("mended", [MENDED])


def test_the_commit_of_the_tests_is_found(program: Program) -> None:
    words = _words(program, "v0.1", "master", "TestCopyWildcards", "--tests-from", "master")
    told = _found(program, *words, "--axis", "tests", "--good", "v0.2.0-rc1")
    assert (told["turned"], _subjects(told)) == ("mended", [NO_FILEOP])


def test_a_planted_race_is_found_by_how_often_it_fails(program: Program) -> None:
    """It fails seven times of eight, so 0.999999 is wrong once in a million."""
    words = _words(program, "v0.2", "race", "TestExportLabels", "--confidence", "0.999999")
    told = _found(program, *words)
    assert (told["turned"], _subjects(told)) == ("broke", [ANY_NAME])
    assert told["weighed"]["probability"] >= 0.999999
    assert told["weighed"]["before"]["failed"] == 0


def test_a_stored_run_stands_for_its_pair(program: Program) -> None:
    code, _, err = program.pair("v0.1", "master", "--tests", "TestExportLabels", "--reruns", "0")
    assert code == 1, err
    _, *given = program.words("v0.1", "master")
    where = [word for word in given[2:] if word != "--offline"]
    told = _found(program, "bisect", str(program.latest()), "--test", "TestExportLabels", *where)
    assert _subjects(told) == [LABELS]


@pytest.mark.parametrize(
    ("test", "more", "code", "words"),
    [
        ("TestNothing", [], 2, "TestNothing"),
        ("Test*", [], 2, "is a pattern"),
        ("TestExportLabels", ["--good", "master", "--bad", "v0.1.0"], 2, "is newer than"),
        ("TestExportLabels", ["--good", "v0.1.1"], 2, "no path leads"),
        ("TestExportLabels", ["--good", "v0.1.0", "--bad", "v0.1.0"], 2, "nothing lies between"),
        ("TestExportLabels", ["--axis", "tests"], 2, "--axis tests has no newer end"),
        ("TestExportLabels", ["--good", "v0.2.0-rc1"], 3, "the ends do not differ"),
    ],
)
def test_what_cannot_be_searched_is_a_sentence(
    program: Program, test: str, more: list[str], code: int, words: str
) -> None:
    got, out, err = program.run(*_words(program, "v0.1", "master", test, *more))
    assert (got, out) == (code, "")
    assert words in err
    assert "hint: " in err
