"""What the tests of a pair did in its recent runs, as the history has it."""

from __future__ import annotations

from pathlib import Path

from harness.events import Listener, Warned
from harness.history import History, HistoryError
from harness.model import Pair
from harness.verdict.collate import Recents


def recents_of(history: Path | None, pair: Pair, before: str, listener: Listener) -> Recents:
    """Ask about the runs that began before a time; nothing is known where there is no history."""
    if history is None or not history.exists():
        return {}
    try:
        with History.open(history) as past:
            return past.recents(pair, before)
    except HistoryError as error:
        listener(Warned(f"flakes are counted over this run alone: {error}"))
        return {}
