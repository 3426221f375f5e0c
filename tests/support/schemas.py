"""What JSON Schemas mean, whatever version of msgspec wrote them."""

from __future__ import annotations

from typing import Any


def meaning(node: Any, *, in_properties: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """Return a schema without what versions of msgspec write differently for the same types.

    0.23 names the keys of a mapping (`propertyNames`), states an empty list as a default, and
    keeps other blanks in a docstring. Names of properties are kept, whatever they are.
    """
    if isinstance(node, list):
        return [meaning(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = dict(node)
    if not in_properties:
        kept.pop("propertyNames", None)
        if kept.get("default") == []:
            del kept["default"]
        if "description" in kept:
            kept["description"] = " ".join(kept["description"].split())
    return {
        key: meaning(value, in_properties=not in_properties and key in {"properties", "$defs"})
        for key, value in kept.items()
    }
