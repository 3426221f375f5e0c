"""Options that several commands have, and the kinds of values they take."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.backends import BACKENDS
from harness.tools.redaction import redact
from harness.verdict.evidence import MOST

if TYPE_CHECKING:
    from harness.model.matrix import Shard

Command = TypeVar("Command", bound=Callable[..., Any])

Number = TypeVar("Number", bound=float)

FOLDER = click.Path(path_type=Path, file_okay=False)


class Once(click.Option):
    """An option that has its say once: the command that asks for the same again leaves it out."""


def argv_of(
    command: click.Command, values: Mapping[str, object], *, leave: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the words behind a command's name that give its parameters these values.

    Derived from the declarations of the parameters: what has its default, is not among `values`
    or is named in `leave` is left out, and so are options of the kind `Once`. Credentials in
    addresses are masked.
    """
    ctx = click.Context(command)
    places: list[str] = []
    words: list[str] = []
    for param in command.params:
        value = values.get(param.name or "")
        nothing = value is None or value is False or value == ()
        if nothing or param.name in leave or isinstance(param, Once):
            continue
        given = value if isinstance(value, tuple) else (value,)
        if isinstance(param, click.Argument):
            places += map(_word, given)
        elif value != _default(param, ctx):
            (flag,) = param.opts
            words += [word for one in given for word in _pair(flag, one)]
    return (*places, *words)


def _default(param: click.Parameter, ctx: click.Context) -> object:
    """Return a parameter's declared default as its type reads it; None if it has none."""
    declared = param.default
    return param.type_cast_value(ctx, declared) if isinstance(declared, str | int | float) else None


def _pair(flag: str, value: object) -> tuple[str, ...]:
    return (flag,) if value is True else (flag, _word(value))


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else redact(str(value))


def parsed(
    command: click.Command, words: Sequence[str], parent: click.Context | None = None
) -> dict[str, Any]:
    """Return the parameters that words behind a command's name give it. Raises UsageError."""
    made = command.make_context(command.name, list(words), parent=parent)
    with made as begun:
        return {name: value for name, value in begun.params.items() if name not in _NOW}


_NOW = frozenset({"resume", "as_json"})
"""Parameters of the command line that takes a run up, not of the run."""


def as_begun(
    ctx: click.Context, command: Sequence[str], *, beside: Collection[str]
) -> dict[str, Any]:
    """Return the parameters of a command as an earlier command line gave them.

    Raises UsageError for what is said now and is not among `beside`: it has no say.
    """
    for name in ctx.params:
        given = ctx.get_parameter_source(name)
        if name not in beside and given is not None and given.name == "COMMANDLINE":
            raise click.UsageError(
                f"--resume goes on as the run began: {name.replace('_', '-')} has no say; "
                "leave it out, or begin a new run",
                ctx,
            )
    return parsed(ctx.command, command, ctx)


REPO = click.option(
    "--repo",
    metavar="URL|PATH",
    help="Repository of BuildKit (default: COMPAT_REPO, else GitHub's moby/buildkit).",
)
FETCH = click.option(
    "--fetch", cls=Once, is_flag=True, help="Update the cached clone of a URL first."
)
BACKEND_NAMES = click.Choice(["auto", *BACKENDS])
STAGES = click.Choice(["auto", "upstream", "generic"])
BACKEND = click.option(
    "--backend",
    type=BACKEND_NAMES,
    default="auto",
    envvar="COMPAT_BACKEND",
    show_default=True,
    help="What builds and runs: auto takes docker where an engine answers (or COMPAT_BACKEND).",
)
STAGE = click.option(
    "--stage",
    type=STAGES,
    help="Whose Dockerfiles docker builds: the commits' own, ours, or auto: ours where theirs fail "
    "(default: by line).",
)
OFFLINE = click.option(
    "--offline", is_flag=True, help="No network for the tests; seeded images only."
)
TESTS = click.option(
    "--tests",
    multiple=True,
    metavar="GLOB",
    help="Only test functions of this name; may be repeated.",
)
RERUNS = click.option(
    "--reruns",
    type=click.IntRange(min=0, max=20),
    default=2,
    show_default=True,
    help="Further attempts, on both sides, for tests with an unexpected verdict.",
)
FRESH_CONTROL = click.option(
    "--fresh-control", cls=Once, is_flag=True, help="Run every control, stored or not."
)

CACHE = click.option(
    "--cache", type=FOLDER, help="Cache folder (default: COMPAT_CACHE, else the user's)."
)
DATA = click.option(
    "--data",
    type=FOLDER,
    help="Folder with matrices/, patches/, skiplists/ (default: COMPAT_DATA, else our own).",
)


