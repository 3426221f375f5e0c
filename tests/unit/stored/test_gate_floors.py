"""What the gate makes of floors, and of tests that have none, where the daemon varies."""

from __future__ import annotations

from msgspec.structs import replace

from harness.errors import ExitCode
from harness.model import Below, Source, Verdict
from harness.stored.gate import Kind
from tests.support.floors import refused, told, varied
from tests.support.gates import PAIR, floored, gate, judged, kinds, ran

OLDER = varied(PAIR)
BELOW = told("v0.12", holds=False, below=Below.WRONG, cause="it is ignored")
ABOVE = told("v0.3", holds=True)
BASE = replace(PAIR.frontend, asked="v0.9.0", ref="v0.9.0", sha="9" * 40)


def test_a_floor_that_rose_is_a_regression() -> None:
    found = gate(ran(floored("TestA", Verdict.REGRESSED, ABOVE), pair=OLDER))
    assert kinds(found) == [Kind.FLOOR_RISEN]
    assert found.exit_code is ExitCode.REGRESSION
    assert "TestA fails on v0.6.4" in found.findings[0].sentence()
    assert "from v0.3 on (floors/v0.12.yaml:7)" in found.findings[0].sentence()


def test_one_that_fell_is_told() -> None:
    found = gate(ran(floored("TestA", Verdict.COMPATIBLE, BELOW), pair=OLDER))
    assert kinds(found) == []
    assert kinds(found, refused=False) == [Kind.FLOOR_FALLEN]
    assert found.clean
    assert "was to pass from v0.12 on alone" in found.findings[0].sentence()


def test_what_floors_explain_is_not_told_again() -> None:
    rows = [
        floored("TestA", Verdict.KNOWN, BELOW),
        floored("TestB", Verdict.COMPATIBLE, ABOVE),
        refused("TestC", floor=BELOW),
    ]
    assert gate(ran(*rows, pair=OLDER)).findings == ()


def test_a_test_without_a_floor_is_told_where_others_have_one() -> None:
    new = judged("TestNew", Verdict.REGRESSED, "mode 0000")
    old = floored("TestA", Verdict.COMPATIBLE, ABOVE)
    found = gate(ran(new, old, pair=OLDER))
    assert (kinds(found), kinds(found, refused=False)) == ([], [Kind.NO_FLOOR])
    assert kinds(gate(ran(new, pair=OLDER))) == [Kind.REGRESSED]
    assert kinds(gate(ran(new, old))) == [Kind.REGRESSED]


def test_what_fails_otherwise_than_its_floor_says_is_refused() -> None:
    found = gate(ran(floored("TestA", Verdict.REGRESSED, BELOW), pair=OLDER))
    assert kinds(found) == [Kind.REGRESSED]
    assert "passes on its own tests' daemon" in found.findings[0].sentence()


def test_a_refusal_is_told() -> None:
    found = gate(ran(refused("TestA"), pair=OLDER))
    assert (found.clean, kinds(found, refused=False)) == (True, [Kind.REFUSED])
    assert "exec.secretenv" in found.findings[0].sentence()


def test_what_no_floor_explains_names_the_daemons_that_differ() -> None:
    rows = [judged("TestLost", Verdict.LOST), judged("TestOther", Verdict.CHANGED_FAILURE)]
    found = gate(ran(*rows, pair=OLDER)).findings
    assert {it.kind for it in found} == {Kind.LOST, Kind.CHANGED_FAILURE}
    base = OLDER.control_daemon.commit.ref
    assert all(f"{base}'s" in it.sentence() and "daemon" in it.sentence() for it in found)


def test_a_regression_names_the_frontend_of_the_control() -> None:
    pair = replace(PAIR, baseline=Source(commit=BASE, channel=PAIR.frontend_channel))
    (found,) = gate(ran(judged("TestA", Verdict.REGRESSED), pair=pair)).findings
    assert f"passes with {BASE.ref}'s frontend" in found.sentence()
