"""Recipes of stand-in images (matrices/images.yaml): file systems put together from parts."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, field

from harness.config.conditions import Word
from harness.config.schema import load
from harness.config.yamlfile import Place, Problems
from harness.errors import ConfigError
from harness.model import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Below = Annotated[
    str,
    Meta(
        # ustar has room for 100 characters.
        pattern=r"\A(?!.*(\A|/)\.\.?(/|\Z))(?=.{1,100}\Z)[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\Z",
        description="a path below the image's root, without a slash at either end",
        examples=["etc/passwd"],
    ),
]
Mode = Annotated[
    str,
    Meta(pattern=r"\A[0-7]{3,4}\Z", description="an octal file mode", examples=['"755"']),
]
Target = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9._/-]{1,100}\Z",
        description="what a symbolic link says",
        examples=["../../bin/env"],
    ),
]
Folder = Annotated[
    str,
    Meta(pattern=r"\A/[^\s]*\Z", description="an absolute path", examples=["/"]),
]


class Links(StrEnum):
    """How an image names busybox's applets."""

    HARD = "hard"
    SYMBOLIC = "symbolic"


class File(Record, frozen=True, kw_only=True):
    """A regular file of root's."""

    text: str
    mode: Mode = "644"


class Part(Record, frozen=True, kw_only=True):
    """Some paths of a file system, as several images have them."""

    applets: Links | None = None
    """Put busybox at /bin/busybox, and every applet beside it as a link of this kind."""
    folders: dict[Below, Mode] = field(default_factory=dict)
    files: dict[Below, File] = field(default_factory=dict)
    links: dict[Below, Target] = field(default_factory=dict)
    calls: tuple[Word, ...] = ()
    """Programs that tests run in here: each must be an applet or a file of the image's /bin."""


class Recipe(Record, frozen=True, kw_only=True):
    """A stand-in image."""

    place: Place
    stands_for: str
    differs: str
    """What a test must not expect of it."""
    parts: tuple[Word, ...]
    cmd: tuple[str, ...] = ()
    workdir: Folder | None = None


class Tree(Record, frozen=True, kw_only=True):
    """A file system, put together from the parts of a recipe."""

    applets: Links | None
    folders: dict[str, str]
    files: dict[str, File]
    links: dict[str, str]
    calls: tuple[str, ...]


class _File(Record, frozen=True, kw_only=True):
    parts: dict[Word, Part]
    recipes: dict[Word, Recipe]


class Recipes(Record, frozen=True, kw_only=True):
    """All recipes, each with its file system."""

    file: str
    recipes: dict[str, Recipe]
    trees: dict[str, Tree]

    def check(self, images: Mapping[str, str], where: str) -> None:
        """Check that an image set (name in the mirror → recipe) can be made.

        `where` says in whose words the set was written, for example
        `matrices/lines.yaml: image_sets.modern`.

        Raises:
            ConfigError: A recipe is unknown, or a name cannot be given to a stand-in.

        """
        for name, recipe in images.items():
            if "@" in name or ":" not in name:
                raise ConfigError(
                    f"{where}: {name} cannot be seeded: a stand-in is found by a tag alone",
                    hint=f"write {name.partition('@')[0].partition(':')[0]}:TAG",
                )
            if recipe not in self.recipes:
                raise ConfigError(
                    f"{where}.{name}: there is no recipe {recipe!r} in {self.file}",
                    hint=f"known recipes: {', '.join(self.recipes)}",
                )


def load_recipes(path: Path) -> Recipes:
    """Read images.yaml.

    Raises:
        ConfigError: With every problem of the file and its place.

    """
    file = load(path, _File)
    problems = Problems()
    trees = {
        name: _tree(file.parts, recipe, f"recipes.{name}.parts", problems)
        for name, recipe in file.recipes.items()
    }
    problems.raise_any()
    return Recipes(file=str(path), recipes=file.recipes, trees=trees)


def _tree(parts: Mapping[str, Part], recipe: Recipe, path: str, problems: Problems) -> Tree:
    unknown = [name for name in recipe.parts if name not in parts]
    for name in unknown:
        hint = f"known parts: {', '.join(parts)}"
        problems.add(recipe.place, path, f"there is no part {name!r}", hint)
    chosen = [parts[name] for name in recipe.parts if name in parts]
    kinds = [one.applets for one in chosen if one.applets]
    held = Counter(key for one in chosen for key in (*one.folders, *one.files, *one.links))
    held["busybox's applets"] = len(kinds)
    for twice in (key for key, times in held.items() if times > 1):
        what = f"more than one of them holds {twice}"
        problems.add(recipe.place, path, what, "leave it to one part")
    return Tree(
        applets=kinds[0] if kinds else None,
        folders={key: mode for one in chosen for key, mode in one.folders.items()},
        files={key: file for one in chosen for key, file in one.files.items()},
        links={key: target for one in chosen for key, target in one.links.items()},
        calls=tuple(call for one in chosen for call in one.calls),
    )
