"""Tests that lack what they need: left out on both sides, told by name, judged by the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from harness.config.needs import Need
from harness.errors import ExitCode
from harness.gotest.selection import name_of_entry
from harness.journal import read_run
from harness.model import Leg, Outcome, Status, Verdict
from harness.plan.cell import Settings
from harness.reports.summary import headline
from harness.run.pair import leave_out, run_pair
from harness.run.unavailable import unavailable
from harness.stored.rejudge.rejudge import rejudge
from tests.support.factories import full_name
from tests.support.played import Bench, Player, entry

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
NEEDS = (Need(f"image docker.io/library/alpine:latest@{DIGEST}"), Need("network"))
LACKING = structs.replace(entry("TestPinned", Status.UNAVAILABLE), needs=NEEDS)
OFFLINE = Settings(offline=True, reruns=0, patience=0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """One test that passes, and one that would fail for want of an image."""
    tests = {"TestCopy": ("pass", "pass"), "TestPinned": ("fail no image", "fail other words")}
    return Bench(tmp_path, Player(tests), settings=OFFLINE, entries=(LACKING,))


def test_it_is_run_in_no_leg_and_judged_all_the_same(bench: Bench) -> None:
    run = bench.run()
    assert bench.verdicts(run) == {"TestCopy": "compatible", "TestPinned": "unavailable"}
    for leg in bench.player.legs:
        assert set(bench.player.selected(leg)) == {"TestCopy"}
    row = next(it for it in run.judgements if it.name == full_name("TestPinned"))
    told = [(it.outcome, it.lacks) for it in (*row.control, *row.candidate)]
    assert told == [(Outcome.UNAVAILABLE, ", ".join(map(str, NEEDS)))] * 2
    assert row.entry is not None
    assert row.entry.status is Status.UNAVAILABLE
    assert read_run(bench.run_folder(run)) == run


def test_offline_it_is_no_fault_and_the_headline_says_what_was_not_covered(bench: Bench) -> None:
    run = bench.run()
    assert (run.verdict, run.exit_code) == (Verdict.COMPATIBLE, ExitCode.COMPATIBLE)
    assert headline(run).endswith(
        "1 test was not run for want of image docker.io/library/alpine:latest"
        "@sha256:0123456789ab…, network"
    )


def test_with_the_network_it_is_to_be_there(bench: Bench) -> None:
    bench.settings = replace(OFFLINE, offline=False)
    bench.entries = (structs.replace(LACKING, needs=(Need("capability CAP_SYS_ADMIN"),)),)
    run = bench.run()
    assert (run.verdict, run.exit_code) == (Verdict.INFRA, ExitCode.INFRASTRUCTURE)
    assert headline(run) == (
        "INFRA: something is lacking that a run with network is to have, which says nothing about "
        "the frontend; 1 test was not run for want of capability CAP_SYS_ADMIN"
    )


def test_a_regression_beside_it_stays_one(bench: Bench) -> None:
    bench.settings = replace(OFFLINE, offline=False)
    bench.player.tests["TestCopy"] = ("pass", "fail")
    assert bench.run().exit_code == ExitCode.REGRESSION


def test_where_nothing_else_ran_too_little_did(bench: Bench) -> None:
    bench.player.tests["TestCopy"] = ("skip", "skip")
    assert bench.run().exit_code == ExitCode.INDETERMINATE


def test_beside_a_stored_control_both_sides_have_it(bench: Bench) -> None:
    bench.run()
    again = bench.run()
    assert bench.player.ran(Leg.CONTROL) == []
    assert bench.verdicts(again)["TestPinned"] == "unavailable"


def test_judged_again_without_the_entry_it_was_still_not_run(bench: Bench) -> None:
    run = bench.run()
    again = rejudge(run, bench.run_folder(run), ())
    assert again.untold
    assert again.run.counts == run.counts
    assert again.run.exit_code == ExitCode.COMPATIBLE


def test_judged_again_with_an_entry_that_came_later_it_is_explained(bench: Bench) -> None:
    bench.entries = ()
    run = bench.run()
    assert bench.verdicts(run)["TestPinned"] == "changed-failure"
    again = rejudge(run, bench.run_folder(run), (LACKING,))
    assert bench.verdicts(again.run)["TestPinned"] == "unavailable"


def test_an_entry_that_names_no_test_is_told_of(bench: Bench) -> None:
    bench.functions = frozenset(bench.player.tests)
    other = entry("TestNoSuch", Status.UNAVAILABLE, line=9)
    bench.entries = (LACKING, other)
    assert [ref.where for ref in bench.run().unmatched] == ["skiplists/x.yaml:9"]


def test_it_counts_where_its_function_is_asked_for(bench: Bench) -> None:
    cell = bench.cell()
    assert [it.name for it in unavailable(cell)] == [full_name("TestPinned")]
    assert unavailable(cell, ["TestCopy"]) == ()
    assert len(unavailable(cell, ["TestPin*"])) == 1


def test_globs_stand_for_the_functions_that_there_are(bench: Bench) -> None:
    pinned = structs.replace(LACKING, test=("TestPin*", "TestCopy/sub"), params={"fileop": "false"})
    bench.entries = (pinned, structs.replace(LACKING, worker=("containerd",)))
    assert [it.name for it in unavailable(bench.cell())] == [
        name_of_entry("TestCopy", "oci", {"fileop": "false"}, "sub")
    ]
    bench.functions = frozenset({"TestPinned", "TestPinnedOther", "TestCopy"})
    assert [it.name for it in unavailable(bench.cell())] == [
        "TestIntegration/TestPinned/worker=oci/fileop=false/frontend=gateway",
        "TestIntegration/TestPinnedOther/worker=oci/fileop=false/frontend=gateway",
        "TestIntegration/TestCopy/worker=oci/fileop=false/frontend=gateway/sub",
    ]


LACKS = ("program rootlesskit 2.0", "device /dev/net/tun")


def test_a_worker_that_lacks_something_is_one_sentence_and_no_leg(bench: Bench) -> None:
    bench.worker = "oci-rootless"
    job = bench.job(built=None, cell=replace(bench.cell(), lacks=LACKS))
    run = leave_out(job)
    assert bench.player.legs == []
    assert (run.verdict, run.exit_code) == (Verdict.UNAVAILABLE, ExitCode.COMPATIBLE)
    assert (run.legs, run.judgements, run.lacks) == ((), (), LACKS)
    assert headline(run) == (
        "UNAVAILABLE: not run, because the worker oci-rootless needs what is not here: "
        "program rootlesskit 2.0, device /dev/net/tun"
    )
    assert read_run(bench.run_folder(run)) == run
    assert rejudge(run, bench.run_folder(run), (LACKING,)).run == run


def test_with_the_network_a_worker_that_lacks_something_is_no_fault_either(bench: Bench) -> None:
    bench.settings = replace(OFFLINE, offline=False)
    run = leave_out(bench.job(built=None, cell=replace(bench.cell(), lacks=LACKS)))
    assert run.exit_code == ExitCode.COMPATIBLE


@pytest.mark.parametrize(("offline", "code"), [(True, 0), (False, 4)])
def test_a_limited_rate_leaves_a_pair_out_and_with_network_that_is_code_4(
    bench: Bench,
    offline: bool,  # noqa: FBT001 - a case, not passed
    code: int,
) -> None:
    bench.settings = replace(OFFLINE, offline=offline)
    limited = "a higher rate limit of docker.io"
    run = leave_out(bench.job(built=None, cell=replace(bench.cell(), limited=limited)))
    assert (run.verdict, run.exit_code, run.lacks) == (Verdict.UNAVAILABLE, code, (limited,))
    assert headline(run) == (
        "UNAVAILABLE: not run, because a registry gave no more images for a while: "
        f"it needs {limited}"
    )
    assert rejudge(run, bench.run_folder(run), ()).run == run


def test_of_what_is_lacking_that_counts_which_stays(bench: Bench) -> None:
    bench.settings = replace(OFFLINE, offline=False)
    cell = replace(bench.cell(), lacks=LACKS, limited="a higher rate limit of docker.io")
    run = leave_out(bench.job(built=None, cell=cell))
    assert (run.exit_code, run.lacks, run.limited) == (ExitCode.COMPATIBLE, LACKS, False)


def test_what_was_not_built_cannot_be_run(bench: Bench) -> None:
    with pytest.raises(ValueError, match="was not built"):
        run_pair(bench.job(built=None), bench.events.append)
