"""The words with which a daemon refuses what it is too old for (refusals.toml), and what it lacks.

Only errors of calls that should have succeeded are to be read here: a test that wants a refusal
and gets another one has failed by itself.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Annotated

import msgspec

from harness.gotest.excerpts import without_wrappers
from harness.gotest.machine import machine
from harness.model import Record

FILE = "refusals.toml"
LACKS = "lacks"

_Words = Annotated[str, msgspec.Meta(min_length=1)]


class Refusal(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the file."""

    says: _Words
    """A regular expression with a group `lacks`; capital letters do not matter."""
    by: _Words
    """The program that says it, and the versions in which it was read."""
    text: _Words
    """A whole error of that kind."""
    lacks: _Words
    """What is missing there."""


class _File(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    refusals: tuple[Refusal, ...]


@cache
def refusals() -> tuple[Refusal, ...]:
    """Read the file of this program. Raises msgspec.ValidationError if it is wrong."""
    text = resources.files("harness.gotest").joinpath(FILE).read_bytes()
    return msgspec.toml.decode(text, type=_File).refusals


def lacking(error: str) -> str | None:
    """Return the name of what an error says that the daemon lacks; None if it says no such thing.

    What an error only repeats, as the command of a step, is passed over.
    """
    told = without_wrappers(machine().unquoted(error))
    found = (_compiled(it.says).search(told) for it in refusals())
    return next((match[LACKS] for match in found if match), None)


@cache
def _compiled(says: str) -> re.Pattern[str]:
    return re.compile(says, re.IGNORECASE | re.MULTILINE)
