"""Attempts and entries by short names, for the tests of verdicts."""

from __future__ import annotations

from harness.config.needs import Need
from harness.config.skiplists import Entry, Signature
from harness.config.yamlfile import Place
from harness.model import Outcome, Reason, Result, Status

NAME = "TestIntegration/TestCopy/worker=oci/frontend=gateway"


def result(outcome: Outcome, reason: Reason | None = None, error: str = "") -> Result:
    """Make a result whose fingerprint is its error."""
    fingerprint = error if outcome.failing else ""
    return Result(name=NAME, outcome=outcome, reason=reason, error=error, fingerprint=fingerprint)


def failing(error: str, reason: Reason = Reason.ASSERTION) -> Result:
    return result(Outcome.FAIL, reason, error)


def entry(status: Status, signature: str = "") -> Entry:
    return Entry(
        needs=(Need("network"),) if status is Status.UNAVAILABLE else (),
        place=Place("skiplists/x.yaml", 3, 5),
        test=("TestCopy",),
        status=status,
        reason="a test",
        issue="https://example.com/1",
        signature=Signature(signature) if signature else None,
    )


PASS = result(Outcome.PASS)
SKIP = result(Outcome.SKIP)
MISSING = result(Outcome.MISSING)
UNAVAILABLE = result(Outcome.UNAVAILABLE)
OLD = failing("the old way")
NEW = failing("the new way")

SIDES: dict[str, tuple[Result, ...]] = {
    "none": (),
    "pass": (PASS, PASS),
    "old": (OLD,),
    "new": (NEW,),
    "skip": (SKIP,),
    "missing": (MISSING,),
    "lacking": (UNAVAILABLE,),
    "mixed": (PASS, NEW),
}
ENTRIES = {
    "no-entry": None,
    "signature": entry(Status.EXPECTED_FAILURE, "new way"),
    "other": entry(Status.EXPECTED_FAILURE, "another way"),
    "flaky": entry(Status.FLAKY),
    "skip": entry(Status.SKIP),
    "needs": entry(Status.UNAVAILABLE),
}

SPURIOUS = [reason for reason in Reason if reason.spurious]
