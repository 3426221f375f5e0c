"""What is ours on an engine, from what Docker 20.10 answers; nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from docker.api.client import APIClient

from harness.engine.client import OWNER, Engine
from harness.engine.endpoint import Endpoint
from harness.engine.errors import EngineFailed
from harness.engine.inventory import Labelled, Thing, added
from harness.gc import Cache, Item, on_engine
from harness.store import Store
from harness.tools import clock, machine
from tests.support.engine_answers import KEY, LAST, MOUNT, OURS, SECONDS, SUITE, FakeEngine


@pytest.fixture
def api() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def there(api: FakeEngine) -> Labelled:
    return Labelled(Engine(cast("APIClient", api), Endpoint("unix:///x", "the default")))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def items(there: Labelled, root: Path) -> Callable[[], dict[str, Item]]:
    Store(root)
    return lambda: {item.name: item for item in on_engine(there, Cache(root))}


# -- images --------------------------------------------------------------------------------------


def test_images_are_told_by_their_label_and_go_by_the_names_that_are_ours(
    api: FakeEngine, there: Labelled
) -> None:
    api.image("sha256:01", "ab", 20, SUITE)
    api.image("sha256:02", "abc", 25, "compat/pair:01", "mine/kept:1")
    api.image("sha256:03", "ad", 22, "mine/derived:1")
    api.image("sha256:0123456789abcdef", "ae", 21)
    api.image("sha256:04", "a", 10, "compat/suite:0f", ours=False)
    found = {thing.name: thing for thing in there.images()}
    assert found.keys() == {SUITE, "compat/pair:01", "0123456789ab"}
    assert found[SUITE].lock == f"engine-{KEY}"
    assert not found["0123456789ab"].lock
    assert [found[name].size for name in (SUITE, "compat/pair:01")] == [10, 5]
    for thing in found.values():
        assert there.remove_image(thing)
    assert set(api.removed) == {SUITE, "compat/pair:01", "sha256:0123456789abcdef"}


@pytest.mark.parametrize(
    "name",
    [
        f"localhost/{SUITE}",
        f"docker.io/{SUITE}",
        f"{SUITE}-stage",
        f"h:5000/a/{SUITE}",
        f"h:5000/cache:suite-{KEY}",
    ],
)
def test_the_name_of_an_image_says_which_lock_its_users_take(
    api: FakeEngine, there: Labelled, name: str
) -> None:
    api.image("sha256:01", "ab", 20, name)
    (thing,) = there.images()
    assert (thing.name, thing.lock) == (name, f"engine-{KEY}")


def test_an_image_adds_what_the_largest_that_it_is_built_on_has_not() -> None:
    images = {
        "base": ("a", 10),
        "suite": ("ab", 15),
        "pair": ("abc", 17),
        "other": ("ax", 30),
        "alone": ("z", 7),
        "odd": ("abd", 12),
    }
    sizes = {name: added(name, images) for name in images}
    assert sizes == {"base": 10, "suite": 5, "pair": 2, "other": 20, "alone": 7, "odd": 0}


def test_an_image_was_used_when_it_was_last_named_or_the_cache_says_so(
    api: FakeEngine, items: Callable[[], dict[str, Item]], root: Path
) -> None:
    api.image("sha256:01", "ab", 20, SUITE)
    assert items()[SUITE].used == pytest.approx(SECONDS)
    store = Store(root)
    with store.locked(f"engine-{KEY}"):
        used = (root / "locks" / f"engine-{KEY}").stat().st_mtime
    found = items()[SUITE]
    assert (found.used, found.busy) == (used, True)
    del store
    assert not items()[SUITE].busy


def test_an_image_that_a_run_uses_stays(
    api: FakeEngine, items: Callable[[], dict[str, Item]], root: Path
) -> None:
    api.image("sha256:01", "ab", 20, SUITE)
    item = items()[SUITE]
    store = Store(root)
    with store.locked(f"engine-{KEY}"):
        assert not item.remove()
    assert not item.remove()
    del store
    assert item.remove()
    assert api.removed == [SUITE]


def test_an_image_that_another_cache_used_since_it_was_listed_stays(
    api: FakeEngine, there: Labelled
) -> None:
    api.image("sha256:01", "ab", 20, SUITE)
    (thing,) = there.images()
    shown, layers, _ = api.held["sha256:01"]
    api.held["sha256:01"] = shown, layers, "2026-11-24T00:36:05Z"
    assert not there.remove_image(thing)
    assert api.removed == []


def test_an_engine_that_never_named_an_image_says_when_it_was_made(
    api: FakeEngine, there: Labelled
) -> None:
    api.image("sha256:01", "ab", 20, SUITE)
    shown, layers, _ = api.held["sha256:01"]
    api.held["sha256:01"] = shown, layers, "0001-01-01T00:00:00Z"
    assert [thing.used for thing in there.images()] == [1.0]


# -- containers ----------------------------------------------------------------------------------


def _box(owner: str | None, state: str, days: float) -> dict[str, Any]:
    labels = OURS | ({OWNER: owner} if owner else {})
    created = int(clock.timestamp() - days * 86_400)
    return {"Id": "0123456789abcdef", "Labels": labels, "State": state, "Created": created}


def _gone() -> str:
    world, pid, began = machine.process().rsplit(" ", 2)
    return f"{world} {pid} {int(began) - 1}"


@pytest.mark.parametrize(
    ("box", "busy", "stray"),
    [
        ((_gone(), "running", 0), False, True),
        ((_gone(), "exited", 0), False, True),
        ((machine.process(), "exited", 30), True, False),
        (("other-machine 1 1", "running", 30), True, False),
        (("other-machine 1 1", "exited", 0.9), True, False),
        (("other-machine 1 1", "exited", 1.1), False, False),
        ((None, "created", 1.1), False, False),
    ],
)
def test_a_container_goes_with_its_process_or_once_nobody_can_want_it(
    api: FakeEngine,
    there: Labelled,
    box: tuple[str | None, str, float],
    busy: bool,  # noqa: FBT001 - a column
    stray: bool,  # noqa: FBT001 - a column
) -> None:
    api.boxes = [_box(*box)]
    (thing,) = there.containers()
    assert (thing.name, thing.busy, thing.stray) == ("0123456789ab", busy, stray)


# -- volumes and build cache ---------------------------------------------------------------------


def test_volumes_and_containers_are_removed_by_what_the_engine_calls_them(
    api: FakeEngine, there: Labelled
) -> None:
    api.disks = [{"Name": "vol", "CreatedAt": LAST}]
    api.boxes = [_box(_gone(), "exited", 0)]
    (volume,), (container,) = there.volumes(), there.containers()
    assert volume.used == pytest.approx(SECONDS)
    assert there.remove_volume(volume)
    assert there.remove_container(container)
    assert api.removed == ["vol", "0123456789abcdef"]


def test_of_the_build_cache_only_the_mount_that_is_ours_goes(
    api: FakeEngine, items: Callable[[], dict[str, Item]], there: Labelled
) -> None:
    record = {"Type": "exec.cachemount", "InUse": False, "Size": 5, "LastUsedAt": LAST}
    api.cache = [
        {**record, "ID": "lz6c8hd48eef75463164tk2ui", "Description": MOUNT},
        {**record, "ID": "other", "Description": MOUNT.replace("compat", "root/.cache")},
        {**record, "ID": "layer", "Type": "regular", "Description": MOUNT},
    ]
    (item,) = items().values()
    assert (item.name, item.size, item.used) == ("Go's cache lz6c8hd48eef", 5, SECONDS)
    assert item.remove()
    assert api.removed == ["lz6c8hd48eef75463164tk2ui"]
    assert there.build_cache() == 15


def test_a_mount_that_was_never_used_again_is_as_old_as_it_is(
    api: FakeEngine, there: Labelled
) -> None:
    api.cache = [
        {
            "ID": "m",
            "Type": "exec.cachemount",
            "Description": MOUNT,
            "InUse": True,
            "Size": 5,
            "LastUsedAt": None,
            "CreatedAt": LAST,
        }
    ]
    (thing,) = there.mounts()
    assert thing.used == pytest.approx(SECONDS)
    assert thing.busy


# -- refusals ------------------------------------------------------------------------------------

REMOVALS = ["remove_container", "remove_image", "remove_volume", "remove_mount"]


def _asked(there: Labelled, how: str, api: FakeEngine) -> bool:
    api.image("x", "a", 1)
    return bool(getattr(there, how)(Thing("x", "x", 0, SECONDS)))


@pytest.mark.parametrize("how", REMOVALS)
def test_what_is_in_use_stays(there: Labelled, api: FakeEngine, how: str) -> None:
    api.refuses = HTTPStatus.CONFLICT
    assert not _asked(there, how, api)


@pytest.mark.parametrize("how", REMOVALS[:3])
def test_what_is_gone_already_is_as_good_as_removed(
    there: Labelled, api: FakeEngine, how: str
) -> None:
    api.refuses = HTTPStatus.NOT_FOUND
    assert _asked(there, how, api)


@pytest.mark.parametrize("how", REMOVALS[:3])
def test_an_engine_that_fails_says_at_what(there: Labelled, api: FakeEngine, how: str) -> None:
    api.refuses = HTTPStatus.INTERNAL_SERVER_ERROR
    with pytest.raises(EngineFailed, match=r"^remove .*x: "):
        _asked(there, how, api)


def test_an_engine_that_went_away_is_an_infrastructure_failure(
    there: Labelled, api: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise requests.ConnectionError("refused")

    monkeypatch.setattr(api, "df", gone)
    with pytest.raises(EngineFailed, match=r"went away \(look at the build cache\)"):
        there.build_cache()
