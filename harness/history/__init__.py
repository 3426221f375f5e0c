"""What past runs said: since when a test fails, how often it flakes, how long things take.

One SQLite file, which `compat matrix` and `compat merge` record into. docs/explanation/history.md
says what it holds and what happens to it in a crash.
"""

from harness.history.database import HistoryError
from harness.history.durations import Durations
from harness.history.expected import Expected
from harness.history.history import History, Story, default_history, expected_by
from harness.history.streak import Before, Flakiness, Mark, Since

__all__ = [
    "Before",
    "Durations",
    "Expected",
    "Flakiness",
    "History",
    "HistoryError",
    "Mark",
    "Since",
    "Story",
    "default_history",
    "expected_by",
]
