"""run.json: written whole or not at all, and read with suspicion."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from harness.errors import UsageError
from harness.journal.files import replacing
from harness.model import SCHEMA_VERSION, Run

RUN_FILE = "run.json"
MAX_BYTES = 256 * 1024 * 1024
"""A larger file is refused unread. A run of 2,000 tests that all fail stays well below."""

_Kind = TypeVar("_Kind")
_Plain: TypeAlias = (
    "str | int | float | bool | list[_Plain] | tuple[_Plain, ...] | dict[str, _Plain] | None"
)


class _Head(msgspec.Struct):
    """The one field that is read before anything else is believed."""

    schema: int


def write_run(folder: Path, run: Run) -> Path:
    """Write run.json into a run folder, atomically, and return its path.

    Equal runs give equal bytes: struct fields in the order of harness.model, map keys sorted.
    Raises InfrastructureError if the disk refuses; an earlier run.json is then unharmed.
    """
    path = folder / RUN_FILE
    data = msgspec.json.format(_encode(run), indent=2) + b"\n"
    with replacing(path) as file:
        file.write(data)
    return path


def read_run(path: Path) -> Run:
    """Read a stored run from its folder, or from the path of a run.json itself.

    Keys that this version does not know are ignored, so that a newer harness may add some.
    Raises UsageError if there is no run, if the file is cut off, too large or of another
    schema version, or if a value has the wrong type; the message names the file and the key.
    """
    file = path / RUN_FILE if path.is_dir() else path
    data = _read_bounded(file)
    head = _decode(file, data, _Head)
    if head.schema != SCHEMA_VERSION:
        raise UsageError(
            f"{file}: written with schema version {head.schema}, "
            f"this harness reads version {SCHEMA_VERSION}",
            hint=(
                "upgrade the harness to read this run"
                if head.schema > SCHEMA_VERSION
                else "run the pair again, or read this run with the version that wrote it"
            ),
        )
    return _decode(file, data, Run)


def _encode(run: Run) -> bytes:
    try:
        return msgspec.json.encode(run, order="deterministic")
    except UnicodeEncodeError:
        # Arguments and file names that are no UTF-8 reach us as lone surrogates, which JSON
        # cannot carry. A finished run must not be lost over one of them.
        plain = msgspec.to_builtins(run, order="deterministic")
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
    if not file.is_file():
        raise UsageError(
            f"{file.parent if file.name == RUN_FILE else file} is not the folder of a "
            f"finished run: it has no {RUN_FILE}",
            hint=f"name a folder that holds a {RUN_FILE}, or `latest` beside such folders",
        )
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{file}: larger than {MAX_BYTES // 1024**2} MiB, so not read")
    return data


def _decode(file: Path, data: bytes, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{file}: {error}", hint="this is not what a run writes") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{file}: not readable as JSON: {error}",
            hint="the file is damaged or was cut off; run the pair again",
        ) from error
