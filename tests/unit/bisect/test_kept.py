"""Culprits that are taken from earlier searches, and those that may not hold any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.bisect.causes import Cause
from harness.bisect.kept import KeptCulprits, Sought, taken
from harness.history import History
from harness.model import Outcome, Verdict
from harness.model.culprits import Blame, Suspect
from tests.support import factories, nights

PASS, FAIL = Outcome.PASS, Outcome.FAIL
NAME = factories.full_name("TestCopy")
CELL = nights.cell_id(nights.pair())
OLD, NEW, NEWER = "a" * 40, "b" * 40, "c" * 40
FIRST = "2026-11-20T03:00:00Z"
SEARCHED = "2026-11-20T05:00:00Z"
CULPRIT = Suspect(sha="d" * 40, subject="copy: be quick", author="Somebody", day="2026-11-19")
BLAME = Blame(
    verdict=Verdict.REGRESSED,
    cause="no such file",
    daemon="v0.6.4",
    frontend="master",
    tests={CELL: (NAME,)},
    tried=NAME,
    suspects=(CULPRIT,),
    good="/runs/good",
    bad="/runs/bad",
)


def sought(line: str = "no such file", new: str = NEW, old: str = OLD) -> Sought:
    cause = Cause(Verdict.REGRESSED, line, tests={CELL: [NAME]}, pairs=[nights.pair()])
    return Sought(cause, {"test": NAME, "daemon": "1" * 40}, old, new)


@pytest.fixture
def culprits(tmp_path: Path) -> KeptCulprits:
    """Keep what a search found for the first of the nights."""
    made = KeptCulprits(
        tmp_path / "history.sqlite", lambda one, other: (one, other) == (NEW, NEWER)
    )
    assert made.find(sought()) is None, "there is no history yet"
    made.keep(sought(), BLAME, "night-1", SEARCHED)
    return made


def night(culprits: KeptCulprits, started: str, *did: Outcome) -> None:
    """Record that the test did this in a night."""
    verdict = Verdict.REGRESSED if FAIL in did else Verdict.COMPATIBLE
    row = factories.judgement("TestCopy", verdict, [PASS], [*did])
    run = nights.run_of(nights.pair(), row, verdict=verdict, started=started)
    results = [nights.done(run)]
    with History.open(culprits.file) as history:
        history.keep(nights.matrix_of(results, name=f"night {started}", started=started), results)


def test_between_the_same_ends_what_was_found_is_taken(culprits: KeptCulprits) -> None:
    kept = culprits.find(sought())
    assert kept is not None
    assert (kept.run, kept.new, kept.searched) == ("night-1", NEW, SEARCHED)
    whole = replace(BLAME, frontend="today", suspects=(), good="", bad="")
    found = taken(whole, kept)
    assert (found.suspects, found.searched, found.frontend) == ((CULPRIT,), "night-1", "today")
    assert (found.good, found.bad) == ("", ""), "these folders are of another machine"


def test_another_failure_or_another_older_end_is_another_cause(culprits: KeptCulprits) -> None:
    assert culprits.find(sought("no such file")) is not None
    assert culprits.find(sought("no such folder")) is None
    assert culprits.find(sought(old=NEWER)) is None


def test_where_the_newer_end_moved_on_the_test_must_have_failed_ever_since(
    culprits: KeptCulprits,
) -> None:
    moved = sought(new=NEWER)
    assert culprits.find(moved) is None, "the history does not know the test"
    night(culprits, FIRST, FAIL)
    night(culprits, "2026-11-21T03:00:00Z", FAIL)
    assert culprits.find(moved) is not None
    assert culprits.find(sought(new=OLD)) is None, "the end of the search is not in its history"
    night(culprits, "2026-11-22T03:00:00Z", PASS)
    assert culprits.find(moved) is None
    night(culprits, "2026-11-23T03:00:00Z", FAIL)
    assert culprits.find(moved) is None, "somebody mended it, and broke it again"
    assert culprits.find(sought()) is not None, "nothing is new between the same ends"


@pytest.mark.parametrize(
    "vague",
    [
        replace(BLAME, suspects=()),
        replace(BLAME, suspects=(CULPRIT, replace(CULPRIT, sha="e" * 40))),
        replace(BLAME, probability=0.6),
    ],
)
def test_what_is_not_known_is_not_kept(culprits: KeptCulprits, vague: Blame) -> None:
    culprits.keep(sought("another"), vague, "night-1", SEARCHED)
    assert culprits.find(sought("another")) is None
    sure = replace(BLAME, probability=0.97)
    culprits.keep(sought("another"), sure, "night-2", SEARCHED)
    kept = culprits.find(sought("another"))
    assert kept is not None
    assert taken(BLAME, kept).probability == 0.97
