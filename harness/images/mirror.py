"""Seeded mirrors: what BUILDKIT_REGISTRY_MIRROR_DIR names, filled before the tests look.

A mirror is made once for an image set and never changed. The tests write into theirs (a lock, the
registry's configuration, the frontend's image), and the registry writes links in place, so each
leg gets a copy of its own.
"""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.images import busybox, layer, oci, registry, rootfs
from harness.images.busybox import Busybox
from harness.images.oci import Image, ImageConfig
from harness.images.recipes import Recipes
from harness.store import Published, Store, key_of

KIND = "mirror"

CONTENTS = "contents.json"
"""What a mirror holds, for people: name → recipe and digest. No registry reads it."""

_CODE = (layer, oci, registry, rootfs, sys.modules[__name__])
"""What decides the bytes of a mirror, besides its recipes: a change makes new mirrors."""


def find_mirror(
    store: Store, images: Mapping[str, str], recipes: Recipes, program: Busybox
) -> Path | None:
    """Return the mirror of an image set if it has been made."""
    return store.find(KIND, _key(images, recipes, program))


def ensure_mirror(
    store: Store, images: Mapping[str, str], recipes: Recipes, program: Busybox
) -> Published:
    """Find or make the mirror of an image set (name in the mirror → recipe).

    The caller has checked the set (`Recipes.check`). Raises InfrastructureError if busybox does
    not run or lacks what the tests call.
    """

    def fill(mirror: Path) -> None:
        with tempfile.TemporaryDirectory(dir=mirror, prefix="layers-") as temporary:
            names = busybox.applets(program)
            made = {
                recipe: _make(recipe, recipes, program, names, Path(temporary))
                for recipe in sorted(set(images.values()))
            }
            for name, recipe in images.items():
                registry.write(mirror, name, made[recipe])
        contents = {
            name: {"recipe": recipe, "digest": made[recipe].manifest.digest}
            for name, recipe in sorted(images.items())
        }
        (mirror / CONTENTS).write_bytes(msgspec.json.format(msgspec.json.encode(contents)))

    return store.publish(KIND, _key(images, recipes, program), fill)


def digests(mirror: Path) -> frozenset[str]:
    """Return the digests of the images in a mirror, by which alone a build can ask for them."""
    told = msgspec.json.decode((mirror / CONTENTS).read_bytes(), type=dict[str, dict[str, str]])
    return frozenset(row["digest"] for row in told.values())


def _make(
    name: str, recipes: Recipes, program: Busybox, applets: tuple[str, ...], folder: Path
) -> Image:
    entries = rootfs.entries(recipes.trees[name], program.path, applets)
    recipe = recipes.recipes[name]
    config = ImageConfig(
        architecture=program.architecture,
        variant=program.variant,
        cmd=recipe.cmd,
        workdir=recipe.workdir or "",
    )
    content = layer.write(entries, folder / name, compress=True)
    return oci.assemble([content], config, oci.DOCKER)


def _key(images: Mapping[str, str], recipes: Recipes, program: Busybox) -> str:
    """Digest everything that a mirror is made of: the set, its recipes, busybox, and this code."""
    return key_of(
        {
            "images": dict(images),
            "trees": {one: recipes.trees[one] for one in images.values()},
            "recipes": {
                one: (recipes.recipes[one].cmd, recipes.recipes[one].workdir)
                for one in images.values()
            },
            "busybox": program.sha256,
            "code": [inspect.getsource(module) for module in _CODE],
        }
    )
