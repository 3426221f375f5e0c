"""All reports say the same of a run, in one sentence and in one dictionary."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from harness.errors import ExitCode
from harness.journal import RunFolder
from harness.model import Channel, Judgement, Leg, Outcome, Run, Verdict
from harness.reports.logs import Logs
from harness.reports.summary import headline, outcome_counts, ref_name, summary, title
from tests.support import factories

FOLDER = Path("/runs/20261123-180607-ab12")
P, F, M = Outcome.PASS, Outcome.FAIL, Outcome.MISSING


def run_of(verdict: Verdict, *judgements: Judgement) -> Run:
    return factories.make_run(*judgements, verdict=verdict, exit_code=ExitCode.COMPATIBLE)


def row(verdict: Verdict, name: str = "TestX") -> Judgement:
    return factories.judgement(name, verdict, [P], [F], entry=factories.FILEOP)


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (
            run_of(Verdict.REGRESSED, row(Verdict.REGRESSED)),
            "REGRESSED: 1 test that passes with v0.6.4's own frontend fails with master's",
        ),
        (
            factories.regressed_run(),
            (
                "REGRESSED: 2 tests that pass with v0.6.4's own frontend fail with master's, "
                "and 1 did not run"
            ),
        ),
        (
            run_of(Verdict.LOST, row(Verdict.LOST)),
            "LOST: 1 test that ran with v0.6.4's own frontend did not run with master's",
        ),
        (
            run_of(Verdict.INFRA, row(Verdict.INFRA), row(Verdict.INFRA, "TestY")),
            (
                "INFRA: 2 tests failed because of this machine or the network, "
                "which says nothing about the frontend"
            ),
        ),
        (
            run_of(
                Verdict.STALE_ENTRY, row(Verdict.STALE_ENTRY), row(Verdict.STALE_ENTRY, "TestY")
            ),
            "STALE-ENTRY: 1 entry of the skip lists no longer holds",
        ),
        (
            run_of(Verdict.CHANGED_FAILURE, row(Verdict.CHANGED_FAILURE)),
            (
                "CHANGED-FAILURE: 1 test passed with neither v0.6.4's own frontend nor master's, "
                "in different ways"
            ),
        ),
        (
            run_of(Verdict.FLAKY, row(Verdict.FLAKY)),
            "FLAKY: 1 test did not do the same in every attempt",
        ),
        (
            run_of(Verdict.KNOWN, row(Verdict.KNOWN), row(Verdict.COMPATIBLE, "TestY")),
            "COMPATIBLE: 1 test passes with v0.6.4's own frontend and with master's (1 known)",
        ),
        (
            factories.compatible_run(),
            (
                "COMPATIBLE: 3 tests pass with v0.6.4's own frontend and with master's "
                "(1 same-failure)"
            ),
        ),
        (
            run_of(Verdict.INDETERMINATE, row(Verdict.SAME_FAILURE)),
            "INDETERMINATE: 1 of 1 test passed with v0.6.4's own frontend, too few",
        ),
        (factories.empty_run(), "INTERRUPTED, so far INDETERMINATE: nothing ran"),
    ],
)
def test_the_headline_is_one_true_sentence(run: Run, sentence: str) -> None:
    assert headline(run) == sentence


def test_a_pair_is_titled_by_refs_worker_and_channel() -> None:
    pair = factories.regressed_run().pair
    assert title(pair) == "v0.6.4 × master (oci)"  # noqa: RUF001 - the sign that is meant
    mainline = msgspec.structs.replace(pair, frontend_channel=Channel.MAINLINE)
    assert title(mainline).endswith("(oci, mainline)")


def test_a_commit_without_a_name_goes_by_seven_digits() -> None:
    bare = msgspec.structs.replace(factories.SUITE, ref=factories.SUITE.sha)
    assert ref_name(bare) == "ebcef1f"


def test_the_summary_is_plain_json_for_a_script() -> None:
    run = factories.regressed_run()
    told = summary(run, FOLDER)
    assert json.loads(json.dumps(told)) == told
    assert told["run"] == "/runs/20261123-180607-ab12/run.json"
    assert told["verdict"] == "regressed"
    assert told["exit_code"] == 1
    assert told["counts"] == {"compatible": 1, "known": 1, "lost": 1, "regressed": 2}
    assert told["rerun"] == list(run.rerun)
    assert [it["verdict"] for it in told["regressions"]] == ["regressed", "regressed", "lost"]
    assert told["regressions"][1]["error"] == (
        'support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in BuildKit 0.11'
    )


def test_the_log_of_a_failing_test_is_where_the_runner_writes_it() -> None:
    run = factories.regressed_run()
    judgement = run.judgements[1]
    written = RunFolder(FOLDER).leg(Leg.CANDIDATE).test_log(judgement.name)
    assert FOLDER / Logs(run).path(judgement, Leg.CANDIDATE) == written
    assert Logs(run).path(judgement, Leg.CONTROL) == "control/raw.log"


def test_a_failure_that_only_a_rerun_had_leads_to_the_reruns_log() -> None:
    judgement = factories.judgement("TestX", Verdict.FLAKY, [P, P], [P, F], error="once")
    run = run_of(Verdict.FLAKY, judgement)
    again = factories.leg_run(Leg.CANDIDATE, judgement.candidate[1:], 1)
    run = msgspec.structs.replace(run, legs=(*run.legs, again))
    assert Logs(run).path(judgement, Leg.CANDIDATE).startswith("rerun-1/candidate/tests/")


def test_a_test_counts_by_its_first_attempt_that_says_something() -> None:
    cut_off = [
        factories.result("TestX", F, "no space left on device"),
        factories.result("TestY", M),
        factories.result("TestZ", F, "not equal"),
    ]
    whole = [factories.result("TestX"), factories.result("TestY"), factories.result("TestZ")]
    legs = (
        factories.leg_run(Leg.CONTROL, cut_off),
        factories.leg_run(Leg.CONTROL, whole, 1),
        factories.leg_run(Leg.CANDIDATE, cut_off),
    )
    run = msgspec.structs.replace(factories.empty_run(), legs=legs)
    assert outcome_counts(run, Leg.CONTROL) == {P: 2, F: 1}
    assert outcome_counts(run, Leg.CANDIDATE) == {F: 2, M: 1}


def test_a_lost_test_leads_to_the_whole_output() -> None:
    judgement = factories.judgement("TestX", Verdict.LOST, [P], [M])
    assert Logs(run_of(Verdict.LOST, judgement)).path(judgement, Leg.CANDIDATE) == (
        "candidate/raw.log"
    )
