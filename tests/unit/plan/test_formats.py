"""What a CI is told of a plan, held by golden files and by what each service expects."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.errors import UsageError
from harness.model.matrix import Plan
from harness.plan.formats import FORMATS, minutes, render
from harness.plan.shards import split
from tests.unit.plan.test_shards import CELLS, plan

COMMAND = ("compat", "matrix", "--plan", "a plan.json")
NAMES = st.text("abc019./+-_", min_size=1, max_size=12)


@pytest.fixture
def made() -> Plan:
    suites = ("v0.6.4", "v0.7.2", "v0.8.3", "v0.12.5")
    return plan({f"{suite} {other}": 200.0 for suite in suites for other in ("master", "1.10.0")})


@pytest.mark.parametrize("form", FORMATS)
def test_a_ci_is_told_what_it_was_told_before(
    form: str, made: Plan, golden: Callable[[str, str], None]
) -> None:
    golden(f"plan/{form}.txt", render(form, made, 3, COMMAND))


def test_github_gets_one_line_with_a_row_for_each_shard(made: Plan) -> None:
    text = render("github", made, 3, COMMAND)
    assert text.count("\n") == 1
    rows = json.loads(text)["include"]
    parts = split(made, 3)
    assert [(row["shard"], row["cells"]) for row in rows] == [
        (f"{n}/3", len(cells)) for n, cells in enumerate(parts, 1)
    ]
    assert all(row["minutes"] > row["cells"] * 200 / 60 for row in rows)
    unknown = replace(made, cells=tuple(replace(cell, expected=None) for cell in made.cells))
    rows = json.loads(render("github", unknown, 3, COMMAND))["include"]
    assert {row["minutes"] for row in rows} == {None}


def test_gitlab_gets_jobs_that_extend_one_template(made: Plan) -> None:
    pipeline = yaml.safe_load(render("gitlab", made, 3, COMMAND))
    template, *jobs = pipeline
    assert pipeline[template]["script"] == ["compat matrix --plan 'a plan.json' --shard \"$SHARD\""]
    assert pipeline[template]["allow_failure"] == {"exit_codes": [1, 3, 4]}
    assert [pipeline[job]["variables"]["SHARD"] for job in jobs] == ["1/3", "2/3", "3/3"]
    assert {pipeline[job]["extends"] for job in jobs} == {template}


def test_a_shell_gets_a_line_for_each_shard(made: Plan) -> None:
    lines = render("lines", made, 3, COMMAND).splitlines()
    assert [shlex.split(line) for line in lines] == [
        [*COMMAND, "--shard", f"{n}/3"] for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_there_is_a_shard_for_each_cell_unless_a_number_is_given(form: str, made: Plan) -> None:
    assert "8/8" in render(form, made, None, COMMAND)
    assert "8/8" in render(form, made, 200, COMMAND)
    with pytest.raises(UsageError, match=r"^257 shards cannot be$"):
        render(form, made, 257, COMMAND)


@given(CELLS, NAMES, NAMES)
def test_whatever_refs_are_called_every_format_can_be_read_back(
    cells: dict[str, float | None], suite: str, frontend: str
) -> None:
    made = plan({f"{suite} {frontend}": 1.0, **cells})
    count = len(split(made, 20))
    assert len(json.loads(render("github", made, 20, COMMAND))["include"]) == count
    assert len(yaml.safe_load(render("gitlab", made, 20, COMMAND))) == count + 1
    assert len(render("lines", made, 20, COMMAND).splitlines()) == count


@pytest.mark.parametrize(
    ("seconds", "whole"), [(None, None), (0.0, 0), (1.0, 1), (60.0, 1), (60.1, 2)]
)
def test_a_begun_minute_counts(seconds: float | None, whole: int | None) -> None:
    assert minutes(seconds) == whole
