"""Options that several commands have, and the kinds of values they take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.verdict.evidence import MOST

if TYPE_CHECKING:
    from harness.model.matrix import Shard

FOLDER = click.Path(path_type=Path, file_okay=False)

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
JSON = click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")


class Amount(click.ParamType[float]):
    """A length of time or a size, as one of the classes in config/amounts.py reads it."""

    def __init__(self, name: str, kind: str) -> None:
        """Take the word that stands for it in `--help`, and the name of the class."""
        self.name = name
        self._kind = kind

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it into a plain number; what is none is a usage error."""
        if isinstance(value, int | float):
            return value
        from harness.config import amounts  # noqa: PLC0415 - keeps --help quick
        from harness.config.yamlfile import Complaint  # noqa: PLC0415 - the same

        kind: type[amounts.Limit | amounts.Size] = getattr(amounts, self._kind)
        try:
            read = kind.parse(value)
        except Complaint as complaint:
            self.fail(f"{complaint.what}: {complaint.hint}", param, ctx)
        # The classes of config/amounts.py cannot go into a key of the store.
        return int(read) if isinstance(read, int) else float(read)


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


SECONDS = Amount("time", "Limit")
IDLE = Amount("time", "Idle")
SIZE = Amount("size", "Size")
SHARD = ShardParam()
