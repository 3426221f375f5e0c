"""Every failure of an engine has a name and says in few words what happened."""

from __future__ import annotations

import pytest
import requests
from docker.errors import APIError, DockerException
from requests import Response
from urllib3.exceptions import ProtocolError

from harness.engine.errors import EngineFailed, EngineFull, EngineGone, asking
from harness.errors import DiskFull


def refused(status: int, explanation: str) -> APIError:
    response = Response()
    response.status_code = status
    return APIError("bad", response, explanation=explanation)


def nested() -> requests.ConnectionError:
    """Wrap a refused connection as requests and urllib3 do."""
    try:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as error:
            raise ProtocolError("Connection aborted.", error) from error
    except ProtocolError as error:
        outer = requests.ConnectionError(error)
        outer.__cause__ = error
        return outer


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (refused(409, "is in use"), EngineFailed, "remove it: is in use"),
        (DockerException("odd"), EngineFailed, "remove it: odd"),
        (nested(), EngineGone, "the engine went away (remove it): Connection refused"),
        (ProtocolError("cut"), EngineGone, "the engine went away (remove it): cut"),
        (BrokenPipeError(32, "Broken pipe"), EngineGone, "(remove it): Broken pipe"),
        (requests.ReadTimeout("60 s"), EngineGone, "the engine does not answer (remove it)"),
        (
            refused(500, "mkdir /var/lib/docker: no space left on device"),
            EngineFull,
            "the engine's disk is full: remove it: mkdir",
        ),
    ],
)
def test_a_failure_has_a_name(error: Exception, kind: type[EngineFailed], message: str) -> None:
    with pytest.raises(EngineFailed) as caught, asking("remove it"):
        raise error
    assert type(caught.value) is kind
    assert message in str(caught.value)
    assert caught.value.__cause__ is error
    assert caught.value.hint or kind is EngineFailed


def test_a_full_engine_is_a_full_disk() -> None:
    assert isinstance(EngineFull("x"), DiskFull)


def test_what_is_no_failure_of_an_engine_passes() -> None:
    with pytest.raises(ZeroDivisionError), asking("remove it"):
        raise ZeroDivisionError
