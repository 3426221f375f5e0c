"""What the parts of the program say of a full disk, and that nothing half made is used after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.errors import DiskFull
from harness.reports import write
from harness.reports.junit import JUnit
from harness.repository.ancestry import Ancestry
from harness.store import Store
from harness.tools.disks import is_full
from tests.support import factories, matrix_factories
from tests.support.small_disks import disk, fill

pytestmark = pytest.mark.integration


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk with room for 30 files."""
    with disk(tmp_path / "small", "1m,nr_inodes=30") as folder:
        yield folder


def _fill_with_files(folder: Path) -> None:
    with suppress(OSError):
        for number in range(100):
            (folder / str(number)).touch()
    assert is_full(folder)


def _write_too_much(folder: Path) -> None:
    (folder / "one").write_bytes(b"x" * (2 << 20))


def _say_nothing(folder: Path) -> None:
    fill(folder)
    raise ValueError("a program that does not say why")


@pytest.mark.parametrize("make", [_fill_with_files, _write_too_much, _say_nothing])
def test_nothing_is_published_on_a_full_disk(small: Path, make: Callable[[Path], None]) -> None:
    """The first makes all of its artefact, but has no room for the folder that it goes to."""
    store = Store(small)
    with pytest.raises(DiskFull, match=f"the disk of the cache {small} is full") as caught:
        store.publish("suite", "key", make)
    assert "COMPAT_CACHE" in caught.value.hint
    assert store.find("suite", "key") is None
    assert list((small / "tmp").iterdir()) == []
    made = store.publish("suite", "key", lambda folder: (folder / "one").touch())
    assert not made.cached
    assert [path.name for path in made.path.iterdir()] == ["one"]


def test_a_cache_that_cannot_be_begun_is_no_wrong_command(small: Path) -> None:
    _fill_with_files(small)
    with pytest.raises(DiskFull, match=f"the disk of the cache {small}/cache is full"):
        Store(small / "cache")


def test_what_is_remembered_of_commits_is_told_with_its_file(small: Path) -> None:
    class Git:
        def is_ancestor(self, older: str, newer: str) -> bool:
            return older < newer

    fill(small)
    with pytest.raises(DiskFull, match=f"cannot write {small}/ancestry"):
        Ancestry(Git(), small).contains("b", "a")


def test_a_report_for_which_there_is_no_room_is_told_with_its_file(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix_factories.store_run(tmp_path / "run", factories.regressed_run())
    monkeypatch.setattr(write, "REPORTS", [JUnit])
    fill(small)
    with pytest.raises(DiskFull, match=rf"cannot write {small}/junit\.xml"):
        write.write_reports(tmp_path / "run", out=small)
    assert [it.name for it in small.iterdir()] == ["fill"]
