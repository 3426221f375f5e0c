"""Example matrix runs for the tests of everything that reads one, in memory and as folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.errors import ExitCode
from harness.history import Mark, Since
from harness.journal import RunFolder, write_run
from harness.journal.folder import LegFolder
from harness.matrices import (
    MATRIX_SCHEMA_VERSION,
    CellResult,
    CellState,
    MatrixRun,
    Plan,
    PlannedBuild,
    PlannedCell,
)
from harness.model import (
    Channel,
    Commit,
    EntryRef,
    Host,
    Judgement,
    Outcome,
    Pair,
    Run,
    Side,
    Status,
    Verdict,
)
from harness.reports.past import Past
from harness.verdict import exit_code, overall
from tests.unit import runs
from tests.unit.runs import FILEOP, FILEOP_ERROR, UNEQUAL_ERROR, full_name, judgement

P, F, S, M = Outcome.PASS, Outcome.FAIL, Outcome.SKIP, Outcome.MISSING

CPU_ERROR = """\
Error Trace: dockerfile_test.go:{line}
Error:       Received unexpected error:
             failed to solve: requested experimental feature exec.meta.security is not supported \
by build server, please update
             failed to solve"""
DIGEST_ERROR = """\
Error Trace: dockerfile_provenance_test.go:{line}
Error:       Not equal:
             expected: 4
             actual  : 5