_SHARD = re.compile(r"(\d{1,3})/(\d{1,3})", re.ASCII)
PRIVILEGES = click.option(
    "--privileges",
    type=click.Choice(["auto", "privileged", "explicit"]),
    default="auto",
    show_default=True,
    help="What docker gives to a container: everything, or all that the engine has.",
)
MOST_RERUNS = click.option(
    "--most-reruns",
    type=click.IntRange(min=0, max=100),
    default=MOST,
    show_default=True,
    help="Further attempts in all, until it is decided whether a test that fails now and then is "
    "the frontend's; none with --reruns 0.",
)
OUT = click.option(
    "--out", type=FOLDER, help="Folder of run folders (default: COMPAT_RUNS, else the user's)."
)
CACHE_REPO = click.option(
    "--cache-repo",
    metavar="REGISTRY/NAME",
    envvar="COMPAT_CACHE_REPO",
    help="Where docker pulls its images from and pushes new ones to (or COMPAT_CACHE_REPO).",
)
HISTORY = click.option(
    "--history",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The history (default: COMPAT_HISTORY, else the user's).",
)
JSON = click.option("--json", "as_json", cls=Once, is_flag=True, help="Print the summary as JSON.")


class Amount(click.ParamType[Number]):
    """A length of time or a size, as one of the classes in config/amounts.py reads it."""

    def __init__(self, name: str, kind: str, number: type[Number]) -> None:
        """Take the word that stands for it in `--help`, the class, and what it becomes."""
        self.name = name
        self.number = number
        self._kind = kind

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> Number:
        """Read it into a plain number; what is none is a usage error."""
        if isinstance(value, int | float):
            return self.number(value)
        from harness.config import amounts  # noqa: PLC0415 - keeps --help quick
        from harness.config.yamlfile import Complaint  # noqa: PLC0415 - the same

        kind: type[amounts.Limit | amounts.Size] = getattr(amounts, self._kind)
        try:
            read = kind.parse(value)
        except Complaint as complaint:
            self.fail(f"{complaint.what}: {complaint.hint}", param, ctx)
        # The classes of config/amounts.py cannot go into a key of the store.
        return self.number(read)


class ShardParam(click.ParamType["Shard"]):
    """A part of a plan: `3/20`."""

    name = "k/n"

    def convert(
        self, value: str | Shard, param: click.Parameter | None, ctx: click.Context | None
    ) -> Shard:
        """Read a shard; what is none is a usage error."""
        from harness.model.matrix import Shard  # noqa: PLC0415 - keeps --help quick

        if isinstance(value, Shard):
            return value
        match = _SHARD.fullmatch(value)
        index, total = (int(match[1]), int(match[2])) if match else (0, 0)
        if not 1 <= index <= total:
            self.fail(f"{value!r} is no shard: write 3/20 for the third of 20", param, ctx)
        return Shard(index=index, total=total)


SECONDS = Amount("time", "Limit", float)
IDLE = Amount("time", "Idle", float)
SIZE = Amount("size", "Size", int)

CHANNEL = click.option(
    "--channel",
    type=click.Choice(["experimental", "labs", "mainline"]),
    help="Frontend channel (default: experimental or labs, whichever the commit has).",
)
TESTS_FROM = click.option(
    "--tests-from",
    metavar="REF",
    help="Run the tests of this commit, or `scenarios` (default: DAEMON's own).",
)
VARY = click.option(
    "--vary",
    type=click.Choice(["frontend", "daemon"]),
    default="frontend",
    show_default=True,
    help="What the control has another of: frontend, or daemon (then that of the tests' commit).",
)
BASELINE = click.option(
    "--baseline",
    metavar="REF",
    help="Frontend of the control (default: that of the tests' commit).",
)
WORKER = click.option("--worker", default="oci", show_default=True, help="Worker of the daemon.")
PLATFORM = click.option(
    "--platform",
    metavar="OS/ARCH",
    help="Platform of the daemon, and of published images (default: this machine's).",
)
CLIENT = click.option(
    "--client",
    metavar="WHOSE",
    default="daemon",
    show_default=True,
    help="Whose buildctl is called: of the `daemon`, the `tests`, or, by scenarios, of a commit.",
)
LEG_LIMIT = click.option(
    "--timeout", type=SECONDS, default="30m", show_default=True, help="Limit of each leg."
)
PAIRS_AT_ONCE = click.option(
    "--jobs", type=click.IntRange(min=1), help="Pairs at once, as in `compat matrix`."
)
TESTS_AT_ONCE = click.option(
    "--parallel", type=click.IntRange(min=1), help="Tests at once in each leg, as there."
)
PARALLEL = click.option(
    "--parallel",
    type=click.IntRange(min=1),
    default=None,
    help="Tests at once in each leg (default: two per processor).",
)
TEST_LIMIT = click.option(
    "--test-timeout",
    type=SECONDS,
    help="Limit of each test (default: what it took before, four times; 5m where that is unknown).",
)
SHARD = ShardParam()

ONLY = click.option(
    "--only",
    multiple=True,
    metavar="GLOB",
    help="Only cells whose id, daemon or frontend is like this; may be repeated.",
)
EXCLUDE = click.option(
    "--exclude", multiple=True, metavar="GLOB", help="No cells like this; may be repeated."
)
_OPTIONS = (
    REPO,
    FETCH,
    ONLY,
    EXCLUDE,
    click.option("--candidate", metavar="REF", help="What `candidate: true` means in the matrix."),
    click.option("--branch", metavar="REF", help="What `release_branch` is about in the matrix."),
    BACKEND,
    STAGE,
    OFFLINE,
    RERUNS,
    MOST_RERUNS,
    TESTS,
    click.option(
        "--test-timeout",
        type=SECONDS,
        help="Limit of each test (default: the matrix's, else by what it took before).",
    ),
    HISTORY,
    CACHE,
    DATA,
)


def plan_options(command: Command) -> Command:
    """Add to a command the options that decide over its plan."""
    return _with(command, _OPTIONS)


_OF_BACKENDS = (BACKEND, STAGE, PRIVILEGES, CACHE_REPO)


def backend_options(command: Command) -> Command:
    """Add to a command the options that say what builds and runs, and with what rights."""
    return _with(command, _OF_BACKENDS)


_OF_LEGS = (*_OF_BACKENDS, TESTS, PARALLEL, LEG_LIMIT, TEST_LIMIT, RERUNS, MOST_RERUNS)


def leg_options(command: Command) -> Command:
    """Add to a command the options that say how the legs of a pair are built and run."""
    return _with(command, _OF_LEGS)


def _with(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
