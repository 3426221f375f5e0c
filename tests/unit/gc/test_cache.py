"""In the cache: what was made by the store and is not in use goes whole, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.gc import Cache, Fate, Item, Kind, carry_out, choose, sweep
from harness.store import SHARED, Store
from harness.tools.locks import held

DAY = 86_400.0
LONG_AGO = 1_000_000.0


def _fill(folder: Path) -> None:
    (folder / "file").write_bytes(b"x" * 10_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A cache that was filled by a process which is gone."""
    root = tmp_path / "cache"
    store = Store(root)
    for kind, key in (("suite", "k1"), ("suite-image", "k2"), ("go", "1.21.13")):
        store.publish(kind, key, _fill)
    for name in SHARED:
        store.shared(name).mkdir()
        _fill(root / name)
    return root


def _names(root: Path) -> dict[str, Kind]:
    return {item.name: item.kind for item in Cache(root).items()}


def _remove_all(root: Path) -> dict[str, Fate]:
    chosen = choose(Cache(root).items(), now=LONG_AGO, older_than=0)
    return {one.item.name: one.fate for one in carry_out(chosen, dry_run=False)}


def _paths(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_artefacts_and_what_compilers_filled_are_listed_with_size_and_last_use(root: Path) -> None:
    os.utime(root / "suite" / "k1", (LONG_AGO, LONG_AGO))
    found = {item.name: item for item in Cache(root).items()}
    assert found.keys() == {"suite/k1", "suite-image/k2", "go/1.21.13", *SHARED}
    item = found["suite/k1"]
    assert (item.kind, item.used, item.busy, item.stray) == (
        Kind.ARTEFACT,
        LONG_AGO,
        False,
        False,
    )
    assert 10_000 <= item.size < 20_000


@pytest.mark.parametrize("below", ["", ".git", "../k1"])
def test_an_artefact_that_is_named_by_a_path_stays_while_its_user_lives(
    root: Path, below: str
) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    store = Store(root)
    for path in (link / "suite" / "k1" / below, root, root / "tmp", Path("https://x/y"), Path("~")):
        store.hold(path)
    assert _remove_all(root)["suite-image/k2"] is Fate.REMOVED
    assert (root / "suite" / "k1" / "file").is_file()
    del store
    assert _remove_all(root)["suite/k1"] is Fate.REMOVED


def test_a_store_apart_holds_what_is_in_the_one_around_it(root: Path) -> None:
    with Store(root).apart() as store:
        store.hold(root / "suite" / "k1")
        _remove_all(root)
        assert (root / "suite" / "k1" / "file").is_file()


def test_what_goes_goes_whole_with_its_lock(root: Path) -> None:
    assert set(_remove_all(root).values()) == {Fate.REMOVED}
    assert _paths(root) == {"tmp", "locks", "locks/uses", "suite", "suite-image", "go"}


def test_it_can_be_made_again(root: Path) -> None:
    _remove_all(root)
    store = Store(root)
    assert store.find("suite", "k1") is None
    assert not store.publish("suite", "k1", _fill).cached


def test_what_a_store_has_found_or_made_stays_as_long_as_the_store(root: Path) -> None:
    store = Store(root)
    store.find("suite", "k1")
    store.publish("tree", "k3", _fill)
    store.shared("gocache")
    fates = _remove_all(root)
    used = {"suite/k1", "tree/k3", "gocache"}
    assert {name for name, fate in fates.items() if fate is Fate.IN_USE} == used
    assert all((root / name).is_dir() for name in used)
    del store
    assert {*_remove_all(root).values()} == {Fate.REMOVED}


def test_an_artefact_that_was_used_yesterday_stays_though_it_was_made_long_ago(root: Path) -> None:
    for name in ("k1", "k4"):
        Store(root).publish("suite", name, _fill)
        os.utime(root / "suite" / name, (LONG_AGO, LONG_AGO))
    Store(root).find("suite", "k1")
    now = (root / "suite" / "k1").stat().st_mtime + DAY
    chosen = choose(Cache(root).items(), now=now, older_than=14 * DAY)
    assert [item.name for item in chosen] == ["suite/k4"]


def test_what_was_used_since_it_was_listed_stays(root: Path) -> None:
    os.utime(root / "suite" / "k1", (LONG_AGO, LONG_AGO))
    (item,) = (item for item in Cache(root).items() if item.name == "suite/k1")
    Store(root).find("suite", "k1")
    assert not item.remove()
    assert (root / "suite" / "k1" / "file").exists()


def test_two_that_remove_the_same_get_along(root: Path) -> None:
    first, second = Cache(root).items(), Cache(root).items()
    assert all(item.remove() for pair in zip(first, second, strict=True) for item in pair)
    assert Cache(root).items() == []


def test_what_a_killed_process_left_in_tmp_is_an_orphan(root: Path) -> None:
    (root / "locks" / "suite-k9").touch()
    ours = ("suite-k9", "scratch-0123456789abcdef", "gone-0123456789abcdef", "gopath-k8")
    for name in (*ours, "mine", "systemd-private-1"):
        (root / "tmp" / name / "below").mkdir(parents=True)
    assert {n for n, kind in _names(root).items() if kind is Kind.ORPHAN} == {
        f"tmp/{name}" for name in ours
    }
    sweep(root)
    assert sorted(path.name for path in (root / "tmp").iterdir()) == ["mine", "systemd-private-1"]
    assert (root / "suite" / "k1").is_dir()


def test_what_a_live_process_works_on_is_no_orphan(root: Path) -> None:
    store = Store(root)

    def make(folder: Path) -> None:
        _fill(folder)
        (root / "tmp" / "gopath-k7").mkdir()
        store.publish("tree", "k7", _fill)
        with store.scratch() as scratch:
            _fill(scratch)
            sweep(root)
            assert _remove_all(root)["tree/k7"] is Fate.IN_USE
            assert (scratch / "file").exists()
        assert (folder / "file").exists()
        assert (root / "tmp" / "gopath-k7").exists()

    store.publish("frontend", "k6", make)
    assert [path.name for path in (root / "tmp").iterdir()] == ["gopath-k7"]


def test_the_lock_of_a_tree_outlives_its_links(root: Path) -> None:
    Store(root).publish("tree", "k7", _fill)
    (root / "tmp" / "gopath-k7").mkdir()
    sweep(root)
    assert _names(root)["tree/k7"] is Kind.ARTEFACT


def test_a_scratch_folder_is_empty_and_goes_with_its_block(root: Path) -> None:
    with Store(root).scratch() as one, Store(root).scratch() as other:
        assert one != other
        assert [*one.iterdir()] == []
        _fill(one)
    assert [*(root / "tmp").iterdir()] == []


def test_a_lock_of_what_was_never_made_goes_unless_somebody_has_it(root: Path) -> None:
    store = Store(root)
    (root / "locks" / "suite-failed").touch()
    with store.locked("engine-k2"):
        os.utime(root / "locks" / "engine-k2", (LONG_AGO, LONG_AGO))
        assert _names(root)["suite-failed"] is Kind.LOCK
        assert _remove_all(root)["suite-failed"] is Fate.REMOVED
        assert (root / "locks" / "engine-k2").exists()
    assert not (root / "locks" / "suite-failed").exists()


def test_a_lock_says_when_it_was_last_taken(root: Path) -> None:
    lock = root / "locks" / "engine-k2"
    lock.touch()
    os.utime(lock, (LONG_AGO, LONG_AGO))
    (item,) = (item for item in Cache(root).items() if item.kind is Kind.LOCK)
    assert (item.used, Cache(root).last_use("engine-k2")) == (LONG_AGO, LONG_AGO)
    with Store(root).locked("engine-k2"):
        assert Cache(root).last_use("engine-k2") > LONG_AGO
    assert not item.remove()
    assert Cache(root).last_use("engine-none") == 0


def test_clones_stay_but_for_those_that_were_killed_half_way(root: Path) -> None:
    repos = root / "repos"
    for name in ("0123456789abcdef.git", "0123456789abcdef.part", "fedcba9876543210.part", "my"):
        (repos / name).mkdir(parents=True)
    with held(repos / "fedcba9876543210.lock", patience=1):
        assert _remove_all(root)["repos/0123456789abcdef.part"] is Fate.REMOVED
    assert sorted(path.name for path in repos.iterdir() if path.is_dir()) == [
        "0123456789abcdef.git",
        "fedcba9876543210.part",
        "my",
    ]


def test_folders_that_the_store_did_not_make_are_never_listed(root: Path) -> None:
    for name in ("photos/2019", "suite/mine", "locks-of-mine/uses"):
        (root / name).mkdir(parents=True)
    (root / "ancestry.sqlite3").touch()
    _remove_all(root)
    assert _paths(root) >= {"photos/2019", "suite/mine", "locks-of-mine/uses", "ancestry.sqlite3"}


@pytest.mark.parametrize("make", [Path.mkdir, lambda _path: None], ids=["empty", "missing"])
def test_a_folder_that_is_no_cache_is_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    root = tmp_path / "folder"
    make(root)
    before = _paths(tmp_path)
    assert Cache(root).items() == []
    sweep(root)
    assert _paths(tmp_path) == before


@pytest.mark.parametrize("place", ["suite", "suite/k5", "tmp/scratch-0123456789abcdef", "gocache"])
def test_links_are_not_followed(root: Path, place: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for name in ("k1", "k5"):
        (elsewhere / name).mkdir(parents=True)
        _fill(elsewhere / name)
        (root / "locks" / f"suite-{name}").touch()
    if (root / place).exists():
        shutil.rmtree(root / place)
    (root / place).symlink_to(elsewhere, target_is_directory=True)
    before = _paths(elsewhere)
    sweep(root)
    _remove_all(root)
    assert _paths(elsewhere) == before
    assert (root / place).is_symlink()


def test_links_inside_an_artefact_go_without_what_they_lead_to(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    _fill(elsewhere)
    (root / "suite" / "k1" / "out").symlink_to(elsewhere, target_is_directory=True)
    (item,) = (item for item in Cache(root).items() if item.name == "suite/k1")
    assert item.size < 20_000
    assert item.remove()
    assert (elsewhere / "file").exists()


def test_a_file_with_two_names_is_counted_once(root: Path) -> None:
    folder = root / "suite" / "k1"
    before = _item(root).size
    (folder / "again").hardlink_to(folder / "file")
    assert _item(root).size == before


def _item(root: Path) -> Item:
    (item,) = (item for item in Cache(root).items() if item.name == "suite/k1")
    return item


def test_what_cannot_be_swept_stops_no_run(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (root / "tmp" / "scratch-0123456789abcdef").mkdir()

    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    sweep(root)
    assert "tmp/scratch-0123456789abcdef stays in" in caplog.text
