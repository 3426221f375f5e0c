"""Example runs for the tests of everything that reads one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from harness.errors import ExitCode
from harness.gotest.fingerprint import fingerprint
from harness.model import (
    SCHEMA_VERSION,
    Channel,
    Commit,
    EntryRef,
    Host,
    Judgement,
    Leg,
    LegRun,
    Outcome,
    Pair,
    PatchRef,
    Reason,
    Result,
    Run,
    Side,
    Status,
    Verdict,
)

SUITE = Commit(
    asked="v0.6",
    ref="v0.6.4",
    sha="ebcef1f69af0bbca077efa9a960a481e579a0e89",
    date="2020-02-21",
    line="v0.6",
    version="0.6.4",
    dockerfile="1.1.7",
)
FRONTEND = Commit(
    asked="master",
    ref="master",
    sha="73ed6825c0ffee00000000000000000000000000",
    date="2026-08-21",
    line="master",
    version="0.32.0",
    dockerfile="1.26.0",
)
FILEOP = EntryRef(
    where="skiplists/v0.6.yaml:12",
    status=Status.EXPECTED_FAILURE,
    reason="frontends from 0.11 on refuse BUILDKIT_DISABLE_FILEOP, which these tests set",
    issue="https://github.com/moby/buildkit/pull/3284",
)
FILEOP_ERROR = """\
Error Trace: dockerfile_test.go:195
             run.go:173
Error:       Received unexpected error:
             rpc error: code = Unknown desc = failed to solve with frontend gateway.v0: rpc error: \
code = Unknown desc = support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in BuildKit 0.11
             failed to solve"""
UNEQUAL_ERROR = """\
Error Trace: dockerfile_mount_test.go:195
Error:       Not equal:
             expected: "one"
             actual  : "two"
Messages:    the second build must see the first one's cache"""


def full_name(function: str, *params: str) -> str:
    """Write a test's name as the suites of v0.6 do."""
    return "/".join(("TestIntegration", function, "worker=oci", *params, "frontend=gateway"))


_REASONS = {
    Outcome.FAIL: Reason.ASSERTION,
    Outcome.HANG: Reason.TIMEOUT,
    Outcome.CRASH: Reason.PANIC,
}


def result(name: str, outcome: Outcome = Outcome.PASS, error: str = "") -> Result:
    """Build a result; an error that speaks of the disk has that reason."""
    failing = outcome.failing
    return Result(
        name=name,
        outcome=outcome,
        reason=Reason.DISK if failing and "no space left" in error else _REASONS.get(outcome),
        seconds=None if outcome is Outcome.MISSING else 1.25,
        error=error,
        fingerprint=fingerprint(error.encode("utf-8", "replace").decode()) if failing else "",
    )


def judgement(
    function: str,
    verdict: Verdict,
    control: Iterable[Outcome],
    candidate: Iterable[Outcome],
    *,
    error: str = "",
    entry: EntryRef | None = None,
) -> Judgement:
    """Build a judgement; failing results carry `error`, each outcome is one attempt."""
    name = function if "/" in function else full_name(function)

    def side(outcomes: Iterable[Outcome]) -> tuple[Result, ...]:
        return tuple(result(name, it, error if it.failing else "") for it in outcomes)

    return Judgement(
        name=name,
        verdict=verdict,
        control=side(control),
        candidate=side(candidate),
        entry=entry,
    )


def leg_run(leg: Leg, results: Iterable[Result], attempt: int = 0) -> LegRun:
    return LegRun(
        leg=leg,
        attempt=attempt,
        selection="^TestIntegration$/.*/^worker=oci$",
        skipped="",
        started="2026-11-23T18:06:07Z",
        seconds=44.5,
        exit_status=1,
        timed_out=False,
        cached=leg is Leg.CONTROL,
        folder=leg.value if attempt == 0 else f"rerun-{attempt}/{leg.value}",
        results=tuple(results),
    )


