"""Every command explains itself, with an example."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
import pytest

from harness.cli.lazy import HELP, LazyGroup
from harness.cli.umbrella import COMMANDS, umbrella

WIDTH = 90


def _walk(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[click.Context]:
    ctx = click.Context(
        command,
        parent=parent,
        info_name=name,
        terminal_width=WIDTH,
        help_option_names=HELP,
    )
    yield ctx
    if isinstance(command, click.Group):
        for child in command.list_commands(ctx):
            found = command.get_command(ctx, child)
            assert found is not None
            yield from _walk(found, ctx, child)


CONTEXTS = {ctx.command_path: ctx for ctx in _walk(umbrella, None, "compat")}

every_command = pytest.mark.parametrize("path", CONTEXTS)


@every_command
def test_help_is_as_it_was_read_and_approved(path: str, golden: Callable[[str, str], None]) -> None:
    golden(f"help/{path.replace(' ', '-')}.txt", CONTEXTS[path].get_help() + "\n")


@every_command
def test_help_has_an_example_that_names_the_command(path: str) -> None:
    _, _, examples = CONTEXTS[path].get_help().partition("Example")
    short = path.replace("compat run", "compat-run")
    assert path in examples or short in examples


@every_command
def test_help_shows_no_mark_of_the_formatter(path: str) -> None:
    assert "\\b" not in CONTEXTS[path].get_help()


@every_command
def test_every_option_says_what_it_is_for(path: str) -> None:
    options = [p for p in CONTEXTS[path].command.params if isinstance(p, click.Option)]
    assert [o.name for o in options if not o.help] == []


@every_command
def test_every_command_can_show_tracebacks(path: str) -> None:
    assert any("--debug" in p.opts for p in CONTEXTS[path].command.params)


def test_the_list_of_commands_imports_none_of_them() -> None:
    group = LazyGroup("compat", lazy=COMMANDS, help="", epilog="")
    assert all(name in click.Context(group).get_help() for name in COMMANDS)
    assert group.commands == {}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_in_the_list_fits_a_line(name: str) -> None:
    assert len(COMMANDS[name].summary) <= 60
    assert COMMANDS[name].summary.endswith(".")
