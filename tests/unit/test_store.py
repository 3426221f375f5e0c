"""Artefacts: found by what went into them, published whole or not at all."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import (
    BuildError,
    DiskFull,
    ExitCode,
    InfrastructureError,
    Interrupted,
    UsageError,
)
from harness.model import Channel
from harness.store import Store, default_cache, key_of
from harness.tools.crew import Crew
from harness.tools.locks import held

Make = Callable[[Path], None]


def writing(text: str) -> Make:
    def make(folder: Path) -> None:
        (folder / "file").write_text(text, "utf-8")

    return make


def never(_folder: Path) -> None:
    pytest.fail("made though it was there")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache", lock_timeout=5)


def leftovers(store: Store) -> list[str]:
    return [path.name for path in (store.root / "tmp").iterdir()]


def test_what_is_published_is_found_and_not_made_again(store: Store) -> None:
    made = store.publish("suite", "k1", writing("one"))
    assert (made.path / "file").read_text("utf-8") == "one"
    assert not made.cached
    again = store.publish("suite", "k1", never)
    assert (again.path, again.cached) == (made.path, True)
    assert store.find("suite", "k1") == made.path
    assert leftovers(store) == []


def test_a_store_apart_has_what_was_downloaded_and_leaves_nothing(store: Store) -> None:
    for kind in ("go", "suite"):
        store.publish(kind, "k1", writing(kind))
    with store.apart() as other:
        assert other.salt != store.salt == ""
        assert other.find("suite", "k1") is None
        assert not other.publish("suite", "k1", writing("anew")).cached
        found = other.find("go", "k1")
        assert found is not None
        assert (found / "file").read_text("utf-8") == "go"
        other.publish("go", "k2", writing("downloaded"))
    assert not other.root.exists()
    assert leftovers(store) == []
    for kind, key, text in (
        ("go", "k1", "go"),
        ("go", "k2", "downloaded"),
        ("suite", "k1", "suite"),
    ):
        path = store.find(kind, key)
        assert path is not None
        assert (path / "file").read_text("utf-8") == text


def test_kinds_and_keys_are_kept_apart(store: Store) -> None:
    paths = {
        store.publish(kind, key, writing(kind + key)).path
        for kind, key in (("go", "1.21.1"), ("go", "1.21.13"), ("suite", "1.21.1"))
    }
    assert len(paths) == 3
    assert store.find("frontend", "1.21.1") is None


def test_a_folder_is_seen_only_once_it_is_whole(store: Store) -> None:
    def make(folder: Path) -> None:
        writing("half")(folder)
        assert store.find("suite", "k1") is None
        assert not (store.root / "suite" / "k1").exists()

    store.publish("suite", "k1", make)


@pytest.mark.parametrize(
    "error", [BuildError("does not build"), KeyboardInterrupt(), OSError(errno.EIO, "input/output")]
)
def test_a_maker_that_fails_leaves_nothing_and_can_be_tried_again(
    error: BaseException, store: Store
) -> None:
    def fail(folder: Path) -> None:
        writing("half")(folder)
        raise error

    with pytest.raises(type(error)) as caught:
        store.publish("suite", "k1", fail)
    assert caught.value is error
    assert store.find("suite", "k1") is None
    assert leftovers(store) == []
    assert not store.publish("suite", "k1", writing("whole")).cached


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        BuildError("write /x: no space left\nlink: No space left on device"),
    ],
)
def test_a_full_disk_is_called_one_whoever_met_it(error: Exception, store: Store) -> None:
    def fail(_folder: Path) -> None:
        raise error

    with pytest.raises(InfrastructureError, match=f"the disk of the cache {store.root} is full"):
        store.publish("suite", "k1", fail)
    assert leftovers(store) == []


def test_a_disk_that_another_made_room_on_meanwhile_was_full_all_the_same(store: Store) -> None:
    """git does not say why it cannot write a file, and by then the other one's are removed."""
    unsaid = BuildError("git checkout-index failed: error: unable to write file x.go")

    def other(_folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fail(_folder: Path) -> None:
        raise unsaid

    def fail_meanwhile(_folder: Path) -> None:
        with pytest.raises(DiskFull):
            store.publish("frontend", "k2", other)
        raise unsaid

    with pytest.raises(DiskFull, match=f"the disk of the cache {store.root} is full"):
        store.publish("suite", "k1", fail_meanwhile)
    with pytest.raises(BuildError) as later:
        store.publish("suite", "k1", fail)
    assert later.value is unsaid


def test_what_a_killed_maker_left_is_gone_and_never_used(store: Store) -> None:
    half = store.root / "tmp" / "suite-k1" / "0badcafe"
    half.mkdir(parents=True)
    writing("half")(half)
    other = store.root / "tmp" / "suite-k10"
    other.mkdir()
    seen: list[Path] = []
    made = store.publish("suite", "k1", lambda folder: seen.extend(folder.iterdir()))
    assert seen == []
    assert [*made.path.iterdir()] == []
    assert leftovers(store) == [other.name]


def test_a_program_that_outlived_its_killed_maker_cannot_reach_the_new_ones_folder(
    store: Store,
) -> None:
    folders: list[Path] = []

    def killed(folder: Path) -> None:
        folders.append(folder)
        raise KeyboardInterrupt

    def make(folder: Path) -> None:
        folders.append(folder)
        with pytest.raises(FileNotFoundError):
            writing("from the dead")(folders[0])
        writing("from the living")(folder)

    with pytest.raises(KeyboardInterrupt):
        store.publish("suite", "k1", killed)
    made = store.publish("suite", "k1", make)
    assert folders[0] != folders[1]
    assert (made.path / "file").read_text("utf-8") == "from the living"


def test_two_threads_make_one_artefact(store: Store) -> None:
    inside = threading.Event()
    made = []

    def slow(folder: Path) -> None:
        inside.set()
        made.append(folder)
        threading.Event().wait(0.2)

    with Crew(2, "test") as crew:
        first = crew.start(store.publish, "suite", "k1", slow)
        assert inside.wait(60)
        second = crew.start(store.publish, "suite", "k1", never)
        crew.wait()
    assert (first.result().cached, second.result().cached) == (False, True)
    assert len(made) == 1


def test_an_artefact_may_need_others(store: Store) -> None:
    def suite(folder: Path) -> None:
        tree = store.publish("tree", "k1", writing("source")).path
        (folder / "file").write_bytes((tree / "file").read_bytes() + b", built")

    path = store.publish("suite", "k1", suite).path
    assert (path / "file").read_text("utf-8") == "source, built"


def test_waiting_for_another_run_has_an_end(store: Store) -> None:
    impatient = Store(store.root, lock_timeout=0.1)
    with (
        held(store.root / "locks" / "suite-k1", patience=1),
        pytest.raises(InfrastructureError, match=r"run has held .*suite-k1 for over 0\.1 s"),
    ):
        impatient.publish("suite", "k1", never)


def test_waiting_for_another_run_can_be_interrupted(store: Store) -> None:
    patient = Store(store.root, lock_timeout=3600)
    with held(store.root / "locks" / "suite-k1", patience=1):
        with Crew(1, "test") as crew:
            waiting = crew.start(patient.publish, "suite", "k1", never)
            crew.stop()
        assert isinstance(waiting.exception(), Interrupted)


@pytest.mark.parametrize("obstacle", ["root", "tmp", "locks"])
def test_a_cache_that_cannot_be_written_to_is_a_usage_error(obstacle: str, tmp_path: Path) -> None:
    root = tmp_path / "cache"
    if obstacle != "root":
        root.mkdir()
    (root if obstacle == "root" else root / obstacle).write_text("a file", "utf-8")
    with pytest.raises(UsageError, match=f"the cache {root} cannot be written to") as caught:
        Store(root)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "COMPAT_CACHE" in caught.value.hint


def test_a_cache_of_somebody_else_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Modes mean nothing to root, under whom these tests may run.
    Store(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="Permission denied"):
        Store(tmp_path)


def test_a_relative_cache_means_the_same_folder_for_programs_that_run_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(Path("cache"))
    path = store.publish("suite", "k1", writing("one")).path
    assert path == tmp_path / "cache" / "suite" / "k1"


def test_the_cache_is_compat_cache_or_the_users_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert default_cache() == Path(os.environ["XDG_CACHE_HOME"]) / "buildkit-compat"
    monkeypatch.setenv("COMPAT_CACHE", "~/elsewhere")
    assert default_cache() == Path(os.environ["HOME"]) / "elsewhere"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPAT_CACHE", "here")
    assert default_cache() == tmp_path / "here"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
parts = st.dictionaries(st.text(max_size=5), values, max_size=5)


def reversed_everywhere(value: object) -> object:
    if isinstance(value, dict):
        return {key: reversed_everywhere(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return tuple(map(reversed_everywhere, value))
    return value


@given(parts)
def test_a_key_depends_on_what_went_in_and_not_on_order_or_kind_of_sequence(
    given_parts: dict[str, object],
) -> None:
    again = {key: reversed_everywhere(given_parts[key]) for key in reversed(given_parts)}
    assert key_of(again) == key_of(given_parts)


@given(parts, st.text(max_size=5), values)
def test_another_part_is_another_key(
    given_parts: dict[str, object], name: str, value: object
) -> None:
    changed = {**given_parts, name: value}
    if name not in given_parts:
        assert key_of(changed) != key_of(given_parts)


def test_a_key_is_the_same_in_every_process_and_version() -> None:
    found = {"channel": Channel.LABS, "tags": frozenset({"b", "a"}), "none": None}
    assert key_of(found) == key_of({"none": None, "tags": ["a", "b"], "channel": "labs"})
    assert key_of(found) == "0edd90133d34ed117529bddc"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_artefacts_have_the_same_modes_whatever_the_umask_is(umask: int, tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "below").mkdir()
        (folder / "below" / "file").touch()
        (folder / "program").touch(0o777)
        (folder / "sealed").touch(0o444)
        (folder / "link").symlink_to("nowhere")

    before = os.umask(umask)
    try:
        path = Store(tmp_path).publish("suite", "key", make).path
    finally:
        os.umask(before)
    found = {str(it.relative_to(path)): it.lstat().st_mode & 0o777 for it in path.rglob("*")}
    del found["link"]
    assert found == {"below": 0o755, "below/file": 0o644, "program": 0o755, "sealed": 0o444}
    assert path.stat().st_mode & 0o777 == 0o755
