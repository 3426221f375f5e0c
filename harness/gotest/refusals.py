"""The words with which a daemon refuses what it is too old for (refusals.toml), and what it lacks.

Most of them count in errors of calls that should have succeeded: a test that wants a refusal and
gets another one has failed by itself. Where the words are those of a capability alone, no test
wants them, and they count in whatever error came instead of the one that a test wants.
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
    capability: bool = False
    """Whether a daemon says so of its capabilities, and nobody of anything else."""


class _File(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    refusals: tuple[Refusal, ...]


@cache
def refusals() -> tuple[Refusal, ...]:
    """Read the file of this program. Raises msgspec.ValidationError if it is wrong."""
    text = resources.files("harness.gotest").joinpath(FILE).read_bytes()
    return msgspec.toml.decode(text, type=_File).refusals


def lacking(error: str, *, wanted: bool = False) -> str | None:
    """Return the name of what an error says that the daemon lacks; None if it says no such thing.

    What an error only repeats, as the command of a step, is passed over. `wanted` says that it
    came where a test wanted another error.
    """
    told = without_wrappers(machine().unquoted(error))
    asked = (it for it in refusals() if it.capability or not wanted)
    found = (_compiled(it.says).search(told) for it in asked)
    return next((match[LACKS] for match in found if match), None)


@cache
def _compiled(says: str) -> re.Pattern[str]:
    return re.compile(says, re.IGNORECASE | re.MULTILINE)
