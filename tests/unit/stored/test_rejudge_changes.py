"""What changes when a run is judged again, and by which entry or which output."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.journal import read_run, write_run
from harness.model import Outcome, Run, Status, Verdict
from harness.stored.rejudge import reclassify, report
from tests.support.factories import full_name
from tests.support.played import MIXED, Bench, Player, entry
from tests.support.rejudged import KNOWN, changes, lists, notes, stored, why


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def test_a_new_entry_makes_a_failure_known_and_is_named(bench: Bench) -> None:
    folder = stored(bench)
    found = reclassify(folder, lists(bench, KNOWN))
    assert changes(found) == {"TestMount": ("regressed", "known")}
    assert why(found) == ["now by skiplists/x.yaml:7 (expected-failure): a test"]
    assert (found.before.verdict, found.before.exit_code) == (Verdict.REGRESSED, 1)
    # TestFlaky is what is left.
    assert (found.after.verdict, found.after.exit_code) == (Verdict.FLAKY, 0)
    assert "regressed → known" in report.render(found)
    assert report.headline(found) == "regressed → flaky: 1 test changed: 1 now known"


def test_an_entry_that_has_gone_makes_a_failure_regressed(bench: Bench) -> None:
    bench.entries = (KNOWN,)
    found = reclassify(stored(bench), lists(bench))
    assert changes(found) == {"TestMount": ("known", "regressed")}
    assert why(found) == ["no more by skiplists/x.yaml:7 (expected-failure)"]


def test_another_signature_is_told_though_the_entry_is_where_it_was(bench: Bench) -> None:
    bench.entries = (KNOWN,)
    other = entry("TestMount", Status.EXPECTED_FAILURE, "quite another failure", line=7)
    found = reclassify(stored(bench), lists(bench, other))
    assert changes(found) == {"TestMount": ("known", "regressed")}
    assert why(found) == ["skiplists/x.yaml:7 explains it no more"]


def test_an_entry_whose_test_passed_is_stale_now_and_one_without_a_test_is_told(
    bench: Bench,
) -> None:
    passes = entry("TestCopy", Status.EXPECTED_FAILURE, "words", line=3)
    nobody = entry("TestNoMore", Status.EXPECTED_FAILURE, "words", line=9)
    found = reclassify(stored(bench), lists(bench, passes, nobody))
    assert changes(found) == {"TestCopy": ("compatible", "stale-entry")}
    assert notes(found) == ["skiplists/x.yaml:9 matches no test"]


def test_a_test_that_would_not_be_run_today_is_skipped(bench: Bench) -> None:
    found = reclassify(stored(bench), lists(bench, entry("TestMount", Status.SKIP, line=4)))
    assert changes(found) == {"TestMount": ("regressed", "skipped")}
    assert why(found) == ["now by skiplists/x.yaml:4 (skip): a test"]


def test_of_a_test_that_was_not_run_nothing_is_known(bench: Bench) -> None:
    bench.entries = (entry("TestMount", Status.SKIP),)
    folder = stored(bench)
    assert notes(reclassify(folder, lists(bench, *bench.entries))) == []
    (note,) = notes(reclassify(folder, lists(bench)))
    assert "left out" in note


def test_output_is_read_anew(bench: Bench) -> None:
    folder = stored(bench)
    run = read_run(folder)
    write_run(folder, _as_an_older_parser_would_have(run))
    found = reclassify(folder, lists(bench))
    assert changes(found) == {"TestMount": ("compatible", "regressed")}
    assert why(found)[0].startswith("candidate reads fail (assertion), fail")
    assert found.after.exit_code == 1


def _as_an_older_parser_would_have(run: Run) -> Run:
    """Return a run in which a failing test was taken for a passing one."""
    name = full_name("TestMount")
    fine = {"outcome": Outcome.PASS, "reason": None, "error": "", "fingerprint": ""}
    legs = tuple(
        replace(
            leg, results=tuple(replace(r, **fine) if r.name == name else r for r in leg.results)
        )
        for leg in run.legs
    )
    rows = tuple(
        replace(
            row,
            verdict=Verdict.COMPATIBLE,
            candidate=tuple(replace(r, **fine) for r in row.candidate),
        )
        if row.name == name
        else row
        for row in run.judgements
    )
    counts = dict(Counter(row.verdict for row in rows))
    verdict = Verdict.FLAKY
    return replace(run, legs=legs, judgements=rows, counts=counts, verdict=verdict, exit_code=0)
