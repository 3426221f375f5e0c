"""What a cell of a self-test expects: how it is read, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.config.datadir import find_data
from harness.config.expectations import Expectation, functions_of
from harness.config.matrixfile import Matrix, find_matrix, load_matrix
from harness.errors import ConfigError
from harness.model import Verdict

ROOT = Path(__file__).parents[3]
HEAD = """\
description: known
include:
  - daemon: v0.6.4
    frontend: master
    expect:
"""
REGRESSED = "{test: TestFoo, verdict: regressed, error: no such mount}"


def read(folder: Path, *expected: str) -> Matrix:
    path = folder / "m.yaml"
    path.write_text(HEAD + "".join(f"      - {text}\n" for text in expected))
    return load_matrix(path)


def test_an_expectation_is_read_and_names_the_functions_that_are_run(tmp_path: Path) -> None:
    (cell,) = read(
        tmp_path,
        REGRESSED,
        "{test: [TestFoo, TestBar/windows], params: {fileop: 'true'}, verdict: compatible}",
    ).include
    first, second = cell.expect
    assert first.verdict is Verdict.REGRESSED
    assert first.error is not None
    assert first.error.found_in("there is no such mount")
    assert second.params == {"fileop": "true"}
    assert cell.functions == functions_of(cell.expect) == ("TestFoo", "TestBar")


def test_a_cell_without_expectations_runs_everything(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(HEAD.replace("    expect:\n", ""))
    assert load_matrix(path).include[0].functions == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{test: TestFoo, verdict: regressed}", "needs an `error`"),
        ("{test: TestFoo, verdict: compatible, error: words}", "has no failure to match"),
        ("{test: [], verdict: compatible}", "is an empty list"),
        ("{test: TestFoo, verdict: red}", "verdict"),
        ("{test: TestFoo, verdict: regressed, error: '.*'}", "matches any failure"),
        ("{test: TestIntegration/TestFoo/x, verdict: compatible, tset: 1}", "tset"),
        *(
            (f"{{test: TestFoo, verdict: {verdict}}}", "comes from a skip list")
            for verdict in ("known", "stale-entry")
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"m\.yaml:6:\d+") as caught:
        read(tmp_path, text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "function", "subtest", "params", "wanted"),
    [
        ("TestFoo", "TestFoo", "", {"fileop": "true"}, True),
        ("TestFoo", "TestFoo", "", {"fileop": "false"}, False),
        ("TestFoo", "TestFoo", "sub", {"fileop": "true"}, False),
        ("TestFoo/s*", "TestFoo", "sub", {"fileop": "true", "x": "y"}, True),
        ("TestFoo", "TestFood", "", {"fileop": "true"}, False),
    ],
)
def test_a_test_is_meant_by_function_subtest_and_params(
    tmp_path: Path,
    pattern: str,
    function: str,
    subtest: str,
    params: dict[str, str],
    wanted: bool,  # noqa: FBT001 - a parameter
) -> None:
    text = f"{{test: {pattern}, params: {{fileop: 'true'}}, verdict: compatible}}"
    (one,) = read(tmp_path, text).include[0].expect
    assert one.matches(pattern, function, params, subtest) is wanted


def _shipped(root: str) -> list[tuple[Expectation, ...]]:
    data = find_data(ROOT / root, {})
    return [cell.expect for cell in load_matrix(find_matrix(data, "selftest")).include]


@pytest.mark.parametrize("root", [".", "examples/minikit"])
def test_the_cases_that_come_with_the_program_hold_breakages_and_repairs(root: str) -> None:
    cases = _shipped(root)
    verdicts = [{one.verdict for one in case} for case in cases]
    assert all(verdicts)
    assert sum(Verdict.REGRESSED in found for found in verdicts) >= 2
    # A harness that calls everything broken must not pass either.
    assert sum(Verdict.COMPATIBLE in found for found in verdicts) >= len(verdicts) - 1
    assert any(found == {Verdict.COMPATIBLE} for found in verdicts)
