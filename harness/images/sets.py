"""Image sets as lines.yaml names them, made by the recipes of images.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from harness.config.datadir import Data
from harness.config.lines import load_lines
from harness.errors import MissingToolError, UsageError
from harness.images import busybox, mirror, registry
from harness.images.busybox import Busybox
from harness.images.recipes import Recipe, load_recipes
from harness.store import Published, Store


@dataclass(frozen=True)
class ImageSet:
    """An image set, as people are shown it."""

    name: str
    lines: tuple[str, ...]
    """The release lines that use it."""
    mirror: str | None
    """Its folder, if it has been made."""
    images: dict[str, str]
    """Name in the mirror → recipe."""


class ImageSets:
    """All image sets, and the store in which their mirrors are."""

    def __init__(self, data: Data, store: Store) -> None:
        """Read both files and hold them against each other. Raises: ConfigError."""
        self._lines = load_lines(data.lines_file)
        self._recipes = load_recipes(data.images_file)
        self._store = store
        for name in self.names:
            where = f"{self._lines.file}: image_sets.{name}"
            self._recipes.check(self._lines.image_sets[name], where)

    @property
    def names(self) -> tuple[str, ...]:
        """All sets, in the order of the file."""
        return tuple(self._lines.image_sets)

    @property
    def recipes(self) -> dict[str, Recipe]:
        """All recipes, in the order of the file."""
        return self._recipes.recipes

    @cached_property
    def _busybox(self) -> Busybox:
        return busybox.find()

    def obstacle(self) -> MissingToolError | None:
        """Return what keeps this machine from making any, or None."""
        try:
            _ = self._busybox
        except MissingToolError as error:
            return error
        return None

    def seed(self, name: str) -> Published:
        """Find or make the mirror of a set, and see that it is undamaged.

        Raises UsageError if there is no such set, MissingToolError without a fit busybox,
        InfrastructureError if the mirror is damaged.
        """
        if name not in self.names:
            hint = f"known sets: {', '.join(self.names)}"
            raise UsageError(f"there is no image set {name!r}", hint=hint)
        images = self._lines.image_sets[name]
        made = mirror.ensure_mirror(self._store, images, self._recipes, self._busybox)
        registry.verify(made.path)
        return made

    def describe(self, name: str) -> ImageSet:
        """Return what is in a set, who uses it, and where it is if it has been made."""
        images = self._lines.image_sets[name]
        path = None
        if self.obstacle() is None:
            path = mirror.find_mirror(self._store, images, self._recipes, self._busybox)
        return ImageSet(
            name=name,
            lines=tuple(line.name for line in self._lines.lines if line.images == name),
            mirror=str(path) if path else None,
            images=images,
        )
