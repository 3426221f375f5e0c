"""Commands that are imported in three steps, each of them only when it is needed.

`compat --help` needs the summaries of the commands, which are data. `compat NAME --help` needs the
declaration of one: its options and its help. Only a command that is run needs its body, and all
that the body imports. The first step is click's own pattern:
https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pkgutil import resolve_name

import click

from harness.cli.complaints import printable
from harness.errors import UsageError

HELP = ["-h", "--help"]
"""Options that show help. click keeps those that a command was first asked with, so every command
has them of itself, and not of whoever asks."""

_NEAR = 0.8
"""Likeness from which on a word is a command with a slip in it, and no daemon's name."""

_SETTINGS = {"help_option_names": HELP}


@dataclass(frozen=True)
class Lazy:
    """A command that has not been imported: where it is, and one line about it."""

    module: str
    """Module of `harness/cli/declared/` that declares it, under its own name."""
    summary: str
    """Shown in the list of commands; becomes the command's short help."""


class Declared(click.Command):
    """A command whose options and help are here, and whose body is elsewhere."""

    def __init__(
        self,
        name: str | None,
        *,
        body: str,
        callback: Callable[[], None],
        params: list[click.Parameter],
        help: str,  # noqa: A002 - click's name
        epilog: str,
    ) -> None:
        """Take what `click.command` has gathered, and `module:function` of the body.

        The body is called with the parameters of the command, by name, and returns its exit code,
        or None for 0. What is decorated has a name and a docstring alone.
        """
        super().__init__(
            name, _SETTINGS, callback=callback, params=params, help=help, epilog=epilog
        )
        self.body = body

    def invoke(self, ctx: click.Context) -> object:
        """Import the body and call it with what the command line says."""
        self.callback = self.load()
        return super().invoke(ctx)

    def load(self) -> Callable[..., int | None]:
        """Import the body. Raises ImportError, AttributeError and TypeError if there is none."""
        body: Callable[..., int | None] = resolve_name(self.body)
        if not callable(body):
            raise TypeError(f"{self.body} is no function")
        return body


@dataclass
class Settings:
    """What the options of every command ask of the program around them."""

    debug: bool = False


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports each on its first use."""

    def __init__(self, name: str, *, lazy: Mapping[str, Lazy], help: str, epilog: str) -> None:  # noqa: A002 - click's name
        """Hold `lazy`, whose order is the order of the list in `--help`."""
        super().__init__(name, help=help, epilog=epilog, context_settings=_SETTINGS)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order in which they were given."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command of that name, or say that there is none."""
        return self.load(cmd_name) if cmd_name in self._lazy else None

    def near(self, word: str) -> str:
        """Return the name of the command that a word means, slips forgiven, or an empty string."""
        return (
            word if word in self._lazy else "".join(get_close_matches(word, self._lazy, 1, _NEAR))
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for. Raises UsageError naming one that is near."""
        near = self.near(args[0])
        if near not in {"", args[0]} and not ctx.resilient_parsing:
            what = f"there is no command {args[0]!r}"
            raise UsageError(
                what, hint=f"did you mean {near}? All of them: {ctx.command_path} --help"
            )
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> click.Command:
        """Import a command, give it its summary and the options that all commands share."""
        if name not in self.commands:
            entry = self._lazy[name]
            command = resolve_name(f"harness.cli.declared.{entry.module}:{name}")
            if not isinstance(command, click.Command):
                raise TypeError(f"{entry.module}:{name} is no click command")
            command.short_help = entry.summary
            share_options(command)
            self.add_command(command, name)
        return self.commands[name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands from the summaries alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self._lazy.items()])


def share_options(command: click.Command) -> None:
    """Add to a command, and to every command below it, the options that all of them have."""
    if all("--debug" not in parameter.opts for parameter in command.params):
        command.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_set_debug,
                help="Log the commands that are run; show tracebacks.",
            )
        )
    if isinstance(command, click.Group):
        for child in command.commands.values():
            share_options(child)


def _set_debug(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    settings = ctx.find_object(Settings)
    if value and settings is not None:
        settings.debug = True
        handler = logging.StreamHandler()
        handler.setFormatter(_Harmless("%(name)s: %(message)s"))
        logging.basicConfig(level=logging.DEBUG, handlers=[handler])


class _Harmless(logging.Formatter):
    """Writes what libraries log too, which may hold what they were told and what they got."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's text as errors are given."""
        return printable(super().format(record))
