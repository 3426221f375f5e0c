"""Every key of every data file, with values that are read and values that are refused.

The keys are listed from the types themselves, and the types from the calls that read files, so a
key without cases fails here. Each case goes through YAML and the reader that the program calls.
"""

from __future__ import annotations

import ast
import importlib
import inspect as python
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import yaml
from msgspec import inspect

from harness.config import engines, floors, lines, matrixfile, oracle, schema, series, skiplists
from harness.config.shapes import is_place
from harness.errors import ConfigError
from harness.images import recipes
from harness.minikit import History
from tests.support.data_keys import CASES, DROP, With
from tests.support.project_docs import ROOT
from tests.unit.config.test_fuzz_config import (
    ENGINES,
    ENTRIES,
    FLOORS,
    HISTORY,
    LINES,
    ORACLE,
    PATCH,
    POLICY,
    READERS,
    RECIPES,
    SERIES,
)


class File(NamedTuple):
    """A data file: its type, a file that is as it should be, and the reader that programs call."""

    kind: type[msgspec.Struct]
    good: str
    read: Callable[[Path], object]


def _file(name: str, kind: type[msgspec.Struct], good: str) -> File:
    return File(kind, good, READERS[name][2])


FILES = {
    "lines": _file("lines", lines._File, LINES),
    "matrix": _file("policy", matrixfile.Matrix, POLICY),
    "series": _file("series", series._Series, SERIES),
    "skip list": _file("skip list", skiplists._File, ENTRIES),
    "floors": _file("floors", floors._File, FLOORS),
    "recipes": _file("recipes", recipes._File, RECIPES),
    "oracle": _file("oracle", oracle.Oracle, ORACLE),
    "engines": _file("engines", engines.Engines, ENGINES),
    "history": _file("history", History, HISTORY),
}


class Spot(NamedTuple):
    """A key, and where a mapping of its type stands in the file that is as it should be."""

    key: str
    """`module.Type.key`, of the type that declares it."""
    file: str
    path: tuple[str | int, ...]
    name: str


def _structs(kind: inspect.Type) -> Iterator[tuple[tuple[str | int, ...], inspect.StructType]]:
    """Yield every mapping below a type, with a path to the first one in a file."""
    match kind:
        case inspect.StructType():
            yield (), kind
            for field in kind.fields:
                if not is_place(field.type):
                    for path, found in _structs(field.type):
                        yield (field.encode_name, *path), found
        case inspect.VarTupleType():
            yield from (((0, *path), found) for path, found in _structs(kind.item_type))
        case inspect.DictType():
            yield from ((("*", *path), found) for path, found in _structs(kind.value_type))
        case inspect.UnionType():
            for one in kind.types:
                yield from _structs(one)
        case inspect.Metadata():
            yield from _structs(kind.type)


def _declared(cls: type, name: str) -> str:
    """Return the type that declares a key, for those that several types share."""
    homes = [c for c in cls.__mro__ if name in python.get_annotations(c)]
    found = homes[-1] if homes[-1].__name__ == "_Settings" else cls
    return f"{found.__module__.rpartition('.')[2]}.{found.__name__}.{name}"


def _spots() -> dict[str, Spot]:
    found: dict[str, Spot] = {}
    for file, (kind, *_) in FILES.items():
        for path, struct in _structs(inspect.type_info(kind)):
            for field in struct.fields:
                if not is_place(field.type):
                    key = _declared(struct.cls, field.encode_name)
                    found.setdefault(key, Spot(key, file, path, field.encode_name))
    return found


SPOTS = _spots()


def _readers() -> set[type]:
    """Return every type that the program reads a file into, from its calls of `load`."""
    found = set()
    for source in (ROOT / "harness").rglob("*.py"):
        text = source.read_text("utf-8")
        if "harness.config.schema import load" not in text:
            continue
        name = ".".join(source.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "load":
                found.add(getattr(module, ast.unparse(node.args[1])))
    return found


def test_every_file_that_the_program_reads_is_here() -> None:
    assert _readers() == {file.kind for file in FILES.values()}


def test_every_key_has_cases() -> None:
    assert CASES.keys() == SPOTS.keys()
    assert all(refused for _, refused in CASES.values())


@pytest.mark.parametrize("name", FILES)
def test_every_type_of_a_file_can_be_read(name: str) -> None:
    assert isinstance(schema._info(FILES[name].kind), inspect.StructType)


def _into(tree: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - of any shape
    """Return the mapping at a path, made where it is not there."""
    for step in path:
        if step == "*":
            tree = next(iter(tree.values()))
        elif isinstance(step, int):
            tree = tree[step]
        else:
            tree = tree.setdefault(step, {})
    return tree


def _written(spot: Spot, case: object) -> str:
    value, others = case if isinstance(case, With) else (case, {})
    tree = yaml.safe_load(FILES[spot.file].good)
    if "dockerfile" in spot.path:
        tree["pairs"][0]["daemons"] = [{"dockerfile": {"since": "1.1"}}]
    at = _into(tree, spot.path)
    for name, other in {**others, spot.name: value}.items():
        if other is DROP:
            at.pop(name, None)
        else:
            at[name] = other
    return yaml.safe_dump(tree, sort_keys=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    (made / "need").mkdir(parents=True)
    (made / "need" / "a.patch").write_bytes(PATCH)
    return made


def _read(folder: Path, spot: Spot, text: str) -> object:
    name = next(name for name, _, read in READERS.values() if read is FILES[spot.file].read)
    (folder / name).write_text(text, "utf-8")
    return FILES[spot.file].read(folder)


def _cases(column: int) -> list[Any]:
    return [
        pytest.param(SPOTS[key], case, id=f"{key}={case!r:.60}")
        for key, both in CASES.items()
        if key in SPOTS
        for case in both[column]
    ]


@pytest.mark.parametrize("file", FILES)
def test_the_file_that_every_case_changes_is_as_it_should_be(folder: Path, file: str) -> None:
    spot = Spot("", file, (), "")
    assert _read(folder, spot, FILES[file].good)
    assert _read(folder, spot, yaml.safe_dump(yaml.safe_load(FILES[file].good), sort_keys=False))


@pytest.mark.parametrize(("spot", "case"), _cases(0))
def test_a_key_takes_what_it_should(folder: Path, spot: Spot, case: object) -> None:
    assert _read(folder, spot, _written(spot, case))


@pytest.mark.parametrize(("spot", "case"), _cases(1))
def test_a_key_refuses_anything_else_with_its_place(folder: Path, spot: Spot, case: object) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(folder, spot, _written(spot, case))
    assert all(
        line.removeprefix(str(folder)).split(": ")[0].rpartition(".yaml")[2].count(":") == 2
        for line in str(caught.value).splitlines()
    ), caught.value
