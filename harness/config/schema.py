"""Reads a YAML tree into the types that describe it: the type is the schema.

A file's shape is a msgspec Struct. Its fields are the keys, `Annotated[str, Meta(pattern=…,
description=…, examples=[…])]` says what a text must look like and what to write instead, and
three things go beyond msgspec's own reading, which is why this module exists: every complaint
has file:line:column and key path, all complaints of a file come at once, and unquoted texts that
YAML would turn into something else are told apart from texts. A type or a bound that this module
would not hold is refused before a file is read (harness.config.shapes).

A class with a classmethod `parse(text)` that raises `Complaint` can be the type of a field; a
field of type `Place` is filled in with where its mapping begins; a Struct's `__post_init__` may
raise `Complaint` about one of its keys. Where a list of texts is wanted, one text will do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, TypeVar

import msgspec
from msgspec import inspect

from harness.config.shapes import Parsable, check, is_place, optional
from harness.config.terms import NO_WORDS, TERM, Term, Words
from harness.config.yamlfile import (
    Complaint,
    Mapping,
    Node,
    Problems,
    Scalar,
    Sequence,
    parse,
)

if TYPE_CHECKING:
    from enum import Enum
    from pathlib import Path

T = TypeVar("T", bound=msgspec.Struct)

MAX_TEXT = 4000
"""Characters that one value may have."""
MAX_INT = 999_999
"""Where a key sets no limit of its own."""
MAX_SHOWN = 60
"""Characters of a value that a complaint repeats."""
_NUMBERS = frozenset({"int", "float"})
BOOLEANS = {"true": True, "false": False}
KIND_NAMES = {
    "int": "a number",
    "float": "a number",
    "bool": "a boolean",
    "null": "empty",
    "timestamp": "a date",
}
_WHOLE = re.compile(r"0|[1-9][0-9]{0,5}")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,5})?(\.[0-9]{1,9})?(?<=[0-9])")


class _Bad:
    """Stands for a value that was complained about."""


_BAD = _Bad()


def load(path: Path, kind: type[T], *, name: str = "", words: Words = NO_WORDS) -> T:
    """Read a file whose shape is `kind`; `name` is how complaints call the file.

    `words` are those that the file may take from elsewhere (harness.config.terms).

    Raises:
        ConfigError: With all problems of the file, each as `file:line:column: key.path: what`.
        TypeError: The type is none that files can be read into, which is a fault of this program.

    """
    problems = Problems()
    root = parse(path, problems, name=name)
    value = _Reader(problems, words).read(root, _info(kind), "")
    problems.raise_any()
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} was read as {type(value).__name__}")
    return value


@lru_cache
def _info(kind: type[msgspec.Struct]) -> inspect.Type:
    info = inspect.type_info(kind)
    check(info, kind.__name__, _Reader.readers.keys())
    return info


class _Reader:
    def __init__(self, problems: Problems, words: Words) -> None:
        self.problems = problems
        self.words = words

    def read(self, node: Node, info: inspect.Type, path: str) -> object:
        """Read a node as the type `info`; `_BAD` after a complaint."""
        return self.readers[type(info)](self, node, info, path)

    def _bad(self, node: Node, path: str, what: str, hint: str = "") -> _Bad:
        self.problems.add(node.place, path, what, hint)
        return _BAD

    # -- mappings and lists ------------------------------------------------------------------

    def _struct(self, node: Node, info: inspect.StructType, path: str) -> object:
        if not isinstance(node, Mapping):
            keys = ", ".join(_keys(info))
            return self._bad(node, path, f"is {_kind(node)}, not a mapping", f"keys: {keys}")
        given = {key.text: (key, value) for key, value in node.entries}
        values: dict[str, object] = {}
        unknown = given.keys() - _keys(info).keys()
        for name in unknown:
            self._unknown(given[name][0], info, path)
        for field in info.fields:
            if is_place(field.type):
                values[field.name] = node.place
            elif field.encode_name in given:
                below = _join(path, field.encode_name)
                values[field.name] = self.read(given[field.encode_name][1], field.type, below)
            elif field.required:
                what = f"the key `{field.encode_name}` is missing"
                values[field.name] = self._bad(node, path, what, _example(field))
        if unknown or _BAD in values.values():
            return _BAD
        try:
            made: object = info.cls(**values)
        except Complaint as complaint:
            key, value = given.get(complaint.key, (None, node))
            below = _join(path, complaint.key) if key else path
            return self._bad(value, below, complaint.what, complaint.hint)
        return made

    def _unknown(self, key: Scalar, info: inspect.StructType, path: str) -> None:
        known = list(_keys(info))
        guess = _guess(key.text, known)
        hint = f"known keys: {', '.join(known)}"
        self.problems.add(key.place, _join(path, key.text), f"there is no such key{guess}", hint)

    def _dict(self, node: Node, info: inspect.DictType, path: str) -> object:
        if not isinstance(node, Mapping):
            return self._bad(node, path, f"is {_kind(node)}, not a mapping")
        pairs = [
            (
                self.read(key, info.key_type, path),
                self.read(value, info.value_type, _join(path, key.text)),
            )
            for key, value in node.entries
        ]
        return dict(pairs) if all(_BAD not in pair for pair in pairs) else _BAD

    def _tuple(self, node: Node, info: inspect.VarTupleType, path: str) -> object:
        if isinstance(node, Scalar) and not isinstance(info.item_type, inspect.StructType):
            only = self.read(node, info.item_type, path)
            return _BAD if only is _BAD else (only,)
        if not isinstance(node, Sequence):
            return self._bad(node, path, f"is {_kind(node)}, not a list")
        if not node.items:
            return self._bad(node, path, "is an empty list", "give it a member, or remove the key")
        items = [
            self.read(item, info.item_type, f"{path}[{index}]")
            for index, item in enumerate(node.items)
        ]
        return _BAD if _BAD in items else tuple(items)

    # -- single values -----------------------------------------------------------------------

    def _optional(self, node: Node, info: inspect.UnionType, path: str) -> object:
        # An optional key is left out, never given as null: `reason:` with nothing behind it is
        # a half-finished edit.
        return self.read(node, optional(info, path), path)

    def _annotated(self, node: Node, info: inspect.Metadata, path: str) -> object:
        wanted = info.extra_json_schema or {}
        if not isinstance(info.type, inspect.StrType):
            return self.read(node, info.type, path)
        text = self._text(node, path)
        term: Term | None = (info.extra or {}).get(TERM)
        if term and isinstance(text, str):
            return self._made(node, path, lambda: term.read(text, self.words.get(term.kind, ())))
        if isinstance(text, str) and not re.search(info.type.pattern or "", text):
            what = f"{_quoted(text)} is not {wanted.get('description', 'what is wanted here')}"
            return self._bad(node, path, what, _instead(wanted))
        return text

    def _text(
        self, node: Node, path: str, *, also: frozenset[str] = frozenset(), wanted: str = ""
    ) -> str | _Bad:
        """Return the text of a single value; `also` are kinds that will do beside texts."""
        if not isinstance(node, Scalar):
            return self._bad(node, path, f"is {_kind(node)}, not {wanted or 'a text'}")
        if not node.text.strip() or node.kind == "null":
            return self._bad(node, path, "is empty", "give it a value, or remove the key")
        if len(node.text) > MAX_TEXT:
            return self._bad(node, path, f"is longer than {MAX_TEXT} characters")
        if node.kind not in {"str", *also}:
            what = f"{_quoted(node.text)} is {_kind(node)} to YAML, not {wanted or 'a text'}"
            hint = f"write {wanted}" if wanted else f'quote it: "{_cut(node.text)}"'
            return self._bad(node, path, what, hint)
        return node.text

    def _str(self, node: Node, _info: inspect.StrType, path: str) -> object:
        return self._text(node, path)

    def _bool(self, node: Node, _info: inspect.BoolType, path: str) -> object:
        text = self._text(node, path, also=frozenset({"bool"}), wanted="true or false")
        if isinstance(text, str) and text not in BOOLEANS:
            return self._bad(node, path, f"{_quoted(text)} is no boolean", "write true or false")
        return BOOLEANS[text] if isinstance(text, str) else text

    def _int(self, node: Node, info: inspect.IntType, path: str) -> object:
        text = self._text(node, path, also=_NUMBERS, wanted="a whole number")
        if not isinstance(text, str):
            return text
        least, most = info.ge or 0, MAX_INT if info.le is None else info.le
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            what = f"{_quoted(text)} is no whole number from {least} to {most}"
            return self._bad(node, path, what, "write it in decimal digits")
        return int(text)

    def _float(self, node: Node, info: inspect.FloatType, path: str) -> object:
        text = self._text(node, path, also=_NUMBERS, wanted="a number")
        if not isinstance(text, str):
            return text
        if not _DECIMAL.fullmatch(text) or not _within(float(text), info):
            what = f"{_quoted(text)} is no number {_range_of(info)}"
            return self._bad(node, path, what, "write it in decimal digits: 0.25")
        return float(text)

    def _date(self, node: Node, _info: inspect.DateType, path: str) -> object:
        text = self._text(node, path, also=frozenset({"timestamp"}), wanted="a date")
        try:
            return date.fromisoformat(text) if isinstance(text, str) else text
        except ValueError:
            return self._bad(node, path, f"{_quoted(str(text))} is no date", "write YYYY-MM-DD")

    def _enum(self, node: Node, info: inspect.EnumType, path: str) -> object:
        text = self._text(node, path)
        if not isinstance(text, str):
            return text
        members: dict[str, Enum] = {str(member.value): member for member in info.cls}
        if text not in members:
            what = f"{_quoted(text)} is not known here{_guess(text, members)}"
            return self._bad(node, path, what, f"write one of: {', '.join(members)}")
        return members[text]

    def _custom(self, node: Node, info: inspect.CustomType, path: str) -> object:
        text = self._text(node, path)
        if not isinstance(text, str):
            return text
        kind: type[Parsable] = info.cls
        return self._made(node, path, lambda: kind.parse(text))

    def _made(self, node: Node, path: str, make: Callable[[], object]) -> object:
        try:
            return make()
        except Complaint as complaint:
            return self._bad(node, path, complaint.what, complaint.hint)

    readers: ClassVar[dict[type[inspect.Type], Callable[..., object]]] = {
        inspect.Metadata: _annotated,
        inspect.UnionType: _optional,
        inspect.StructType: _struct,
        inspect.DictType: _dict,
        inspect.VarTupleType: _tuple,
        inspect.StrType: _str,
        inspect.BoolType: _bool,
        inspect.IntType: _int,
        inspect.FloatType: _float,
        inspect.DateType: _date,
        inspect.EnumType: _enum,
        inspect.CustomType: _custom,
    }


def _within(number: float, info: inspect.FloatType) -> bool:
    return (
        (info.ge is None or number >= info.ge)
        and (info.gt is None or number > info.gt)
        and (info.le is None or number <= info.le)
        and (info.lt is None or number < info.lt)
    )


def _range_of(info: inspect.FloatType) -> str:
    bounds = (
        ("from", info.ge),
        ("above", info.gt),
        ("to", info.le),
        ("to below", info.lt),
    )
    return " ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


def _keys(info: inspect.StructType) -> dict[str, inspect.Field]:
    return {field.encode_name: field for field in info.fields if not is_place(field.type)}


def _guess(text: str, known: Iterable[str]) -> str:
    near = get_close_matches(_cut(text), list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _join(path: str, key: str) -> str:
    return f"{path}.{_cut(key)}" if path else _cut(key)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _quoted(text: str) -> str:
    return repr(_cut(text))


def _kind(node: Node) -> str:
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return KIND_NAMES.get(node.kind, "a text")


def _instead(wanted: dict[str, object]) -> str:
    examples = wanted.get("examples")
    return f"write for example {examples[0]}" if isinstance(examples, list) else ""


def _example(field: inspect.Field) -> str:
    info = field.type
    if isinstance(info, inspect.Metadata) and info.extra_json_schema:
        examples = info.extra_json_schema.get("examples")
        if isinstance(examples, list):
            return f"add `{field.encode_name}: {examples[0]}`"
    return f"add `{field.encode_name}: …`"
