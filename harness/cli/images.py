"""`compat images`: stand-ins for the images that tests mirror, so that runs need no registry."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from harness.config.datadir import find_data
from harness.images.sets import ImageSets
from harness.reports.text import json_text
from harness.store import Store, default_cache


def seed(names: tuple[str, ...], cache: Path | None, data: Path | None) -> None:
    """Make the mirrors of all image sets, or check those that are there."""
    sets = _open(cache, data)
    for name in names or sets.names:
        made = sets.seed(name)
        how = "was there, undamaged" if made.cached else "made"
        click.echo(f"{name}: {how}: {made.path}")


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

    return ImageSets(find_data(data, os.environ), Store(cache or default_cache()))


def _align(rows: Mapping[str, str]) -> None:
    width = max(map(len, rows), default=0)
    for name, recipe in rows.items():
        click.echo(f"  {name:{width}}  {recipe}")
