"""A git repository behind a password, by HTTP, on the loopback."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class Server(ThreadingHTTPServer):
    """Serves a folder to who knows the password, and looks around while somebody asks."""

    user: str
    password: str
    secrets: tuple[str, ...]
    """What no program of this machine may have among its arguments."""
    seen: set[str]
    """Arguments that have."""
    served: int


class _Handler(SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = base64.b64encode(f"{self.server.user}:{self.server.password}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()
            return
        self.server.served += 1
        secrets = self.server.secrets
        self.server.seen |= {text for text in _arguments() if any(it in text for it in secrets)}
        super().do_GET()

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def serving(folder: Path, user: str, password: str, secrets: tuple[str, ...]) -> Iterator[Server]:
    """Serve a folder of repositories, each after `git update-server-info`."""
    with Server(("127.0.0.1", 0), partial(_Handler, directory=str(folder))) as made:
        made.user, made.password, made.secrets = user, password, secrets
        made.seen, made.served = set(), 0
        thread = Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def _arguments() -> Iterator[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().decode("utf-8", "replace")
        except OSError:  # it has ended
            continue
