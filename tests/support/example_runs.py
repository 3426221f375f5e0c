"""The matrix runs that reports are read with: a night with everything in it, and a hostile one."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from harness.history import Mark, Since
from harness.model import EntryRef, Judgement, Outcome, Run, Status, Verdict
from harness.model.matrix import CellResult, CellState, PlannedCell
from harness.reports.past import Past
from tests.support import factories
from tests.support.factories import FILEOP, FILEOP_ERROR, UNEQUAL_ERROR, full_name, judgement
from tests.support.matrix_factories import (
    FRONTENDS,
    MASTER,
    Example,
    commit,
    matrix_of,
    pair,
    planned,
    result_of,
    run_of,
    without_run,
)

P, F, S, M = Outcome.PASS, Outcome.FAIL, Outcome.SKIP, Outcome.MISSING
A = Outcome.UNAVAILABLE

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

SUITES = (
    commit("v0.6.4", "2020-02-21", "0.6.4", "1.1.7"),
    commit("v0.8.3", "2021-04-23", "0.8.3", "1.2.1"),
    commit("v0.12.5", "2024-01-31", "0.12.5", "1.6.0"),
    commit("v0.16.0", "2024-09-10", "0.16.0", "1.10.0"),
    MASTER,
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
        told["TestReproSourceDateEpoch"] = judgement(
            "TestReproSourceDateEpoch", Verdict.UNAVAILABLE, [A], [A], error="not run: no network"
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
        judgement(factories.HOSTILE, Verdict.REGRESSED, [P], [F], error="`" * 9 + "|\r\n| x |"),
        judgement(full_name("TestKnown"), Verdict.KNOWN, [P], [F], error=text, entry=entry),
        judgement(full_name("TestFine"), Verdict.COMPATIBLE, [P], [P]),
    ]
    run = msgspec.structs.replace(
        run_of(cell, rows), warnings=(evil, "\x1b]0;owned\x07"), command=("compat-run", evil)
    )
    matrix = matrix_of([cell], [result_of(cell, run)], name=evil)
    return Example(msgspec.structs.replace(matrix, warnings=(evil,)), {cell.id: run})
