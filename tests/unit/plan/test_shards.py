"""How cells are dealt to machines: all of them, evenly, suites together, and mostly as before."""

from __future__ import annotations

import random
from collections.abc import Mapping
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.errors import UsageError
from harness.model import Side
from harness.model.matrix import MOST_SHARDS, Plan, Shard
from harness.plan.estimate import BUILD_SECONDS, CELL_SECONDS, Durations
from harness.plan.shards import SLACK, Split, part, split
from tests.support import stored_matrices

SETUP = 45.0
"""Seconds that each build takes here."""


def plan(cells: Mapping[str, float | None], setup: float | None = SETUP) -> Plan:
    """Make a plan of cells called `suite frontend`, with what each is expected to take."""
    names = [name.split(" ") for name in cells]
    suites, frontends = (list(dict.fromkeys(column)) for column in zip(*names, strict=True))
    made = stored_matrices.plan(suites, frontends)
    known = {(cell.pair.suite.ref, cell.pair.frontend.ref): cell for cell in made.cells}
    return replace(
        made,
        builds=tuple(replace(build, expected=setup) for build in made.builds),
        cells=tuple(
            replace(known[suite, frontend], expected=seconds)
            for (suite, frontend), seconds in zip(names, cells.values(), strict=True)
        ),
    )


def grid(suites: int, frontends: int, dice: random.Random) -> dict[str, float | None]:
    """Make cells that take what they may: a suite decides most of it."""
    return {
        f"s{suite} f{frontend}": base * dice.uniform(0.8, 1.3)
        for suite in range(suites)
        for base in [dice.uniform(120, 900)]
        for frontend in range(frontends)
    }


def dice_of(*numbers: int) -> random.Random:
    """Return dice that fall the same in each run."""
    return random.Random(repr(numbers))  # noqa: S311 - no secret


def loads(made: Plan, parts: Split) -> list[float]:
    """Return the seconds of each shard with its suites, as the rule counts them."""
    durations = Durations(made)
    return [
        sum(durations.of(cell.id) for cell in cells)
        + sum(map(durations.suite, {cell.suite: cell for cell in cells}.values()))
        for cells in parts
    ]


def places(parts: Split) -> dict[str, int]:
    return {cell.id: number for number, cells in enumerate(parts) for cell in cells}


def suites_of(parts: Split) -> int:
    """Count the suites that are built, on all machines together."""
    return sum(len({cell.suite for cell in cells}) for cells in parts)


CELLS = st.dictionaries(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda two: f"s{two[0]} f{two[1]}"),
    st.none() | st.floats(0.0, 3600.0),
    min_size=1,
    max_size=40,
)


@given(CELLS, st.integers(1, MOST_SHARDS))
def test_every_cell_is_in_one_shard_and_no_shard_is_empty(
    cells: dict[str, float | None], total: int
) -> None:
    made = plan(cells)
    parts = split(made, total)
    assert len(parts) == min(total, len(cells))
    assert all(parts)
    assert sorted(cell.id for cells in parts for cell in cells) == sorted(
        cell.id for cell in made.cells
    )
    order = [cell.id for cell in made.cells]
    for one in parts:
        assert [cell.id for cell in one] == sorted((cell.id for cell in one), key=order.index)
    assert split(made, total) == parts


@given(CELLS, st.integers(1, 30))
def test_a_shard_is_above_its_share_by_one_suite_of_one_cell_at_most(
    cells: dict[str, float | None], total: int
) -> None:
    made = plan(cells)
    parts = split(made, total)
    durations = Durations(made)
    unit = max(durations.of(cell.id) + durations.suite(cell) for cell in made.cells)
    even = sum(loads(made, parts)) / len(parts)
    assert max(loads(made, parts)) <= max(even * (1 + SLACK), even + unit) * 1.0001


@pytest.mark.parametrize(
    ("suites", "frontends", "shards"),
    [(8, 3, 4), (10, 2, 5), (27, 3, 20), (27, 6, 20), (50, 50, 20), (50, 50, MOST_SHARDS)],
)
def test_shards_are_even_and_few_suites_are_built_twice(
    suites: int, frontends: int, shards: int
) -> None:
    dice = dice_of(suites, frontends, shards)
    for _ in range(3 if suites == 50 else 10):
        made = plan(grid(suites, frontends, dice))
        parts = split(made, shards)
        apart = loads(made, split(made, 1))[0] / shards
        assert max(loads(made, parts)) <= apart * 1.3
        # Dealt one by one, nearly each shard would build nearly each suite it could.
        dealt = min(frontends, shards) * suites
        assert suites_of(parts) <= max(suites * 1.5, dealt * 0.2)


