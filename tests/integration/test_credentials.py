"""A repository behind a password: git reads it, and the password is nowhere but in our memory."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from harness.errors import CompatError
from harness.model import Side
from harness.refs import find
from tests.integration.origins import Origin

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]

USER, PASSWORD = "some body", "hunter2/p@ss:word"
IN_URL = "some%20body:hunter2%2Fp%40ss:word"
SECRETS = (PASSWORD, "hunter2")


class Server(ThreadingHTTPServer):
    """Serves a folder to who knows the password, and looks around while somebody asks."""

    seen: set[str]
    served: int


class Handler(SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()
            return
        self.server.served += 1
        self.server.seen |= {text for text in _arguments() if any(it in text for it in SECRETS)}
        super().do_GET()

    def log_message(self, *_args: object) -> None:
        pass


def _arguments() -> Iterator[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().decode("utf-8", "replace")
        except OSError:  # it has ended
            continue


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    origin = Origin(tmp_path / "site" / "origin")
    origin.commit("one", tag="v0.6.3")
    origin.git("update-server-info")
    with Server(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "site"))) as made:
        made.seen, made.served = set(), 0
        thread = Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def _found_in(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [it for it in files if any(secret.encode() in it.read_bytes() for secret in SECRETS)]


def test_a_password_in_a_url_is_kept_nowhere_and_shown_to_nobody(
    server: Server, tmp_path: Path
) -> None:
    cache, said = tmp_path / "cache", list[object]()
    where = f"HTTP://{IN_URL}@127.0.0.1:{server.server_port}/origin/.git"
    for fetch in (False, True):
        before = server.served
        _, (meant,) = find(
            where, [("v0.6", Side.SUITE)], cache=cache, fetch=fetch, listener=said.append
        )
        assert meant.ref == "v0.6.3"
        assert server.served > before
    assert not server.seen
    assert not _found_in(cache)
    assert said
    assert not any(secret in repr(said) for secret in SECRETS)


def test_a_password_that_is_wrong_is_not_shown_either(server: Server, tmp_path: Path) -> None:
    where = f"http://somebody:hunter2-is-wrong@127.0.0.1:{server.server_port}/origin/.git"
    with pytest.raises(CompatError) as caught:
        find(where, [("v0.6", Side.SUITE)], cache=tmp_path / "cache", fetch=False, listener=print)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in caught.value.hint
    assert server.served == 0
