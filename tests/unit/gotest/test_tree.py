"""Who is whose parent, where the names of tests hold slashes."""

from __future__ import annotations

import pytest

from harness.gotest.settle import Aside
from harness.model import Format, Outcome
from tests.support.streams import Heard, marked, read

BEGUN = "^V=== RUN   TestA\n"
OVER = "^V--- FAIL: TestA (0.00s)\n^V=== NAME  \nFAIL\n"


def serial(*ends: tuple[str, str]) -> str:
    """Write subtests as Go 1.21 does that run one after the other."""
    return "".join(
        f"^V=== RUN   TestA/{name}\n^V--- {outcome}: TestA/{name} (0.00s)\n^V=== NAME  TestA\n"
        for name, outcome in ends
    )


def parallel(began: list[str], ended: list[str], said: str = "FAIL") -> str:
    lines = [
        f"^V=== RUN   TestA/{name}\n^V=== PAUSE TestA/{name}\n^V=== NAME  TestA\n" for name in began
    ]
    lines += [f"^V=== CONT  TestA/{name}\n" for name in began]
    return "".join([*lines, *(f"^V--- {said}: TestA/{name} (0.00s)\n" for name in ended)])


def below(heard: Heard) -> set[str]:
    """Name the subtests of TestA with a result of their own."""
    assert heard.parsed.aside.keys().isdisjoint(heard.outcomes)
    return {name.removeprefix("TestA/") for name in heard.outcomes}


NESTING = [
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm", "linux/arm/v7", "linux"],
    ["a", "a/b", "a/b/c"],
    ["a", "a/b#01", "a#01", "a#01/b"],
    ["a", "a/", "a//", "a//b"],
    ["k", "k/v=w", "k/v=w/x=y"],
]


@pytest.mark.parametrize("names", NESTING)
@pytest.mark.parametrize("order", [1, -1])
def test_siblings_are_told_apart_whatever_their_names(names: list[str], order: int) -> None:
    ordered = names[::order]
    one_by_one = serial(*((name, "FAIL") for name in ordered))
    assert below(read(marked(BEGUN + one_by_one + OVER))) == set(names)
    for ended in (ordered, ordered[::-1]):
        at_once = parallel(ordered, ended)
        assert below(read(marked(BEGUN + at_once + OVER))) == set(names)


def test_what_runs_when_its_subtest_begins_is_a_parent_and_set_aside_with_a_reason() -> None:
    heard = read(
        marked(
            BEGUN + "^V=== RUN   TestA/a\n^V=== PAUSE TestA/a\n^V=== NAME  TestA\n"
            "^V=== RUN   TestA/a/b\n^V=== PAUSE TestA/a/b\n^V=== NAME  TestA\n"
            "^V=== CONT  TestA/a\n^V=== CONT  TestA/a/b\n^V--- FAIL: TestA/a/b (0.00s)\n"
            "^V=== RUN   TestA/a/b#01\n^V--- FAIL: TestA/a/b#01 (0.00s)\n^V=== NAME  TestA/a\n"
            "^V--- FAIL: TestA/a (0.00s)\n" + OVER
        )
    )
    assert below(heard) == {"a/b", "a/b#01"}
    assert heard.parsed.aside == {"TestA": Aside.FAILED_BELOW, "TestA/a": Aside.FAILED_BELOW}


def test_of_two_that_may_be_the_parent_both_are_judged() -> None:
    shown = parallel(["a", "a/b"], [])
    heard = read(
        marked(
            BEGUN + shown + "^V=== RUN   TestA/a/b/c\n^V--- FAIL: TestA/a/b/c (0.00s)\n"
            "^V--- FAIL: TestA/a/b (0.00s)\n^V--- FAIL: TestA/a (0.00s)\n" + OVER
        )
    )
    assert below(heard) == {"a", "a/b", "a/b/c"}


def test_of_two_that_may_be_the_parent_the_one_that_ended_is_none() -> None:
    shown = parallel(["a", "a/b"], [])
    heard = read(
        marked(
            BEGUN + shown + "^V=== RUN   TestA/a/b/c\n^V--- FAIL: TestA/a (0.00s)\n"
            "^V--- FAIL: TestA/a/b/c (0.00s)\n^V--- FAIL: TestA/a/b (0.00s)\n" + OVER
        )
    )
    assert below(heard) == {"a", "a/b/c"}


def test_a_sibling_that_another_goroutine_began_is_told_by_where_control_returned() -> None:
    heard = read(
        marked(
            BEGUN + "^V=== RUN   TestA/a\n^V=== RUN   TestA/a/b\n^V--- FAIL: TestA/a/b (0.00s)\n"
            "^V=== NAME  TestA\n^V--- FAIL: TestA/a (0.00s)\n" + OVER
        )
    )
    assert below(heard) == {"a", "a/b"}


PLAIN = (
    "=== RUN   TestA\n=== RUN   TestA/a\n=== RUN   TestA/a/b\n=== RUN   TestA/a/b/c\n"
    "--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/a (0.00s)\n"
    "    --- FAIL: TestA/a/b (0.00s)\n        --- FAIL: TestA/a/b/c (0.00s)\nFAIL\n"
)


def test_where_ends_come_late_their_indentation_tells() -> None:
    assert below(read(PLAIN.encode(), framing=Format.PLAIN)) == {"a", "a/b/c"}


def test_a_test_that_was_cut_off_with_its_subtest_says_so() -> None:
    heard = read(marked(BEGUN + "^V=== RUN   TestA/a\n^V=== RUN   TestA/a/b\n"), 2)
    assert heard.outcomes == {"TestA/a/b": Outcome.CRASH}
    assert heard.parsed.aside == {"TestA": Aside.CUT_OFF, "TestA/a": Aside.CUT_OFF}
