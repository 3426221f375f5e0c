"""What users ask for: a pair or a matrix, and where it comes from and is built and run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.backends.base import Privileges
from harness.backends.choose import AUTO
from harness.config.matrixfile import SCENARIOS, TIMEOUT
from harness.model import Channel, Client, Side, Vary
from harness.plan.cell import RERUNS
from harness.plan.planning import Selection
from harness.verdict.evidence import MOST


@dataclass(frozen=True)
class Where:
    """Where commits come from, and what builds and runs them."""

    repository: str
    fetch: bool = False
    backend: str = AUTO
    runs: bool = True
    """Whether the backend must be able to run here; a plan may be for other machines."""
    stage: str | None = None
    """`upstream`, `generic` or `auto`, over what the lines' data say; None for that."""
    privileges: Privileges = Privileges.AUTO
    cache_repo: str = ""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a user asks for, of one pair or of a matrix."""

    where: Where
    offline: bool = False
    reruns: int = RERUNS
    most_reruns: int = MOST
    tests: tuple[str, ...] = ()
    """Globs over test functions; empty for whole suites."""
    test_timeout: float | None = None
    """Seconds that any test may be at work, over what the matrix says."""
    lists: bool = True
    """Whether skip lists and floors decide; else every verdict is raw."""


@dataclass(frozen=True, kw_only=True)
class MatrixAsk(Ask):
    """A matrix, and what of it is to be run."""

    file: Path
    selection: Selection = field(default_factory=Selection)


@dataclass(frozen=True, kw_only=True)
class PairAsk(Ask):
    """One pair, by names."""

    daemon: str
    frontend: str
    channel: Channel | None = None
    """None for experimental or labs, whichever the frontend's commit has."""
    worker: str = "oci"
    platform: str = ""
    """What the daemon runs on; empty for what this machine is."""
    timeout: float = float(TIMEOUT)
    """Seconds for a leg."""
    tests_from: str | None = None
    """Whose tests are run; None for those of the daemon's commit."""
    vary: Vary = Vary.FRONTEND
    baseline: str | None = None
    """Whose frontend the control has; None for that of the tests' commit."""
    client: str = Client.DAEMON
    engine: str = ""
    """Make and version of the container engine whose BuildKit's commit `daemon` is, or empty."""

    @property
    def scenarios(self) -> bool:
        """Whether scenarios are run in the place of a commit's tests."""
        return self.tests_from == SCENARIOS

    @property
    def names(self) -> dict[str, tuple[str, Side]]:
        """Every name that has to be found, by what it is there for."""
        found = {
            "daemon": (self.daemon, Side.SUITE),
            "frontend": (self.frontend, Side.FRONTEND),
            "tests": (None if self.scenarios else self.tests_from, Side.SUITE),
            "baseline": (self.baseline, Side.FRONTEND),
            "client": (None if self.client in {*Client} else self.client, Side.SUITE),
        }
        return {role: (name, side) for role, (name, side) in found.items() if name}
