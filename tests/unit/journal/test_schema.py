"""The committed schemas are those of the types, and runs satisfy them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.journal import schema, write_run
from harness.model import Run, Verdict
from tests.support import factories
from tests.support.changed_runs import stored
from tests.support.schemas import meaning

SCHEMA = Path(__file__).parents[3] / "docs" / "run.schema.json"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty folder; tmp_path holds the test's home."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", schema.SCHEMAS)
def test_the_committed_schema_means_what_the_types_mean(name: str) -> None:
    file = SCHEMA.with_name(f"{name}.schema.json")
    assert meaning(json.loads(file.read_text("utf-8"))) == meaning(
        json.loads(schema.schema_text(schema.SCHEMAS[name]()))
    ), (
        f"the types and {file.name} differ: "
        f"python -m harness.journal.schema {name} > docs/{file.name}"
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"propertyNames": {"enum": ["a"]}}, {}, True),
        ({"default": []}, {}, True),
        ({"description": "Two\n    lines"}, {"description": "Two\nlines"}, True),
        ({"default": [1]}, {}, False),
        ({"default": 0}, {}, False),
        ({"description": "One"}, {"description": "Other"}, False),
        ({"properties": {"default": []}}, {"properties": {}}, False),
        ({"properties": {"propertyNames": {}}}, {"properties": {}}, False),
        ({"required": ["a", "b"]}, {"required": ["a"]}, False),
        ({"type": "string"}, {"type": "integer"}, False),
    ],
)
def test_only_what_means_nothing_is_left_out(
    one: dict[str, Any], other: dict[str, Any], *, same: bool
) -> None:
    wrapped = [{"$defs": {"description": {"items": [schema]}}} for schema in (one, other)]
    assert (meaning(wrapped[0]) == meaning(wrapped[1])) is same


@pytest.mark.parametrize(
    "run",
    [factories.regressed_run(), factories.every_verdict_run(), factories.empty_run()],
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
