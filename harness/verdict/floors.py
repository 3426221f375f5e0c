"""What floors say of tests on a daemon that varies, and how these may fail there. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version

from harness.config.floors import Floors
from harness.gotest.names import TestKey
from harness.model import (
    Below,
    Commit,
    FloorRef,
    Judgement,
    Outcome,
    Pair,
    Reason,
    Record,
    Result,
    Status,
    Vary,
    Verdict,
)
from harness.model.platforms import USUAL
from harness.verdict.table import first_said, way

_TELLING = {Verdict.COMPATIBLE, Verdict.REFUSED, Verdict.KNOWN, Verdict.REGRESSED}


class Did(Record, frozen=True, kw_only=True):
    """What a test did on a daemon that varies, where it passes on its own."""

    below: Below | None
    """How it failed; None if it passed."""
    lacks: str = ""
    """What the daemon says that it lacks, where it refused the test."""

    def worse(self, other: Did) -> Did:
        """Return the worse of two; what builds the wrong thing is worse than what fails."""
        return max(self, other, key=lambda it: _RISING.index(it.below))


_RISING = (None, Below.REFUSED, Below.CRASH, Below.WRONG)

PASSED = Did(below=None)


def did(row: Judgement) -> Did | None:
    """Return what a test did where the daemon varies; None if that says nothing about the daemon.

    So it is where the test does not pass on its own daemon, and where it fails now and then.
    """
    passes = row.control and first_said(row.control).outcome is Outcome.PASS
    if row.verdict not in _TELLING or not passes:
        return None
    if row.verdict is Verdict.COMPATIBLE:
        return PASSED
    if row.entry and row.entry.status is Status.FLAKY:
        return None
    failed = next((it for it in row.candidate if it.outcome.failing and not _excused(it)), None)
    return Did(below=way(failed), lacks=failed.lacks) if failed else None


@dataclass(frozen=True)
class Promises:
    """What the floors say of tests on the daemons of one line."""

    floors: Floors
    line: str
    others_client: bool = False
    """Whether its client is an engine's or of another commit: it may know less than the daemon."""

    platform: str = USUAL
    """Of the daemon."""

    def allowed(self, floor: FloorRef | None) -> frozenset[Below]:
        """Return how a test with this floor may fail; another's client may refuse above it, too."""
        found = allowed(floor)
        return found | {Below.REFUSED} if self.others_client else found

    def of(self, key: TestKey) -> FloorRef | None:
        """Return what is said of a test; None if it has no floor."""
        floor = self.floors.find(name_of(key), dict(key.params), self.platform)
        if floor is None:
            return None
        return FloorRef(
            where=floor.where,
            since=floor.since,
            holds=not self.floors.older(self.line, floor.since),
            below=floor.below,
            cause=floor.cause,
            issue=floor.issue or "",
            dies=self.line in floor.dies,
        )


def promises(floors: Floors, pair: Pair) -> Promises | None:
    """Return what floors say of a pair's tests; None where the daemon does not vary.

    Nor do they say anything of a daemon that is no older than the tests, with its own client: what
    passes on the daemon of the tests is to pass on it.
    """
    if pair.vary is not Vary.DAEMON:
        return None
    others = bool(pair.engine or pair.buildctl)
    if not others and Version(pair.suite.version) >= Version(pair.tested.commit.version):
        return None
    return Promises(floors, pair.suite.line, others_client=others, platform=pair.platform)


def allowed(floor: FloorRef | None) -> frozenset[Below]:
    """Return how a test may fail where the daemon varies.

    Refused, if not its floor forbids it; below its floor in the way that this names, too. A
    daemon that dies is excused by no floor that says nothing of it.
    """
    if floor is None:
        return frozenset({Below.REFUSED})
    if floor.holds:
        return frozenset()
    dies = {Below.CRASH} if floor.dies else set[Below]()
    return frozenset({Below.REFUSED, floor.below or Below.REFUSED} | dies)


def seen(row: Judgement, pair: Pair) -> tuple[tuple[Commit, Did], ...]:
    """Return what a test of a pair did on which daemons: the one that varies, and its own."""
    what = did(row) if pair.vary is Vary.DAEMON else None
    if what is None:
        return ()
    return (pair.suite, what), (pair.control_daemon.commit, PASSED)


def _excused(result: Result) -> bool:
    """Return whether a failure says nothing about the daemon: the machine's, or of a dying leg."""
    reason = result.reason
    return reason is not None and (reason.spurious or reason is Reason.INCOMPLETE)


def name_of(key: TestKey) -> str:
    """Return how data files name a test."""
    return f"{key.function}/{key.subtest}" if key.subtest else key.function
