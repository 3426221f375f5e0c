"""Lengths of time and sizes as people write them: `40m`, `4GiB`."""

from __future__ import annotations

import re
from typing import Self

from harness.config.yamlfile import Complaint

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LENGTH = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,9})?)(?P<unit>[a-z]?)")
_SIZES = {"MiB": 1 << 20, "GiB": 1 << 30}
_SIZE = re.compile(r"(?P<number>[1-9][0-9]{0,6})(?P<unit>[MG]iB)")


class Limit(float):
    """How long something may take: `90s`, `30m`, `2h`; in seconds."""

    units = frozenset({"", "s", "m", "h"})
    shortest = "1s"
    longest = "168h"
    hint = "write 90s, 30m or 2h"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a length of time; without a unit it is in seconds. Raises: Complaint."""
        match = _LENGTH.fullmatch(text)
        if not match or match["unit"] not in cls.units:
            raise Complaint(f"{text[:40]!r} is no length of time", hint=cls.hint)
        least, most = (_seconds(_LENGTH.fullmatch(bound)) for bound in (cls.shortest, cls.longest))
        if not least <= _seconds(match) <= most:
            what = f"{text[:40]!r} is not between {cls.shortest} and {cls.longest}"
            raise Complaint(what, hint=cls.hint)
        return cls(_seconds(match))


class Age(Limit):
    """How old something may be: `36h`, `7d`; in seconds."""

    units = Limit.units | {"d"}
    longest = "366d"
    hint = "write 36h or 7d"


class Idle(Age):
    """How long something was not used: `14d`, `0` for no time at all; in seconds."""

    shortest = "0"
    hint = "write 36h or 14d"


class Size(int):
    """An amount of memory or disk: `512MiB`, `20GiB`; in bytes."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a size. Raises: Complaint."""
        match = _SIZE.fullmatch(text)
        if not match:
            raise Complaint(f"{text[:40]!r} is no size", hint="write 512MiB or 4GiB")
        return cls(int(match["number"]) * _SIZES[match["unit"]])


def _seconds(match: re.Match[str] | None) -> float:
    return float(match["number"]) * _UNITS[match["unit"]] if match else 0.0