def make_run(*judgements: Judgement, verdict: Verdict, exit_code: ExitCode) -> Run:
    """Build a run of v0.6 with master's frontend around the given judgements."""
    return Run(
        schema=SCHEMA_VERSION,
        id="20261123-180607-ab12",
        harness="0.1.0",
        command=("compat-run", "v0.6", "master"),
        started="2026-11-23T18:06:07Z",
        seconds=151.25,
        pair=Pair(
            suite=SUITE,
            frontend=FRONTEND,
            suite_channel=Channel.EXPERIMENTAL,
            frontend_channel=Channel.LABS,
            worker="oci",
            backend="native",
        ),
        offline=True,
        host=Host(kernel="6.1.0", cpus=2, memory=8 << 30, tools={"runc": "1.1.5", "git": "2.39.5"}),
        patches=(
            PatchRef(
                side=Side.SUITE,
                leg=None,
                path="v0.6/0001-mirror.patch",
                sha256="9f" * 32,
                reason="the tests resolve images before they look whether the mirror has them",
            ),
        ),
        legs=(
            leg_run(Leg.CONTROL, (it.control[0] for it in judgements if it.control)),
            leg_run(Leg.CANDIDATE, (it.candidate[0] for it in judgements if it.candidate)),
        ),
        judgements=judgements,
        unmatched=(),
        verdict=verdict,
        counts=dict(Counter(it.verdict for it in judgements)),
        exit_code=exit_code,
        rerun=(),
        phases={"resolve": 0.25, "run": 101.0},
    )


P, F, S = Outcome.PASS, Outcome.FAIL, Outcome.SKIP


def compatible_run() -> Run:
    """Three tests pass with both frontends, one is skipped, one fails with both."""
    return make_run(
        *(
            judgement(name, Verdict.COMPATIBLE, [P], [P])
            for name in ("TestCmdShell", "TestGlobalArg", "TestDockerfileDirs")
        ),
        judgement("TestRunNetwork", Verdict.SKIPPED, [S], [S]),
        judgement("TestAddGit", Verdict.SAME_FAILURE, [F], [F], error="dial tcp: no route"),
        verdict=Verdict.COMPATIBLE,
        exit_code=ExitCode.COMPATIBLE,
    )


def regressed_run() -> Run:
    """Two real regressions, one lost test, one known failure, beside compatible ones."""
    run = make_run(
        judgement("TestCmdShell", Verdict.COMPATIBLE, [P], [P]),
        judgement(
            "TestMountRWCache",
            Verdict.REGRESSED,
            [P, P],
            [F, F],
            error=UNEQUAL_ERROR,
        ),
        judgement(
            full_name("TestWorkdirUser", "fileop=true"),
            Verdict.REGRESSED,
            [P, P],
            [Outcome.CRASH, F],
            error=FILEOP_ERROR,
        ),
        judgement("TestSecretMounts", Verdict.LOST, [P, P], [S, Outcome.MISSING]),
        judgement(
            full_name("TestWorkdirExists", "fileop=false"),
            Verdict.KNOWN,
            [P],
            [F],
            error=FILEOP_ERROR,
            entry=FILEOP,
        ),
        verdict=Verdict.REGRESSED,
        exit_code=ExitCode.REGRESSION,
    )
    return msgspec.structs.replace(
        run,
        legs=(*run.legs, leg_run(Leg.CONTROL, (), 1), leg_run(Leg.CANDIDATE, (), 1)),
        rerun=(
            *("compat-run", "v0.6", "master"),
            *("--tests", "TestMountRWCache", "--tests", "TestWorkdirUser"),
        ),
    )


def lacking(function: str) -> Judgement:
    """A test that was left out for want of the network."""
    name = full_name(function)
    error = "not run: it needs network, and this run has none"
    left_out = Result(name=name, outcome=Outcome.UNAVAILABLE, lacks="network", error=error)
    return Judgement(
        name=name,
        verdict=Verdict.UNAVAILABLE,
        control=(left_out,),
        candidate=(left_out,),
        entry=EntryRef(
            where="skiplists/unavailable.yaml:34",
            status=Status.UNAVAILABLE,
            reason="The build takes a file of raw.githubusercontent.com.",
            issue="https://github.com/moby/buildkit/pull/2476",
        ),
    )


