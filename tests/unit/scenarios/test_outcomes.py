"""What a scenario says of a build that failed, or of a result that is not right."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[3] / "scenarios" / "kit" / "outcomes.py"

CLIENT = """\
#7 [2/2] RUN tool --all
#7 0.113 tool: --all: no such device
#7 ERROR: process "/bin/sh -c tool --all" did not complete successfully: exit code: 1
------
 > [2/2] RUN tool --all:
------
Dockerfile:2
--------------------
   1 |     FROM busybox
   2 | >>> RUN tool --all
   3 |
--------------------
error: failed to solve: process "/bin/sh -c tool --all" did not complete successfully: exit code: 1
"""


@pytest.fixture(scope="module")
def outcomes() -> ModuleType:
    """Return the module as a scenario has it, without pytest's path to it."""
    found = importlib.util.spec_from_file_location("scenario_outcomes", SOURCE)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_a_failed_build_says_what_its_step_printed(outcomes: ModuleType) -> None:
    error = outcomes.BuildFailedError(CLIENT)
    first, *rest = str(error).splitlines()
    assert first.startswith("error: failed to solve: process")
    assert "#7 0.113 tool: --all: no such device" in rest
    assert error.words == CLIENT


def test_the_error_of_a_client_that_does_not_mark_it_is_its_last_line(outcomes: ModuleType) -> None:
    docker = CLIENT.replace("error: failed to solve", "failed to solve with frontend dockerfile.v0")
    first, *rest = str(outcomes.BuildFailedError(docker + "\n")).splitlines()
    assert first.startswith("failed to solve with frontend dockerfile.v0: process")
    assert "#7 0.113 tool: --all: no such device" in rest


def test_a_long_log_is_shown_by_its_end(outcomes: ModuleType) -> None:
    log = "".join(f"line {number}\n" for number in range(1000))
    shown = str(outcomes.BuildFailedError(log)).splitlines()
    assert shown[-1] == "line 999"
    assert len(shown) < 50


def test_a_client_that_said_nothing_is_told(outcomes: ModuleType) -> None:
    assert str(outcomes.BuildFailedError("")) == "the client said nothing"


def test_only_a_result_that_differs_is_wrong(outcomes: ModuleType) -> None:
    outcomes.same("mode", 0o644, 0o644)
    outcomes.holds("a file", ["a"], ["a"])
    with pytest.raises(outcomes.WrongError, match=r"^mode: expected 420, got 0$"):
        outcomes.same("mode", 0, 420)
    with pytest.raises(outcomes.WrongError, match=r"^expected a file, got \[\]$"):
        outcomes.holds("a file", [], [])
