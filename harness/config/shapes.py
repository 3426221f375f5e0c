"""Which types a data file can be read into: what harness.config.schema has a reader for.

A type or a bound without one is a fault of this program. It is found when the program first
reads a file of that type, whatever the file says, and so by any test that reads one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol, runtime_checkable

from msgspec import inspect

from harness.config.yamlfile import Place

_BOUNDS = ("pattern", "ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length")

_HELD: dict[type[inspect.Type], frozenset[str]] = {
    inspect.IntType: frozenset({"ge", "le"}),
    inspect.FloatType: frozenset({"ge", "gt", "le", "lt"}),
}
"""Of each type, the bounds that are held."""


@runtime_checkable
class Parsable(Protocol):
    """A type that makes itself from the text of a value."""

    @classmethod
    def parse(cls, text: str) -> object:
        """Make one. Raises: Complaint."""


def check(info: inspect.Type, name: str, readable: Collection[type[inspect.Type]]) -> None:
    """Check that a type can be read, with all below it; `name` is how the error calls it.

    Raises:
        TypeError: Some type has no reader, or a bound that its reader does not hold.

    """
    if type(info) not in readable:
        raise TypeError(f"{name}: the reader of data files cannot read a {type(info).__name__}")
    if isinstance(info, inspect.CustomType) and not isinstance(info.cls, Parsable):
        raise TypeError(f"{name}: {info.cls.__name__} has no classmethod parse")
    held = _HELD.get(type(info), frozenset())
    for bound in _BOUNDS:
        if bound not in held and getattr(info, bound, None) is not None:
            raise TypeError(f"{name}: the reader of data files does not hold `{bound}`")
    for below, kind in _parts(info, name):
        check(kind, below, readable)


def optional(info: inspect.UnionType, name: str) -> inspect.Type:
    """Return the type that an optional value has. Raises TypeError if there are several."""
    kinds = [kind for kind in info.types if not isinstance(kind, inspect.NoneType)]
    if len(kinds) != 1:
        raise TypeError(f"{name}: the reader of data files cannot choose between types")
    return kinds[0]


def is_place(info: inspect.Type) -> bool:
    """Return whether a field is filled in with where its mapping begins."""
    return isinstance(info, inspect.DataclassType) and info.cls is Place


def _parts(info: inspect.Type, name: str) -> Iterator[tuple[str, inspect.Type]]:
    match info:
        case inspect.StructType():
            for field in info.fields:
                if not is_place(field.type):
                    yield f"{info.cls.__name__}.{field.encode_name}", field.type
        case inspect.DictType():
            yield f"{name}, its keys", info.key_type
            yield f"{name}, its values", info.value_type
        case inspect.VarTupleType():
            yield f"{name}, its members", info.item_type
        case inspect.UnionType():
            yield name, optional(info, name)
        case inspect.Metadata(type=inspect.StrType(min_length=None, max_length=None)):
            return  # its pattern is held, as its description says what is wanted instead
        case inspect.Metadata():
            yield name, info.type
