"""The committed schemas are those of the types, and runs satisfy them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.journal import schema, write_run
from harness.model import Run, Verdict
from tests.unit import runs
from tests.unit.changed import stored

SCHEMA = Path(__file__).parents[2] / "docs" / "run.schema.json"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give an empty folder; tmp_path holds the test's home."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", schema.SCHEMAS)
def test_the_committed_schema_is_the_one_of_the_types(name: str) -> None:
    file = SCHEMA.with_name(f"{name}.schema.json")
    assert file.read_text("utf-8") == schema.schema_text(name), (
        f"the types and {file.name} differ: "
        f"python -m harness.journal.schema {name} > docs/{file.name}"
    )


@pytest.mark.parametrize(
    "run",
    [runs.regressed_run(), runs.every_verdict_run(), runs.empty_run()],
    ids=lambda run: run.id,
)
def test_written_runs_satisfy_the_schema(place: Path, run: Run) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    validator.validate(json.loads(write_run(place, run).read_text("utf-8")))


def test_the_schema_refuses_what_the_reader_refuses(place: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    content = json.loads(stored(place, verdict="perfect").read_text("utf-8"))
    assert [error.json_path for error in validator.iter_errors(content)] == ["$.verdict"]


def test_the_schema_explains_its_fields_and_lists_every_verdict() -> None:
    described = schema.run_schema()
    assert set(described["$defs"]["Verdict"]["enum"]) == set(Verdict)
    assert "7" not in described["$defs"]["Commit"]["properties"]["sha"]["description"]
    assert described["$defs"]["Commit"]["properties"]["sha"]["description"] == "40 hex digits."
