"""What goes: by age, by size, never what is in use; a dry run chooses the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BuildError
from harness.gc import Fate, Item, Kind, carry_out, choose

NOW = 1_000_000.0
DAY = 86_400.0


def _item(  # noqa: PLR0913 - the fields that matter
    name: str,
    days: float,
    size: int = 0,
    *,
    kind: Kind = Kind.ARTEFACT,
    busy: bool = False,
    stray: bool = False,
    remove: Callable[[], bool] = lambda: True,
) -> Item:
    return Item(kind, name, size, NOW - days * DAY, remove, busy=busy, stray=stray)


def _names(*items: Item, older_than: float = 14, max_size: int | None = None) -> list[str]:
    chosen = choose(items, now=NOW, older_than=older_than * DAY, max_size=max_size)
    return [item.name for item in chosen]


def test_what_was_not_used_for_so_long_goes_and_what_was_used_yesterday_stays() -> None:
    assert _names(_item("old", 15), _item("just", 14), _item("young", 13.9), _item("new", 1)) == [
        "old",
        "just",
    ]


def test_what_nobody_can_use_any_more_goes_however_young() -> None:
    assert _names(_item("half", 0, kind=Kind.ORPHAN, stray=True), _item("new", 0)) == ["half"]


def test_with_no_age_everything_goes_even_what_a_clock_says_is_of_tomorrow() -> None:
    assert _names(_item("tomorrow", -1), older_than=0) == ["tomorrow"]
    assert _names(_item("tomorrow", -1), older_than=0.001) == []


def test_to_a_size_the_least_recently_used_goes_first_and_no_more_than_must() -> None:
    items = [_item("c", 1, 30), _item("a", 3, 30), _item("b", 2, 30)]
    assert _names(*items, max_size=90) == []
    assert _names(*items, max_size=89) == ["a"]
    assert _names(*items, max_size=59) == ["a", "b"]
    assert _names(*items, max_size=0) == ["a", "b", "c"]


def test_what_goes_by_its_age_counts_towards_the_size() -> None:
    assert _names(_item("old", 20, 50), _item("a", 2, 30), _item("b", 1, 30), max_size=60) == [
        "old"
    ]


def test_what_is_in_use_stays_and_others_go_for_it() -> None:
    items = [_item("used", 3, 50, busy=True), _item("a", 2, 30), _item("b", 1, 30)]
    assert _names(*items, max_size=80) == ["a"]
    assert _names(*items, max_size=10) == ["a", "b"]


def test_a_size_is_that_of_the_cache_folder_alone() -> None:
    image = _item("image", 3, 1000, kind=Kind.IMAGE)
    assert _names(image, _item("a", 1, 30), max_size=30) == []
    assert _names(image, _item("a", 1, 30), max_size=29) == ["a"]


def test_a_container_goes_before_its_image() -> None:
    image, container = (_item(k, 20, kind=k) for k in (Kind.IMAGE, Kind.CONTAINER))
    assert _names(image, container) == ["container", "image"]


def test_a_dry_run_removes_nothing_and_names_the_same() -> None:
    def never() -> bool:
        pytest.fail("removed in a dry run")

    items = [_item("a", 20, remove=never), _item("b", 20, busy=True, remove=never)]
    fates = [(one.item.name, one.fate) for one in carry_out(items, dry_run=True)]
    assert fates == [("a", Fate.PLANNED), ("b", Fate.IN_USE)]


@pytest.mark.parametrize("error", [OSError(5, "input/output"), BuildError("gone away")])
def test_what_cannot_be_removed_keeps_nothing_else(error: Exception) -> None:
    def fail() -> bool:
        raise error

    items = [_item("a", 20, remove=fail), _item("b", 20, remove=lambda: False), _item("c", 20)]
    done = [*carry_out(items, dry_run=False)]
    assert [one.fate for one in done] == [Fate.FAILED, Fate.IN_USE, Fate.REMOVED]
    assert done[0].why == str(error)


described = st.builds(
    _item,
    st.text(max_size=3),
    st.floats(-5, 40),
    st.integers(0, 100),
    kind=st.sampled_from(Kind),
    busy=st.booleans(),
    stray=st.booleans(),
)


@given(st.lists(described, max_size=12), st.floats(0, 30), st.none() | st.integers(0, 500))
def test_the_choice_keeps_its_promises(
    items: list[Item], older_than: float, max_size: int | None
) -> None:
    chosen = choose(items, now=NOW, older_than=older_than * DAY, max_size=max_size)
    ids = {id(item) for item in chosen}
    assert len(ids) == len(chosen)
    kept = [item for item in items if id(item) not in ids]
    assert all(NOW - item.used < older_than * DAY for item in kept)
    there = [i for i in items if i.kind.in_cache and (id(i) not in ids or i.busy)]
    for_size = [
        item for item in chosen if not item.stray and max(NOW - item.used, 0) < older_than * DAY
    ]
    if max_size is None:
        assert not for_size
        return
    total = sum(item.size for item in there)
    assert total <= max_size or all(item.busy for item in there)
    for item in for_size:
        assert item.kind.in_cache
        assert not item.busy
        assert all(item.used <= other.used for other in there if not other.busy)
    if for_size:
        youngest = max(for_size, key=lambda item: item.used)
        assert total + youngest.size > max_size
