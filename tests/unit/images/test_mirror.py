"""Mirrors of image sets: made once, complete or not at all, copied for each leg."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import MissingToolError
from harness.images import busybox, mirror, registry
from harness.images.busybox import Busybox
from harness.images.mirror import ensure_mirror, find_mirror
from harness.images.recipes import Recipes, load_recipes
from harness.store import Store
from tests.support import elf_binaries

RECIPES = """\
parts:
  base: {applets: hard, calls: [sh]}
  note: {files: {note.txt: {text: "TEXT"}}}
recipes:
  shell: {stands_for: a shell, differs: in all, parts: [base, note], cmd: [sh]}
  plain: {stands_for: a note, differs: in all, parts: [note]}
"""
SET = {"library/shell:latest": "shell", "library/note:1": "plain", "library/note:2": "plain"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Busybox:
    """A busybox that need not run: its applets are said here."""
    path = tmp_path / "busybox"
    path.write_bytes(elf_binaries.elf())
    monkeypatch.setattr(busybox, "applets", lambda _program: ("ls", "sh"))
    return busybox.find((path,))


def recipes(folder: Path, text: str = "hello") -> Recipes:
    path = folder / "images.yaml"
    path.write_text(RECIPES.replace("TEXT", text), "utf-8")
    return load_recipes(path)


def test_a_mirror_is_made_once_and_found_again(
    store: Store, program: Busybox, tmp_path: Path
) -> None:
    assert find_mirror(store, SET, recipes(tmp_path), program) is None
    first = ensure_mirror(store, SET, recipes(tmp_path), program)
    again = ensure_mirror(store, dict(reversed(SET.items())), recipes(tmp_path), program)
    assert (first.cached, again.cached) == (False, True)
    assert first.path == again.path == find_mirror(store, SET, recipes(tmp_path), program)
    registry.verify(first.path)
    assert sorted(path.name for path in first.path.iterdir()) == ["contents.json", "data"]


def test_what_it_holds_is_written_beside_it(store: Store, program: Busybox, tmp_path: Path) -> None:
    made = ensure_mirror(store, SET, recipes(tmp_path), program)
    contents = json.loads((made.path / mirror.CONTENTS).read_bytes())
    assert {name: one["recipe"] for name, one in contents.items()} == SET
    assert contents["library/note:1"] == contents["library/note:2"]
    assert contents["library/note:1"]["digest"] != contents["library/shell:latest"]["digest"]
    assert mirror.digests(made.path) == {one["digest"] for one in contents.values()}


def test_two_caches_hold_the_same_digests(program: Busybox, tmp_path: Path) -> None:
    found = [
        (ensure_mirror(Store(tmp_path / cache), SET, recipes(tmp_path), program).path / name)
        for cache in ("one", "two")
        for name in (mirror.CONTENTS,)
    ]
    assert found[0].read_bytes() == found[1].read_bytes()


def test_recipe_set_and_busybox_each_make_a_mirror_of_their_own(
    store: Store, program: Busybox, tmp_path: Path
) -> None:
    def key(images: dict[str, str], text: str, binary: bytes) -> str:
        program.path.write_bytes(binary)
        found = busybox.find((program.path,))
        return ensure_mirror(store, images, recipes(tmp_path, text), found).path.name

    plain = elf_binaries.elf()
    keys = [
        key(SET, "hello", plain),
        key({"library/note:1": "plain"}, "hello", plain),
        key(SET, "hallo", plain),
        key(SET, "hello", plain + b"newer"),
    ]
    assert len(set(keys)) == len(keys)


def test_a_failure_half_way_publishes_nothing(
    store: Store, program: Busybox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = registry.write
    monkeypatch.setattr(
        registry, "write", lambda *args: write(*args) if "shell" in args[1] else 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        ensure_mirror(store, SET, recipes(tmp_path), program)
    assert find_mirror(store, SET, recipes(tmp_path), program) is None
    assert list((store.root / "tmp").iterdir()) == []


def test_busybox_must_be_there_and_static(tmp_path: Path) -> None:
    dynamic, static = tmp_path / "dynamic", tmp_path / "static"
    dynamic.write_bytes(elf_binaries.elf(interpreted=True))
    with pytest.raises(MissingToolError, match=r"no static busybox on this machine$") as caught:
        busybox.find((tmp_path / "nowhere",))
    assert caught.value.hint == "apt-get install busybox-static"
    with pytest.raises(MissingToolError, match="dynamic needs shared libraries"):
        busybox.find((dynamic,))
    static.write_bytes(elf_binaries.elf(machine=183))
    assert busybox.find((dynamic, static)).architecture == "arm64"
