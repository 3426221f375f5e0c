"""What stands between the ends of tests and is none: the numbered pitfalls of Go's output.

test_gotest_ends.py has the others, and says where the numbers are from.
"""

from __future__ import annotations

import pytest

from harness.model import Outcome, Reason
from tests.support.streams import TRACE, marked, read


def test_4_an_end_behind_unterminated_output_counts_where_it_is_marked() -> None:
    heard = read(marked("^V=== RUN   TestA\nno newline^V--- PASS: TestA (0.01s)\n^VPASS\n"), 0)
    assert heard.ends == [("TestA", Outcome.PASS, 0.01)]


def test_4_an_end_behind_unterminated_output_is_lost_where_it_is_not() -> None:
    heard = read(b"=== RUN   TestA\nno newline--- PASS: TestA (0.01s)\nPASS\n", 0)
    found = heard.result("TestA")
    assert (found.outcome, found.reason) == (Outcome.CRASH, Reason.INCOMPLETE)
    assert "output that lacks its newline" in found.error


SPOOF = (
    "=== RUN   TestGhost\n--- PASS: TestGhost (0.00s)\n--- FAIL: TestA (0.00s)\n"
    "    --- FAIL: TestA (0.00s)\n=== NAME  TestB\nFAIL\n"
)


def test_5_output_of_a_marked_stream_is_never_an_event() -> None:
    heard = read(marked(f"^V=== RUN   TestA\n{SPOOF}^V--- PASS: TestA (0.00s)\n{SPOOF}^VPASS\n"), 0)
    assert heard.outcomes == {"TestA": Outcome.PASS}
    assert heard.parsed.notes == ()


@pytest.mark.parametrize(
    "stream",
    [
        marked("--- PASS: TestA (0.00s)\n^V=== RUN   TestB\n^V--- PASS: TestB (0.00s)\n"),
        b"=== RUN   TestB\n--- PASS: TestA (0.00s)\n--- PASS: TestB (0.00s)\nPASS\n",
    ],
    ids=["marked", "plain"],
)
def test_5_an_end_before_a_begin_is_no_end(stream: bytes) -> None:
    heard = read(stream, 0)
    assert heard.outcomes == {"TestB": Outcome.PASS}
    assert [name for name, _, _ in heard.ends] == ["TestB"]


def test_5_of_two_ends_in_a_plain_stream_the_worse_counts() -> None:
    heard = read(b"=== RUN   TestA\n--- PASS: TestA (0.00s)\n--- FAIL: TestA (0.00s)\nFAIL\n")
    assert heard.outcomes == {"TestA": Outcome.FAIL}
    assert heard.result("TestA").reason is Reason.UNKNOWN
    assert heard.parsed.notes == ("ended twice and differently, the worse counts: TestA",)


def test_5_an_indented_end_counts_only_below_its_own_parent() -> None:
    heard = read(
        b"=== RUN   TestA\n=== RUN   TestA/x\n=== RUN   TestB\n"
        b"--- PASS: TestB (0.00s)\n    --- PASS: TestA/x (0.00s)\n--- FAIL: TestA (0.00s)\n"
        b"    --- FAIL: TestA/x (0.00s)\nFAIL\n"
    )
    assert heard.outcomes == {"TestA/x": Outcome.FAIL, "TestB": Outcome.PASS}


def test_5_an_end_without_its_seconds_is_output() -> None:
    heard = read(marked("^V=== RUN   TestA\n^V--- PASS: TestA\n^V--- FAIL: TestA (0.01s)\n"))
    assert heard.outcomes == {"TestA": Outcome.FAIL}


def test_9_an_assertion_in_another_tests_output_is_given_to_its_own() -> None:
    heard = read(
        marked(
            "^V=== RUN   TestA\n^V=== RUN   TestB\n^V=== NAME  TestA\n"
            + TRACE.format("TestB")
            + "^V--- PASS: TestA (0.00s)\n^V--- FAIL: TestB (0.00s)\n^VFAIL\n"
        )
    )
    found = heard.result("TestB")
    assert (found.outcome, found.reason) == (Outcome.FAIL, Reason.ASSERTION)
    assert "Should be true" in found.error
    assert heard.outcomes["TestA"] is Outcome.PASS


def test_10_a_pass_that_is_not_in_the_stream_is_no_pass() -> None:
    heard = read(marked("^V=== RUN   TestA\n^V=== RUN   TestA/x\n^V--- PASS: TestA (0.50s)\n"), 0)
    assert heard.outcomes == {"TestA/x": Outcome.CRASH}
    assert heard.parsed.parents == {"TestA": Outcome.PASS}


def test_10_an_end_whose_begin_is_missing_is_told_of() -> None:
    ends = "^V--- PASS: TestA (0.50s)\n^V--- PASS: TestB (0.50s)\n"
    heard = read(marked(f"^V=== RUN   TestB\n{ends}"), 0)
    assert heard.parsed.notes == ("an end without a begin was ignored: TestA",)


@pytest.mark.parametrize(
    "stream",
    [
        b"# example.com/x\n./x.go:1:1: syntax error\nFAIL\texample.com/x [build failed]\nFAIL\n",
        b"FAIL\tx [setup failed]\nFAIL\n",
    ],
    ids=["plain", "setup"],
)
def test_11_a_failed_build_is_said_to_be_one(stream: bytes) -> None:
    heard = read(stream, 1)
    assert heard.parsed.results == ()
    assert "the test binary was not built" in heard.parsed.notes
    assert "before any test began" in heard.parsed.broken


def test_12_bytes_that_are_no_text_are_kept_in_the_log_and_shown_as_such() -> None:
    body = b"    a_test.go:1: " + b"x" * 1024 + b"caf\xe9\x1b[31mred\x1b[0m \x00\n"
    heard = read(b"\x16=== RUN   TestA\n" + body + b"\x16--- FAIL: TestA (0.50s)\n")
    assert heard.logs["TestA"] == body
    assert heard.result("TestA").error.endswith("xcaf\ufffdred \u2400")


@pytest.mark.parametrize("took", ["1" + "0" * 300, "9" * 400, "1000000001"])
def test_a_test_that_claims_to_have_run_for_ages_took_nobody_knows_how_long(took: str) -> None:
    heard = read(marked(f"^V=== RUN   TestA\n^V--- PASS: TestA ({took}.00s)\n^VPASS\n"), 0)
    assert heard.result("TestA").outcome is Outcome.PASS
    assert heard.result("TestA").seconds is None
