"""The flags of a Go test binary, as far as a leg gives them, and what they select."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")


@dataclass(frozen=True)
class Flags:
    """What a leg asks for."""

    run: str = ""
    """Go's pattern of the tests to be run; empty for all."""
    skip: str = ""
    """That of the tests not to be run; empty for none."""
    parallel: int = 1
    timeout: float = 0.0
    """Seconds; 0 for no limit."""

    def takes(self, name: str) -> bool:
        """Return whether a test is to be run."""
        taken = not self.run or _match(self.run, name) is not None
        # What has more parts than the name is about something below it.
        return taken and not (self.skip and _match(self.skip, name) is True)


def parse(arguments: Sequence[str]) -> Flags:
    """Read `-test.NAME=VALUE` words; other flags of Go's are passed over. Raises ValueError."""
    said = {}
    for word in arguments:
        name, equals, value = word.partition("=")
        if not name.startswith("-test.") or not equals:
            raise ValueError(f"{word!r} is no flag of a test binary")
        said[name.removeprefix("-test.")] = value
    return Flags(
        run=said.get("run", ""),
        skip=said.get("skip", ""),
        parallel=max(1, int(said.get("parallel", "1"))),
        timeout=_seconds(said.get("timeout", "0s")),
    )


def _seconds(length: str) -> float:
    """Read a length of time as Go writes it. Raises ValueError."""
    parts = _LENGTH.findall(length)
    if "".join(number + unit for number, unit in parts) != length:
        raise ValueError(f"{length!r} is no length of time")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _match(pattern: str, name: str) -> bool | None:
    """Match a name as Go does: None if it does not, False if only as far as the name goes."""
    elements = name.split("/")
    for alternative in _split(pattern, "|"):
        parts = list(_split(alternative, "/"))
        if all(re.search(part, element) for part, element in zip(parts, elements, strict=False)):
            return len(parts) <= len(elements)
    return None


def _split(pattern: str, separator: str) -> Iterator[str]:
    """Split a pattern where a separator stands outside of brackets (Go's src/testing/match.go)."""
    start, square, round_ = 0, 0, 0
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            at += 1
        elif letter in "[]":
            square = max(0, square + (1 if letter == "[" else -1))
        elif letter in "()" and not square:
            round_ += 1 if letter == "(" else -1
        elif letter == separator and not (square or round_):
            yield pattern[start:at]
            start = at + 1
        at += 1
    yield pattern[start:]
