"""Annotations are few, bounded, and each one command whatever is in it."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import Judgement, Outcome, Verdict
from harness.reports.annotations import MOST, fence, github_annotations
from harness.reports.overview import cell_views
from tests.support import example_runs, factories, matrix_factories
from tests.support.matrix_factories import Example
from tests.support.surveys import many, surveyed

Golden = Callable[[str, str], None]
NIGHTLY = example_runs.nightly()
HOSTILE = example_runs.hostile()
EXAMPLES = {"nightly": NIGHTLY, "hostile": HOSTILE}
P, F = Outcome.PASS, Outcome.FAIL


def annotated(example: Example) -> list[str]:
    return github_annotations(cell_views(example.matrix), surveyed(example))


@pytest.mark.parametrize("name", EXAMPLES)
def test_annotations_are_as_they_were_read(name: str, golden: Golden) -> None:
    golden(f"matrix/{name}.annotations.txt", "\n".join(annotated(EXAMPLES[name])) + "\n")


def test_at_most_ten_of_each_and_the_last_says_how_many_more() -> None:
    told = annotated(many(2, 9))
    assert len(told) == MOST
    assert told[-1].startswith("::error title=and 9 more::")
    assert len(annotated(many(2, 5))) == 10
    assert "more" not in annotated(many(2, 5))[-1]


COMMAND = re.compile(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)")


@given(st.text(max_size=80), st.text(max_size=80))
def test_an_annotation_is_one_command_whatever_is_in_it(name: str, error: str) -> None:
    row = Judgement(
        name=name,
        verdict=Verdict.REGRESSED,
        control=(factories.result(name),),
        candidate=(
            msgspec.structs.replace(factories.result(name, F), error=error, fingerprint=""),
        ),
    )
    cell = NIGHTLY.matrix.plan.cells[0]
    run = matrix_factories.run_of(cell, [row])
    matrix = matrix_factories.matrix_of([cell], [matrix_factories.result_of(cell, run)])
    (told,) = annotated(Example(matrix, {cell.id: run}))
    assert COMMAND.fullmatch(told)
    assert "##[" not in told
    assert told.splitlines() == [told]


def test_what_is_fenced_stands_between_commands_that_it_cannot_know() -> None:
    token = "f" * 32
    lines = ["::error::x", "##[error]y"]
    assert list(fence(token, lines)) == [f"::stop-commands::{token}", *lines, f"::{token}::"]
    for bad, said in ((token, [f"::{token}::"]), ("short", []), ("with blanks in between it", [])):
        with pytest.raises(ValueError, match="long random word"):
            list(fence(bad, said))
