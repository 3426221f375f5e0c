"""Image sets and the command that shows and seeds them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.umbrella import umbrella
from harness.config.datadir import Data, find_data
from harness.errors import MissingToolError, UsageError
from harness.images import busybox, registry
from harness.images.busybox import Busybox
from harness.images.recipes import load_recipes
from harness.images.sets import ImageSets
from harness.store import Store
from tests.support import elf_binaries


@pytest.fixture
def data() -> Data:
    return find_data(None, {})


@pytest.fixture
def fit(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put on this machine a busybox with all applets that the shipped recipes ask for."""
    path = tmp_path / "busybox"
    path.write_bytes(elf_binaries.elf())
    program = busybox.find((path,))
    calls = {call for tree in load_recipes(data.images_file).trees.values() for call in tree.calls}
    monkeypatch.setattr(busybox, "find", lambda: program)
    monkeypatch.setattr(busybox, "applets", lambda _program: tuple(sorted(calls)))


def call(cache: Path, *words: str) -> Result:
    return CliRunner().invoke(umbrella, ["images", *words, "--cache", str(cache)])


@pytest.mark.usefixtures("fit")
def test_seed_says_what_it_made_and_where(tmp_path: Path) -> None:
    first = call(tmp_path / "cache", "seed")
    assert first.exit_code == 0, first.output
    said = [line.split(": ") for line in first.output.splitlines()]
    assert [line[:2] for line in said] == [
        ["legacy", "made"],
        ["middle", "made"],
        ["modern", "made"],
    ]
    for line in said:
        registry.verify(Path(line[2]))
    again = call(tmp_path / "cache", "seed", "--set", "modern")
    assert again.output == f"modern: was there, undamaged: {said[2][2]}\n"


@pytest.mark.usefixtures("fit")
def test_an_unknown_set_is_a_mistake_of_the_user(data: Data, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no image set 'moden'") as caught:
        ImageSets(data, Store(tmp_path / "cache")).seed("moden")
    assert caught.value.hint == "known sets: legacy, middle, modern"


@pytest.mark.usefixtures("fit")
def test_list_shows_what_is_seeded_for_whom(tmp_path: Path) -> None:
    call(tmp_path / "cache", "seed", "--set", "legacy")
    said = call(tmp_path / "cache", "list").output.splitlines()
    assert said[0].startswith(f"legacy: {tmp_path}/cache/mirror/")
    assert said[1] == "  used by v0.3, v0.4, v0.5, v0.6, v0.7"
    assert "  library/busybox:latest         busybox-nogroup-flat" in said
    assert "modern: not seeded" in said
    content = json.loads(call(tmp_path / "cache", "list", "--json").output)
    assert [one["name"] for one in content["sets"] if one["mirror"]] == ["legacy"]
    assert set(content["sets"][0]["images"].values()) <= set(content["recipes"])


def test_list_works_without_busybox_and_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find() -> Busybox:
        raise MissingToolError("there is no static busybox", hint=busybox.INSTALL)

    monkeypatch.setattr(busybox, "find", find)
    said = call(tmp_path / "cache", "list")
    assert said.exit_code == 0
    assert said.output.endswith(
        "None can be made here: there is no static busybox (apt-get install busybox-static)\n"
    )
