"""How long each test of a pair may be at work, from what it took before."""

from __future__ import annotations

from pathlib import Path

from harness.events import Listener, Warned
from harness.history import History, HistoryError
from harness.model import Pair
from harness.plan.cell import Settings
from harness.run.hangs import Budgets


def budgets_of(settings: Settings, history: Path | None, pair: Pair, listener: Listener) -> Budgets:
    """Return what was asked for, else what the history says, else the default for all."""
    if settings.test_timeout is not None:
        return Budgets(settings.test_timeout)
    if history is None or not history.exists():
        return Budgets()
    try:
        with History.open(history) as past:
            return Budgets(known=past.test_budgets(pair.suite, pair.worker, pair.backend))
    except HistoryError as error:
        default = Budgets()
        listener(Warned(f"every test may take {default.default:g} s: {error}"))
        return default
