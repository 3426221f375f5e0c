"""How many processes a leg takes whose tests kill the binary, and what is known afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.gotest import selection
from harness.gotest.names import parse
from harness.gotest.stream import StreamParser
from harness.model import Format, Leg, LegRun, Outcome, Reason
from harness.run.recovery import Recovery, goes_on
from tests.support import go_matching
from tests.support.factories import full_name, leg_run
from tests.support.played import MARK

EVERYTHING = selection.select(worker="oci")
STACK = "goroutine 7 [running]:\nexample.com/x.other(0x1)\n\tx.go:9 +0x1"
SUBTESTS = ("one", "two", "three")
DEADLY = {
    "told": "panics, and Go says in which test",
    "untold": "ends the binary without a word",
    "stillborn": "does so before any test has begun, from the second process on",
    "below": "panics in its second subtest",
    "serial": "is one for which the others wait, and takes its daemon along",
}


@dataclass
class Suite:
    """A test binary whose tests are fine or deadly in one of these ways, function by function."""

    kinds: dict[str, str]
    parallel: int = 3
    processes: list[list[str]] = field(default_factory=list)

    def run(self, select: str, skip: str = "", parallel: int = 0) -> LegRun:
        """Run what Go would run, and read it as the harness does."""
        self._select, self._skip = select, skip
        chosen = [it for it in self.kinds if self._runs(full_name(it))]
        self.processes.append(chosen)
        lines, status = self._output(chosen, parallel or self.parallel)
        parser = StreamParser(Format.MARKED)
        parser.feed("".join(f"{line}\n" for line in lines).encode())
        parsed = parser.finish(status)
        return replace(
            leg_run(Leg.CANDIDATE, parsed.results, len(self.processes) - 1),
            selection=select,
            exit_status=status,
            parents=parsed.parents,
            cut=parsed.cut,
        )

    def _runs(self, name: str) -> bool:
        return go_matching.runs(name, self._select, self._skip)

    def _output(self, chosen: list[str], parallel: int) -> tuple[list[str], int]:
        if self.processes[1:] and any(self.kinds[it] == "stillborn" for it in chosen):
            return ["cannot listen"], 2
        lines = [f"{MARK}=== RUN   TestIntegration"]
        for function in chosen:
            name = full_name(function)
            if self.kinds[function] == "serial":
                gone = "    x_test.go:7: failed to solve: transport is closing"
                ends = [f"{MARK}--- FAIL: {it} (0.1s)" for it in (name, "TestIntegration")]
                return [*lines, f"{MARK}=== RUN   {name}", gone, *ends, f"{MARK}FAIL"], 1
            lines += [f"{MARK}=== {word} {name}" for word in ("RUN  ", "PAUSE")]
        lines.append(f"{MARK}=== CONT  TestIntegration")
        for at in range(0, len(chosen), parallel):
            together = chosen[at : at + parallel]
            lines += [f"{MARK}=== CONT  {full_name(it)}" for it in together]
            for function in together:
                said, died = self._test(function)
                lines += said
                if died:
                    return lines, 2
        return [*lines, f"{MARK}--- PASS: TestIntegration (1s)", f"{MARK}PASS"], 0

    def _test(self, function: str) -> tuple[list[str], bool]:
        name, kind = full_name(function), self.kinds[function]
        if kind == "untold":
            return [], True
        if kind == "told":
            ends = [f"{MARK}--- FAIL: {it} (0.1s)" for it in (name, "TestIntegration")]
            return [*ends, "panic: boom", "", STACK], True
        lines = [f"{MARK}=== NAME  {name}"]
        for subtest in SUBTESTS if kind == "below" else ():
            if not self._runs(below := f"{name}/{subtest}"):
                continue
            lines.append(f"{MARK}=== RUN   {below}")
            if subtest == "two":
                above = (below, name, "TestIntegration")
                ends = [f"{MARK}--- FAIL: {it} (0.1s)" for it in above]
                return [*lines, *ends, "panic: boom", "", STACK], True
            lines.append(f"{MARK}--- PASS: {below} (0.1s)")
        return [*lines, f"{MARK}--- PASS: {name} (0.1s)"], False


def recover(suite: Suite, *, elsewhere: bool = True) -> Recovery:
    """Run a suite to its end; `elsewhere` says that the other side has seen all that there are."""
    names = [full_name(it) for it in suite.kinds]
    found = Recovery(suite.run(EVERYTHING, ""), 21)
    most = 4 * len(suite.kinds) + 4
    while rest := found.rest(names if elsewhere else None):
        skip = selection.skip(rest.skip, 21)
        found.took(suite.run(rest.select, skip, 1 if rest.alone else 0), rest)
        assert len(suite.processes) <= most
    return found


def ended(found: Recovery) -> Iterator[str]:
    """Name what a process brought to an end of its own."""
    for run in found.chain:
        yield from run.parents
        for it in run.results:
            if it.outcome is not Outcome.MISSING and it.reason is not Reason.INCOMPLETE:
                yield it.name


def expected(kinds: dict[str, str]) -> set[str]:
    """Name all that must have an end: a binary that never begins gives none."""
    names = {full_name(it) for it, kind in kinds.items() if kind != "stillborn"}
    inner = [it for it, kind in kinds.items() if kind == "below"]
    return names | {f"{full_name(it)}/{subtest}" for it in inner for subtest in SUBTESTS}


KINDS = st.lists(st.sampled_from(["fine", "fine", *DEADLY]), min_size=1, max_size=12).map(
    lambda kinds: {f"Test{n:02}": kind for n, kind in enumerate(kinds)}
)


@given(KINDS, st.integers(1, 4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_test_comes_to_an_end_whatever_the_others_do(
    kinds: dict[str, str],
    parallel: int,
    elsewhere: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    if not elsewhere:  # then nobody knows of tests that a binary which never begins hides
        kinds = {it: "fine" if kind == "stillborn" else kind for it, kind in kinds.items()}
    found = recover(Suite(kinds, parallel), elsewhere=elsewhere)
    assert set(ended(found)) >= expected(kinds)


@given(KINDS)
@settings(max_examples=25, deadline=None)
def test_only_those_are_blamed_that_did_it(kinds: dict[str, str]) -> None:
    found = recover(Suite(kinds))
    guilty = {it for it, kind in kinds.items() if kind not in {"fine", "stillborn"}}
    assert {parse(name).function for name in found.culprits} == guilty


def test_a_suite_that_is_fine_is_one_process() -> None:
    suite = Suite(dict.fromkeys(("TestA", "TestB", "TestC"), "fine"))
    recover(suite)
    assert suite.processes == [["TestA", "TestB", "TestC"]]


def test_each_panic_that_go_names_costs_one_process() -> None:
    kinds = {f"Test{n:03}": "told" if n % 10 == 0 else "fine" for n in range(200)}
    suite = Suite(kinds, parallel=4)
    assert len(recover(suite).culprits) == 20
    assert len(suite.processes) == 21
    # Beside what a test took along, nothing runs twice.
    assert sum(map(len, suite.processes[1:])) < 20 * 200
    assert suite.processes[-1][-1] == "Test199"


def test_where_nobody_is_named_those_at_work_run_one_at_a_time_once_the_others_have() -> None:
    kinds = dict.fromkeys((f"Test{n}" for n in range(9)), "fine") | {"Test4": "untold"}
    suite = Suite(kinds)
    found = recover(suite)
    assert suite.processes[1:] == [["Test6", "Test7", "Test8"], ["Test4", "Test5"], ["Test5"]]
    assert found.culprits == {full_name("Test4")}


def test_tests_of_which_one_keeps_the_binary_from_beginning_are_halved() -> None:
    kinds = dict.fromkeys((f"Test{n}" for n in range(9)), "fine")
    kinds |= {"Test0": "told", "Test5": "stillborn"}
    suite = Suite(kinds)
    found = recover(suite)
    assert set(ended(found)) == {*expected(kinds), "TestIntegration"}
    assert suite.processes.count(["Test5"]) == 1
    assert len(suite.processes) == 7


def test_a_go_that_cannot_skip_leaves_the_rest_as_it_is() -> None:
    suite = Suite({"TestA": "told", "TestB": "fine"}, parallel=1)
    assert Recovery(suite.run(EVERYTHING), selection.SKIP - 1).rest(None) is None


@pytest.mark.parametrize("kind", ["told", "untold"])
def test_a_process_that_was_stopped_blames_nobody(kind: str) -> None:
    suite = Suite({"TestA": kind, "TestB": "fine"}, parallel=1)
    stopped = replace(suite.run(EVERYTHING), exit_status=None)
    assert not Recovery(stopped, 21).culprits


def test_the_reader_is_told_what_ended_and_how_many_go_on() -> None:
    suite = Suite({"TestA": "untold", "TestB": "fine", "TestC": "fine"})
    found = Recovery(suite.run(EVERYTHING), 21)
    rest = found.rest([full_name(it) for it in suite.kinds])
    assert rest is not None
    assert goes_on(found.first, rest) == (
        "the test binary exited with status 2; 3 tests in a further process one at a time"
    )
