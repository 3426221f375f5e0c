"""How each verdict is shown, and a pair without one: symbol, letter, colour, and words."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model import Below, Verdict
from harness.model.matrix import CellState


@dataclass(frozen=True)
class Word:
    """The look of a verdict or a state; symbol and letter carry it where colours do not."""

    name: str
    symbol: str
    letter: str
    """Unique among verdicts and states."""
    colour: str
    """One of the eight names that every terminal library knows."""
    meaning: str
    pairs: str = ""
    """What a headline says of the pairs that have it; empty if there is nothing to speak of."""
    alone: str = ""
    """What it means where no control was run, if that is something else."""


LOOKS = (
    Word(
        *("regressed", "✗", "R", "red", "passes in the control, fails in the candidate"),
        pairs="regressed",
        alone="fails, no control",
    ),
    Word(
        *("lost", "✗", "L", "red", "runs in the control, not in the candidate"),
        pairs="lost tests",
        alone="did not run, no control",
    ),
    Word(
        *("failed", "!", "B", "magenta", "the pair could not be built or run"),
        pairs="failed to build or run",
    ),
    Word(
        *("infra", "!", "I", "magenta", "failed because of this machine or the network"),
        pairs="met trouble of the machine or the network",
    ),
    Word(
        *("missing", "?", "M", "magenta", "planned, but nothing came of the pair"),
        pairs="gave no result",
    ),
    Word(
        *("stopped", "?", "T", "magenta", "the pair was stopped before its end"),
        pairs="stopped before the end",
    ),
    Word(
        *("indeterminate", "?", "N", "magenta", "too little ran to say"),
        pairs="ran too little to say",
    ),
    Word(
        *("stale-entry", "!", "E", "yellow", "a skip-list entry no longer holds"),
        pairs="met stale skip-list entries",
    ),
    Word(
        *("changed-failure", "≠", "C", "yellow", "passes with neither, in different ways"),
        pairs="fail otherwise than their control",
    ),
    Word(
        *("flaky", "~", "F", "yellow", "did not do the same in every attempt"),
        pairs="flaked",
    ),
    Word(
        *("unavailable", "○", "A", "cyan", "not run: what it needs is lacking here"),
        pairs="could not run here",
    ),
    Word("refused", "∅", "U", "cyan", "the daemon is too old for it, and says what it lacks"),
    Word("known", "·", "K", "cyan", "a failure that a skip list explains"),
    Word("same-failure", "=", "S", "cyan", "fails with both in the same way"),
    Word("fixed", "+", "X", "green", "fails in the control, passes in the candidate"),
    Word("compatible", "✓", "P", "green", "passes with both", alone="passes, no control"),
    Word("skipped", "-", "s", "white", "not run on either side", alone="skipped"),
)
"""Worst first: the order of Verdict, where a state stands before the verdict that it counts as."""

_BY_NAME = {word.name: word for word in LOOKS}

WORDS = {verdict: _BY_NAME[verdict.value] for verdict in Verdict}

FLOORS = {
    None: Word("works", "✓", "P", "green", "passes on that line of daemons"),
    Below.REFUSED: WORDS[Verdict.REFUSED],
    Below.WRONG: Word(
        *("wrong", "✗", "W", "red", "builds the wrong thing, or nothing says why it fails")
    ),
    Below.CRASH: Word("crash", "✗", "D", "red", "the daemon dies, or the test hangs"),
}
"""What tests do on lines of daemons, in the table of floors."""

UNKNOWN = Word("unknown", "?", "?", "white", "not seen, or not to be told, on that line of daemons")

STATES = {
    CellState.FAILED: _BY_NAME["failed"],
    CellState.INTERRUPTED: _BY_NAME["stopped"],
    CellState.MISSING: _BY_NAME["missing"],
}
"""The cells that did not come to an end."""


def look(state: CellState, verdict: Verdict) -> Word:
    """Return how a cell is shown: by its state if that is not done, unless its frontend is blamed.

    What did not come to its end can show that a frontend is to blame, and nothing else.
    """
    return WORDS[verdict] if verdict.blames_frontend else STATES.get(state, WORDS[verdict])
