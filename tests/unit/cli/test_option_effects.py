"""Every option of every command does something, and its command refuses what it cannot take."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from harness.errors import ExitCode
from tests.support.option_stage import Stage
from tests.support.option_values import BASES, REFUSED, VALUES, Value
from tests.unit.test_docs import ALL_COMMANDS

SHARED = {"--debug", "--help", "--version"}
"""Options of all commands, which tests/unit/cli/test_program.py tries."""

ROWS = [
    pytest.param(BASES[path] if value.base is None else value.base, value, id=f"{path} {name}")
    for path, values in VALUES.items()
    for name, value in values.items()
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        yield Stage(tmp_path_factory.mktemp("stage"), patch)


def test_the_table_has_every_option_of_every_command() -> None:
    options = {
        path: {it.opts[-1] for it in command.params if isinstance(it, click.Option)} - SHARED
        for path, command in ALL_COMMANDS.items()
    }
    assert {path: {*values} for path, values in VALUES.items()} == {
        path: names for path, names in options.items() if names
    }


@pytest.mark.parametrize(("base", "value"), ROWS)
def test_an_option_has_its_effect(base: str, value: Value, stage: Stage) -> None:
    effect = value.effect.format(**stage.places)
    assert effect not in stage.base(base)
    assert effect in stage(f"{base} {value.words}")


@pytest.mark.parametrize("line", REFUSED)
def test_a_command_refuses_what_an_option_cannot_mean(line: str, stage: Stage) -> None:
    said = stage(line)
    assert f"code: {ExitCode.USAGE:d}\n" in said
    assert line.rpartition(" ")[2].format(**stage.places) in said
