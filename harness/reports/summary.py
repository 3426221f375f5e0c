"""What all reports say about a run in the same words: titles, counts, headline."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from harness.gotest import reasons
from harness.journal import RUN_FILE
from harness.model import (
    Channel,
    Commit,
    Judgement,
    Leg,
    LegRun,
    Outcome,
    Pair,
    Reason,
    Result,
    Run,
    Suspicion,
    Vary,
    Verdict,
    came_to_end,
)
from harness.model.platforms import USUAL
from harness.reports.logs import Logs
from harness.reports.text import one_line, plural, visible
from harness.reports.words import WORDS
from harness.verdict.table import first_said

TIMES = "\N{MULTIPLICATION SIGN}"

_ERROR_LINE = 400
_SHA = 40
_LACKS = 3
"""Things that were lacking, told by name."""
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_NOBODYS_FAULT = "which says nothing about the frontend"


def ref_name(commit: Commit) -> str:
    """Name a commit as people do: its tag or branch, or seven digits."""
    return visible(commit.short if len(commit.ref) == _SHA else commit.ref)


def title(pair: Pair) -> str:
    """Name a pair: suite, times sign, frontend, and in brackets what `variant` says."""
    return f"{ref_name(pair.suite)} {TIMES} {ref_name(pair.frontend)} ({', '.join(variant(pair))})"


def variant(pair: Pair) -> list[str]:
    """Return what else tells two runs of the same commits apart: where, and channel if mainline.

    Experimental and labs are one channel whose name changed, so a commit has either.
    """
    mainline = [pair.frontend_channel.value] * (pair.frontend_channel is Channel.MAINLINE)
    axes = (axis for axis in pair.axes if axis != f"platform {pair.platform}")
    return [*place(pair), *mainline, *map(visible, axes)]


def place(pair: Pair) -> list[str]:
    """Return where the daemon of a pair runs: on which worker, and on which platform if unusual."""
    return [visible(pair.worker), *[visible(pair.platform)] * (pair.platform != USUAL)]


def main_leg(run: Run, leg: Leg, attempt: int = 0) -> LegRun | None:
    """Find the record of one leg's attempt, the main run unless told otherwise."""
    return next((it for it in run.legs if it.leg is leg and it.attempt == attempt), None)


def outcome_counts(run: Run, leg: Leg) -> Counter[Outcome]:
    """Count what the tests of a leg did, each in its first attempt that says something."""
    did = defaultdict[str, list[Result]](list)
    for record in run.legs:
        for result in record.results if record.leg is leg else ():
            did[result.name].append(result)
    return Counter(first_said(results).outcome for results in did.values())


def meaning(run: Run, verdict: Verdict) -> str:
    """Return what a verdict means in this run, with a control or without."""
    word = WORDS[verdict]
    return word.meaning if main_leg(run, Leg.CONTROL) or not word.alone else word.alone


def attempts(judgement: Judgement, leg: Leg) -> tuple[Result, ...]:
    """Return one side of a judgement."""
    return judgement.control if leg is Leg.CONTROL else judgement.candidate


def suspicions(judgement: Judgement) -> list[tuple[Leg, Suspicion]]:
    """Return what daemons said while a test passed, the candidate's first, each thing once."""
    told = (
        (leg, it)
        for leg in (Leg.CANDIDATE, Leg.CONTROL)
        for result in attempts(judgement, leg)
        for it in result.suspicions
    )
    return list({(leg, it.kind, it.words): (leg, it) for leg, it in told}.values())


def suspicious(run: Run) -> list[Judgement]:
    """Return the tests that passed while a daemon said what it should not have."""
    return [row for row in run.judgements if suspicions(row)]


def failure(judgement: Judgement, leg: Leg) -> Result | None:
    """Find the first failing attempt of one side, one that was not cut off if there is any."""
    failing = [it for it in attempts(judgement, leg) if it.outcome.failing]
    ended = (it for it in failing if it.reason is not Reason.INCOMPLETE)
    return next(ended, failing[0] if failing else None)


def error_line(result: Result) -> str:
    """Return the one line that names a failure, harmless and bounded."""
    return one_line(reasons.error_line(result.error), _ERROR_LINE)


def side_error(judgement: Judgement, leg: Leg) -> str:
    """Return the error line of one side, or empty if that side has nothing to say."""
    failed = failure(judgement, leg)
    if failed:
        return error_line(failed)
    return next((line for it in attempts(judgement, leg) if (line := error_line(it))), "")


def headline(run: Run) -> str:
    """Return the verdict in one sentence, with what was not covered."""
    sentence = "; ".join(filter(None, [_sentence(run), uncovered(run)]))
    return f"INTERRUPTED, so far {sentence}" if run.interrupted else sentence


def uncovered(run: Run) -> str:
    """Return how many tests lacked what they need, and what that is; empty if none did.

    Nor if the whole pair did: then the sentence says it.
    """
    rows = [it for it in run.judgements if it.verdict is Verdict.UNAVAILABLE]
    if not rows:
        return ""
    told = dict.fromkeys(it.lacks for row in rows for it in row.candidate if it.lacks)
    lacks = [_DIGEST.sub(r"\1…", one_line(it, _ERROR_LINE)) for it in told]
    more = f" and {len(lacks) - _LACKS} more" if len(lacks) > _LACKS else ""
    want = f" for want of {', '.join(lacks[:_LACKS])}{more}" if lacks else ""
    begun = any(it.outcome.failing for row in rows for it in row.candidate)
    did = "said nothing" if begun else f"{'was' if len(rows) == 1 else 'were'} not run"
    return f"{plural(len(rows), 'test')} {did}{want}"


