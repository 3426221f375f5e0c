"""What a gate asks of a stored matrix run, and `--reuse` of a result: `policy` of a matrix file.

There is no key that lets a regression, a lost test or a missing result pass: what is known and
accepted has an entry in a skip list, with a reason and a signature.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from harness.config.amounts import Age
from harness.config.terms import PlatformName
from harness.model import Record

CellGlob = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9._+=@~*?-]{1,200}\Z",
        description="the id of a cell, with * and ?",
        examples=["v0.6.*_master_*"],
    ),
]


class Stance(StrEnum):
    """What a kind of finding does to the gate."""

    REFUSE = "refuse"
    """It is not clean."""
    TELL = "tell"
    """It is told, and the gate stays clean."""


class Policy(Record, frozen=True, kw_only=True):
    """What makes a gate clean; the defaults are strict."""

    max_age: Age = Age(24 * 3600)
    """Seconds since a cell's run began; older results say too little, and are not used again."""
    fresh_share: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """Of the cells whose results could be used again, so many are run all the same: what they do
    otherwise then is the machine's doing."""
    flaky_budget: Annotated[int, Meta(ge=0)] = 0
    """Up to so many flaky tests in all cells together are told only."""
    changed_failures: Stance = Stance.REFUSE
    """Tests that pass with neither frontend, in different ways."""
    stale_entries: Stance = Stance.REFUSE
    """Skip-list entries whose test passes, or that matched no test in any cell."""
    unavailable: Stance = Stance.TELL
    """Tests that an offline run left out for want of what they need; with the network it is always
    in the way."""
    suspicious: Stance = Stance.TELL
    """Tests that pass while their daemon says what it should not, and only with this frontend."""
    require: tuple[CellGlob, ...] = ()
    """Each must match a cell with a result, beyond those that the run itself planned."""
    platforms: tuple[PlatformName, ...] = ()
    """Of each there must be a cell that was run, here or elsewhere."""
