"""What a gate asks of a stored matrix run: the section `policy` of a matrix file."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from harness.config.amounts import Age
from harness.model import Record


class Stance(StrEnum):
    """What a kind of finding does to the gate."""

    REFUSE = "refuse"
    """It is not clean."""
    TELL = "tell"
    """It is told, and the gate stays clean."""


class Policy(Record, frozen=True, kw_only=True):
    """What makes a gate clean; the defaults are strict."""

    max_age: Age = Age(24 * 3600)
    """Results may not be older."""
    flaky_budget: Annotated[int, Meta(ge=0)] = 0
    """So many flaky tests in the whole run are told only."""
    strict: bool = True
    """Whether stale entries of skip lists, and those that matched no test, are refused."""
    indeterminate: Stance = Stance.REFUSE
    """Cells that ran too little or not at all."""
    changed_failure: Stance = Stance.TELL
    lost: Stance = Stance.REFUSE
    require: tuple[str, ...] = ()
    """Globs over ids of cells: each must match a cell with a result."""
