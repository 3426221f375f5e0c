"""What the history knows of a pair's tests before it runs."""

from __future__ import annotations

from pathlib import Path

from harness.events import Listener, Warned
from harness.history import History, HistoryError
from harness.model import Pair
from harness.plan.cell import Settings
from harness.run.hangs import Budgets
from harness.verdict.collate import Recents


def budgets_of(settings: Settings, history: Path | None, pair: Pair, listener: Listener) -> Budgets:
    """Return how long each test may be at work.

    That is what was asked for, else what the history says, else the default for all.
    """
    if settings.test_timeout is not None:
        return Budgets(settings.test_timeout)
    if history is None or not history.exists():
        return Budgets()
    try:
        with History.open(history) as past:
            return Budgets(known=past.test_budgets(pair.tested.commit, pair.worker, pair.backend))
    except HistoryError as error:
        default = Budgets()
        listener(Warned(f"every test may take {default.default:g} s: {error}"))
        return default


def recents_of(history: Path | None, pair: Pair, before: str, listener: Listener) -> Recents:
    """Return what the tests did in the runs that began before a time; nothing without a history."""
    if history is None or not history.exists():
        return {}
    try:
        with History.open(history) as past:
            return past.recents(pair, before)
    except HistoryError as error:
        listener(Warned(f"flakes are counted over this run alone: {error}"))
        return {}
