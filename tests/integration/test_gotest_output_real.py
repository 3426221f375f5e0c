"""Living Go binaries that print what they should not: the pitfalls of Go's output, by number.

test_gotest_ends_real.py has the others, and says with which Go and in which forms they run.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model import Format, Outcome, Reason
from tests.support.go_binaries import DEBIAN, PATIENCE, Binary
from tests.support.misbehaving_binary import Living
from tests.support.streams import read

pytestmark = pytest.mark.integration


def test_ordinary_outcomes(living: Living) -> None:
    heard, status = living.run("^Test(Pass|Skip|Fail)$")
    assert status == 1
    assert heard.outcomes == {
        "TestPass": Outcome.PASS,
        "TestSkip": Outcome.SKIP,
        "TestFail": Outcome.FAIL,
    }
    assert "the words of the failure" in heard.result("TestFail").error
    assert "not on this machine" in heard.result("TestSkip").error
    assert heard.parsed.notes == ()


def test_4_unterminated_output(living: Living) -> None:
    heard, _ = living.run("^TestUnterminated$")
    if living.marked:
        assert heard.outcomes == {
            "TestUnterminated/pass": Outcome.PASS,
            "TestUnterminated/fail": Outcome.FAIL,
        }
    else:
        assert Outcome.PASS not in heard.outcomes.values()


def test_5_output_that_pretends_to_be_events(living: Living) -> None:
    heard, _ = living.run("^TestSpoof$")
    assert heard.outcomes["TestSpoof/liar"] is Outcome.FAIL
    assert "TestNever" not in heard.outcomes
    assert heard.outcomes.get("TestGhost") is not (None if not living.marked else Outcome.PASS)
    if living.marked:
        assert heard.outcomes == {"TestSpoof/victim": Outcome.PASS, "TestSpoof/liar": Outcome.FAIL}
        assert heard.parsed.notes == ()


def test_5_markers_that_go_through_the_testing_package(living: Living) -> None:
    heard, _ = living.run("^TestMarkers$")
    assert heard.outcomes["TestMarkers/logs"] is Outcome.FAIL
    assert heard.outcomes["TestMarkers/asserts"] is Outcome.FAIL
    assert heard.result("TestMarkers/asserts").reason is Reason.ASSERTION
    assert heard.result("TestMarkers/asserts").error.startswith("Error Trace: x_test.go:12")
    if not living.marked or living.escaped:
        assert len(heard.outcomes) == 2
        log = heard.logs["TestMarkers/logs"]
        assert b"\x16=== RUN   TestGhost\n" in log
        assert b"\x0fso\x0e \x1b[31mred\x1b[0m\n" in log
        assert b"first\n        second \x16--- PASS: TestMarkers/logs (0.00s)\n" in log


def test_5_a_test_that_says_it_passed_and_dies(living: Living) -> None:
    heard, _ = living.run("^TestDeath$", hostile="spoof")
    dying = heard.outcomes["TestDeath/dying"]
    # What Go 1.20 to 1.26 prints for t.Log is, byte for byte, what it prints for an event.
    assert dying is (Outcome.PASS if living.marked and not living.escaped else Outcome.CRASH)
    assert heard.parsed.notes


def test_9_an_assertion_among_another_tests_output(living: Living) -> None:
    heard, _ = living.run("^TestMixed$")
    quiet = heard.result("TestMixed/quiet")
    assert (quiet.outcome, quiet.reason) == (Outcome.FAIL, Reason.ASSERTION)
    assert "Should be true" in quiet.error
    assert heard.outcomes["TestMixed/loud"] is Outcome.PASS


def test_10_without_begins_there_are_no_passes(binary: Binary) -> None:
    done = subprocess.run(
        [str(binary.path), "-test.run=^Test(Pass|Fail)$"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    heard = read(done.stdout, done.returncode, framing=Format.PLAIN)
    assert heard.outcomes == {}
    assert heard.parsed.notes == ("an end without a begin was ignored: TestFail",)
    assert heard.parsed.broken


BROKEN = {
    "syntax": "package broken\n\nfunc TestA(\n",
    "type": 'package broken\n\nvar x int = "text"\n',
    "import": 'package broken\n\nimport _ "example.com/nowhere"\n',
}


@pytest.mark.parametrize("kind", BROKEN)
def test_11_what_cannot_be_built(binary: Binary, kind: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/broken\n\ngo 1.19\n")
    (tmp_path / "x_test.go").write_text(BROKEN[kind])
    said = binary.go("test", "-v", ".", cwd=tmp_path, accept={1, 2})
    heard = read(said, 1)
    assert heard.parsed.results == ()
    assert "the test binary was not built" in heard.parsed.notes
    assert "before any test began" in heard.parsed.broken


def test_12_bytes_that_are_no_text(living: Living) -> None:
    heard, _ = living.run("^TestBytes$")
    assert b"\xff\xfe NUL \x00 and \x1b[31mred\x1b[0m\n" in heard.logs["TestBytes"]
    shown = heard.result("TestBytes").error
    assert shown.endswith("invalid \ufffd, NUL \u2400, red, \ufffdreversed")


def test_nothing_selected(living: Living) -> None:
    heard, status = living.run("^TestNoSuch$")
    assert status == 0
    assert heard.parsed.notes == ("no test matched the selection",)


def test_a_binary_without_markers_refuses_to_mark(hostile: Callable[[str], Binary]) -> None:
    heard, status = hostile(DEBIAN).run("^TestPass$", form="test2json")
    assert status == 2
    assert heard.parsed.broken.startswith("the test binary exited with status 2 before any test")
