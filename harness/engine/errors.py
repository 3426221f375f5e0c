"""Gives every failure of an engine a name: it refused, it is gone, or its disk is full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from docker.errors import DockerException
from urllib3.exceptions import HTTPError

from harness.errors import DiskFull, InfrastructureError
from harness.tools.disks import full

_CUT = (
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    HTTPError,
    ConnectionError,
)
"""What the libraries below the Docker SDK call a connection that could not be had or broke."""

_RESUME = "start it again and rerun: what was built is kept"
_FREE = "free some there: docker system df says what takes it"


class EngineFailed(InfrastructureError):  # noqa: N818 - an event, named as one
    """The engine did not do what it was asked; no frontend is to blame."""


class EngineCannot(EngineFailed):
    """The engine cannot do what it is asked, today or tomorrow."""

    lasting = True


class EngineGone(EngineFailed):
    """The engine does not answer any more, or not in time."""


class EngineFull(EngineFailed, DiskFull):
    """The engine has no space left for images and containers."""

    def __init__(self, said: str) -> None:
        """Take what it was asked, and what came of it."""
        super().__init__(f"the engine's disk is full: {said}", hint=_FREE)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Return every failure of an engine a name, and say what it was asked."""
    try:
        yield
    except (DockerException, requests.RequestException, HTTPError, OSError) as error:
        raise failure(what, error) from error


def failure(what: str, error: Exception) -> EngineFailed:
    """Make an error of ours of one of the Docker SDK's."""
    said = said_of(error)
    if full(said):
        return EngineFull(f"{what}: {said}")
    if isinstance(error, requests.Timeout):
        return EngineGone(f"the engine does not answer ({what})", hint=_RESUME)
    if isinstance(error, _CUT):
        return EngineGone(f"the engine went away ({what}): {said}", hint=_RESUME)
    return EngineFailed(f"{what}: {said}")


def said_of(error: BaseException) -> str:
    """Return what the engine said, or what the system did below the names of libraries."""
    if said := getattr(error, "explanation", None):
        return str(said)
    words = str(error)
    inner: BaseException | None = error
    while inner is not None:
        words = getattr(inner, "strerror", None) or words
        inner = inner.__cause__ or inner.__context__
    return words
