"""Every option of every command, from click's own tree: a wrong value is refused by its name."""

from __future__ import annotations

import click
import pytest

from harness.cli.options import Amount, ShardParam
from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.errors import ExitCode
from tests.unit.test_docs import ALL_COMMANDS

OPTIONS = [
    (path, option)
    for path, command in ALL_COMMANDS.items()
    for option in command.params
    if isinstance(option, click.Option) and option.opts[-1] not in {"--help", "--version"}
]


def _wrong(option: click.Option) -> str | None:
    """Return arguments that the option must refuse; None where any text will do."""
    name = option.opts[-1]
    if option.is_flag:
        return f"{name}=value"
    if isinstance(
        option.type, click.Choice | click.IntRange | click.FloatRange | Amount | ShardParam
    ):
        return f"{name}=no such value"
    if isinstance(option.type, click.Path):
        # A folder where a file is asked for, a file where a folder is.
        return f"{name}=/" if not option.type.dir_okay else f"{name}={__file__}"
    return None if isinstance(option.type, click.types.StringParamType) else ""


def test_every_option_is_a_text_or_has_a_kind_that_refuses() -> None:
    assert OPTIONS
    assert all(_wrong(option) != "" for _, option in OPTIONS)


@pytest.mark.parametrize(("path", "option"), OPTIONS, ids=lambda it: getattr(it, "name", it))
def test_an_option_refuses_what_it_cannot_take_by_its_name(
    path: str, option: click.Option, capsys: pytest.CaptureFixture[str]
) -> None:
    name = option.opts[-1]
    wrong = _wrong(option) or name  # a text that is missing altogether
    command = path.split(" ")[1:]
    assert execute("compat", lambda _: umbrella, [*command, wrong]) == ExitCode.USAGE
    assert name in capsys.readouterr().err
