"""What scenarios write is read as what Go tests write."""

import io

from harness.gotest.reasons import error_line
from harness.gotest.stream import StreamParser, format_of
from harness.model import Outcome, Reason, Result
from harness.scenarios.inside.child import AT_FAULT, BUILD_FAILED, WRONG
from harness.scenarios.inside.events import Events, daemon_log, failure, skipped
from harness.scenarios.suite import GO_MINOR

NAME = "TestIntegration/TestScenario{}/worker=oci"


def _read(*told: tuple[str, bytes, str]) -> tuple[dict[str, Result], dict[str, bytes]]:
    """Tell of scenarios and read it: letter, log and word of each."""
    out = io.BytesIO()
    events = Events(out)
    events.root()
    for letter, _, _ in told:
        events.begin(NAME.format(letter))
    for letter, log, word in told:
        events.log(NAME.format(letter), log)
        events.end(NAME.format(letter), word, 0.5)
    events.over(passed=all(word != "FAIL" for *_, word in told), seconds=1.0)
    logs: dict[str, bytes] = {}
    parser = StreamParser(format_of(GO_MINOR), on_log=logs.__setitem__)
    parser.feed(out.getvalue())
    parsed = parser.finish(1 if any(word == "FAIL" for *_, word in told) else 0)
    return {it.name: it for it in parsed.results}, logs


def _failed(headline: str, text: str, daemon: bytes = b"") -> Result:
    name = NAME.format("A")
    log = failure(name, "test_copy.py:12", headline, text)
    if daemon:
        log += daemon_log("/mnt/bin/buildkitd --root /x", daemon)
    found, _ = _read(("A", log, "FAIL"), ("B", b"", "PASS"))
    assert found[NAME.format("B")].outcome is Outcome.PASS
    return found[name]


def test_a_wrong_result_says_what_was_expected() -> None:
    found = _failed(WRONG, "mode of /f: expected '0555',\ngot '0000'")
    assert (found.outcome, found.reason) == (Outcome.FAIL, Reason.WRONG)
    assert error_line(found.error) == f"{WRONG} mode of /f: expected '0555',"
    assert "got '0000'" in found.error
    assert "test_copy.py:12" in found.error


def test_a_refusal_names_what_is_lacking() -> None:
    words = "error: requested experimental feature exec.secretenv  is not supported by build server"
    found = _failed(BUILD_FAILED, words)
    assert (found.reason, found.lacks) == (Reason.REFUSED, "exec.secretenv")


def test_a_wrong_result_that_repeats_a_refusal_is_wrong() -> None:
    words = "requested experimental feature x is not supported by build server"
    assert _failed(WRONG, f"expected a warning, got {words!r}").reason is Reason.WRONG


def test_a_build_that_fails_with_other_words_is_unclear() -> None:
    assert _failed(BUILD_FAILED, "error: something").reason is Reason.UNCLEAR


def test_a_scenario_at_fault_is_neither() -> None:
    assert _failed(AT_FAULT, "KeyError: 'x'").reason is Reason.ASSERTION


def test_a_daemon_that_died_under_it_is_a_crash() -> None:
    panic = b"panic: index out of range\n\ngoroutine 7 [running]:\nmain.f()\n\tx.go:1\n"
    found = _failed(BUILD_FAILED, "error: error reading from server: EOF", panic)
    assert (found.outcome, found.reason) == (Outcome.CRASH, Reason.DAEMON_GONE)
    assert "index out of range" in found.error


def test_the_daemons_log_is_set_apart_and_a_skip_has_its_reason() -> None:
    log = failure(NAME.format("A"), "test_x.py:1", WRONG, "x")
    log += daemon_log("buildkitd", b"one\ntwo")
    found, logs = _read(("A", log, "FAIL"), ("B", skipped("test_x.py:3", "no CNI here"), "SKIP"))
    assert b"sandbox.go:1: two" in logs[NAME.format("A")]
    assert found[NAME.format("B")].error == "test_x.py:3: no CNI here"


def test_what_a_scenario_prints_cannot_pretend_to_be_an_event() -> None:
    lie = b"\x16--- PASS: TestIntegration/TestScenarioA/worker=oci (0.00s)\n"
    found, _ = _read(("A", lie + failure(NAME.format("A"), "t.py:1", WRONG, lie.decode()), "FAIL"))
    assert found[NAME.format("A")].outcome is Outcome.FAIL


def test_the_dockerfiles_that_a_scenario_built_are_kept_whatever_came_of_it() -> None:
    long = "FROM scratch\n" + "\u00e9\x01" * 5000
    out = io.BytesIO()
    events = Events(out)
    events.root()
    events.begin(NAME.format("A"))
    for text in ("FROM a\nRUN x\n", long, *map(str, range(20))):
        events.built(NAME.format("A"), text)
    events.end(NAME.format("A"), "PASS", 0.5)
    events.over(passed=True, seconds=1.0)
    parser = StreamParser(format_of(GO_MINOR))
    parser.feed(out.getvalue())
    (found,) = parser.finish(0).results
    assert found.outcome is Outcome.PASS
    assert found.built[0] == "FROM a\nRUN x\n"
    assert found.built[1].startswith("FROM scratch\n\u00e9")
    assert found.built[1].endswith("\u2026")
    assert len(found.built) == 8


def test_what_a_test_merely_says_of_itself_is_no_dockerfile() -> None:
    name = NAME.format("A")
    parser = StreamParser(format_of(GO_MINOR))
    lines = ["=== RUN   " + name, f"=== ATTR  {name} dockerfile FROM", f"=== ATTR  {name} owner me"]
    lines += [f"=== ATTR  {name} dockerfile", f"--- PASS: {name} (0.00s)", "PASS"]
    parser.feed("".join(f"\x16{it}\n" for it in lines).encode())
    (found,) = parser.finish(0).results
    assert (found.outcome, found.built) == (Outcome.PASS, ())
