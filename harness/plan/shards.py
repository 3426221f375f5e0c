"""Parts of a plan for several machines: balanced, and mostly the same when a cell is added.

The rule: a shard may take its even share of the expected time and 15 % more. A suite's cells go as
a whole to the first shard that has room for them, in an order of shards that is the suite's own,
so that the suite is built and its control is run once. Only if no shard has that room they are
dealt out one by one, the longest first, to shards that build this suite already and then in that
same order; what fits nowhere goes where it makes the least load.

Neither a suite's order of shards nor its turn depends on what else is planned, so a new cell moves
others only where shards are nearly full: on plans of 12 to 200 cells 5 to 18 % of them on average.
Dealing cells from the longest to the shortest is no more even, since it builds each suite on two to
five machines, and moves 33 to 49 %.
https://en.wikipedia.org/wiki/Rendezvous_hashing, https://arxiv.org/abs/1608.01350 (bounded loads).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.errors import UsageError
from harness.model.matrix import MOST_SHARDS, Plan, PlannedCell, Shard
from harness.plan.estimate import Durations

SLACK = 0.15
"""Part of its even share that a shard may take above it."""

Split = tuple[tuple[PlannedCell, ...], ...]


def split(plan: Plan, total: int) -> Split:
    """Return the cells of each shard, in the plan's order; never an empty shard, so perhaps fewer.

    Depends on the plan's cells and on what it expects of them. Raises UsageError for a number
    that cannot be.
    """
    if not 1 <= total <= MOST_SHARDS:
        raise UsageError(f"{total} shards cannot be", hint=f"take 1 to {MOST_SHARDS}")
    durations = Durations(plan)
    groups: dict[str, _Group] = {}
    for cell in plan.cells:
        group = groups.setdefault(cell.suite, _Group(cell.suite, durations.suite(cell)))
        group.cells[cell.id] = durations.of(cell.id)
    count = min(total, len(plan.cells))
    load = sum(group.seconds for group in groups.values())
    bins = [_Bin(number) for number in range(count)]
    limit = load / count * (1 + SLACK)
    for group in sorted(groups.values(), key=lambda one: _hash(one.name)):
        _place(group, bins, limit)
    _fill_empty(bins)
    where = {name: one.number for one in bins for name in one.cells}
    return tuple(
        tuple(cell for cell in plan.cells if where[cell.id] == number) for number in range(count)
    )


def part(plan: Plan, shard: Shard) -> tuple[PlannedCell, ...]:
    """Return the cells of one shard. Raises UsageError if there is no such shard."""
    parts = split(plan, shard.total)
    if not 1 <= shard.index <= len(parts):
        raise UsageError(
            f"there is no shard {shard}: {len(plan.cells)} cells make {len(parts)} shards",
            hint="compat plan --shards lists them",
        )
    return parts[shard.index - 1]


@dataclass
class _Group:
    """The cells of one suite."""

    name: str
    setup: float
    """Seconds for what all of them need, on each machine that has one of them."""
    cells: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.setup + sum(self.cells.values())


@dataclass
class _Bin:
    """A shard that is being filled."""

    number: int
    load: float = 0.0
    cells: dict[str, float] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)

    def with_one(self, group: _Group, seconds: float) -> float:
        """Return the load with a further cell of a suite."""
        return self.load + seconds + (0.0 if group.name in self.groups else group.setup)

    def take(self, group: _Group, name: str, seconds: float) -> None:
        self.load = self.with_one(group, seconds)
        self.groups.add(group.name)
        self.cells[name] = seconds


def _place(group: _Group, bins: Sequence[_Bin], limit: float) -> None:
    order = sorted(bins, key=lambda one: _hash(f"{group.name} {one.number}"))
    whole = next((one for one in order if one.load + group.seconds <= limit), None)
    for name, seconds in sorted(group.cells.items(), key=lambda cell: (-cell[1], _hash(cell[0]))):
        chosen = whole or _room(group, seconds, order, limit)
        chosen.take(group, name, seconds)


def _room(group: _Group, seconds: float, order: Sequence[_Bin], limit: float) -> _Bin:
    """Choose a shard for one cell of a suite that no shard has room for."""
    mates = sorted(order, key=lambda one: group.name not in one.groups)  # stable: order is kept
    fitting = (one for one in mates if one.with_one(group, seconds) <= limit)
    return next(fitting, None) or min(mates, key=lambda one: one.with_one(group, seconds))


def _fill_empty(bins: Sequence[_Bin]) -> None:
    """Leave no shard without a cell: each job costs its start."""
    for empty in (one for one in bins if not one.cells):
        donor = max((one for one in bins if len(one.cells) > 1), key=lambda one: one.load)
        name = max(donor.cells, key=lambda cell: (donor.cells[cell], _hash(cell)))
        empty.cells[name] = donor.cells.pop(name)
        empty.load += empty.cells[name]
        donor.load -= empty.cells[name]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