Messages:    the provenance holds one material more than it should"""


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
SUITES = (
    commit("v0.6.4", "2020-02-21", "0.6.4", "1.1.7"),
    commit("v0.8.3", "2021-04-23", "0.8.3", "1.2.1"),
    commit("v0.12.5", "2024-01-31", "0.12.5", "1.6.0"),
    commit("v0.16.0", "2024-09-10", "0.16.0", "1.10.0"),
    MASTER,
)
FRONTENDS = (
    MASTER,
    commit("dockerfile/1.10.0", "2024-09-10", "0.16.0", "1.10.0", "v0.16"),
    commit("dockerfile/1.4.3", "2022-08-16", "0.10.4", "1.4.3", "v0.10"),
)
TESTS = (
    *("TestCmdShell", "TestGlobalArg", "TestDockerfileDirs", "TestDockerfileInvalidCommand"),
    *(
        "TestAddGit",
        "TestCopyChown",
        "TestCopyWildcards",
        "TestCopyRelative",
        "TestExportedHistory",
    ),
    *("TestMountContext", "TestMountTmpfs", "TestMountRWCache", "TestCacheMountUser", "TestLabels"),
    *(
        "TestSecretMounts",
        "TestSSHSocketParams",
        "TestWorkdirUser",
        "TestWorkdirExists",
        "TestUser",
    ),
    *("TestOnBuildCleared", "TestCacheImportExport", "TestReproducibleIDs", "TestTarContext"),
    *("TestTarExporter", "TestSymlinkedDockerfile", "TestCopySymlinks", "TestNoSnapshotLeak"),
    *("TestPlatformArgsImplicit", "TestRunNetwork", "TestRunSecurityInsecure", "TestNamedContext"),
    *("TestProvenanceAttestation", "TestSBOMScanner", "TestReproSourceDateEpoch", "TestHeredoc"),
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
    verdict = overall(judgements)
    run = runs.make_run(*judgements, verdict=verdict, exit_code=exit_code(verdict))
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


def nightly() -> Example:
    """Five daemons with three frontends, some on two workers: every verdict, state and cause."""
    pairs = [
        *(pair(suite, frontend) for suite in SUITES for frontend in FRONTENDS if suite != frontend),
        *(pair(suite, FRONTENDS[0], "containerd") for suite in SUITES[1:4]),
    ]
    cells = [planned(it) for it in pairs]
    found: dict[str, Run] = {}
    results = []
    for number, cell in enumerate(cells):
        if number == 9:
            error = (
                "build frontend master labs: go build ended with code 1\n" + "undefined: x\n" * 3
            )
            hint = "see the build's log"
            results.append(without_run(cell, CellState.FAILED, error, hint))
        elif number in {7, len(cells) - 1}:
            results.append(without_run(cell, CellState.MISSING))
        else:
            found[cell.id] = run_of(cell, list(_judgements(cell, number)), number)
            results.append(result_of(cell, found[cell.id]))
    return Example(matrix_of(cells, results), found)


def _judgements(cell: PlannedCell, number: int) -> Iterator[Judgement]:
    suite, frontend = cell.pair.suite, cell.pair.frontend
    worker = cell.pair.worker
    told = {}
    if suite.version == "0.6.4":
        fails = "TestCopyChown TestCopyWildcards TestCopyRelative TestTarContext TestCopySymlinks"
        for i, name in enumerate(fails.split()):
            error = FILEOP_ERROR.replace(":195", f":{195 + i}")
            test = full_name(name, "fileop=false")
            told[test] = judgement(test, Verdict.KNOWN, [P], [F], error=error, entry=FILEOP)
        told["TestRunSecurityInsecure"] = judgement(
            "TestRunSecurityInsecure", Verdict.SAME_FAILURE, [F], [F], error="CapBnd differs"
        )
    if suite.version == "0.8.3":
        for i, name in enumerate(("TestMountContext", "TestMountTmpfs", "TestSecretMounts")):
            error = CPU_ERROR.replace("{line}", str(300 + i))
            told[name] = judgement(name, Verdict.REGRESSED, [P, P], [F, F], error=error)
        told["TestSSHSocketParams"] = judgement("TestSSHSocketParams", Verdict.LOST, [P, P], [M, M])
        told["TestUser"] = judgement("TestUser", Verdict.FIXED, [F], [P], error="not equal")
    if suite.version == "0.12.5" and frontend is MASTER:
        told["TestProvenanceAttestation"] = judgement(
            "TestProvenanceAttestation",
            Verdict.CHANGED_FAILURE,
            [F],
            [F],
            error=DIGEST_ERROR.replace("{line}", "88"),
        )
        told["TestMountRWCache"] = judgement(
            "TestMountRWCache", Verdict.REGRESSED, [P, P], [F, F], error=UNEQUAL_ERROR
        )
        told["TestHeredoc"] = judgement(
            "TestHeredoc", Verdict.FLAKY, [P, P], [F, P], error="Should not be: 1"
        )
    if suite.version == "0.16.0" and frontend.ref.startswith("dockerfile/1.4"):
        told["TestAddGit"] = judgement(
            "TestAddGit", Verdict.INFRA, [P], [F], error="dial tcp: lookup github.com"
        )
        told["TestTarContext"] = judgement(
            "TestTarContext", Verdict.STALE_ENTRY, [P], [P], entry=FILEOP
        )
    told["TestRunNetwork"] = judgement("TestRunNetwork", Verdict.SKIPPED, [S], [S])
    if worker == "containerd" or number % 3 == 1:
        told["TestSBOMScanner"] = judgement(
            "TestSBOMScanner", Verdict.SKIPPED, [], [], entry=_left_out()
        )
    plain = [it for it in TESTS if it not in told and not (number < 4 and it in TESTS[-4:])]
    for name in plain:
        told[name] = judgement(name, Verdict.COMPATIBLE, [P], [P])
    yield from told.values()


def _left_out() -> EntryRef:
    return EntryRef(
        where="skiplists/common.yaml:30",
        status=Status.SKIP,
        reason="hangs the host without a scanner image",
        issue="https://github.com/moby/buildkit/issues/1331",
    )


def history(example: Example) -> dict[str, Past]:
    """Twelve earlier nights: one pair that broke lately, one that flakes, others as they are."""
    return {cell.id: _past(example, cell, n) for n, cell in enumerate(example.matrix.cells)}


def _past(example: Example, cell: CellResult, number: int) -> Past:
    verdicts = [cell.verdict] * 12
    if cell.verdict is Verdict.REGRESSED:
        verdicts = [Verdict.COMPATIBLE] * (12 - number % 5) + [cell.verdict] * (number % 5)
    if number == 2:
        verdicts[3::4] = [Verdict.FLAKY] * 3
    marks = tuple(_mark(10 + night, verdict) for night, verdict in enumerate(verdicts))
    run = example.runs.get(cell.id)
    rows = run.judgements if run else ()
    since = Since(first=marks[0], failing=marks[9], last=marks[-1], runs=3)
    return Past(
        marks,
        {it.name: since for it in rows if it.verdict is Verdict.REGRESSED},
        {it.name: 0.25 for it in rows if it.verdict is Verdict.FLAKY},
    )


def _mark(day: int, verdict: Verdict) -> Mark:
    return Mark(
        run=f"202611{day}-015907-5a17",
        started=f"2026-11-{day}T01:59:07Z",
        suite="a" * 40,
        frontend="b" * 40,
        state=CellState.DONE,
        verdict=verdict,
        seconds=120.0 + day,
    )


def hostile() -> Example:
    """Names, errors and refs that try to act on a page, a terminal, Markdown or a CI log."""
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    suite = msgspec.structs.replace(SUITES[0], ref=f"v0.6{evil}", asked=f"{evil}\u202e")
    cell = planned(pair(suite, FRONTENDS[0], 'oci"><b>'))
    cell = msgspec.structs.replace(cell, id="hostile")
    entry = EntryRef(
        where=f"skiplists/{evil}.yaml:1",
        status=Status.EXPECTED_FAILURE,
        reason=f"@everyone {evil}",
        issue="javascript:alert(3)",
    )
    name = f"TestIntegration/Test{evil}/worker=oci/frontend=gateway"
    text = f"{evil}\n```\n</details>\n@moby/maintainers\n::error::x\n##[error]y\x1b[31m\u202e\u2028"
    rows = [
        judgement(name, Verdict.REGRESSED, [P], [F], error=text),
        judgement(runs.HOSTILE, Verdict.REGRESSED, [P], [F], error="`" * 9 + "|\r\n| x |"),
        judgement(full_name("TestKnown"), Verdict.KNOWN, [P], [F], error=text, entry=entry),
        judgement(full_name("TestFine"), Verdict.COMPATIBLE, [P], [P]),
    ]
    run = msgspec.structs.replace(
        run_of(cell, rows), warnings=(evil, "\x1b]0;owned\x07"), command=("compat-run", evil)
    )
    matrix = matrix_of([cell], [result_of(cell, run)], name=evil)
    return Example(msgspec.structs.replace(matrix, warnings=(evil,)), {cell.id: run})
