"""A history that is made up, and searches in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hunts import Bench, Benches
from tests.support.simulated_history import Simulated


@pytest.fixture
def history() -> Simulated:
    """Return a history without a commit."""
    return Simulated()


@pytest.fixture
def bench(history: Simulated, tmp_path: Path) -> Benches:
    """Return what makes a search in it, given what each commit does."""
    return lambda does: Bench(history, tmp_path, does)
