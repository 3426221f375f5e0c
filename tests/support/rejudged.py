"""Stored runs of one pair, and what judging them again says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config.skiplists import Entry
from harness.model import Status
from harness.repository.refs import Repository
from harness.store import Store
from harness.stored.rejudge import Lists, Reclassified
from tests.support.played import Bench, entry

KNOWN = entry("TestMount", Status.EXPECTED_FAILURE, "no such mount", line=7)
Tree = dict[str, bytes]


def stored(bench: Bench) -> Path:
    return bench.folder / "runs" / bench.run().id


def closed() -> Repository:
    pytest.fail("a repository was opened although nothing asks for one")


def lists(bench: Bench, *entries: Entry, opened: Callable[[], Repository] = closed) -> Lists:
    return Lists(entries, Store(bench.folder / "cache"), opened)


def changes(found: Reclassified) -> dict[str, tuple[str, str]]:
    return {
        row.name.split("/")[1]: (str(row.before), str(row.after))
        for cell in found.cells
        for row in cell.tests
    }


def why(found: Reclassified) -> list[str]:
    return [words for cell in found.cells for row in cell.tests for words in row.why]


def notes(found: Reclassified) -> list[str]:
    return [words for cell in found.cells for words in cell.notes]


def tree(folder: Path) -> Tree:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
