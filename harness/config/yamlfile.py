"""YAML as a tree in which every value knows its file, line and column.

Values stay the text that was written: what a number or a date is, is decided by the reader that
wants one (harness.config.schema), so `0.10` never turns into 0.1 behind anyone's back.

What nobody needs in these files is refused, which is also what keeps hostile ones harmless:
tags, anchors and aliases, several documents, deep nesting, large files, control characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

import yaml

from harness.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16

MAX_KEY = 200
"""Characters of a key that a complaint repeats."""
MAX_SHOWN = 20
"""Problems that one error lists; the rest is counted."""

_Loader = type["yaml.SafeLoader | yaml.CSafeLoader"]

_FAST: _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser, where PyYAML was built with it, which reads several times as fast."""


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file; lines and columns count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """`file:line:column`, which terminals and editors make clickable."""
        return f"{self.file}:{self.line}:{self.column}"


class Complaint(ValueError):  # noqa: N818 - not an error of its own: it becomes part of one
    """What is wrong with a value, said by whoever understands it; a reader adds the place.

    `key` names the member of the value that is at fault, or is empty for the value itself.
    """

    def __init__(self, what: str, *, hint: str = "", key: str = "") -> None:
        """Keep the parts; `hint` says what to write instead."""
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.key = key


@dataclass
class Problems:
    """Everything that is wrong with one file, so that it can be mended in one go."""

    found: list[tuple[Place, str, str]] = field(default_factory=list)

    def add(self, place: Place, path: str, what: str, hint: str = "") -> None:
        """Note that `what` is wrong with the value at `path` (`lines[2].go`, or empty)."""
        message = f"{place}: {path}: {what}" if path else f"{place}: {what}"
        self.found.append((place, _one_line(message), _one_line(hint)))

    def raise_any(self) -> None:
        """Raise what was found, in the order of the file.

        Raises:
            ConfigError: One problem gives its message and hint; several give one message with
                a line for each, its hint in brackets.

        """
        if not self.found:
            return
        found = sorted(self.found)
        if len(found) == 1:
            _, message, hint = found[0]
            raise ConfigError(message, hint=hint)
        lines = [f"{text} [{hint}]" if hint else text for _, text, hint in found[:MAX_SHOWN]]
        if len(found) > MAX_SHOWN:
            lines.append(f"{found[0][0].file}: {len(found) - MAX_SHOWN} more problems")
        raise ConfigError("\n".join(lines))


