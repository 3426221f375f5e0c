"""Stored runs of scenarios, made of what each scenario did on every daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from harness.model import (
    Channel,
    Commit,
    Judgement,
    Outcome,
    Pair,
    Reason,
    Result,
    Run,
    Scenario,
    Scenarios,
    Source,
    Vary,
    Verdict,
)
from harness.model.matrix import PlannedCell
from tests.support import matrix_factories
from tests.support.matrix_factories import MASTER, Example, commit

DAEMONS = (
    commit("v0.6.4", "2020-02-21", "0.6.4", "1.1.7"),
    commit("v0.12.5", "2023-12-08", "0.12.5", "1.6.0"),
    commit("v0.17.3", "2024-11-04", "0.17.3", "1.11.0"),
)

DOCS = "https://docs.docker.com/reference/dockerfile/"


def scenario(
    name: str, feature: str, area: str = "COPY", *, since: str = "1.20", source: str = ""
) -> Scenario:
    """Make a scenario of this name: `CopyExclude`."""
    return Scenario(
        test=f"TestScenario{name}",
        title=f"What {feature} makes is right.",
        feature=feature,
        area=area,
        syntax=f"{feature} f /f",
        docs=f"{DOCS}#copy",
        since=since,
        file="test_copy.py",
        source=source or f'def test(build):\n    build.tree("FROM scratch\\n{feature} f /\\n")\n',
    )


SCENARIOS = (
    scenario("CopyChmod", "COPY --chmod, symbolic", since="1.14-labs"),
    scenario("CopyExclude", "COPY --exclude", since="1.19"),
    scenario("CopyExcludeDirs", "COPY --exclude", since="1.19"),
    scenario("CopyLinkChmod", "COPY --link --chmod", since="1.4"),
    scenario("RunDevice", "RUN --device", "RUN", since="1.14-labs"),
    scenario("RunSecretEnv", "RUN --mount=type=secret,env=", "RUN", since="1.10"),
    scenario("Heredoc", "RUN <<EOF", "RUN", since="1.4"),
)

OK, WRONG, REFUSED, UNCLEAR, CRASH, HANG, FAULT, SKIP = "ywruchf-"
"""What a scenario did, in a letter."""

_NOT_RIGHT = """\
Error Trace: test_copy.py:20
Error:       The result is not right:
             mode of /f: expected 0555, seen 0000"""
_NOT_SUPPORTED = """\
Error Trace: test_run.py:20
Error:       The build failed:
             failed to solve: requested experimental feature exec.secretenv  is not supported by \
build server"""

_DID: dict[str, tuple[Outcome, Reason | None, str]] = {
    OK: (Outcome.PASS, None, ""),
    WRONG: (Outcome.FAIL, Reason.WRONG, _NOT_RIGHT),
    REFUSED: (Outcome.FAIL, Reason.REFUSED, _NOT_SUPPORTED),
    UNCLEAR: (Outcome.FAIL, Reason.UNCLEAR, "Error:       The build failed:\n  exit code: 1"),
    CRASH: (Outcome.CRASH, Reason.DAEMON_GONE, "Error:       the daemon is gone"),
    HANG: (Outcome.HANG, Reason.TIMEOUT, "Error:       at work for 300 s"),
    FAULT: (Outcome.FAIL, Reason.ASSERTION, "Error:       KeyError: 'f'"),
    SKIP: (Outcome.SKIP, None, "no CNI here"),
}

TABLE: Mapping[str, str] = {
    "CopyChmod": "wwyy",
    "CopyExclude": "wyyy",
    "CopyExcludeDirs": "yyyy",
    "CopyLinkChmod": "wwww",
    "RunDevice": "w-fy",
    "RunSecretEnv": "rryy",
    "Heredoc": "yyyy",
}
"""What each did on `DAEMONS`, and last on the frontend's own."""


def results(name: str, did: str) -> tuple[Result, ...]:
    """Return a result for each letter: one attempt each."""
    full = f"TestIntegration/TestScenario{name}/worker=oci"
    return tuple(
        Result(
            name=full,
            outcome=outcome,
            reason=reason,
            error=error,
            lacks="exec.secretenv" if reason is Reason.REFUSED else "",
            fingerprint=error,
        )
        for outcome, reason, error in map(_DID.__getitem__, did)
    )


def row(name: str, here: str, own: str) -> Judgement:
    """Return what a scenario did on a daemon and on the frontend's own, a letter an attempt."""
    candidate, control = results(name, here), results(name, own)
    fine = here == own == OK
    return Judgement(
        name=(candidate or control)[0].name,
        verdict=Verdict.COMPATIBLE if fine else Verdict.REGRESSED,
        control=control,
        candidate=candidate,
    )


def pair(daemon: Commit, frontend: Commit = MASTER, channel: Channel = Channel.LABS) -> Pair:
    """Return a pair whose daemon varies, which runs scenarios."""
    return Pair(
        suite=daemon,
        frontend=frontend,
        suite_channel=Channel.LABS,
        frontend_channel=channel,
        worker="oci",
        backend="native",
        vary=Vary.DAEMON,
        tests=Source(commit=frontend, channel=channel),
        scenarios=True,
    )


def run_on(
    of: Pair,
    rows: Sequence[Judgement],
    scenarios: Sequence[Scenario] = SCENARIOS,
    *,
    key: str = "k1",
    number: int = 0,
) -> Run:
    """Return a run of scenarios on one daemon."""
    made = matrix_factories.run_of(matrix_factories.planned(of), rows, number)
    return replace(made, scenarios=Scenarios(key=key, rows=tuple(scenarios)))


def runs(
    table: Mapping[str, str] = TABLE,
    daemons: Sequence[Commit] = DAEMONS,
    frontend: Commit = MASTER,
    channel: Channel = Channel.LABS,
) -> list[Run]:
    """Return a run for each daemon; the last letter of a row is the frontend's own daemon's."""
    return [
        run_on(
            pair(daemon, frontend, channel),
            [row(name, did[at], did[-1]) for name, did in table.items()],
            number=at,
        )
        for at, daemon in enumerate(daemons)
    ]


def matrix(made: Sequence[Run] | None = None, name: str = "scenarios") -> Example:
    """Return a matrix of such runs."""
    found = runs() if made is None else list(made)
    cells: list[PlannedCell] = [matrix_factories.planned(run.pair) for run in found]
    parts = [matrix_factories.result_of(cell, run) for cell, run in zip(cells, found, strict=True)]
    return Example(
        matrix_factories.matrix_of(cells, parts, name=name),
        {cell.id: run for cell, run in zip(cells, found, strict=True)},
    )


EVIL = "\x1b[31m</details><script>alert(1)</script> | `a` [x](javascript:x) ::error::\u202e"


def hostile() -> Run:
    """A run in which all that anybody could have written tries to act."""
    names = ("title", "feature", "area", "syntax", "docs", "source", "since", "file")
    rows = [replace(SCENARIOS[0], test="TestScenarioEvil", **dict.fromkeys(names, EVIL))]
    did = row("Evil", "w", "w")
    candidate = tuple(replace(it, error=f"{EVIL}\n{EVIL}") for it in did.candidate)
    return run_on(pair(DAEMONS[0]), [replace(did, candidate=candidate)], rows)
