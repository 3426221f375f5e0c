"""What all reports say about a run in the same words: titles, counts, headline, log paths."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from harness.gotest import names
from harness.journal import RUN_FILE, leg_path, log_of_test
from harness.journal.folder import RAW_LOG
from harness.model import (
    Channel,
    Commit,
    Judgement,
    Leg,
    LegRun,
    Outcome,
    Pair,
    Result,
    Run,
    Verdict,
)
from harness.reports.text import clip, plural, visible

BROKEN = frozenset({Verdict.REGRESSED, Verdict.LOST})
"""Verdicts that speak against the frontend under test."""

TIMES = "\N{MULTIPLICATION SIGN}"

_ERROR_LINE = 400
_SHA = 40


def ref_name(commit: Commit) -> str:
    """Name a commit as people do: its tag or branch, or seven digits."""
    return visible(commit.short if len(commit.ref) == _SHA else commit.ref)


def title(pair: Pair) -> str:
    """Name a pair: suite, times sign, frontend, and in brackets what `variant` says."""
    return f"{ref_name(pair.suite)} {TIMES} {ref_name(pair.frontend)} ({', '.join(variant(pair))})"


def variant(pair: Pair) -> list[str]:
    """Say what else tells two runs of the same commits apart: worker, and channel if mainline.

    Experimental and labs are one channel whose name changed, so a commit has either.
    """
    mainline = [pair.frontend_channel.value] * (pair.frontend_channel is Channel.MAINLINE)
    return [visible(pair.worker), *mainline]


def main_leg(run: Run, leg: Leg, attempt: int = 0) -> LegRun | None:
    """Find the record of one leg's attempt, the main run unless told otherwise."""
    return next((it for it in run.legs if it.leg is leg and it.attempt == attempt), None)


def leaf_counts(run: Run, leg: Leg) -> Counter[Outcome]:
    """Count the outcomes of a leg's main run, parents left out; empty if it did not run."""
    record = main_leg(run, leg)
    outcomes = {result.name: result.outcome for result in record.results} if record else {}
    return Counter(outcomes[name] for name in names.leaves(outcomes))


def attempts(judgement: Judgement, leg: Leg) -> tuple[Result, ...]:
    """Give one side of a judgement."""
    return judgement.control if leg is Leg.CONTROL else judgement.candidate


def failure(judgement: Judgement, leg: Leg) -> tuple[int, Result] | None:
    """Find the first failing attempt of one side and its number."""
    tried = enumerate(attempts(judgement, leg))
    return next(((number, result) for number, result in tried if result.outcome.failing), None)


def error_line(result: Result) -> str:
    """Give the one line that names a failure, harmless and bounded."""
    lines = (line.strip() for line in result.error.splitlines())
    return visible(clip(next((line for line in lines if line), ""), _ERROR_LINE))


def side_error(judgement: Judgement, leg: Leg) -> str:
    """Give the error line of one side, or empty if that side has nothing to say."""
    failed = failure(judgement, leg)
    if failed:
        return error_line(failed[1])
    return next((line for it in attempts(judgement, leg) if (line := error_line(it))), "")


def log_path(run: Run, judgement: Judgement, leg: Leg) -> str:
    """Name the file to open about one side of a judgement, relative to the run folder.

    A failing test has a log of its own; for any other the leg's whole output is the evidence.
    """
    failed = failure(judgement, leg)
    record = main_leg(run, leg, failed[0] if failed else 0)
    folder = record.folder if record else leg_path(leg, failed[0] if failed else 0)
    return log_of_test(folder, judgement.name) if failed else f"{folder}/{RAW_LOG}"


def headline(run: Run) -> str:
    """Say the verdict in one sentence."""
    sentence = _sentence(run)
    return f"INTERRUPTED, so far {sentence}" if run.interrupted else sentence


def _sentence(run: Run) -> str:
    suite, frontend = ref_name(run.pair.suite), ref_name(run.pair.frontend)
    own = f"{suite}'s own frontend"
    number = run.counts.get(run.verdict, 0)
    tests = plural(number, "test")
    fail, did = ("fails", "passes") if number == 1 else ("fail", "pass")
    sentences = {
        Verdict.REGRESSED: f"{tests} that {did} with {own} {fail} with {frontend}'s",
        Verdict.LOST: f"{tests} that {did} with {own} did not run with {frontend}'s",
        Verdict.INFRA: f"{tests} failed because of this machine or the network, "
        "which says nothing about the frontend",
        Verdict.STALE_ENTRY: f"{plural(_stale(run), 'skip-list entry')} no longer "
        f"{'holds' if _stale(run) == 1 else 'hold'}",
        Verdict.CHANGED_FAILURE: f"{tests} {fail} with {own} and otherwise with {frontend}'s",
        Verdict.FLAKY: f"{tests} did not do the same in every attempt",
        Verdict.INDETERMINATE: _too_little(run),
    }
    if run.verdict in sentences:
        return f"{run.verdict.value.upper()}: {sentences[run.verdict]}"
    return f"COMPATIBLE: {_nothing_broke(run, own, frontend)}"


def _nothing_broke(run: Run, own: str, frontend: str) -> str:
    passing = plural(run.counts.get(Verdict.COMPATIBLE, 0), "test")
    verb = "passes" if passing.startswith("1 ") else "pass"
    rest = [
        f"{number} {verdict}"
        for verdict in (Verdict.SAME_FAILURE, Verdict.KNOWN, Verdict.FIXED)
        if (number := run.counts.get(verdict, 0))
    ]
    also = f" ({', '.join(rest)})" if rest else ""
    return f"{passing} {verb} with {own} and with {frontend}'s{also}"


def _too_little(run: Run) -> str:
    ran = sum(leaf_counts(run, Leg.CANDIDATE).values())
    return f"only {plural(ran, 'test')} ran, too little to say" if ran else "nothing ran"


def _stale(run: Run) -> int:
    kept = {it.entry.where for it in run.judgements if it.entry and _is_stale(it)}
    return len(kept | {entry.where for entry in run.unmatched})


def _is_stale(judgement: Judgement) -> bool:
    return judgement.verdict is Verdict.STALE_ENTRY


def summary(run: Run, folder: Path) -> dict[str, Any]:
    """Give what `--json` prints: where run.json lies and what a script decides on.

    Texts are as stored, not escaped: JSON carries them whole.
    """
    return {
        "run": str(folder / RUN_FILE),
        "id": run.id,
        "verdict": run.verdict.value,
        "exit_code": run.exit_code,
        "interrupted": run.interrupted,
        "headline": headline(run),
        "suite": run.pair.suite.sha,
        "frontend": run.pair.frontend.sha,
        "counts": {verdict.value: run.counts[verdict] for verdict in sorted(run.counts)},
        "regressions": [
            {
                "test": it.name,
                "verdict": it.verdict.value,
                "error": side_error(it, Leg.CANDIDATE),
                "log": str(folder / log_path(run, it, Leg.CANDIDATE)),
            }
            for it in run.judgements
            if it.verdict in BROKEN
        ],
        "rerun": list(run.rerun),
    }
