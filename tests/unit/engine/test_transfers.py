"""Images move between engine and registry; a failure is the registry's or the engine's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest
import requests
from docker.errors import APIError, DockerException
from requests import Response
from urllib3.exceptions import ProtocolError

from harness.engine import transfers
from harness.engine.client import Engine
from harness.engine.endpoint import Endpoint
from harness.engine.errors import EngineFailed
from harness.engine.registry_errors import (
    ABSENT,
    DENIED,
    LIMITED,
    OTHER,
    UNREACHABLE,
    Cause,
    ImageRefused,
)
from harness.engine.stream import Attached
from harness.errors import Interrupted
from harness.tools.crew import Crew

REMOTE = "127.0.0.1:5000/cache/compat:suite-1"
LOCAL = "compat/suite:1"
GOOD = (
    b'{"status":"Pulling from cache/compat","id":"suite-1"}\r\n',
    b'{"status":"Digest: sha"}\r\n',
)


def line(message: str, code: int | None = None) -> bytes:
    detail = {"message": message, **({"code": code} if code else {})}
    return json.dumps({"errorDetail": detail, "error": message}).encode() + b"\r\n"


def refused(status: int, explanation: str) -> APIError:
    response = Response()
    response.status_code = status
    return APIError("refused", response, explanation)


class FakeEngine:
    """Says what it is told to when it moves an image, and keeps what it was asked."""

    where = Endpoint("unix:///x", "the default")

    def __init__(self) -> None:
        self.says: tuple[bytes | str, ...] = GOOD
        self.breaks: Exception | None = None
        self.moved: list[tuple[str, ...]] = []
        self.silent: threading.Event | None = None

    def connected(self, timeout: int) -> FakeEngine:
        assert timeout > transfers.SILENCE
        return self

    def close(self) -> None:
        self.moved.append(("close",))

    def pull(self, repository: str, tag: str, *, stream: bool) -> Iterator[bytes | str]:
        assert stream
        self.moved.append(("pull", repository, tag))
        return self._talk()

    def push(self, repository: str, tag: str, *, stream: bool) -> Iterator[bytes | str]:
        assert stream
        self.moved.append(("push", repository, tag))
        return self._talk()

    def _talk(self) -> Iterator[bytes | str]:
        yield from self.says
        if self.silent:
            self.silent.wait(60)
        if self.breaks:
            raise self.breaks

    def tag(self, image: str, name: str) -> None:
        self.moved.append(("tag", image, name))

    def untag(self, name: str) -> None:
        self.moved.append(("untag", name))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    made = FakeEngine()
    monkeypatch.setattr(Endpoint, "client", made.connected)
    return made


def pull(fake: FakeEngine) -> None:
    transfers.pull(cast("Engine", fake), REMOTE, LOCAL)


def push(fake: FakeEngine) -> None:
    transfers.push(cast("Engine", fake), LOCAL, REMOTE)


def test_what_was_pulled_bears_our_name_alone(fake: FakeEngine) -> None:
    pull(fake)
    assert fake.moved == [
        ("pull", "127.0.0.1:5000/cache/compat", "suite-1"),
        ("close",),
        ("tag", REMOTE, LOCAL),
        ("untag", REMOTE),
    ]


@pytest.mark.parametrize("says", [GOOD, (line("denied: not you"),)])
def test_a_push_leaves_no_second_name(fake: FakeEngine, says: tuple[bytes, ...]) -> None:
    fake.says = says
    if says is GOOD:
        push(fake)
    else:
        with pytest.raises(ImageRefused):
            push(fake)
    assert fake.moved == [
        ("tag", LOCAL, REMOTE),
        ("push", "127.0.0.1:5000/cache/compat", "suite-1"),
        ("close",),
        ("untag", REMOTE),
    ]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (refused(404, "manifest for x not found: manifest unknown"), ABSENT),
        (refused(429, "slow down"), LIMITED),
        (refused(500, "toomanyrequests: slow down"), LIMITED),
        (refused(500, "Get http://h/v2/: dial tcp: connect: connection refused"), UNREACHABLE),
    ],
)
def test_an_error_before_any_progress_is_the_registry_s(
    fake: FakeEngine, error: APIError, cause: Cause
) -> None:
    fake.says, fake.breaks = (), error
    with pytest.raises(ImageRefused, match=f"^pull {REMOTE}: 127.0.0.1:5000 ") as caught:
        pull(fake)
    assert caught.value.cause is cause


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        ((line("no such thing", 401),), DENIED),
        ((*GOOD, line("toomanyrequests: x")), LIMITED),
        ((GOOD[0] + line("toomanyrequests: x"),), LIMITED),
        ((line("toomanyrequests: x")[:9], line("toomanyrequests: x")[9:]), LIMITED),
        ((line("toomanyrequests: x").strip(),), LIMITED),
        ((line("toomanyrequests: x").decode(),), LIMITED),
        ((b'{"error":"the registry is blue"}\n',), OTHER),
    ],
)
def test_so_is_one_that_ends_the_progress(
    fake: FakeEngine, says: tuple[bytes | str, ...], cause: Cause
) -> None:
    fake.says = says
    with pytest.raises(ImageRefused) as caught:
        push(fake)
    assert caught.value.cause is cause


def test_progress_that_nobody_knows_is_passed_over(fake: FakeEngine) -> None:
    fake.says = (b"what\n", b"[1]\n", b'{"error":5}\n', b'{"error":"\xff"}\n', *GOOD)
    pull(fake)


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("reset"),
        ProtocolError("broken"),
        DockerException("credentials helper"),
        BrokenPipeError(32, "Broken pipe"),
    ],
)
def test_an_engine_that_goes_away_is_no_registry(fake: FakeEngine, error: Exception) -> None:
    fake.breaks = error
    with pytest.raises(EngineFailed, match=f"pull {REMOTE}"):
        pull(fake)


def test_a_transfer_that_says_nothing_is_given_up(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "SILENCE", 0.05)
    fake.silent = threading.Event()
    _releasing(monkeypatch, fake.silent)
    with pytest.raises(ImageRefused, match="said nothing for") as caught:
        pull(fake)
    assert caught.value.cause.passing


def test_a_stop_ends_a_transfer(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.silent = threading.Event()
    _releasing(monkeypatch, fake.silent)
    with Crew(1, "pull") as crew:
        future = crew.start(pull, fake)
        crew.stop()
    with pytest.raises(Interrupted):
        future.result()


def _releasing(monkeypatch: pytest.MonkeyPatch, silent: threading.Event) -> None:
    """Let the thread that hears nothing end as soon as nobody listens to it any more."""
    leave: Callable[..., None] = Attached.__exit__

    def released(self: Attached, *error: object) -> None:
        silent.set()
        leave(self, *error)

    monkeypatch.setattr(Attached, "__exit__", released)