def _one_line(text: str) -> str:
    """Escape what would end a line, or could not be seen: keys and values may hold it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass(frozen=True)
class Scalar:
    """A value as it was written; `kind` is what YAML 1.1 takes it for (`str`, `float`, …)."""

    place: Place
    text: str
    kind: str


@dataclass(frozen=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Mapping:
    """Keys with their values, in the order of the file; keys are unique."""

    place: Place
    entries: tuple[tuple[Scalar, Node], ...]


Node = Scalar | Sequence | Mapping


def parse(path: Path, problems: Problems, *, name: str = "") -> Node:
    """Read a file into a tree; duplicate keys are added to `problems`.

    `name` is how places call the file; the default is its path as given.

    Raises:
        ConfigError: It cannot be read, is not YAML, or holds what these files may not hold.

    """
    name = name or str(path)
    text = _text(path, name)
    try:
        found = Problems()
        root = _Parser(text, name, found, _FAST).document()
    except (ConfigError, yaml.YAMLError):
        # What it refuses is read once more by the slow one, which says better why.
        return _Parser(text, name, problems, yaml.SafeLoader).document()
    problems.found += found.found
    return root


def _text(path: Path, name: str) -> str:
    try:
        if not path.is_file():
            raise ConfigError(f"{name}: there is no such file")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: cannot be read: {error}") from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{name}: is larger than {MAX_BYTES} bytes", hint="split it in two")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        raise ConfigError(
            f"{_place(name, before)}: is not UTF-8 ({error.reason})",
            hint="save the file as UTF-8",
        ) from error


def _place(name: str, before: str) -> Place:
    """Return the position just behind the text `before`."""
    return Place(name, before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Mark(Protocol):
    """A position as PyYAML gives it, counted from 0."""

    line: int
    column: int


class _Parser:
    """Builds the tree from PyYAML's event stream, which holds no Python objects."""

    def __init__(self, text: str, name: str, problems: Problems, loader: _Loader) -> None:
        self.name = name
        self.problems = problems
        try:
            self.loader = loader(text)
        except yaml.reader.ReaderError as error:
            place = _place(name, text[: error.position])
            raise ConfigError(
                f"{place}: holds a character that YAML does not allow (U+{error.character:04X})",
                hint="remove it",
            ) from error
        # The stubs leave these two untyped, or have an event that may be None.
        self.get_event = cast("Callable[[], yaml.Event]", self.loader.get_event)
        self.resolve: Callable[[type[yaml.Node], str, tuple[bool, bool]], str] = self.loader.resolve

    def document(self) -> Node:
        """Read the only document of the file."""
        try:
            self._next()  # the stream starts
            if isinstance(self._next(), yaml.StreamEndEvent):
                raise self._refuse(None, "is empty", "")
            root = self._node(self._next(), 0)
            self._next()  # the document ends
            end = self._next()
        finally:
            self.loader.dispose()
        if not isinstance(end, yaml.StreamEndEvent):
            raise self._refuse(end, "holds a second document", "remove the `---` line")
        return root

    def _next(self) -> yaml.Event:
        try:
            return self.get_event()
        except yaml.MarkedYAMLError as error:
            place = self._at(error.problem_mark or error.context_mark)
            tab = "indent with spaces, not tabs" if "'\\t'" in str(error.problem) else ""
            raise ConfigError(f"{place}: is not YAML: {error.problem}", hint=tab) from error
        except (ValueError, OverflowError) as error:
            # PyYAML lets int() and chr() fail on absurd escapes and version directives.
            mark = self.loader.get_mark() if isinstance(self.loader, yaml.SafeLoader) else None
            raise ConfigError(f"{self._at(mark)}: is not YAML: {error}") from error

    def _node(self, event: yaml.Event, depth: int) -> Node:
        self._check(event, depth)
        place = self._at(event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
            return Sequence(place, tuple(items))
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if not isinstance(key, Scalar):
                raise self._refuse(event, "a key is a list or a mapping", "write a plain word")
            if key.text in entries:
                first = entries[key.text][0].place.line
                what = f"the key stands twice; first on line {first}"
                self.problems.add(key.place, key.text[:MAX_KEY], what, "remove one of them")
                continue
            entries[key.text] = (key, value)
        return Mapping(place, tuple(entries.values()))

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        text: str = event.value
        if not text.isprintable() and (_has_controls(text) or not _is_utf8(text)):
            raise self._refuse(event, "holds a control character or half a surrogate", "remove it")
        tag = self.resolve(yaml.ScalarNode, text, event.implicit)
        return Scalar(self._at(event.start_mark), text, tag.rpartition(":")[2])

    def _check(self, event: yaml.Event, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self._refuse(event, f"is nested more than {MAX_DEPTH} levels deep", "flatten it")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            what = "anchors and aliases (& and *) are not read here"
            raise self._refuse(event, what, "write the value out, or quote a text that begins so")
        tag = getattr(event, "tag", None)
        if tag is not None:
            what = f"tags are not read here ({str(tag)[:60]!r})"
            raise self._refuse(event, what, "remove the tag, or quote a text that begins with !")

    def _refuse(self, event: yaml.Event | None, what: str, hint: str) -> ConfigError:
        place = self._at(event.start_mark) if event else Place(self.name, 1, 1)
        return ConfigError(f"{place}: {what}", hint=hint)

    def _at(self, mark: _Mark | None) -> Place:
        if mark is None:
            return Place(self.name, 1, 1)
        return Place(self.name, mark.line + 1, mark.column + 1)


def _has_controls(text: str) -> bool:
    return any(char < " " and char not in "\t\n" for char in text)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
