"""A command is declared in one file and answered in another: the two fit each other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import GenericAlias
from typing import get_args, get_type_hints

import click
import pytest

from harness.cli.lazy import Declared
from harness.cli.options import Amount, ShardParam
from harness.cli.umbrella import COMMANDS, umbrella
from harness.model.matrix import Shard


def _declared(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for child, below in command.commands.items():
            yield from _declared(below, f"{name} {child}")
    else:
        yield name, command


DECLARED = dict(one for name in COMMANDS for one in _declared(umbrella.load(name), name))
every_command = pytest.mark.parametrize("name", DECLARED)


@pytest.fixture
def command(name: str) -> Declared:
    found = DECLARED[name]
    assert isinstance(found, Declared)
    return found


def _taken(body: Callable[..., int | None]) -> dict[str, object]:
    """Return the parameters of a body and their types, those of its TypedDict among them."""
    body = inspect.unwrap(body)
    hints = get_type_hints(body)
    taken: dict[str, object] = {}
    for name, parameter in inspect.signature(body).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            (options,) = get_args(hints[name])
            taken |= get_type_hints(options)
        elif hints[name] is not click.Context:
            taken[name] = hints[name]
    return taken


_TYPES: dict[type[click.ParamType[object]], type] = {
    click.Path: Path,
    click.types.IntParamType: int,
    click.IntRange: int,
    click.FloatRange: float,
    click.types.BoolParamType: bool,
    click.types.StringParamType: str,
    click.Choice: str,
    ShardParam: Shard,
}


def _given(parameter: click.Parameter) -> object:
    """Return the type of what click gives for a parameter."""
    kind = parameter.type
    one = kind.number if isinstance(kind, Amount) else _TYPES[type(kind)]
    if parameter.nargs == -1 or parameter.multiple:
        return GenericAlias(tuple, (one, ...))
    always = parameter.required or isinstance(
        parameter.get_default(click.Context(umbrella)), str | int
    )
    return one if always else one | None


@every_command
def test_a_body_takes_just_what_is_declared(command: Declared) -> None:
    given = {p.name: _given(p) for p in command.params if p.expose_value}
    assert _taken(command.load()) == given


@every_command
def test_a_body_is_imported_when_it_is_called(
    command: Declared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "body", "harness.cli.nowhere:at_all")
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        command.invoke(click.Context(command))


def test_a_body_that_is_no_function_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    command = DECLARED["gate"]
    assert isinstance(command, Declared)
    monkeypatch.setattr(command, "body", "harness.cli.demo:LEG_SECONDS")
    with pytest.raises(TypeError, match="LEG_SECONDS is no function"):
        command.load()
