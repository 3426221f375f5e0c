"""What the history says a test did in recent runs of its pair, and what a run makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.config.skiplists import Signature
from harness.events import Event, Warned
from harness.history import History
from harness.history.recent import ENOUGH, LAST
from harness.model import Leg, Outcome, Pair, Recent, Run, Status, Tally, Verdict
from harness.reports.rates import flakes
from harness.run.known import recents_of
from harness.run.pair import run_pair
from harness.stored.rejudge.rejudge import rejudge
from tests.support import factories, nights
from tests.support.played import Bench, Player, entry

P, F, S, M = Outcome.PASS, Outcome.FAIL, Outcome.SKIP, Outcome.MISSING
PAIR = nights.pair()
FOO = factories.full_name("TestFoo")
NOW = "2026-11-30T12:00:00Z"
FAILING = (Verdict.REGRESSED, [P], [F, F, F])
MIXED = (Verdict.FLAKY, [P, P, P], [F, P, P])
PLAIN = (Verdict.COMPATIBLE, [P], [P])

Night = tuple[Verdict, list[Outcome], list[Outcome]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def record(
    file: Path, told: Iterable[Night], *, of: Pair = PAIR, month: int = 11, control: bool = True
) -> None:
    """Keep a night for each of these, from the first day of a month on."""
    with History.open(file, create=True) as history:
        for day, (verdict, ours, theirs) in enumerate(told, 1):
            started = f"2026-{month:02}-{day:02}T03:17:00Z"
            row = factories.judgement(
                "TestFoo", verdict, ours if control else [], theirs, error="no"
            )
            run = nights.run_of(of, row, verdict=verdict, started=started, number=day)
            results = [nights.done(replace(run, control=control))]
            history.keep(nights.matrix_of(results, name=f"{month}-{day}", started=started), results)


def recent(file: Path, of: Pair = PAIR, *, before: str = NOW) -> Recent | None:
    with History.open(file) as history:
        return history.recents(of, before).get(FOO)


def tally(failed: int, attempts: int) -> Tally:
    return Tally(failed=failed, attempts=attempts)


def test_attempts_are_counted_side_by_side_and_a_plain_pass_is_one(file: Path) -> None:
    record(file, [PLAIN, MIXED, PLAIN, (Verdict.FLAKY, [F, P, P], [P, P, P]), PLAIN])
    assert recent(file) == Recent(
        runs=5,
        since="2026-11-01T03:17:00Z",
        control=tally(1, 9),
        candidate=tally(1, 9),
        failing=0,
    )


def test_runs_that_only_failed_are_counted_from_the_newest_back_to_a_pass(file: Path) -> None:
    record(file, [FAILING, PLAIN, FAILING, (Verdict.LOST, [P], [M]), FAILING, FAILING])
    found = recent(file)
    assert found
    assert (found.runs, found.failing, found.candidate) == (6, 3, tally(12, 13))


def test_what_the_machine_did_is_no_run_of_a_test(file: Path) -> None:
    skipped = (Verdict.SKIPPED, [S], [S])
    record(file, [*[PLAIN] * ENOUGH, (Verdict.INFRA, [P], [F]), skipped, FAILING])
    found = recent(file)
    assert found
    assert (found.runs, found.failing) == (ENOUGH + 1, 1)


def test_without_a_control_its_side_has_no_attempts(file: Path) -> None:
    record(file, [PLAIN] * ENOUGH, control=False)
    found = recent(file)
    assert found
    assert (found.control, found.candidate) == (tally(0, 0), tally(0, ENOUGH))


def test_a_control_that_skipped_what_then_passed_is_no_pass(file: Path) -> None:
    record(file, [(Verdict.COMPATIBLE, [S], [P])] * ENOUGH)
    found = recent(file)
    assert found
    assert (found.control, found.candidate) == (tally(0, 0), tally(0, ENOUGH))


def test_only_the_newest_count_and_none_that_is_old_or_yet_to_come(file: Path) -> None:
    record(file, [FAILING] * 9, month=9)
    record(file, [PLAIN] * (LAST + 5))
    record(file, [FAILING] * 9, month=12)
    found = recent(file)
    assert found
    assert (found.runs, found.since, found.failing) == (LAST, "2026-11-06T03:17:00Z", 0)


def test_of_too_few_runs_and_of_other_pairs_nothing_is_said(file: Path) -> None:
    record(file, [PLAIN] * (ENOUGH - 1))
    assert recent(file) is None
    record(file, [PLAIN] * ENOUGH)
    assert recent(file)
    assert recent(file, before="2027-01-15T00:00:00Z") is None
    assert recent(file, nights.pair(frontend=nights.commit("v0.20.0"))) is None
    assert recent(file, replace(PAIR, worker="containerd")) is None
    moved = replace(PAIR.frontend, sha="1" * 40)
    assert recent(file, replace(PAIR, frontend=moved))


def test_runs_that_were_kept_before_attempts_were_are_not_counted(file: Path) -> None:
    record(file, [FAILING, *[PLAIN] * ENOUGH])
    with History.open(file) as history:
        history._connection.execute("UPDATE outcomes SET candidate_attempts = NULL")
    found = recent(file)
    assert found
    assert (found.runs, found.candidate) == (ENOUGH, tally(0, ENOUGH))


# What a run makes of it


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    played = {"TestFoo": ("pass", "fail a race, pass"), "TestBar": ("pass", "pass")}
    made = Bench(tmp_path, Player(played, name="native"))
    made.entries = (replace(entry("TestFoo", Status.FLAKY, "a race"), budget=0.25),)
    return made


def told(bench: Bench, file: Path) -> tuple[Run, Path]:
    bench.player.legs.clear()
    job = bench.job(history=file)
    return run_pair(job, bench.events.append), job.folder.path


def mark_as_now(file: Path) -> None:
    """Let what was recorded have happened within the last days, whatever day it is."""
    with History.open(file) as history:
        history._connection.execute(
            "UPDATE observations SET started = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day')"
        )


def test_a_flake_of_every_run_is_over_its_budget(bench: Bench, file: Path) -> None:
    assert bench.verdicts(told(bench, file)[0])["TestFoo"] == "known"
    record(file, [MIXED] * ENOUGH)
    mark_as_now(file)
    run, _ = told(bench, file)
    assert bench.verdicts(run) == {"TestFoo": "flaky", "TestBar": "compatible"}
    rows = {row.name: row for row in run.judgements}
    assert rows[factories.full_name("TestBar")].recent is None
    assert flakes(rows[FOO]) == "1 of 3 and 5 of 15 in the 5 runs before"


def test_a_test_that_only_failed_is_tried_again_and_excused_until_it_is_broken(
    bench: Bench, file: Path
) -> None:
    bench.player.tests["TestFoo"] = ("pass", "fail a race")
    record(file, [PLAIN] * 10)
    mark_as_now(file)
    run, _ = told(bench, file)
    assert bench.verdicts(run)["TestFoo"] == "known"
    row = next(row for row in run.judgements if row.name == FOO)
    assert len(row.candidate) == 3
    assert flakes(row) == "3 of 3 and 0 of 10 in the 10 runs before"
    bench.entries = (replace(bench.entries[0], signature=Signature("another race")),)
    assert bench.verdicts(told(bench, file)[0])["TestFoo"] == "regressed"


def test_a_stored_run_is_judged_again_by_what_was_known_then(bench: Bench, file: Path) -> None:
    record(file, [MIXED] * ENOUGH)
    mark_as_now(file)
    run, folder = told(bench, file)
    file.unlink()
    assert rejudge(run, folder, bench.entries).run == run
    assert rejudge(run, folder, ()).run.judgements[0].recent == run.judgements[0].recent
    assert any(leg.leg is Leg.CONTROL for leg in run.legs)


def test_a_history_that_cannot_be_read_is_told_of_and_nothing_is_known(file: Path) -> None:
    file.write_bytes(b"no database")
    events: list[Event] = []
    assert recents_of(file, PAIR, NOW, events.append) == {}
    (warning,) = events
    assert isinstance(warning, Warned)
    assert warning.text.startswith("flakes are counted over this run alone: ")
    assert recents_of(file.with_name("none"), PAIR, NOW, events.append) == {}
    assert recents_of(None, PAIR, NOW, events.append) == {}
