"""A socket here that leads to an engine elsewhere, over ssh, as `docker -H ssh://…` gets there.

Each connection is an ssh of its own, whose other end is `docker system dial-stdio`; ssh's own
configuration, keys and known hosts apply. The SDK's way over ssh knows no time limit, asks for
passwords in the middle of a run, and leaves ssh's words to the terminal.
"""

from __future__ import annotations

import atexit
import shlex
import socket
import threading
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

from harness.engine.errors import EngineFailed, asking
from harness.errors import InfrastructureError
from harness.tools.inherited import SSH, inherited
from harness.tools.process import CommandFailed, Request, run
from harness.tools.redaction import redact
from harness.tools.temporary import temporary

SCHEME = "ssh://"

_OPTIONS = (
    *("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
)
"""Nobody is there to be asked, and a network that is gone must not keep us."""

_LIFE = 7 * 24 * 3600.0
"""Seconds for one connection; what uses it has limits of its own."""

_LAST_WORDS = 3.0
"""Seconds for an ssh to end whose connection has broken off."""


def ssh_command(url: str) -> list[str]:
    """Return the command line that leads to the engine of ssh://[USER@]HOST[:PORT][/SOCKET].

    Raises EngineFailed if this is no such address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EngineFailed(f"{url} is no address: {error}") from error
    # Not parts.hostname, which is in lower case, as names in ssh's configuration need not be.
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{port}").strip("[]")
    if not host:
        raise EngineFailed(f"{url} names no host")
    if parts.password is not None:
        raise EngineFailed("ssh:// takes no password", hint="use a key, or an agent")
    argv = ["ssh", *_OPTIONS]
    argv += ["-l", parts.username] if parts.username else []
    argv += ["-p", str(port)] if port else []
    at = ["--host", f"unix://{parts.path}"] if parts.path else []
    return [*argv, "--", host, shlex.join(["docker", *at, "system", "dial-stdio"])]


class Tunnel:
    """A way to one engine, open until the program ends or it is closed."""

    def __init__(self, url: str) -> None:
        """Listen on a socket that nobody else may use. Raises EngineFailed."""
        self._argv = ssh_command(url)
        self._broken = threading.Event()
        self._stderr = ""
        with asking("make a socket that leads to ssh"):
            self._folder = ExitStack()
            self._listener = socket.socket(socket.AF_UNIX)
            atexit.register(self.close)
            self.socket = self._folder.enter_context(temporary()) / "docker.sock"
            self._listener.bind(str(self.socket))
            self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def complaint(self) -> str:
        """Return what an ssh said that has failed, waiting shortly for one that is about to."""
        self._broken.wait(_LAST_WORDS)
        return self._stderr

    def close(self) -> None:
        """Take no more connections, and remove the socket."""
        atexit.unregister(self.close)
        with suppress(OSError):  # nobody has come
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._folder.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # it was closed
            threading.Thread(target=self._carry, args=(connection,), daemon=True).start()

    def _carry(self, connection: socket.socket) -> None:
        with connection:
            try:
                fileno = connection.fileno()
                run(Request(self._argv, env=inherited(SSH), duplex=fileno, timeout=_LIFE))
            except InfrastructureError as error:
                said = error.output if isinstance(error, CommandFailed) else str(error)
                self._stderr = redact(said).strip()
                self._broken.set()
