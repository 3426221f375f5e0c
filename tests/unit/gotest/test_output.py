"""What stands between the ends of tests and is none: the numbered pitfalls of Go's output.

test_gotest_ends.py has the others, and says where the numbers are from.
"""

from __future__ import annotations

import pytest

from harness.model import Outcome, Reason
from tests.support.streams import TRACE, end, events, marked, read


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
        events(("pass", "TestA"), ("run", "TestB"), *end("pass", "TestB")),
    ],
    ids=["marked", "plain", "json"],
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
    heard = read(events(("run", "TestA"), ("run", "TestA/x"), *end("pass", "TestA")), 0)
    assert heard.outcomes == {"TestA/x": Outcome.CRASH}
    assert heard.parsed.parents == {"TestA": Outcome.PASS}


def test_10_an_end_whose_begin_is_missing_is_told_of() -> None:
    heard = read(events(("run", "TestB"), *end("pass", "TestA"), *end("pass", "TestB")), 0)
    assert heard.parsed.notes == ("an end without a begin was ignored: TestA",)


@pytest.mark.parametrize(
    "stream",
    [
        b"# example.com/x\n./x.go:1:1: syntax error\nFAIL\texample.com/x [build failed]\nFAIL\n",
        (
            b'{"ImportPath":"x","Action":"build-output","Output":"# x\\n"}\n'
            b'{"ImportPath":"x","Action":"build-fail"}\n'
            b'{"Action":"output","Package":"x","Output":"FAIL\\tx [build failed]\\n"}\n'
            b'{"Action":"fail","Package":"x","FailedBuild":"x"}\n'
        ),
        b"FAIL\tx [setup failed]\nFAIL\n",
    ],
    ids=["plain", "json", "setup"],
)
def test_11_a_failed_build_is_said_to_be_one(stream: bytes) -> None:
    heard = read(stream, 1)
    assert heard.parsed.results == ()
    assert "the test binary was not built" in heard.parsed.notes
    assert "before any test began" in heard.parsed.broken


def test_11_unknown_actions_fields_and_types_are_passed_over() -> None:
    heard = read(
        events(("start", ""), ("run", "TestA"))
        + b'{"Action":"attr","Test":"TestA","Key":"k","Value":"v"}\n'
        + b'{"Action":"artifacts","Test":"TestA","Path":"/x","New":{"a":[1]}}\n'
        + b'{"Action":"output","Test":["not","a","name"],"Output":7}\n{"Action":null}\nnoise\n'
        + events(("levitate", "TestA"), *end("pass", "TestA"), ("pass", "")),
        0,
    )
    assert heard.outcomes == {"TestA": Outcome.PASS}
    assert not heard.parsed.broken


def test_12_output_that_was_split_and_mangled_comes_together() -> None:
    body = "x" * 1024
    heard = read(
        events(
            ("run", "TestA"),
            ("output", "TestA", "    a_test.go:1: " + body),
            ("output", "TestA", "\ufffd\x1b[31mred\x1b[0m \x00\n"),
            *end("fail", "TestA"),
        )
    )
    assert heard.logs["TestA"].count(b"x") == 1024
    assert b"\x1b[31mred" in heard.logs["TestA"]
    assert heard.result("TestA").error.endswith("\ufffdred \u2400")


def test_12_lines_of_json_that_are_not_utf8_are_read_all_the_same() -> None:
    heard = read(
        events(("run", "TestA"))
        + b'{"Action":"output","Test":"TestA","Output":"caf\xe9\\n"}\n'
        + events(*end("fail", "TestA"))
    )
    assert heard.logs["TestA"].decode() == "caf\ufffd\n"


@pytest.mark.parametrize("took", ["1" + "0" * 300, "9" * 400, "1000000001"])
def test_a_test_that_claims_to_have_run_for_ages_took_nobody_knows_how_long(took: str) -> None:
    heard = read(marked(f"^V=== RUN   TestA\n^V--- PASS: TestA ({took}.00s)\n^VPASS\n"), 0)
    assert heard.result("TestA").outcome is Outcome.PASS
    assert heard.result("TestA").seconds is None
