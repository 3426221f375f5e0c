"""How often a test failed that did not do the same in every attempt, and what that proves."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model import Evidence, Judgement, Leg, Status, Verdict
from harness.reports.summary import attempts
from harness.reports.text import plural
from harness.verdict.table import flake_rate, tally


def rates(judgement: Judgement) -> list[str]:
    """Return how often a test failed on both sides, what that proves, and in what company.

    `flaky 1 of 3`, or `fails 5 of 12, in the control 0 of 12`, `99.20 % sure …`; empty
    where all attempts were alike.
    """
    evidence = judgement.evidence
    flaky = flakes(judgement)
    blamed = judgement.verdict is Verdict.REGRESSED
    if evidence is None or not (blamed or flaky):
        return [f"flaky {flaky}"] if flaky else []
    told = [_both(evidence)] if blamed else [f"flaky {flaky}"]
    return [*told, *_proof(evidence, blamed=blamed), *_companies(evidence)]


def odds(judgement: Judgement) -> str:
    """Return how often a regressed test failed that also passed; empty for any other.

    `not every time: fails 5 of 12, in the control 0 of 12, 99.20 % sure …`.
    """
    if judgement.evidence is None or judgement.verdict is not Verdict.REGRESSED:
        return ""
    return f"not every time: {', '.join(rates(judgement))}"


def _both(evidence: Evidence) -> str:
    ours, theirs = evidence.control, evidence.candidate
    own = f"in the control {ours.failed} of {ours.attempts}"
    return f"fails {theirs.failed} of {theirs.attempts}, {own}"


def _proof(evidence: Evidence, *, blamed: bool) -> Iterator[str]:
    sure = f"{evidence.confidence * 100:.2f} %"
    if evidence.decided:
        yield f"{sure} sure that it fails more often in the candidate"
    elif not blamed and evidence.candidate.failed and not evidence.control.failed:
        yield f"in the control 0 of {evidence.control.attempts}"
        yield f"undecided: {sure} sure that it fails more often in the candidate"


def _companies(evidence: Evidence) -> Iterator[str]:
    """Render the candidate's attempts apart where they had different company."""
    told = [it for it in evidence.companies if it.candidate.attempts]
    if len(told) > 1:
        for it in told:
            where = f"beside {it.beside}" if it.beside else "alone"
            yield f"{where} it fails {it.candidate.failed} of {it.candidate.attempts}"


def flakes(judgement: Judgement) -> str:
    """Return how often a flaky test failed: `1 of 3`, of both sides if need be; else empty."""
    rates = {leg: flake(judgement, leg) for leg in (Leg.CANDIDATE, Leg.CONTROL)}
    where = {Leg.CANDIDATE: "", Leg.CONTROL: " in the control"}
    return ", ".join(rate + where[leg] for leg, rate in rates.items() if rate)


def flake(judgement: Judgement, leg: Leg) -> str:
    """Return how often one side of a flaky test failed; empty if it did not, or did always.

    `1 of 3`, and where earlier runs were counted `1 of 3 and 2 of 20 in the 20 runs before`.
    """
    rate = flake_rate(attempts(judgement, leg)) or _merely_flaked(judgement, leg)
    recent = judgement.recent
    if rate is None or recent is None:
        return f"{rate[0]} of {rate[1]}" if rate else ""
    past = recent.control if leg is Leg.CONTROL else recent.candidate
    before = f"{past.failed} of {past.attempts} in the {plural(recent.runs, 'run')} before"
    return f"{rate[0]} of {rate[1]} and {before}"


def _merely_flaked(judgement: Judgement, leg: Leg) -> tuple[int, int] | None:
    """Return the rate of a candidate that only failed, if it is excused by what it did before."""
    entry = judgement.entry
    if leg is Leg.CONTROL or entry is None or entry.status is not Status.FLAKY:
        return None
    told = tally(judgement.candidate)
    excused = judgement.verdict is Verdict.KNOWN and told.failed == told.attempts > 0
    return (told.failed, told.attempts) if excused else None
