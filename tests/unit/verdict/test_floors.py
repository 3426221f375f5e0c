"""What a daemon that varies does to a verdict: refusals, floors, and what these do not excuse."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from harness.gotest.names import parse
from harness.model import Below, FloorRef, Leg, Outcome, Reason, Result, Source, Vary, Verdict
from harness.verdict.collate import judgements
from harness.verdict.floors import allowed, promises
from harness.verdict.table import judge, way
from tests.support import factories, nights
from tests.support.attempts import ENTRIES, MISSING, NEW, OLD, PASS, SKIP, result
from tests.support.floors import REFUSAL, floor, floors, varied

REFUSED = Result(
    name="TestA", outcome=Outcome.FAIL, reason=Reason.REFUSED, lacks="exec.secretenv", error=REFUSAL
)
CRASH = result(Outcome.CRASH, Reason.DAEMON_GONE, "gone")
HANG = result(Outcome.HANG, Reason.TIMEOUT, "slow")
WAYS = {Below.REFUSED: REFUSED, Below.WRONG: NEW, Below.CRASH: CRASH}


def test_how_a_test_fails() -> None:
    assert {name: way(it) for name, it in WAYS.items()} == {it: it for it in Below}
    assert way(HANG) is Below.CRASH


@pytest.mark.parametrize(("fails", "below"), [*product(Below, [None, *Below])])
def test_a_floor_excuses_the_failure_that_it_names_and_a_refusal(
    fails: Below, below: Below | None
) -> None:
    told = FloorRef(where="", since="v0.12", holds=False, below=below, cause="", issue="")
    found = judge((PASS,), (WAYS[fails],), None, None, allowed(told))
    wanted = Verdict.KNOWN if fails is below else Verdict.REGRESSED
    assert found is (Verdict.REFUSED if fails is Below.REFUSED else wanted)


def test_a_daemon_that_dies_of_what_is_wrong_is_excused_on_the_lines_that_the_floor_names() -> None:
    row = floor("TestNoCache", "v0.17", Below.WRONG, "it is ignored", dies=("v0.12",))
    pair = varied(tests=factories.FRONTEND)
    found = {}
    for line in ("v0.6", "v0.12", "v0.17"):
        there = promises(floors(row), replace(pair, suite=replace(pair.suite, line=line)))
        assert there
        ways = allowed(there.of(parse(factories.full_name("TestNoCache"))))
        found[line] = [judge((PASS,), (it,), None, None, ways) for it in (NEW, CRASH, HANG)]
    assert found == {
        "v0.6": [Verdict.KNOWN, Verdict.REGRESSED, Verdict.REGRESSED],
        "v0.12": [Verdict.KNOWN] * 3,
        "v0.17": [Verdict.REGRESSED] * 3,
    }


@pytest.mark.parametrize("fails", Below)
def test_nothing_is_excused_where_the_frontend_varies_or_the_floor_holds(fails: Below) -> None:
    assert judge((PASS,), (WAYS[fails],), None) is Verdict.REGRESSED


def test_a_refusal_excuses_only_what_passes_with_the_own_daemon() -> None:
    ways = frozenset({Below.REFUSED})
    found = {
        name: judge(control, (REFUSED,), None, None, ways)
        for name, control in {
            "none": (),
            "old": (OLD,),
            "skip": (SKIP,),
            "missing": (MISSING,),
            "same": (REFUSED,),
        }.items()
    }
    assert found == {
        "none": Verdict.REGRESSED,
        "old": Verdict.CHANGED_FAILURE,
        "skip": Verdict.CHANGED_FAILURE,
        "missing": Verdict.CHANGED_FAILURE,
        "same": Verdict.SAME_FAILURE,
    }


def test_every_attempt_has_to_be_allowed() -> None:
    ways = frozenset(Below) - {Below.WRONG}
    assert judge((PASS,), (REFUSED, REFUSED), None, None, ways) is Verdict.REFUSED
    assert judge((PASS,), (REFUSED, CRASH), None, None, ways) is Verdict.KNOWN
    assert judge((PASS,), (REFUSED, NEW), None, None, ways) is Verdict.REGRESSED
    assert judge((PASS,), (NEW,), ENTRIES["signature"], None, ways) is Verdict.KNOWN


def test_what_floors_say_depends_on_the_line_of_the_daemon() -> None:
    pair = varied(tests=factories.FRONTEND)
    assert promises(floors(), replace(pair, vary=Vary.FRONTEND)) is None
    name = factories.full_name("TestNoCache")
    key = parse(name)
    line = pair.suite.line
    known = floors(floor("TestNoCache", "v0.12", Below.WRONG, "it is ignored"))
    there = promises(known, pair)
    assert there
    assert there.line == line == "v0.6"
    told = there.of(key)
    assert told
    assert not told.holds
    assert allowed(told) == {Below.REFUSED, Below.WRONG}
    newer = promises(known, replace(pair, suite=replace(pair.suite, line="v0.12")))
    told = newer.of(key) if newer else None
    assert told
    assert told.holds
    assert allowed(told) == frozenset()
    assert there.of(parse(factories.full_name("TestOther"))) is None
    assert allowed(None) == {Below.REFUSED}


@pytest.mark.parametrize(("ahead", "told"), [("0.6.3", True), ("0.6.4", False), ("0.17.3", False)])
def test_floors_say_nothing_of_a_daemon_that_is_no_older_than_the_tests(
    ahead: str,
    told: bool,  # noqa: FBT001 - pytest's
) -> None:
    own = nights.pair()
    tests = Source(commit=own.suite, channel=own.suite_channel)
    suite = replace(own.suite, sha="9" * 40, version=ahead)
    pair = replace(own, vary=Vary.DAEMON, tests=tests, suite=suite)
    assert (promises(floors(), pair) is not None) is told
    # An engine's or another's client may know less than the daemon, however new this is.
    assert promises(floors(), replace(pair, engine="Docker Engine 29.7.2"))
    assert promises(floors(), replace(pair, buildctl=tests))


def test_an_engine_may_refuse_what_its_client_cannot_ask_for() -> None:
    pair = varied(tests=factories.FRONTEND)
    known = floors(floor("TestScenarioCopy", "v0.6"))
    key = parse("TestIntegration/TestScenarioCopy/worker=oci")
    daemon = promises(known, pair)
    engine = promises(known, replace(pair, engine="Docker Engine 20.10.24"))
    assert daemon
    assert engine
    assert daemon.allowed(daemon.of(key)) == frozenset()
    assert engine.allowed(engine.of(key)) == {Below.REFUSED}


def test_a_judgement_keeps_what_its_floor_said() -> None:
    name = factories.full_name("TestNoCache")
    passed = factories.result(name, Outcome.PASS)
    failed = factories.result(name, Outcome.FAIL, "mode 0000")
    legs = [
        factories.leg_run(Leg.CONTROL, [passed]),
        factories.leg_run(Leg.CANDIDATE, [failed]),
    ]
    older = varied(tests=factories.FRONTEND)
    there = promises(floors(floor("TestNoCache", "v0.12", Below.WRONG, "ignored")), older)
    (row,) = judgements(legs, (), {}, there)
    assert row.verdict is Verdict.KNOWN
    assert row.floor
    assert (row.floor.since, row.floor.cause) == ("v0.12", "ignored")
    (row,) = judgements(legs, (), {})
    assert row.verdict is Verdict.REGRESSED
    assert row.floor is None
