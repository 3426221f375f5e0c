"""The final report reads well at any width, in any colour, and obeys no test."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.errors import ExitCode
from harness.model import Leg, Outcome, Run, Verdict
from harness.reports.terminal import render
from tests.support import factories

Golden = Callable[[str, str], None]
FOLDER = Path("/home/me/runs/20261123-180607-ab12")
EXAMPLES = {
    "regressed": factories.regressed_run(),
    "compatible": factories.compatible_run(),
    "every-verdict": factories.every_verdict_run(),
    "nothing-ran": factories.empty_run(),
    "hostile": factories.hostile_run(),
}
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("name", EXAMPLES)
def test_reports_are_as_they_were_read(name: str, golden: Golden) -> None:
    golden(f"reports/{name}.txt", render(EXAMPLES[name], FOLDER))


def test_a_narrow_report_is_as_it_was_read(golden: Golden) -> None:
    golden("reports/regressed-narrow.txt", render(EXAMPLES["regressed"], FOLDER, width=50))


@pytest.mark.parametrize("name", EXAMPLES)
def test_colours_add_nothing_but_colours(name: str) -> None:
    run = EXAMPLES[name]
    coloured = render(run, FOLDER, color=True)
    assert COLOURS.search(coloured)
    assert COLOURS.sub("", coloured) == render(run, FOLDER)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_character_acts_on_the_terminal(name: str) -> None:
    assert all(line.isprintable() for line in render(EXAMPLES[name], FOLDER).split("\n"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_rendering_changes_no_run_and_no_byte(name: str) -> None:
    run = EXAMPLES[name]
    before = copy.deepcopy(run)
    assert render(run, FOLDER) == render(run, FOLDER)
    assert run == before


@pytest.mark.parametrize("width", [1, 40, 60, 80, 120])
def test_prose_keeps_to_the_width(width: int) -> None:
    text = render(EXAMPLES["every-verdict"], FOLDER, width=width)
    unbroken = re.compile(r"\.log$|^logs|^rerun|https:|^  (control|candidate)? ")
    prose = [line for line in text.splitlines() if not unbroken.search(line)]
    assert len(prose) > 20
    assert all(len(line) <= max(width, 40) for line in prose)


def test_the_whole_report_fits_80_columns_but_for_what_is_copied() -> None:
    lines = render(EXAMPLES["every-verdict"], FOLDER).splitlines()
    assert [it for it in lines if len(it) > 80 and not it.endswith(".log")] == []


def test_a_wide_report_breaks_fewer_lines() -> None:
    run = EXAMPLES["regressed"]
    assert len(render(run, FOLDER, width=200).splitlines()) < len(render(run, FOLDER).splitlines())


def test_the_rerun_command_can_be_pasted_into_a_shell() -> None:
    run = EXAMPLES["hostile"]
    line = next(it for it in render(run, FOLDER).splitlines() if it.startswith("rerun"))
    assert tuple(shlex.split(line.removeprefix("rerun"))) == run.rerun


def test_long_lists_are_cut_and_say_so() -> None:
    rows = [
        factories.judgement(f"Test{number}", Verdict.REGRESSED, [Outcome.PASS], [Outcome.FAIL])
        for number in range(60)
    ]
    run = factories.make_run(*rows, verdict=Verdict.REGRESSED, exit_code=ExitCode.REGRESSION)
    text = render(run, FOLDER)
    assert "✗ R  Test49\n" in text
    assert "Test50\n" not in text
    assert "… and 10 more, all in run.json" in text


def test_a_long_list_of_warnings_is_cut_too() -> None:
    run = msgspec.structs.replace(
        EXAMPLES["compatible"],
        warnings=tuple(f"warning {number}" for number in range(60)),
        unmatched=(factories.FILEOP,) * 60,
    )
    text = render(run, FOLDER)
    assert text.count("… and 10 more, all in run.json") == 2
    assert "warning 50" not in text


def test_without_a_control_nothing_is_said_of_one() -> None:
    run = without_control(EXAMPLES["regressed"])
    text = render(run, FOLDER)
    assert "no control" in text
    assert "in the control" not in text
    assert "own frontend" not in text
    assert "REGRESSED: 2 tests fail with master's frontend, and 1 did not run" in text


def test_equal_error_lines_of_both_sides_are_said_once() -> None:
    row = factories.judgement(
        "TestX", Verdict.CHANGED_FAILURE, [Outcome.FAIL], [Outcome.HANG], error="gone"
    )
    run = factories.make_run(row, verdict=Verdict.CHANGED_FAILURE, exit_code=ExitCode.COMPATIBLE)
    text = render(run, FOLDER)
    assert text.count("gone") == 1
    assert "control: " not in text


def test_a_leg_that_was_begun_again_is_counted_by_what_it_then_did() -> None:
    names = [f"Test{number}" for number in range(21)]
    rows = [
        factories.judgement(
            name, Verdict.COMPATIBLE, [Outcome.MISSING, Outcome.PASS], [Outcome.PASS] * 2
        )
        for name in names
    ]
    run = factories.make_run(*rows, verdict=Verdict.COMPATIBLE, exit_code=ExitCode.COMPATIBLE)
    again = factories.leg_run(Leg.CONTROL, (row.control[1] for row in rows), 1)
    run = msgspec.structs.replace(
        run, legs=(*run.legs, msgspec.structs.replace(again, repeats=True))
    )
    text = render(run, FOLDER)
    assert re.search(r"^  control +21 +0 +0$", text, re.MULTILINE)
    assert re.search(r"^  candidate +21 +0 +0$", text, re.MULTILINE)


def without_control(run: Run) -> Run:
    return msgspec.structs.replace(
        run, legs=tuple(leg for leg in run.legs if leg.leg is Leg.CANDIDATE)
    )