def test_cells_of_a_suite_stay_together_where_that_costs_no_balance() -> None:
    made = plan({f"s{suite} f{frontend}": 100.0 for suite in range(6) for frontend in range(4)})
    for total in (1, 2, 3):
        assert suites_of(split(made, total)) == 6


def test_a_suite_that_is_more_than_a_share_is_dealt_out() -> None:
    made = plan({f"s f{frontend}": 100.0 for frontend in range(8)})
    assert [len(cells) for cells in split(made, 4)] == [2, 2, 2, 2]


# -- stability -----------------------------------------------------------------------------------


def moved(before: Plan, after: Plan, shards: int) -> float:
    """Return the share of a plan's cells that are in another shard of another plan."""
    old, new = places(split(before, shards)), places(split(after, shards))
    there = old.keys() & new.keys()
    return mean(old[name] != new[name] for name in there)


def with_one_more(cells: dict[str, float | None], dice: random.Random) -> dict[str, float | None]:
    """Add a cell at some place: of a suite that is there, or of a new one."""
    suites = [*dict.fromkeys(name.split(" ")[0] for name in cells), "new"]
    names = [*cells]
    names.insert(dice.randrange(len(names) + 1), f"{dice.choice(suites)} new")
    return {name: cells.get(name, dice.uniform(120, 900)) for name in names}


@pytest.mark.parametrize(
    ("suites", "frontends", "shards", "bound"),
    [(4, 3, 3, 0.3), (10, 2, 5, 0.25), (27, 3, 20, 0.15), (27, 6, 20, 0.1), (50, 50, 20, 0.03)],
)
def test_most_cells_stay_where_they_are_when_one_is_added(
    suites: int, frontends: int, shards: int, bound: float
) -> None:
    dice = dice_of(suites, frontends, shards)
    shares = []
    for _ in range(4 if suites == 50 else 30):
        cells = grid(suites, frontends, dice)
        shares.append(moved(plan(cells), plan(with_one_more(cells, dice)), shards))
    assert mean(shares) <= bound


@given(CELLS, st.integers(1, 30), st.randoms(use_true_random=False))
def test_neither_the_order_of_cells_nor_what_is_cached_moves_any(
    cells: dict[str, float | None], total: int, dice: random.Random
) -> None:
    made = plan(cells)
    mixed = list(made.cells)
    dice.shuffle(mixed)
    builds = tuple(replace(build, cached=dice.random() < 0.5) for build in made.builds)
    other = replace(made, cells=tuple(mixed), builds=builds)
    assert places(split(other, total)) == places(split(made, total))


def test_two_shards_more_move_no_cell_among_the_others() -> None:
    cells = {f"s{suite} f": 100.0 for suite in range(40)}
    before, after = (places(split(plan(cells), total)) for total in (8, 10))
    elsewhere = [name for name in before if before[name] != after[name]]
    assert mean(after[name] >= 8 for name in elsewhere) > 0.4
    assert len(elsewhere) < 0.5 * len(before)


# -- one shard -----------------------------------------------------------------------------------


def test_one_shard_is_what_the_split_gives() -> None:
    made = plan({f"s{suite} f": 100.0 for suite in range(7)})
    parts = split(made, 3)
    assert [part(made, Shard(index=n, total=3)) for n in (1, 2, 3)] == list(parts)


@pytest.mark.parametrize(
    ("index", "total", "words"),
    [
        (5, 20, "there is no shard 5/20: 2 cells make 2 shards"),
        (0, 2, "there is no shard 0/2: 2 cells make 2 shards"),
        (1, 0, "0 shards cannot be"),
        (1, 257, "257 shards cannot be"),
    ],
)
def test_a_shard_that_is_not_there_is_a_usage_error(index: int, total: int, words: str) -> None:
    with pytest.raises(UsageError, match=f"^{words}$"):
        part(plan({"a f": 1.0, "b f": None}), Shard(index=index, total=total))


def test_what_history_does_not_know_counts_as_the_median_of_what_it_knows() -> None:
    made = plan({"a f": 100.0, "b f": 300.0, "c f": 200.0, "d f": None}, setup=None)
    assert [Durations(made).of(cell.id) for cell in made.cells] == [100, 300, 200, 200]
    unknown = plan({"a f": None, "b f": None}, setup=None)
    assert [Durations(unknown).of(cell.id) for cell in unknown.cells] == [CELL_SECONDS] * 2
    assert Durations(unknown).suite(unknown.cells[0]) == 2 * BUILD_SECONDS


def test_a_suite_costs_both_of_its_builds() -> None:
    made = plan({"a f": 100.0})
    assert Durations(made).suite(made.cells[0]) == 2 * SETUP
    assert {build.side for build in made.builds} == set(Side)
