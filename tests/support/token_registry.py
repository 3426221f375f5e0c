"""A registry that wants tokens, and the server that gives them, as Docker Hub and GHCR do it.

https://distribution.github.io/distribution/spec/auth/token/: whoever comes without a token is told
where to get one (401, `WWW-Authenticate: Bearer realm=…`), asks there with a login or without one,
and comes back.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from tests.support.published_images import Layout, digest_of

SERVICE = "registry.of.tests"
_PREFIX = "blobs/sha256/"


@dataclass
class Rules:
    """Who may have what."""

    users: Mapping[str, str]
    """Passwords by name."""
    identity: str = ""
    """An identity token that stands for a login, as cloud registries have them."""
    private: frozenset[str] = frozenset()
    """Repositories for users alone."""
    refuses: bool = False
    """Whether the token server itself denies (GHCR), or gives a token that is good for nothing."""
    asked: list[str] = field(default_factory=list)
    """How each token was asked for: `anonymous`, `login`, `identity` or `wrong`."""
    tokens: dict[str, set[str]] = field(default_factory=dict)
    """Repositories that each token is good for."""


class Registry(ThreadingHTTPServer):
    """A registry of one image, by names that repositories and tags are of."""

    rules: Rules
    layout: Layout
    row: Mapping[str, object]

    @property
    def host(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/token":
            asked = parse_qs(url.query)
            self._token(self._user(), asked.get("scope", []))
            return
        name, _, rest = url.path.removeprefix("/v2/").partition("/manifests/")
        blob = ""
        if not rest:
            name, _, blob = url.path.removeprefix("/v2/").partition("/blobs/")
        rules = self.server.rules
        token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        if token not in rules.tokens or (name and name not in rules.tokens[token]):
            self._challenge(name, known=token in rules.tokens)
            return
        digest = blob or (rest if rest.startswith("sha256:") else digest_of(self.server.row))
        kind = str(self.server.row["mediaType"]) if rest else "application/octet-stream"
        content = self.server.layout.files.get(_PREFIX + digest.removeprefix("sha256:"))
        if name and content is None:
            self._answer(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})
            return
        self._send(200, content or b"{}", {"Content-Type": kind})

    def do_POST(self) -> None:
        asked = parse_qs(self._body())
        good = asked.get("refresh_token") == [self.server.rules.identity]
        self._token("identity" if good else "wrong", asked.get("scope", []))

    def _body(self) -> str:
        """Return what was posted, which skopeo sends in chunks."""
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        return content.decode()

    def _user(self) -> str:
        """Return how a token is asked for."""
        given = (self.headers["Authorization"] or "").removeprefix("Basic ")
        if not given:
            return "anonymous"
        user, _, password = base64.b64decode(given).decode().partition(":")
        return "login" if self.server.rules.users.get(user) == password else "wrong"

    def _token(self, who: str, scopes: list[str]) -> None:
        rules = self.server.rules
        rules.asked.append(who)
        if who == "wrong":
            said = {"code": "UNAUTHORIZED", "message": "incorrect username or password"}
            self._answer(401, {"errors": [said]})
            return
        names = {it.split(":")[1] for scope in scopes for it in scope.split()}
        if who == "anonymous":
            if rules.refuses and names & rules.private:
                said = {"code": "DENIED", "message": "requested access to the resource is denied"}
                self._answer(403, {"errors": [said]})
                return
            names -= rules.private
        made = secrets.token_urlsafe(24)
        rules.tokens[made] = names
        self._answer(200, {"token": made, "access_token": made, "expires_in": 300})

    def _challenge(self, name: str, *, known: bool) -> None:
        realm = f'Bearer realm="http://{self.server.host}/token",service="{SERVICE}"'
        if name:
            realm += f',scope="repository:{name}:pull"'
        if known:
            realm += ',error="insufficient_scope"'
        code = "DENIED" if known else "UNAUTHORIZED"
        said = {"code": code, "message": "requested access to the resource is denied"}
        self._answer(401, {"errors": [said]}, {"WWW-Authenticate": realm})

    def _answer(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        self._send(
            status,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **(headers or {})},
        )

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def serving(layout: Layout, row: Mapping[str, object], rules: Rules) -> Iterator[Registry]:
    """Serve an image of a layout under every name, to who has a token for it."""
    with Registry(("127.0.0.1", 0), _Handler) as made:
        made.layout, made.row, made.rules = layout, row, rules
        thread = Thread(target=made.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()
