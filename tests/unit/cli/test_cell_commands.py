"""The command that repeats one cell of a matrix asks for just that cell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from harness.cli import matrix
from harness.cli.again import cell_again
from harness.cli.declared import execution
from harness.cli.options import parsed
from harness.model import Channel, Client, Pair, Source, Vary
from harness.plan.foreign import here
from tests.support import stored_matrices
from tests.support.factories import FRONTEND

PLAN = stored_matrices.plan(["v0.6.4"], ["master"])
SOURCE = Source(commit=FRONTEND, channel=Channel.LABS)
ENGINE = "Docker Engine 20.10.24+dfsg1"


def asked(pair: Pair) -> dict[str, Any]:
    """Return what the command of a cell asks for, read as the command line is."""
    options: Any = dict.fromkeys(matrix._OF_CELLS)
    opened: Any = SimpleNamespace(
        plan=PLAN, workspace=SimpleNamespace(channel=lambda *_: pair.frontend_channel)
    )
    sources: Any = SimpleNamespace(own=False)
    cell = replace(PLAN.cells[0], pair=pair)
    program, *words = matrix._cell_command(options, sources, opened)(cell)
    assert program == "compat-run"
    return parsed(execution.run, words)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, {"daemon": "v0.6.4", "tests_from": None, "vary": "frontend"}),
        ({"tests": SOURCE, "client": Client.TESTS}, {"tests_from": "master", "client": "tests"}),
        ({"tests": SOURCE, "vary": Vary.DAEMON}, {"tests_from": "master", "vary": "daemon"}),
        ({"baseline": SOURCE}, {"baseline": "master"}),
        ({"scenarios": True}, {"tests_from": "scenarios", "vary": "frontend"}),
        (
            {"scenarios": True, "tests": SOURCE, "vary": Vary.DAEMON},
            {"daemon": "v0.6.4", "tests_from": "scenarios", "vary": "daemon", "client": "daemon"},
        ),
        (
            {"scenarios": True, "tests": SOURCE, "vary": Vary.DAEMON, "buildctl": SOURCE},
            {"daemon": "v0.6.4", "tests_from": "scenarios", "client": "master"},
        ),
    ],
)
def test_it_asks_for_what_the_cell_has(changes: Any, wanted: dict[str, object]) -> None:  # noqa: ANN401 - of any field
    found = asked(replace(PLAN.cells[0].pair, **changes))
    assert {name: found[name] for name in wanted} == wanted


def test_it_asks_for_the_engine_and_not_for_the_buildkit_inside() -> None:
    pair = PLAN.cells[0].pair
    suite = replace(pair.suite, asked="docker", ref=ENGINE)
    found = asked(
        replace(pair, suite=suite, engine=ENGINE, scenarios=True, tests=SOURCE, vary=Vary.DAEMON)
    )
    assert (found["daemon"], found["tests_from"]) == ("docker", "scenarios")


def test_it_names_the_platform_if_that_is_not_this_machine_s() -> None:
    pair = PLAN.cells[0].pair
    assert asked(replace(pair, platform=here()))["platform"] is None
    foreign = "linux/s390x" if here() != "linux/s390x" else "linux/amd64"
    assert asked(replace(pair, platform=foreign))["platform"] == foreign


RUN = stored_matrices.matrix(PLAN, ())
CELL = PLAN.cells[0].id


@pytest.mark.parametrize(
    ("command", "plan", "wanted"),
    [
        ("compat matrix nightly --repo /a", {}, "nightly --repo /a"),
        (
            "compat matrix mine/backport.yaml --branch v0.33 --only v* --shard 1/2 --jobs 3",
            {"matrix": "backport", "branch": "v0.33"},
            "mine/backport.yaml --branch v0.33",
        ),
        (
            "compat matrix --plan plan.json --shard 1/2 --cache /c",
            {"matrix": "release-gate", "candidate": "v0.33.0-rc1", "tests": ("TestCopy",)},
            "release-gate --candidate v0.33.0-rc1 --tests TestCopy --cache /c",
        ),
        ("", {"matrix": "backport", "branch": "v0.33", "offline": True}, None),
        ("compat matrix nightly --no-such-option", {"matrix": "nightly"}, "nightly"),
        ("compat matrix nightly --help", {"matrix": "nightly"}, "nightly"),
    ],
)
def test_a_cell_of_a_stored_run_is_asked_for_as_the_run_was(
    command: str, plan: dict[str, Any], wanted: str | None
) -> None:
    made = replace(
        RUN,
        plan=replace(PLAN, **{"offline": False, "reruns": 2, "most_reruns": 20, **plan}),
        command=tuple(command.split()),
    )
    words = cell_again(made)(CELL)
    assert words[:2] == ("compat", "matrix")
    usual = {"only": (CELL,)}
    asked = parsed(execution.matrix, (wanted or "backport --branch v0.33 --offline").split())
    assert parsed(execution.matrix, words[2:]) == {**asked, **usual}


def test_a_stored_pair_is_asked_for_by_its_own_command() -> None:
    command = ("compat-run", "v0.6.4", "master")
    made = replace(RUN, plan=replace(PLAN, pair=True), command=command)
    assert cell_again(made)(CELL) == command


def test_no_command_runs_what_is_not_for_linux() -> None:
    options: Any = dict.fromkeys(matrix._OF_CELLS)
    nothing: Any = SimpleNamespace(own=False)
    pair = replace(PLAN.cells[0].pair, platform="windows/amd64")
    assert matrix._cell_command(options, nothing, nothing)(replace(PLAN.cells[0], pair=pair)) == ()
