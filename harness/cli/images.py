"""`compat images`: stand-ins for the images that tests mirror, so that runs need no registry."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from harness.cli.options import CACHE, DATA, JSON
from harness.reports.text import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.images.sets import ImageSets


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
    epilog="""\b
    Example:
      compat images seed --set modern --set legacy
    """
)
@click.option("--set", "names", multiple=True, metavar="NAME", help="Only this image set.")
@CACHE
@DATA
def seed(names: tuple[str, ...], cache: Path | None, data: Path | None) -> None:
    """Make the mirrors of all image sets, or check those that are there."""
    sets = _open(cache, data)
    for name in names or sets.names:
        made = sets.seed(name)
        how = "was there, undamaged" if made.cached else "made"
        click.echo(f"{name}: {how}: {made.path}")


@images.command(
    "list",
    epilog="""\b
    Example:
      compat images list --json
    """,
)
@JSON
@CACHE
@DATA
def list_(*, as_json: bool, cache: Path | None, data: Path | None) -> None:
    """Show the image sets, what their images stand for, and which are seeded."""
    sets = _open(cache, data)
    described = [sets.describe(name) for name in sets.names]
    recipes = {
        name: {"stands_for": recipe.stands_for, "differs": recipe.differs}
        for name, recipe in sets.recipes.items()
    }
    if as_json:
        content = {"sets": [asdict(one) for one in described], "recipes": recipes}
        click.echo(json_text(content))
        return
    for one in described:
        click.echo(f"{one.name}: {one.mirror or 'not seeded'}")
        click.echo(f"  used by {', '.join(one.lines) or 'no line'}")
        _align(one.images)
    for name, recipe in recipes.items():
        click.echo(f"{name} stands for {recipe['stands_for']}, but {recipe['differs']}.")
    if obstacle := sets.obstacle():
        click.echo(f"None can be made here: {obstacle} ({obstacle.hint})")


def _open(cache: Path | None, data: Path | None) -> ImageSets:
    # Imported here, because `--help` should not wait for YAML and its readers.
    from harness.config.datadir import find_data  # noqa: PLC0415 - see above
    from harness.images.sets import ImageSets  # noqa: PLC0415 - ditto
    from harness.store import Store, default_cache  # noqa: PLC0415 - ditto

    return ImageSets(find_data(data, os.environ), Store(cache or default_cache()))


def _align(rows: Mapping[str, str]) -> None:
    width = max(map(len, rows), default=0)
    for name, recipe in rows.items():
        click.echo(f"  {name:{width}}  {recipe}")
