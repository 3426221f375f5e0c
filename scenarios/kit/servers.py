"""Servers on the loopback, for addresses and repositories that builds name."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from kit.trees import Files, write

COMMIT_TIME = 1500000000
"""When every commit of a repository was made."""

_LIMIT = 60.0
_IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@scenarios.example",
    "GIT_AUTHOR_DATE": f"{COMMIT_TIME} +0000",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
_IDENTITY |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in _IDENTITY.items()}


class Web:
    """Serves a folder, and the git repositories in it as hosts of git do."""

    def __init__(self, folder: Path, token: str = "") -> None:
        """Serve what is in a folder; with a token, only to those who bear it."""
        folder.mkdir(exist_ok=True)
        self.folder = folder
        handler = partial(_Handler, directory=str(folder), token=token)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    @property
    def host(self) -> str:
        """Name and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, name: str) -> str:
        """Return the address of a file or repository."""
        return f"http://{self.host}/{name}"

    def __enter__(self) -> Self:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    def repository(self, name: str, *commits: Files, tags: Mapping[str, int] | None = None) -> str:
        """Make `name`.git with one commit after another on main; return the last one's id.

        `tags` are names with the number of the commit that has them.
        """
        work, bare = self.folder / f"{name}.work", self.folder / f"{name}.git"
        _git("init", "-q", "-b", "main", str(work))
        for number, files in enumerate(commits):
            write(work, files)
            _git("-C", str(work), "add", "-A")
            _git("-C", str(work), "commit", "-q", "-m", f"number {number}")
            for tag, which in (tags or {}).items():
                if which == number:
                    _git("-C", str(work), "tag", tag)
        _git("clone", "-q", "--bare", str(work), str(bare))
        _git("-C", str(bare), "config", "uploadpack.allowAnySHA1InWant", "true")
        return _git("-C", str(work), "rev-parse", "HEAD").strip()


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def __init__(self, *arguments: object, token: str, directory: str) -> None:
        self._token = token
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type] # socketserver's

    def do_GET(self) -> None:
        """Send a file, or let git answer."""
        if self._token and self.headers.get("Authorization") != f"Bearer {self._token}":
            self.send_error(401)
        elif ".git/" in self.path:
            self._git()
        else:
            super().do_GET()

    def do_POST(self) -> None:
        """Let git answer."""
        self._git()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _git(self) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        told = {
            "GIT_PROJECT_ROOT": self.directory,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
        }
        answer = subprocess.run(
            ["git", "http-backend"],
            input=self.rfile.read(length),
            capture_output=True,
            env={**os.environ, **_IDENTITY, **told},
            timeout=_LIMIT,
            check=True,
        ).stdout
        head, _, body = answer.partition(b"\r\n\r\n")
        status = b"200 OK"
        for line in head.split(b"\r\n"):
            if line.startswith(b"Status: "):
                status = line.removeprefix(b"Status: ")
        self.wfile.write(b"HTTP/1.0 " + status + b"\r\n" + head + b"\r\n\r\n" + body)


def _git(*arguments: str) -> str:
    ended = subprocess.run(
        ["git", *arguments],
        capture_output=True,
        env={**os.environ, **_IDENTITY},
        timeout=_LIMIT,
        check=True,
    )
    return ended.stdout.decode()