def _legs(pair: Pair) -> tuple[str, str]:
    """Say what the control has, and what the candidate."""
    if pair.vary is Vary.DAEMON:
        return f"{ref_name(pair.tested.commit)}'s own daemon", f"{ref_name(pair.suite)}'s"
    control = ref_name(pair.control_frontend.commit)
    own = "" if pair.baseline or pair.tests else "own "
    return f"{control}'s {own}frontend", f"{ref_name(pair.frontend)}'s"


def _sentence(run: Run) -> str:
    own, new = _legs(run.pair)
    number = run.counts.get(run.verdict, 0)
    tests = plural(number, "test")
    sentences = {
        Verdict.REGRESSED: _regressed(run, own, new),
        Verdict.LOST: f"{tests} that ran with {own} did not run with {new}",
        Verdict.INFRA: _infra(run, number),
        Verdict.STALE_ENTRY: f"{plural(_stale(run), 'entry')} of the skip lists no longer "
        f"{'holds' if _stale(run) == 1 else 'hold'}",
        Verdict.CHANGED_FAILURE: f"{tests} passed with neither {own} nor {new}, in different ways",
        Verdict.FLAKY: f"{tests} did not do the same in every attempt",
        Verdict.INDETERMINATE: _too_little(run, own, new),
        Verdict.UNAVAILABLE: _not_run(run),
    }
    if run.verdict in sentences:
        return f"{run.verdict.value.upper()}: {sentences[run.verdict]}"
    return f"COMPATIBLE: {_nothing_broke(run, own, new)}"


def _regressed(run: Run, own: str, new: str) -> str:
    number, lost = run.counts.get(Verdict.REGRESSED, 0), run.counts.get(Verdict.LOST, 0)
    fail, did = ("fails", "passes") if number == 1 else ("fail", "pass")
    also = f", and {lost} did not run" if lost else ""
    if main_leg(run, Leg.CONTROL) is None:
        return (
            f"{plural(number, 'test')} {fail} with {new} {run.pair.vary}{also}; no control was run"
        )
    racy = sum(it.verdict is Verdict.REGRESSED and it.evidence is not None for it in run.judgements)
    some = "" if racy == number else f"{racy} of them "
    often = f", {some}not every time" if racy else ""
    return f"{plural(number, 'test')} that {did} with {own} {fail} with {new}{often}{also}"


def _nothing_broke(run: Run, own: str, new: str) -> str:
    number = run.counts.get(Verdict.COMPATIBLE, 0)
    both = f"{own} and with {new}" if main_leg(run, Leg.CONTROL) else f"{new} {run.pair.vary}"
    rest = [
        f"{count} {verdict}"
        for verdict in (Verdict.SAME_FAILURE, Verdict.KNOWN, Verdict.FIXED)
        if (count := run.counts.get(verdict, 0))
    ]
    also = f" ({', '.join(rest)})" if rest else ""
    return f"{plural(number, 'test')} {'passes' if number == 1 else 'pass'} with {both}{also}"


def _infra(run: Run, number: int) -> str:
    tests = plural(number, "test")
    faults = [fault for leg in run.legs for fault in leg.faults]
    if not (number or faults) and run.counts.get(Verdict.UNAVAILABLE):
        return f"something is lacking that a run with network is to have, {_NOBODYS_FAULT}"
    if not faults:
        return f"{tests} failed because of this machine or the network, {_NOBODYS_FAULT}"
    also = f"; {tests} failed for that, {_NOBODYS_FAULT}" if number else ""
    return one_line(faults[0].words, _ERROR_LINE) + also


def _too_little(run: Run, own: str, new: str) -> str:
    if not run.judgements:
        return "nothing ran"
    if not came_to_end(run.legs):
        return "neither side came to its end, so nobody knows what did not run"
    baseline = Leg.CONTROL if main_leg(run, Leg.CONTROL) else Leg.CANDIDATE
    passing = outcome_counts(run, baseline)[Outcome.PASS]
    frontend = own if baseline is Leg.CONTROL else f"{new} {run.pair.vary}"
    return f"{passing} of {plural(len(run.judgements), 'test')} passed with {frontend}, too few"


def _not_run(run: Run) -> str:
    lacks = ", ".join(one_line(it, _ERROR_LINE) for it in run.lacks)
    if run.limited:
        return f"not run, because a registry gave no more images for a while: it needs {lacks}"
    where = " on ".join(place(run.pair))
    return f"not run, because the worker {where} needs what is not here: {lacks}"


def _stale(run: Run) -> int:
    stale = (it.entry.where for it in run.judgements if it.entry and _is_stale(it))
    return len({*stale, *(entry.where for entry in run.unmatched)})


def _is_stale(judgement: Judgement) -> bool:
    return judgement.verdict is Verdict.STALE_ENTRY


def suspicion_text(leg: Leg, suspicion: Suspicion) -> str:
    """Return what a daemon said: `panic in the control's daemon: …`."""
    also = f", or that of another of {suspicion.tests} tests" if suspicion.tests > 1 else ""
    words = one_line(suspicion.words, _ERROR_LINE)
    return f"{visible(suspicion.kind)} in the {leg.value}'s daemon{also}: {words}"


def summary(run: Run, folder: Path) -> dict[str, Any]:
    """Return what `--json` prints: where run.json lies and what a script decides on.

    Texts are as stored, not escaped: JSON carries them whole.
    """
    logs = Logs(run)
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
                "log": str(folder / logs.path(it, Leg.CANDIDATE)),
            }
            for it in run.judgements
            if it.verdict.blames_frontend
        ],
        "suspicious": [
            {
                "test": row.name,
                "side": leg.value,
                "kind": it.kind,
                "says": it.words,
                "log": str(folder / it.log),
                "tests": it.tests,
            }
            for row in suspicious(run)
            for leg, it in suspicions(row)
        ],
        "rerun": list(run.rerun),
    }
