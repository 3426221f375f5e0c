"""JSON files with a schema version: written whole or not at all, read with suspicion."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from harness.errors import UsageError
from harness.journal.files import replacing
from harness.model import Record

MAX_BYTES = 256 * 1024 * 1024
"""A larger file is refused unread. A run of 2,000 tests that all fail stays well below."""

_Kind = TypeVar("_Kind")
_Plain: TypeAlias = (
    "str | int | float | bool | list[_Plain] | tuple[_Plain, ...] | dict[str, _Plain] | None"
)


class _Head(msgspec.Struct):
    """The one field that is read before anything else is believed."""

    schema: int


def write_document(path: Path, record: Record) -> Path:
    """Write a file, atomically, and return its path.

    Equal records give equal bytes: fields in the order of their types, map keys sorted. Raises
    InfrastructureError if the disk refuses; an earlier file is then unharmed.
    """
    data = msgspec.json.format(_encode(record), indent=2) + b"\n"
    with replacing(path) as file:
        file.write(data)
    return path


def read_document(file: Path, kind: type[_Kind], *, version: int, again: str) -> _Kind:
    """Read a file of this schema version.

    Keys that this version does not know are ignored, so that a newer harness may add some.
    `again` says what to do about a file that is of no use, as `run the pair again`. Raises
    UsageError if the file is cut off, too large or of another schema version, or if a value has
    the wrong type; the message names the file and the key.
    """
    data = _read_bounded(file)
    head = _decode(file, data, _Head, again)
    if head.schema != version:
        raise UsageError(
            f"{file}: written with schema version {head.schema}, "
            f"this harness reads version {version}",
            hint=(
                f"upgrade the harness to read this {file.name}"
                if head.schema > version
                else f"{again}, or read this {file.name} with the version that wrote it"
            ),
        )
    return _decode(file, data, kind, again)


def _encode(record: Record) -> bytes:
    try:
        return msgspec.json.encode(record, order="deterministic")
    except UnicodeEncodeError:
        # Arguments and file names that are no UTF-8 reach us as lone surrogates, which JSON
        # cannot carry. A finished run must not be lost over one of them.
        plain = msgspec.to_builtins(record, order="deterministic")
        return msgspec.json.encode(_escape_surrogates(plain))


def _escape_surrogates(value: _Plain) -> _Plain:
    if isinstance(value, str):
        return _escape(value)
    if isinstance(value, dict):
        return {_escape(key): _escape_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escape_surrogates(item) for item in value]
    return value


def _escape(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _read_bounded(file: Path) -> bytes:
    try:
        if file.is_symlink() and file.resolve().parent != file.parent.resolve():
            raise UsageError(
                f"{file}: is a symbolic link out of its folder, so not read",
                hint="name the folder that it leads to, if that is what you mean",
            )
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{file}: larger than {MAX_BYTES // 1024**2} MiB, so not read")
    return data


def _decode(file: Path, data: bytes, kind: type[_Kind], again: str) -> _Kind:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{file}: {error}", hint="this is not what a run writes") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{file}: not readable as JSON: {error}",
            hint=f"the file is damaged or was cut off; {again}",
        ) from error
