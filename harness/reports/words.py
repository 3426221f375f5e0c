"""How each verdict is shown: symbol, letter, colour, and what it means in words."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model import Verdict


@dataclass(frozen=True)
class Word:
    """The look of a verdict; symbol and letter carry it where colours do not."""

    symbol: str
    letter: str
    """Unique among the verdicts."""
    colour: str
    """One of the eight names that every terminal library knows."""
    meaning: str
    alone: str = ""
    """What it means where no control was run, if that is something else."""


WORDS: dict[Verdict, Word] = {
    Verdict.INDETERMINATE: Word("?", "N", "magenta", "too little ran to say"),
    Verdict.REGRESSED: Word(
        "✗", "R", "red", "passes with its own frontend, fails with this one", "fails, no control"
    ),
    Verdict.LOST: Word(
        "✗", "L", "red", "runs with its own frontend, not with this one", "did not run, no control"
    ),
    Verdict.INFRA: Word("!", "I", "magenta", "failed because of this machine or the network"),
    Verdict.STALE_ENTRY: Word("!", "E", "yellow", "a skip-list entry no longer holds"),
    Verdict.CHANGED_FAILURE: Word("≠", "C", "yellow", "passes with neither, in different ways"),
    Verdict.FLAKY: Word("~", "F", "yellow", "did not do the same in every attempt"),
    Verdict.SAME_FAILURE: Word("=", "S", "cyan", "fails with both in the same way"),
    Verdict.KNOWN: Word("·", "K", "cyan", "a failure that a skip list explains"),
    Verdict.FIXED: Word("+", "X", "green", "fails with its own frontend, passes with this one"),
    Verdict.SKIPPED: Word("-", "s", "white", "not run on either side", "skipped"),
    Verdict.COMPATIBLE: Word("✓", "P", "green", "passes with both", "passes, no control"),
}
"""Worst first, the order of every table."""
