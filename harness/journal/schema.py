"""The JSON Schema of run.json, generated from harness.model.

`python -m harness.journal.schema > docs/run.schema.json` writes it anew; a unit test compares.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from typing import Any

import msgspec

from harness import model


def run_schema() -> dict[str, Any]:
    """Describe run.json in JSON Schema 2020-12, field by field."""
    schema = msgspec.json.schema(model.Run)
    notes = _field_notes()
    for name, definition in schema["$defs"].items():
        for field, described in definition.get("properties", {}).items():
            note = notes.get((name, field))
            if note:
                described["description"] = note
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"run.json of the BuildKit compatibility harness, version {model.SCHEMA_VERSION}",
        **schema,
    }


def _field_notes() -> dict[tuple[str, str], str]:
    """Collect the strings that stand below fields in harness.model, which Python itself drops."""
    notes = {}
    classes = [
        node for node in ast.parse(inspect.getsource(model)).body if isinstance(node, ast.ClassDef)
    ]
    for node in classes:
        for field, below in zip(node.body, node.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                notes[node.name, ast.unparse(field.target)] = inspect.cleandoc(
                    str(ast.literal_eval(below.value))
                )
    return notes


def schema_text() -> str:
    """Give the exact content of docs/run.schema.json."""
    return json.dumps(run_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
