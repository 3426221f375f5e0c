"""Floors, and runs of tests whose daemon varies, for the tests of both."""

from __future__ import annotations

from msgspec.structs import replace

from harness.config.floors import Floor, Floors
from harness.config.yamlfile import Place
from harness.model import (
    Below,
    Channel,
    Commit,
    FloorRef,
    Judgement,
    Outcome,
    Pair,
    Reason,
    Result,
    Source,
    Vary,
    Verdict,
)
from tests.support import factories, nights

LINES = ("v0.3", "v0.6", "v0.12", "v0.17", "master")
REFUSAL = "requested experimental feature exec.secretenv  is not supported by build server"


def floor(
    test: str,
    since: str,
    below: Below | None = None,
    cause: str = "",
    params: dict[str, str] | None = None,
    dies: tuple[str, ...] = (),
) -> Floor:
    return Floor(
        place=Place("/data/skiplists/floors/v0.12.yaml", 7, 5),
        test=test,
        since=since,
        below=below,
        cause=cause,
        params=params or {},
        dies=dies,
    )


def floors(*rows: Floor) -> Floors:
    return Floors(rows, LINES)


def varied(pair: Pair = nights.pair(), tests: Commit | None = None) -> Pair:  # noqa: B008 - frozen
    """Return a pair as one whose daemon varies, with the tests of another commit or its own."""
    source = Source(commit=tests, channel=Channel.LABS) if tests else None
    return replace(pair, vary=Vary.DAEMON, tests=source)


def told(since: str, *, holds: bool, below: Below | None = None, cause: str = "") -> FloorRef:
    return FloorRef(
        where="floors/v0.12.yaml:7", since=since, holds=holds, below=below, cause=cause, issue=""
    )


def refused(name: str, lacks: str = "exec.secretenv", floor: FloorRef | None = None) -> Judgement:
    """Return a test that this daemon refuses, and its own does not."""
    row = factories.judgement(name, Verdict.REFUSED, [Outcome.PASS], [Outcome.FAIL], error=REFUSAL)
    result: Result = replace(row.candidate[0], reason=Reason.REFUSED, lacks=lacks)
    return replace(row, candidate=(result,), floor=floor)
