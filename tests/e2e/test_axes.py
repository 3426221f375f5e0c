"""Tests of one commit on the daemon of another, on MiniKit: what differs, and whose it is."""

from __future__ import annotations

import json

import pytest

from harness.gotest.names import display
from harness.journal import read_run
from harness.model import Leg, Program, Reason, Run, Vary, Verdict
from tests.support import demo_program

pytestmark = pytest.mark.e2e

LIMITS = ("--test-timeout", "4s", "--timeout", "2m", "--reruns", "0")
TESTS = ("--tests-from", "master")
PANICS = {"TestInfo", "TestInfoWatched"}
"""They take the test binary along, where the daemon does not say who it is."""

LINK = "TestCopySymlinks \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} link"


def _verdicts(run: Run) -> dict[str, Verdict]:
    names = [row.name for row in run.judgements]
    return {display(row.name, names): row.verdict for row in run.judgements}


@pytest.fixture(scope="module")
def varied(program: demo_program.Program) -> tuple[int, str, Run]:
    words = (*TESTS, "--vary", "daemon", *LIMITS)
    code, out, err = program.run(*program.words("v0.1", "master", *words))
    assert "tests: master" in err
    return code, out, read_run(program.latest())


def test_new_tests_see_what_an_old_daemon_does_otherwise(varied: tuple[int, str, Run]) -> None:
    code, out, run = varied
    assert (code, run.pair.vary) == (1, Vary.DAEMON)
    seen = _verdicts(run)
    told = {Verdict.REGRESSED, Verdict.REFUSED}
    failing = {name for name, verdict in seen.items() if verdict in told}
    assert failing == {
        LINK,  # silent: the daemon copies what the link points at
        "TestExportLabels",  # the daemon panics
        "TestCacheMountTwoTargets",  # the daemon hangs
        "TestMountContextNoParallel",  # refused by the name of what the daemon lacks
    }
    assert {name for name, it in seen.items() if it is Verdict.KNOWN} == PANICS, "below their floor"
    assert seen["TestSubrequests"] is Verdict.COMPATIBLE, "a test that v0.1 does not have"
    assert "that pass with master's own daemon fail with v0.1.1's" in " ".join(out.split())
    assert not run.unmatched, "what v0.1's own tests ask for is not asked here"


def test_a_panic_of_the_tests_costs_no_other_test_its_verdict(
    varied: tuple[int, str, Run],
) -> None:
    run = varied[2]
    seen = _verdicts(run)
    assert {Verdict.LOST, Verdict.INDETERMINATE}.isdisjoint(seen.values())
    assert seen["TestMountTmpfs"] is Verdict.COMPATIBLE, "behind a refusal that ends the list"
    names = [row.name for row in run.judgements]
    crashed = {
        display(row.name, names): row.candidate[-1]
        for row in run.judgements
        if row.candidate[-1].reason is Reason.PANIC
    }
    assert crashed.keys() == PANICS
    assert {it.program for it in crashed.values()} == {Program.TEST_BINARY}
    assert "dockerfile.testInfo(" in crashed["TestInfo"].error
    assert "dockerfile.tell(" in crashed["TestInfoWatched"].error
    assert [leg.cut for leg in run.legs if leg.leg is Leg.CONTROL] == [None]


def test_the_record_says_whose_tests_they_were(varied: tuple[int, str, Run]) -> None:
    pair = varied[2].pair
    assert pair.tests is not None
    assert (pair.suite.ref, pair.frontend.ref) == ("v0.1.1", "master")
    assert (pair.tests.commit.ref, pair.tests.channel) == ("master", "labs")
    assert pair.control_daemon.commit.ref == "master"


def test_its_control_is_stored_and_used_for_another_daemon(
    varied: tuple[int, str, Run], program: demo_program.Program
) -> None:
    words = (*TESTS, "--vary", "daemon", *LIMITS)
    code, out, err = program.run(*program.words("v0.2", "master", *words))
    assert "control: the run of" in err
    assert code == 1, out
    seen = _verdicts(read_run(program.latest()))
    # The floor of these is v0.2, and it has risen.
    assert {name for name, it in seen.items() if it is Verdict.REGRESSED} == PANICS
    assert any(leg.cached for leg in read_run(program.latest()).legs)
    assert varied[2].counts != read_run(program.latest()).counts


def test_a_frontend_is_held_against_a_baseline(program: demo_program.Program) -> None:
    words = ("--tests", "TestQuotedMetaArgs", "--tests", "TestCopySymlinks", *LIMITS)
    given = (*TESTS, "--baseline", "v0.1", "--client", "tests", *words, "--json")
    code, out, _ = program.run(*program.words("v0.1", "master", *given))
    assert code == 0
    run = read_run(program.latest())
    seen = _verdicts(run)
    assert seen["TestQuotedMetaArgs"] is Verdict.FIXED, "v0.1's frontend fails it, master's not"
    assert seen[LINK] is Verdict.SAME_FAILURE, "the daemon's fault"
    assert run.pair.axes == ("tests master", "baseline v0.1.1", "client tests")
    assert json.loads(out)["exit_code"] == 0


def test_a_frontend_that_is_its_own_baseline_is_told_so(program: demo_program.Program) -> None:
    words = ("--baseline", "master", "--tests", "TestQuotedMetaArgs", "--no-control", *LIMITS)
    _, _, err = program.run(*program.words("v0.1", "master", *words))
    assert "master is held against itself: nothing but what is flaky can differ" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--vary", "daemon"), "nothing varies: v0.1.1 is the tests' own daemon"),
        ((*TESTS, "--vary", "daemon", "--baseline", "v0.2"), "a baseline has no say"),
        (("--client", "tests"), "--client tests has no say"),
        (("--tests-from", "v9"), "v9"),
        ((*TESTS, "--worker", "snap"), "have no worker 'snap'"),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is_built(
    words: tuple[str, ...], told: str, program: demo_program.Program
) -> None:
    code, out, err = program.run(*program.words("v0.1", "master", *words))
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())
    assert "build" not in err.partition("error")[0]
