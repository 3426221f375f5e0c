"""Whatever stands in a shard, `merge` makes a whole run of it or nothing, and touches no shard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from harness.errors import UsageError
from harness.journal import cells, read_matrix, read_plan, write_matrix
from harness.matrix.merge import merge
from harness.matrix.parts import read_parts
from harness.model.matrix import Shard
from tests.support import factories, stored_matrices
from tests.support.fuzzing import anything, batches, hold, spoiled, spoiled_tree

MARKS = ("{", "}", "[", "]", ",", ":", '"', "\\", "\\u0000", "\\ud800", "[" * 2000, '{"":' * 2000)
PLAN = stored_matrices.plan(("v0.6.4", "v0.8.3"), ("master",))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two shards of one cell each."""
    place = tmp_path_factory.mktemp("good")
    for index, cell in enumerate(PLAN.cells, 1):
        _, made = stored_matrices.store(
            place / str(index), PLAN, {cell.id: factories.compatible_run()}
        )
        mine = tuple(row for row in made.cells if row.id == cell.id)
        write_matrix(
            place / str(index),
            replace(made, id=f"2026-{index}", cells=mine, shard=Shard(index=index, total=2)),
        )
    return place


def merged(shards: Path, out: Path) -> bool:
    """Return whether the shards were merged; then all of it can be read again, else nothing is."""
    try:
        made = merge(read_parts([shards]), out)
    except UsageError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert len(refused) < 10_000
        assert not out.exists()
        return False
    assert read_matrix(out) == made
    assert read_plan(out) == made.plan
    assert len(list(cells(out))) == len(made.cells)
    return True


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def test_what_the_spoiling_begins_with_is_merged(good: Path, tmp_path: Path) -> None:
    assert merged(good, tmp_path / "merged")


@batches
def test_spoiled_shards_are_merged_or_refused(batch: int, good: Path, tmp_path: Path) -> None:
    shards, out = tmp_path / "shards", tmp_path / "merged"
    shutil.copytree(good, shards)
    whole = content(shards)

    def promise(chance: Random) -> None:
        changed = {file: _changed(chance, whole[file]) for file in _some(chance, list(whole))}
        for file, data in changed.items():
            file.write_bytes(data)
        merged(shards, out)
        assert content(shards) == whole | changed
        for file in changed:
            file.unlink()  # the merged run may have it too
            file.write_bytes(whole[file])
        shutil.rmtree(out, ignore_errors=True)

    hold(promise, batch, place=tmp_path, quick=50)


def _some(chance: Random, files: list[Path]) -> list[Path]:
    return chance.sample(files, chance.choice((1, 1, 2)))


def _changed(chance: Random, data: bytes) -> bytes:
    how = chance.randrange(8)
    if how == 0:
        return anything(chance)
    if how == 1:
        return spoiled(chance, data.decode(), MARKS)
    return spoiled_tree(chance, data)
