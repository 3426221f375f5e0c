"""Matrix runs made of parts, in memory and as folders, for the tests of what reads one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.errors import ExitCode
from harness.journal import RunFolder, write_run
from harness.journal.folder import LegFolder
from harness.model import Channel, Commit, Host, Judgement, Pair, Run, Side, Verdict
from harness.model.matrix import (
    MATRIX_SCHEMA_VERSION,
    CellResult,
    CellState,
    MatrixRun,
    Plan,
    PlannedBuild,
    PlannedCell,
)
from harness.verdict.overall import of_pair
from tests.support import factories


def commit(ref: str, date: str, version: str, dockerfile: str, line: str = "") -> Commit:
    """Build a commit whose id is made of its name."""
    sha = ref.encode().hex().ljust(40, "0")[:40]
    return Commit(
        asked=ref,
        ref=ref,
        sha=sha,
        date=date,
        line=line or ref.rpartition(".")[0] or ref,
        version=version,
        dockerfile=dockerfile,
    )


MASTER = commit("master", "2026-08-21", "0.32.0", "1.26.0")

FRONTENDS = (
    MASTER,
    commit("dockerfile/1.10.0", "2024-09-10", "0.16.0", "1.10.0", "v0.16"),
    commit("dockerfile/1.4.3", "2022-08-16", "0.10.4", "1.4.3", "v0.10"),
)


@dataclass(frozen=True)
class Example:
    """A matrix run and the runs of its cells, by the cells' ids."""

    matrix: MatrixRun
    runs: dict[str, Run]

    def store(self, folder: Path) -> Path:
        """Write everything as `compat matrix` does, with logs of what failed."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in (("plan.json", self.matrix.plan), ("matrix.json", self.matrix)):
            (folder / name).write_bytes(msgspec.json.encode(value, order="deterministic"))
        for cell in self.matrix.cells:
            if cell.id in self.runs:
                store_run(folder / cell.run, self.runs[cell.id])
        return folder


def store_run(folder: Path, run: Run) -> None:
    """Write one run folder with logs of what failed."""
    for record in run.legs:
        leg: LegFolder = RunFolder(folder).leg(record.leg, record.attempt).make()
        leg.raw_log.write_text("=== RUN TestIntegration\n")
        for result in record.results:
            if result.outcome.failing:
                leg.test_log(result.name).write_text(f"{result.error}\n", errors="replace")
                leg.daemon_log(result.name).write_text("level=debug\n")
    write_run(folder, run)


def pair(suite: Commit, frontend: Commit, worker: str = "oci") -> Pair:
    return Pair(
        suite=suite,
        frontend=frontend,
        suite_channel=Channel.LABS,
        frontend_channel=Channel.LABS,
        worker=worker,
        backend="native",
    )


def planned(of: Pair) -> PlannedCell:
    name = f"{of.suite.ref}--{of.frontend.ref.replace('/', '_')}--{of.worker}"
    return PlannedCell(
        id=name,
        pair=of,
        suite=f"suite {of.suite.ref}",
        control=f"frontend {of.suite.ref} labs",
        candidate=f"frontend {of.frontend.ref} labs",
        timeout=1800.0,
        memory=4 << 30,
        expected=120.0,
    )


def run_of(cell: PlannedCell, judgements: Sequence[Judgement], number: int = 0) -> Run:
    """Build the run of a cell; its verdict is what the table says."""
    verdict = of_pair(judgements)
    run = factories.make_run(*judgements, verdict=verdict, exit_code=verdict.exit_code)
    suite, frontend = cell.pair.suite, cell.pair.frontend
    selection = f"^TestIntegration$/.*/^worker={cell.pair.worker}$"
    return msgspec.structs.replace(
        run,
        legs=tuple(msgspec.structs.replace(leg, selection=selection) for leg in run.legs),
        id=f"cell-{number}",
        pair=cell.pair,
        started=f"2026-11-23T02:{number % 60:02}:07Z",
        command=("compat-run", suite.ref, frontend.ref, "--worker", cell.pair.worker),
        rerun=("compat-run", suite.ref, frontend.ref, "--tests", "TestMountRWCache")
        if verdict is Verdict.REGRESSED
        else (),
    )


def result_of(cell: PlannedCell, run: Run) -> CellResult:
    return CellResult(
        id=cell.id,
        state=CellState.DONE,
        verdict=run.verdict,
        exit_code=run.exit_code,
        counts=dict(Counter(it.verdict for it in run.judgements)),
        run=f"cells/{cell.id}",
        started=run.started,
        seconds=run.seconds,
    )


def without_run(cell: PlannedCell, state: CellState, error: str = "", hint: str = "") -> CellResult:
    failed = state is CellState.FAILED
    return CellResult(
        id=cell.id,
        state=state,
        verdict=Verdict.INFRA if failed else Verdict.INDETERMINATE,
        exit_code=ExitCode.INFRASTRUCTURE if failed else ExitCode.INDETERMINATE,
        started="2026-11-23T02:30:00Z" if failed else "",
        error=error,
        hint=hint,
    )


def matrix_of(
    cells: Sequence[PlannedCell], results: Sequence[CellResult], *, name: str = "nightly"
) -> MatrixRun:
    """Build the matrix run around some cells; its verdict is the worst of theirs."""
    worst = max(results, key=lambda it: (it.exit_code == 1, it.exit_code), default=None)
    plan = Plan(
        schema=MATRIX_SCHEMA_VERSION,
        matrix=name,
        digest="9c1d" * 16,
        harness="0.1.0",
        created="2026-11-23T01:59:00Z",
        repository="https://github.com/moby/buildkit.git",
        offline=True,
        reruns=2,
        builds=tuple(_builds(cells)),
        cells=tuple(cells),
    )
    return MatrixRun(
        schema=MATRIX_SCHEMA_VERSION,
        id="20261123-015907-5a17",
        plan=plan,
        shard=None,
        started="2026-11-23T01:59:07Z",
        seconds=4321.5,
        host=Host(kernel="6.1.0", cpus=2, memory=8 << 30, tools={}),
        builds={},
        cells=tuple(results),
        verdict=worst.verdict if worst else Verdict.INDETERMINATE,
        exit_code=worst.exit_code if worst else ExitCode.INDETERMINATE,
    )


def _builds(cells: Sequence[PlannedCell]) -> Iterator[PlannedBuild]:
    wanted: dict[str, tuple[Side, Commit]] = {}
    for it in cells:
        wanted[it.suite] = Side.SUITE, it.pair.suite
        wanted[it.control] = Side.FRONTEND, it.pair.suite
        wanted[it.candidate] = Side.FRONTEND, it.pair.frontend
    for name, (side, made_of) in wanted.items():
        key = f"{side}-{made_of.sha}"
        yield PlannedBuild(
            id=name, side=side, commit=made_of, channel=Channel.LABS, key=key, cached=False
        )
