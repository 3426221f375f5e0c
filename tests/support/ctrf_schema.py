"""What we use of https://ctrf.io's schema, version 1.0.0."""

from __future__ import annotations

STATUS = {"enum": ["passed", "failed", "skipped", "pending", "other"]}
COUNT = {"type": "integer", "minimum": 0}
TEST = {
    "type": "object",
    "required": ["name", "status", "duration"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "status": STATUS,
        "duration": COUNT,
        "suite": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "rawStatus": {"type": "string"},
        "message": {"type": "string"},
        "trace": {"type": "string"},
        "flaky": {"type": "boolean"},
        "retries": COUNT,
        "extra": {"type": "object"},
    },
}
COUNTS = ("tests", "passed", "failed", "skipped", "pending", "other", "start", "stop")
SUMMARY = {
    "type": "object",
    "required": [*COUNTS],
    "additionalProperties": False,
    "properties": dict.fromkeys([*COUNTS, "flaky", "suites", "duration"], COUNT),
}
TEXTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {it: {"type": "string"} for it in ("reportName", "buildId", "repositoryUrl")},
}
CTRF = {
    "type": "object",
    "required": ["results", "reportFormat", "specVersion"],
    "additionalProperties": False,
    "properties": {
        "reportFormat": {"const": "CTRF"},
        "specVersion": {"pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
        "reportId": {"type": "string", "format": "uuid"},
        "timestamp": {"type": "string", "format": "date-time"},
        "generatedBy": {"type": "string"},
        "results": {
            "type": "object",
            "required": ["tool", "summary", "tests"],
            "additionalProperties": False,
            "properties": {
                "tool": {"type": "object", "required": ["name"]},
                "environment": TEXTS,
                "extra": {"type": "object"},
                "summary": SUMMARY,
                "tests": {"type": "array", "items": TEST},
            },
        },
    },
}
"""What we use of https://ctrf.io's schema, version 1.0.0, as it stands there."""
