"""Recipes: what ships can be made, and what is wrong is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.config.datadir import find_data
from harness.config.lines import load_lines
from harness.errors import ConfigError
from harness.images.recipes import Links, Recipes, load_recipes

DATA = find_data(None, {})

GOOD = """\
parts:
  base:
    applets: hard
    folders: {tmp: "1777"}
    files: {etc/passwd: {text: "root:x:0:0::/:/bin/sh"}}
    calls: [sh]
  extra:
    links: {usr/bin/env: ../../bin/env}
    files: {bin/tool: {mode: "755", text: "#!/bin/sh"}}
    calls: [tool]
recipes:
  one:
    stands_for: something
    differs: in everything
    parts: [base, extra]
    cmd: [sh]
"""


@pytest.fixture(scope="module")
def shipped() -> Recipes:
    return load_recipes(DATA.images_file)


def load(folder: Path, text: str) -> Recipes:
    path = folder / "images.yaml"
    path.write_text(text, "utf-8")
    return load_recipes(path)


def test_every_image_set_that_ships_can_be_made(shipped: Recipes) -> None:
    lines = load_lines(DATA.lines_file)
    for name, images in lines.image_sets.items():
        shipped.check(images, name)
    used = {recipe for images in lines.image_sets.values() for recipe in images.values()}
    assert used == set(shipped.recipes)


@pytest.mark.parametrize(
    ("recipe", "group", "has_usr_bin"),
    [
        ("busybox-nogroup-flat", "nogroup:x:65534:", False),
        ("busybox-nobody-flat", "nobody:x:65534:", False),
        ("busybox-nobody", "nobody:x:65534:", True),
    ],
)
def test_busybox_is_what_the_tests_of_its_lines_expect(
    shipped: Recipes, recipe: str, group: str, *, has_usr_bin: bool
) -> None:
    tree = shipped.trees[recipe]
    groups = tree.files["etc/group"].text.splitlines()
    assert "wheel:x:10:root" in groups
    assert [line for line in groups if ":65534:" in line] == [group]
    paths = [*tree.folders, *tree.files, *tree.links]
    assert any(path.startswith("usr/bin") for path in paths) is has_usr_bin
    assert any(path.startswith("usr/") for path in paths), "a bare mkdir /usr/bin needs /usr"


def test_accounts_in_every_passwd_have_a_shadow_and_a_group(shipped: Recipes) -> None:
    for tree in (tree for tree in shipped.trees.values() if "etc/passwd" in tree.files):
        users = [line.split(":") for line in tree.files["etc/passwd"].text.splitlines()]
        shadows = [line.split(":")[0] for line in tree.files["etc/shadow"].text.splitlines()]
        gids = {line.split(":")[2] for line in tree.files["etc/group"].text.splitlines()}
        assert [user[0] for user in users] == shadows
        assert {user[3] for user in users} <= gids


def test_parts_are_put_together(tmp_path: Path) -> None:
    tree = load(tmp_path, GOOD).trees["one"]
    assert tree.applets is Links.HARD
    assert tree.folders == {"tmp": "1777"}
    assert sorted(tree.files) == ["bin/tool", "etc/passwd"]
    assert tree.links == {"usr/bin/env": "../../bin/env"}
    assert tree.calls == ("sh", "tool")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[base, extra]", "[base, bass]", "13:5: recipes.one.parts: there is no part 'bass'"),
        ("bin/tool:", "etc/passwd:", "13:5: recipes.one.parts: more than one of them holds etc/p"),
        (
            "  extra:\n",
            "  extra:\n    applets: hard\n",
            "more than one of them holds busybox's app",
        ),
        ('"1777"', "1777", "4:20: parts.base.folders.tmp: '1777' is a number to YAML"),
        ('"1777"', '"1999"', "4:20: parts.base.folders.tmp: '1999' is not an octal file mode"),
        ("hard", "soft", "3:14: parts.base.applets: 'soft' is not known here"),
        ("{tmp:", "{/tmp:", "'/tmp' is not a path below the image's root"),
        ("{tmp:", "{a/../../b:", "'a/../../b' is not a path below the image's root"),
        ("differs", "difers", "recipes.one.difers: there is no such key; did you mean `differs`?"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("images", "message", "hint"),
    [
        ({"library/busybox:latest": "two"}, "set.library/busybox:latest: there is no", "one"),
        (
            {"library/busybox": "one"},
            "set: library/busybox cannot be seeded",
            "library/busybox:TAG",
        ),
        ({"a:b@sha256:" + "0" * 64: "one"}, "cannot be seeded", "write a:TAG"),
    ],
)
def test_an_image_set_that_cannot_be_made_is_refused(
    tmp_path: Path, images: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD).check(images, "set")
    assert message in str(caught.value)
    assert hint in caught.value.hint
