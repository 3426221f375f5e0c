"""What the commands about this machine are asked."""

from __future__ import annotations

import click

from harness.cli.lazy import Declared
from harness.cli.options import CACHE, DATA, IDLE, JSON, SIZE


@click.group(
    epilog="""\b
    Examples:
      compat images list
      compat images seed
      compat images seed --set modern
    """
)
def images() -> None:
    """Make stand-ins for the images that BuildKit's tests mirror, and show them.

    With them a run needs no registry and no network. They are made of the distribution's static
    busybox by the recipes in matrices/images.yaml; matrices/lines.yaml says which lines use
    which set.
    """


@images.command(
    cls=Declared,
    body="harness.cli.images:seed",
    epilog="""\b
    Example:
      compat images seed --set modern --set legacy
    """,
)
@click.option("--set", "names", multiple=True, metavar="NAME", help="Only this image set.")
@CACHE
@DATA
def seed() -> None:
    """Make the mirrors of all image sets, or check those that are there."""


@images.command(
    "list",
    cls=Declared,
    body="harness.cli.images:list_",
    epilog="""\b
    Example:
      compat images list --json
    """,
)
@JSON
@CACHE
@DATA
def list_() -> None:
    """Show the image sets, what their images stand for, and which are seeded."""


@click.command(
    cls=Declared,
    body="harness.cli.gc:gc",
    epilog="""\b
    Examples:
      compat gc --dry-run
      compat gc --older-than 36h
      compat gc --max-size 20GiB
    """,
)
@click.option(
    "--older-than",
    type=IDLE,
    default="14d",
    show_default=True,
    metavar="TIME",
    help="Remove what was not used for so long.",
)
@click.option(
    "--max-size",
    type=SIZE,
    metavar="SIZE",
    help="Then remove more, least recently used first, until the cache is no larger.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as JSON.")
@CACHE
def gc() -> None:
    """Remove what has not been used for a while from the cache and from the container engine.

    In the cache that is everything but clones of repositories; on the engine, where one answers,
    images, containers and volumes with our label. What a live run uses stays. What a killed one
    left half made goes, however young. Run folders are results and are left alone.
    """


@click.command(
    cls=Declared,
    body="harness.cli.doctor:doctor",
    epilog="""\b
    Examples:
      compat doctor
      compat doctor --cache /data/compat
      compat doctor --json
    """,
)
@CACHE
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def doctor() -> None:
    """Check that this machine can run pairs, and say what installs that which is missing.

    Exit code 0 if nothing is missing, else 4. Warnings and notes do not count.
    """


@click.command(
    cls=Declared,
    body="harness.cli.completion:completion",
    epilog="""\b
    Examples:
      compat completion bash > ~/.local/share/bash-completion/completions/compat
      compat completion zsh > ~/.zfunc/_compat
      compat completion fish > ~/.config/fish/completions/compat.fish
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion() -> None:
    """Print the script that makes a shell complete `compat` and `compat-run`."""
