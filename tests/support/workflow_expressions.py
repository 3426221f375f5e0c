"""Evaluates what `${{ … }}` means, as far as the workflows of this project use it.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions has the language.
What is not known here is refused, where GitHub would go on with an empty text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Value = object
Names = Mapping[str, Value]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)"
    r"|(?P<sign>\|\||&&|==|!=|[!(),]))"
)
_PART = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(always|success|failure|cancelled)\s*\(")


class UnknownError(Exception):
    """An expression asks for what there is not."""


class Open(dict[str, Value]):
    """Names that may be missing, as outputs of a step that was left out; they are empty then."""


@dataclass(frozen=True)
class Status:
    """What the functions of the same names say."""

    success: bool = True
    failure: bool = False
    cancelled: bool = False


@dataclass
class Evaluator:
    """Evaluates expressions over the names that there are at their place."""

    names: Names
    status: Status = field(default_factory=Status)

    def text(self, template: object) -> str:
        """Return a text with every `${{ … }}` in it replaced by what it comes to."""
        return _PART.sub(lambda it: shown(self.value(it[1])), shown(template))

    def whole(self, template: object) -> Value:
        """Return what a value comes to: if it is nothing but one `${{ … }}`, not only as a text."""
        if not isinstance(template, str):
            return template
        match = _PART.fullmatch(template.strip())
        return self.value(match[1]) if match else self.text(template)

    def wanted(self, condition: object) -> bool:
        """Return what an `if` says; without a word on the status it holds after success only."""
        text = shown(condition).strip()
        match = _PART.fullmatch(text)
        text = match[1] if match else text
        if not _STATUS.search(text):
            text = f"success() && ({text})" if text else "success()"
        return _is_true(self.value(text))

    def value(self, text: str) -> Value:
        """Return what an expression comes to. Raises UnknownError."""
        reader = _Reader(_tokens(text), self)
        found = reader.either()
        if reader.rest:
            raise UnknownError(f"{text.strip()}: what is {reader.rest[0]!r}?")
        return found


def shown(value: Value) -> str:
    """Return a value as GitHub writes it into a text."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if not match:
            raise UnknownError(f"{text.strip()}: {text[at:].strip()!r} is not known here")
        found.append(match[0].strip())
        at = match.end()
    return found


def _is_true(value: Value) -> bool:
    return value not in (None, False, 0, "")


def _equal(one: Value, other: Value) -> bool:
    """Compare as GitHub does: letters in any case; a number with a text by its number."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return shown(one) == shown(other)


@dataclass
class _Reader:
    """Reads one expression, from left to right."""

    rest: list[str]
    of: Evaluator

    def either(self) -> Value:
        found = self._both()
        while self._takes("||"):
            other = self._both()
            found = found if _is_true(found) else other
        return found

    def _both(self) -> Value:
        found = self._compared()
        while self._takes("&&"):
            other = self._compared()
            found = other if _is_true(found) else found
        return found

    def _compared(self) -> Value:
        found = self._single()
        for sign, wanted in (("==", True), ("!=", False)):
            if self._takes(sign):
                return _equal(found, self._single()) is wanted
        return found

    def _single(self) -> Value:
        if self._takes("!"):
            return not _is_true(self._single())
        if self._takes("("):
            found = self.either()
            self._must(")")
            return found
        if not self.rest:
            raise UnknownError("the expression ends too soon")
        word = self.rest.pop(0)
        if self._takes("("):
            return self._called(word)
        return self._plain(word)

    def _plain(self, word: str) -> Value:
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if word.isdigit():
            return int(word)
        if word in {"true", "false"}:
            return word == "true"
        return self._looked_up(word)

    def _called(self, name: str) -> Value:
        given: list[Value] = []
        while not self._takes(")"):
            given.append(self.either())
            if not self._takes(","):
                self._must(")")
                break
        status = self.of.status
        known: dict[str, Callable[[Sequence[Value]], Value]] = {
            "always": lambda _: True,
            "success": lambda _: status.success,
            "failure": lambda _: status.failure,
            "cancelled": lambda _: status.cancelled,
            "fromJSON": lambda it: json.loads(shown(it[0])),
            "format": lambda it: shown(it[0]).format(*map(shown, it[1:])),
        }
        if name not in known:
            raise UnknownError(f"the function {name} is not known here")
        return known[name](given)

    def _looked_up(self, path: str) -> Value:
        found: Value = self.of.names
        for part in path.split("."):
            if not isinstance(found, Mapping) or (part not in found and type(found) is not Open):
                raise UnknownError(f"there is no {path} here: {part} is missing")
            found = found.get(part, "")
        return found

    def _takes(self, sign: str) -> bool:
        if self.rest[:1] == [sign]:
            self.rest.pop(0)
            return True
        return False

    def _must(self, sign: str) -> None:
        if not self._takes(sign):
            raise UnknownError(f"{sign} is missing")
