"""What the runner is asked to do: a pair, and how to run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.backends.base import Artefact, BuildRequest
from harness.config.oracle import SILENT, Oracle
from harness.config.skiplists import Entry
from harness.model import Leg, Pair, PatchRef, Side
from harness.tools import machine
from harness.verdict.evidence import MOST

RERUNS = 2
"""Further attempts, on both sides, for tests with an unexpected verdict."""


@dataclass(frozen=True)
class Settings:
    """How a pair is run; the same for both legs."""

    tests: tuple[str, ...] = ()
    """Globs over test functions; empty for the whole suite."""
    parallel: int = 0
    """Tests at once in a leg; 0 lets `default_parallel` choose."""
    timeout: float = 1800.0
    """Seconds for a leg."""
    test_timeout: float | None = None
    """Seconds that any test may be at work; None lets the history decide, test by test."""
    reruns: int = RERUNS
    most_reruns: int = MOST
    """Further attempts, in all, for tests that fail now and then with the candidate alone."""
    patience: float = 5.0
    """Seconds before the first attempt that follows a failure of the machine; then twice that."""
    offline: bool = False
    control: bool = True
    fresh_control: bool = False
    """Run the control even if one with the same inputs is stored."""


@dataclass(frozen=True)
class Cell:
    """A pair with everything that decides its run."""

    pair: Pair
    suite: BuildRequest
    control: BuildRequest
    """The suite's own frontend."""
    candidate: BuildRequest
    entries: tuple[Entry, ...]
    """Skip-list entries whose conditions hold for this pair."""
    mirror: Path | None
    """Seeded images for the tests' registry."""
    oracle: Oracle = SILENT
    """What daemons should not say."""
    functions: frozenset[str] = frozenset()
    """Test functions that the suite's sources have; empty if that is not known."""

    @property
    def patches(self) -> tuple[PatchRef, ...]:
        """Return what is applied before anything is built."""
        sides: list[tuple[BuildRequest, Side, Leg | None]] = [
            (self.suite, Side.SUITE, None),
            (self.control, Side.FRONTEND, Leg.CONTROL),
            (self.candidate, Side.FRONTEND, Leg.CANDIDATE),
        ]
        return tuple(
            PatchRef(side=side, leg=leg, path=patch.name, sha256=patch.sha256, reason=patch.reason)
            for request, side, leg in sides
            for patch in request.patches
        )


@dataclass(frozen=True)
class Built:
    """What the legs of a pair are run with."""

    suite: Artefact
    control: Artefact
    candidate: Artefact


def default_parallel(cpus: int | None = None) -> int:
    """Choose how many tests a leg runs at once.

    Tests wait for their daemon now and then, so more run at once than there are processors;
    but two legs share those. The figures behind the factor are in docs/benchmarks.md.
    """
    return 2 * (cpus or machine.cpus())
