"""Reads what init.py says was left of a leg: a file that anything in the leg could have written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from harness.model import Leaked

LEFT = "left.json"
_LIMIT = 1 << 20
_NOTES = 10

_Number = Annotated[int, msgspec.Meta(ge=0)]


class _Kind(msgspec.Struct, frozen=True):
    number: _Number
    names: list[str]


class _File(msgspec.Struct, frozen=True):
    processes: _Kind
    mounts: _Kind
    namespaces: _Kind
    groups: _Kind
    temporary: _Kind
    state: _Kind
    shared: list[str]


@dataclass(frozen=True)
class Left:
    """What was left of a leg, and what it had to share with the machine."""

    leaked: Leaked | None
    shared: tuple[str, ...] = ()


def read_left(file: Path) -> Left:
    """Read what is there; a leg that was killed has none, and one that is no such file says so."""
    try:
        with file.open("rb") as opened:
            said = msgspec.json.decode(opened.read(_LIMIT), type=_File)
    except FileNotFoundError:
        return Left(None)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return Left(None, (f"{file.name}, which cannot be read: {error}",))
    counted = {kind: getattr(said, kind).number for kind in Leaked.__struct_fields__}
    return Left(Leaked(**counted), tuple(said.shared[:_NOTES]))
