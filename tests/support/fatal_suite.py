"""The suite of gomodules/fatal: tests that take others with them, run in legs that are real."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.backends.base import Artefact, BuildRequest, LegExit, LegRequest, Overdue, Sink, never
from harness.backends.native.sandbox import run_leg
from harness.backends.native.toolchain import Toolchain
from harness.model import Result, Run
from harness.plan.cell import Settings
from harness.run.hangs import Budgets
from harness.store import Store
from harness.tools import process
from tests.support.factories import full_name
from tests.support.played import Bench, Player

MODULE = Path(__file__).parents[1] / "integration" / "gomodules" / "fatal"
QUIET = ("TestFirst", "TestQuietOne", "TestQuietTwo", "TestLast")

RunsLeg = Callable[[LegRequest, Sink, Overdue], LegExit]


@dataclass
class Fatal(Player):
    """A backend whose artefacts are there and whose legs are real."""

    artefacts: Path = Path()
    runs_leg: RunsLeg = run_leg

    def _build(self, kind: str, request: BuildRequest) -> Artefact:  # noqa: ARG002 - the player's
        return Artefact(kind, self.artefacts / kind, cached=True, go_minor=21)

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:
        with self._lock:
            self.legs.append(leg)
        return self.runs_leg(leg, sink, overdue)


def build(toolchain: Toolchain, store: Store, folder: Path) -> None:
    """Fill a folder with the artefacts `suite`, `control` and `candidate`."""
    environment = toolchain.environment(store) | {"GOFLAGS": "-trimpath"}
    binaries = folder / "suite" / "bin"
    for made in (binaries, folder / "suite" / "src", folder / "control", folder / "candidate"):
        made.mkdir(parents=True)
    for argv in (
        ["test", "-c", "-o", str(binaries / "dockerfile.test"), "."],
        ["build", "-o", str(binaries / "buildkitd"), "./cmd/buildkitd"],
    ):
        go = process.Request([str(toolchain.go), *argv], cwd=MODULE, env=environment, timeout=900)
        process.run(go)


def tried(
    folder: Path,
    artefacts: Path,
    *fatal: str,
    seconds: float = 60.0,
    limit: float = 1800.0,
    runs_leg: RunsLeg = run_leg,
    reruns: int = 0,
) -> Run:
    """Run the pair with some of the suite's fatal tests.

    `seconds` is the budget of each of these, `limit` that of a leg; the others have what they need
    on a machine that does much else.
    """
    wanted = dict.fromkeys((*QUIET, *fatal), ("pass", "pass"))
    bench = Bench(folder, Fatal(wanted, artefacts=artefacts, runs_leg=runs_leg))
    bench.settings = Settings(
        tests=(*QUIET, *fatal),
        reruns=reruns,
        parallel=4,
        offline=True,
        timeout=limit,
    )
    budgets = Budgets(known=dict.fromkeys(map(full_name, fatal), seconds))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.run.pair.budgets_of", lambda *_: budgets)
        return bench.run()


def judged(run: Run) -> dict[str, str]:
    """Return the verdict on each function."""
    return {row.name.split("/")[1]: row.verdict.value for row in run.judgements}


def candidate(run: Run, function: str) -> list[Result]:
    """Return what a test did in each attempt of the candidate."""
    (row,) = (row for row in run.judgements if row.name == full_name(function))
    return list(row.candidate)


def expected(*fatal: str) -> dict[str, str]:
    """Return the verdicts of a run in which these tests alone are to blame."""
    return dict.fromkeys(QUIET, "compatible") | dict.fromkeys(fatal, "regressed")


def words(run: Run, function: str) -> Sequence[str]:
    """Return the lines of what a report says of a test."""
    return candidate(run, function)[-1].error.splitlines()
