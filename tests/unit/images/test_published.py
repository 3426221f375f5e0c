"""Published frontends: what is taken as it is, and what is refused with nothing kept."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import CompatError, ExitCode
from harness.images import frontends, layouts, published
from harness.images.frontends import FRONTEND
from harness.images.layouts import Platform
from harness.images.published import Facts
from harness.model import Side
from harness.store import Store
from tests.support.published_images import HERE, LABELS, OTHER, Layout, digest_of, elf, layer, on


def _take(store: Store, path: Path, name: str = "", wanted: Platform = HERE) -> Path:
    with layouts.opened(path) as files:
        top = layouts.named(files, name)
        found = layouts.manifest_for(files, top, wanted)
        return published.take(store, FRONTEND, files, found, wanted)


def _facts(folder: Path) -> Facts:
    return published.facts_of(folder)


def _read(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        opened = {it.name: tar.extractfile(it) for it in tar if it.isfile()}
        return {name: file.read() for name, file in opened.items() if file}


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("docker", [False, True])
def test_an_image_keeps_every_byte(tmp_path: Path, *, archive: bool, docker: bool) -> None:
    made = Layout()
    image = made.image(elf(text=b"program"), docker=docker)
    made.name(image, "1.10")
    folder = _take(Store(tmp_path / "store"), made.write(tmp_path / "it", archive=archive), "1.10")
    kept = _read(folder / frontends.ARCHIVE)
    assert {n: c for n, c in kept.items() if n.startswith("blobs")} == made.files
    (row,) = json.loads(kept["index.json"])["manifests"]
    assert (row["digest"], row["mediaType"]) == (image["digest"], image["mediaType"])
    assert (folder / frontends.PROGRAM).read_bytes() == elf(text=b"program")
    facts = _facts(folder)
    assert (facts.digest, facts.labels, facts.programs) == (
        *(digest_of(image), LABELS),
        (frontends.PROGRAM,),
    )


def test_of_an_index_the_manifest_of_this_machine_is_taken(tmp_path: Path) -> None:
    made = Layout()
    mine, other = on(made.image()), on(made.image(machine=OTHER), OTHER)
    index = made.index(made.attestation(other), other, made.attestation(mine), mine, docker=True)
    made.name(index, "1.10")
    folder = _take(Store(tmp_path / "store"), made.write(tmp_path / "it"))
    assert _facts(folder).digest == digest_of(mine)


@pytest.mark.parametrize("plainest", ["", "v1"])
def test_of_several_variants_the_plainest_is_taken(tmp_path: Path, plainest: str) -> None:
    made = Layout()
    newest, plain = made.image(elf(text=b"newest")), made.image(elf(text=b"plain"))
    made.name(made.index(on(newest, variant="v3"), on(plain, variant=plainest)))
    folder = _take(Store(tmp_path / "store"), made.write(tmp_path / "it"))
    assert _facts(folder).digest == digest_of(plain)


def test_another_platform_is_taken_where_it_is_wanted(tmp_path: Path) -> None:
    made = Layout()
    mine, other = on(made.image()), on(made.image(machine=OTHER), OTHER)
    made.name(made.index(mine, made.attestation(mine), other, made.attestation(other)))
    path, store = made.write(tmp_path / "it"), Store(tmp_path / "store")
    facts = _facts(_take(store, path, wanted=Platform("linux", OTHER)))
    assert (facts.digest, facts.platform) == (digest_of(other), f"linux/{OTHER}")
    with pytest.raises(CompatError, match=f"has no image for windows/{OTHER}") as caught:
        _take(store, path, wanted=Platform("windows", OTHER))
    assert caught.value.hint == f"it has: {', '.join(sorted((str(HERE), f'linux/{OTHER}')))}"


def test_the_variant_that_is_wanted_counts_before_the_plainest(tmp_path: Path) -> None:
    made = Layout()
    images = {it: made.image(elf("arm", text=it.encode()), machine="arm") for it in ("v5", "v7")}
    made.name(made.index(*(on(row, "arm", variant=it) for it, row in images.items())))
    path, store = made.write(tmp_path / "it"), Store(tmp_path / "store")
    for wanted, found in {"v7": "v7", "v5": "v5", "v6": "v5", "": "v5"}.items():
        folder = _take(store, path, wanted=Platform("linux", "arm", wanted))
        assert _facts(folder).digest == digest_of(images[found])


def test_an_image_that_is_here_is_not_for_every_platform(tmp_path: Path) -> None:
    made = Layout()
    made.name(made.image())
    path, store = made.write(tmp_path / "it"), Store(tmp_path / "store")
    _take(store, path)
    with pytest.raises(CompatError, match=f"is for {HERE}, not for linux/{OTHER}") as caught:
        _take(store, path, wanted=Platform("linux", OTHER))
    assert caught.value.exit_code is ExitCode.USAGE


def test_an_image_is_taken_once(tmp_path: Path) -> None:
    made = Layout()
    made.name(made.image(), "a", "b")
    path, store = made.write(tmp_path / "it"), Store(tmp_path / "store")
    folder = _take(store, path, "a")
    assert (
        _take(store, path, "b"),
        published.find(store, Side.FRONTEND, _facts(folder).digest),
    ) == (
        folder,
        folder,
    )


Make = Callable[[Layout], object]


def _damaged(made: Layout) -> None:
    made.name(made.image())
    largest = max(made.files, key=lambda name: len(made.files[name]))
    made.files[largest] = made.files[largest][:-1] + b"?"


def _lacking(made: Layout) -> None:
    made.name(made.image())
    del made.files[max(made.files, key=lambda name: len(made.files[name]))]


def _nested(made: Layout) -> None:
    row = on(made.image())
    for _ in range(4):
        row = on(made.index(row))
    made.name(row)


BAD: dict[str, tuple[Make, ExitCode, str]] = {
    "no entry point": (lambda it: it.name(it.image(entrypoint=())), ExitCode.USAGE, "no entry"),
    "another image": (
        lambda it: it.name(it.image(entrypoint=["/usr/bin/registry"], labels={})),
        ExitCode.USAGE,
        "no Dockerfile frontend",
    ),
    "no such program": (
        lambda it: it.name(it.image(packed=layer({"bin/other": b""}))),
        ExitCode.USAGE,
        "no file at its entry point",
    ),
    "no program": (lambda it: it.name(it.image(b"#!/bin/sh")), ExitCode.USAGE, "no executable"),
    "its layer is none": (
        lambda it: it.name(it.image(packed=b"?" * 600)),
        ExitCode.USAGE,
        "no Doc",
    ),
    "its layer is cut off": (
        lambda it: it.name(it.image(packed=b"\x1f\x8b\x08\x00")),
        ExitCode.USAGE,
        "no Dockerfile frontend",
    ),
    "another architecture": (
        lambda it: it.name(it.image(machine=OTHER)),
        ExitCode.USAGE,
        f"is for linux/{OTHER}, not for {HERE}",
    ),
    "a program of another": (
        lambda it: it.name(it.image(elf(OTHER))),
        ExitCode.USAGE,
        f"its program is for {OTHER}",
    ),
    "an index without this platform": (
        lambda it: it.name(it.index(on(it.image(machine=OTHER), OTHER))),
        ExitCode.USAGE,
        f"has no image for {HERE}",
    ),
    "a name that stands twice": (
        lambda it: it.name(it.image(), "1.10", "1.10"),
        ExitCode.USAGE,
        "has '1.10' 2 times",
    ),
    "another name": (lambda it: it.name(it.image(), "1.9"), ExitCode.USAGE, "no image '1.10'"),
    "no image": (lambda it: it.put(b"", ""), ExitCode.USAGE, "no image"),
    "no manifest": (lambda it: it.name(it.put(b"[", "")), ExitCode.USAGE, "is no manifest"),
    "no config": (lambda it: it.name(it.put(b"{}", "")), ExitCode.USAGE, "names no config"),
    "indexes without an end": (_nested, ExitCode.USAGE, "indexes within each other"),
    "a digest that does not match": (_damaged, ExitCode.INFRASTRUCTURE, "is damaged"),
    "a layer that is missing": (_lacking, ExitCode.INFRASTRUCTURE, "lacks sha256:"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_bad_is_a_sentence_and_nothing_is_kept(tmp_path: Path, what: str) -> None:
    make, code, words = BAD[what]
    made = Layout()
    make(made)
    named = "1.10" if any("annotations" in row for row in made.rows) else ""
    path, store = made.write(tmp_path / "it"), Store(tmp_path / "store")
    with pytest.raises(CompatError, match=re.escape(words)) as caught:
        _take(store, path, named)
    assert caught.value.exit_code is code
    assert caught.value.hint
    assert not store.keys("frontend", "")
    assert not list((tmp_path / "store" / "tmp").iterdir())


def test_what_is_no_layout_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"text" * 300)
    for name, words in {"folder": "no OCI layout", "file": "no tar archive", "x": "no "}.items():
        with pytest.raises(CompatError, match=words) as caught:
            _take(Store(tmp_path / "store"), tmp_path / name)
        assert caught.value.exit_code is ExitCode.USAGE
        assert caught.value.hint


def test_of_several_images_one_has_to_be_named(tmp_path: Path) -> None:
    made = Layout()
    made.name(made.image(), "1.9")
    made.name(made.image(elf(text=b"newer")), "1.10")
    with pytest.raises(CompatError, match="several images") as caught:
        _take(Store(tmp_path / "store"), made.write(tmp_path / "it"))
    assert caught.value.hint == "name one: 1.10, 1.9"