def every_verdict_run() -> Run:
    """One judgement of each verdict that a test can have, with warnings and notes."""
    base = regressed_run()
    run = make_run(
        *base.judgements,
        judgement("TestRunNetwork", Verdict.SKIPPED, [S], [S]),
        judgement(
            "TestRunHang",
            Verdict.SKIPPED,
            [],
            [],
            entry=EntryRef(
                where="skiplists/v0.6.yaml:30",
                status=Status.SKIP,
                reason="hangs the host",
                issue="",
            ),
        ),
        judgement("TestCopySymlinks", Verdict.FIXED, [F], [P], error="not equal"),
        judgement("TestAddGit", Verdict.SAME_FAILURE, [F], [F], error="dial tcp: no route"),
        judgement("TestNoCache", Verdict.FLAKY, [P, P], [F, P], error="Should not be: 1"),
        lacking("TestBuildInfoSources"),
        judgement("TestSecretAsEnviron", Verdict.REFUSED, [P], [F], error="unknown flag: --env"),
        Judgement(
            name=full_name("TestReproSourceDateEpoch"),
            verdict=Verdict.CHANGED_FAILURE,
            control=(result(full_name("TestReproSourceDateEpoch"), F, "no such image"),),
            candidate=(result(full_name("TestReproSourceDateEpoch"), F, "digests differ"),),
        ),
        judgement(
            full_name("TestTarContext", "fileop=false"),
            Verdict.STALE_ENTRY,
            [P],
            [P],
            entry=FILEOP,
        ),
        judgement("TestPull", Verdict.INFRA, [P], [F], error="no space left on device"),
        judgement("TestUnclear", Verdict.INDETERMINATE, [Outcome.MISSING], [F], error="gone"),
        verdict=Verdict.REGRESSED,
        exit_code=ExitCode.REGRESSION,
    )
    control, candidate = run.legs
    return msgspec.structs.replace(
        run,
        legs=(
            control,
            msgspec.structs.replace(candidate, notes=("reproTests ended early: 4 tests missing",)),
        ),
        unmatched=(
            EntryRef(
                where="skiplists/v0.6.yaml:40",
                status=Status.FLAKY,
                reason="races with the registry",
                issue="https://github.com/moby/buildkit/issues/1",
            ),
        ),
        rerun=base.rerun,
        warnings=("the mirror lacks tonistiigi/hellofs:latest",),
    )


def lacking_run() -> Run:
    """Return the run of a pair whose worker lacked something."""
    run = make_run(verdict=Verdict.UNAVAILABLE, exit_code=ExitCode.COMPATIBLE)
    lacks = ("program rootlesskit 2.0", "device /dev/net/tun")
    pair = msgspec.structs.replace(run.pair, worker="oci-rootless")
    return msgspec.structs.replace(run, legs=(), pair=pair, lacks=lacks, phases={}, seconds=0.0)


def empty_run() -> Run:
    """Nothing was run at all."""
    run = make_run(verdict=Verdict.INDETERMINATE, exit_code=ExitCode.INDETERMINATE)
    return msgspec.structs.replace(run, legs=(), interrupted=True)


HOSTILE = (
    "TestIntegration/Test\x1b[31mRed[bold]\u202egnol\u200b/worker=oci/../../etc/passwd\n::error::x"
)


def hostile_run() -> Run:
    """Names and errors that try to act on a terminal, a markup language or a path."""
    entry = EntryRef(
        where="skiplists/x.yaml:1",
        status=Status.EXPECTED_FAILURE,
        reason="\x1b]0;owned\x07 <b>&amp;</b>",
        issue="javascript:alert(1)",
    )
    run = make_run(
        judgement(
            HOSTILE,
            Verdict.REGRESSED,
            [P],
            [F],
            error="\x1b[2J]]>\r\x00\x9b31m</failure><script>\ud800\ufffe [/bold] \u2028end",
        ),
        judgement("/" * 3000, Verdict.REGRESSED, [P], [F], error="x" * 100_000),
        judgement("TestKnown", Verdict.KNOWN, [P], [F], error="\x08\x08", entry=entry),
        verdict=Verdict.REGRESSED,
        exit_code=ExitCode.REGRESSION,
    )
    return msgspec.structs.replace(
        run, rerun=("compat-run", "v0.6", "$(touch x)", "it's"), warnings=("\x1b[8mhidden",)
    )
