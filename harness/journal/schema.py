"""The JSON Schemas of run.json and matrix.json, generated from their types.

`python -m harness.journal.schema run > docs/run.schema.json` writes one anew, and the same with
`matrix` the other. A unit test compares what they mean: versions of msgspec write differently.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import msgspec

from harness import model
from harness.model import legs, matrix, pairs, run, scenarios


def run_schema() -> dict[str, Any]:
    """Describe run.json in JSON Schema 2020-12, field by field."""
    return schema_of(model.Run, "run.json", model.SCHEMA_VERSION)


def matrix_schema() -> dict[str, Any]:
    """Describe matrix.json likewise; the plan in it is what plan.json holds."""
    return schema_of(matrix.MatrixRun, "matrix.json", matrix.MATRIX_SCHEMA_VERSION)


def schema_of(
    kind: type[model.Record], file: str, version: int, also: Iterable[ModuleType] = ()
) -> dict[str, Any]:
    """Describe a type in JSON Schema, with the words that stand below the fields of its module.

    `also` are modules with types beside those of a run.
    """
    schema = msgspec.json.schema(kind)
    notes: dict[tuple[str, str], str] = {}
    for module in (pairs, legs, scenarios, run, matrix, *also):
        notes |= _field_notes(module)
    for name, definition in schema["$defs"].items():
        for field, described in definition.get("properties", {}).items():
            note = notes.get((name, field))
            if note:
                described["description"] = note
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{file} of the BuildKit compatibility harness, version {version}",
        **schema,
    }


def _field_notes(module: ModuleType) -> dict[tuple[str, str], str]:
    """Collect the strings that stand below a module's fields, which Python itself drops."""
    notes = {}
    classes = [
        node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.ClassDef)
    ]
    for node in classes:
        for field, below in zip(node.body, node.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                notes[node.name, ast.unparse(field.target)] = inspect.cleandoc(
                    str(ast.literal_eval(below.value))
                )
    return notes


SCHEMAS = {"run": run_schema, "matrix": matrix_schema}


def schema_text(schema: dict[str, Any]) -> str:
    """Return the content of docs/NAME.schema.json, as this version of msgspec writes it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text(SCHEMAS[sys.argv[1]]()))
