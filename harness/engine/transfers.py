"""Images on their way between an engine and a registry.

The engine moves them. Credentials are those of the user's own Docker configuration, which the SDK
reads and hands to the engine; they are never written anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

import msgspec
import requests
from docker.api.client import APIClient
from docker.errors import APIError, DockerException
from urllib3.exceptions import HTTPError

from harness.engine.client import Engine
from harness.engine.errors import asking, failure
from harness.engine.registry_errors import UNREACHABLE, ImageRefused, cause_of
from harness.engine.stream import Attached
from harness.tools.stop import check_stop

SILENCE = 120.0
"""Seconds without a word of progress after which a transfer is given up."""

_LISTEN = 0.1

_ANSWER = 600
"""Limit of the SDK's own, which must not come first."""


class _Detail(msgspec.Struct, frozen=True):
    code: int | None = None
    message: str = ""


class _Progress(msgspec.Struct, frozen=True, rename="camel"):
    """A line of an engine's progress, as far as it tells of a failure."""

    error: str = ""
    error_detail: _Detail = _Detail()


def pull(engine: Engine, image: str, name: str) -> None:
    """Pull `image`, REPOSITORY:TAG, and keep it on the engine as `name` alone.

    Raises ImageRefused for what the registry says, EngineFailed, and Interrupted.
    """
    repository, _, tag = image.rpartition(":")
    with _connected(engine) as api:
        _move("pull", image, lambda: api.pull(repository, tag, stream=True))
    engine.tag(image, name)
    engine.untag(image)


def push(engine: Engine, name: str, image: str) -> None:
    """Push what the engine has as `name` as `image`, REPOSITORY:TAG. Raises what `pull` raises."""
    repository, _, tag = image.rpartition(":")
    engine.tag(name, image)
    try:
        with _connected(engine) as api:
            _move("push", image, lambda: api.push(repository, tag, stream=True))
    finally:
        engine.untag(image)


def _connected(engine: Engine) -> closing[APIClient]:
    """Connect once more, because the limits of other calls are too short for this."""
    with asking(f"connect to {engine.where.host}"):
        return closing(engine.where.client(_ANSWER))


def _move(doing: str, image: str, ask: Callable[[], Iterable[bytes | str]]) -> None:
    """Follow the progress of a transfer to its end."""
    with Attached() as progress:
        progress.read(_lines(ask))
        last = time.monotonic()
        while (line := progress.next(_LISTEN)) is not None:
            check_stop(f"{doing} {image}")
            if line:
                last = time.monotonic()
                _check(doing, image, line)
            elif time.monotonic() - last > SILENCE:
                silent = f"the engine said nothing for {SILENCE:.0f} s"
                raise ImageRefused(doing, image, UNREACHABLE, silent)
    match progress.failure:
        case None:
            return
        case APIError() as error:
            said = str(error.explanation or error)
            cause = cause_of(said, error.status_code)
            raise ImageRefused(doing, image, cause, said) from error
        case DockerException() | requests.RequestException() | HTTPError() | OSError() as error:
            raise failure(f"{doing} {image}", error) from error
        case error:
            raise error


def _lines(ask: Callable[[], Iterable[bytes | str]]) -> Iterator[bytes]:
    """Begin the transfer, which can take its time, and give whole lines of its progress."""
    pending = b""
    for chunk in ask():
        pending += chunk.encode() if isinstance(chunk, str) else chunk
        *whole, pending = pending.split(b"\n")
        yield from filter(None, map(bytes.strip, whole))
    if last := pending.strip():
        yield last


def _check(doing: str, image: str, line: bytes) -> None:
    try:
        said = msgspec.json.decode(line, type=_Progress)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return  # a kind of progress that we do not know
    if text := said.error_detail.message or said.error:
        raise ImageRefused(doing, image, cause_of(text, said.error_detail.code), text)
