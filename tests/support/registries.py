"""Registries of the tests' own, on the loopback."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.tools import process
from tests.support.watched_processes import PATIENCE

# The configuration that BuildKit's tests write (util/testutil/integration/registry.go).
CONFIG = """\
version: 0.1
loglevel: debug
storage:
    filesystem:
        rootdirectory: {data}
http:
    addr: 127.0.0.1:{port}
"""


@contextmanager
def serving(
    folder: Path, within: tuple[str, ...] = (), port: int = 0, also: str = ""
) -> Iterator[str]:
    """Run Debian's registry over a mirror folder, as the tests do; gives HOST:PORT.

    `also` is more of its configuration.
    """
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(data=folder / "data", port=port) + also, "utf-8")
    program = process.find("docker-registry")
    said = folder / "registry.log"
    with (
        said.open("wb") as log,
        subprocess.Popen([*within, program, "serve", config], stdout=log, stderr=log) as child,
    ):
        try:
            yield listening(said)
        finally:
            child.kill()


def listening(said: Path) -> str:
    """Wait until a registry has logged where it listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := re.search(r"listening on (127\.0\.0\.1:\d+)", said.read_text("utf-8")):
            return found[1]
        time.sleep(0.02)
    raise TimeoutError(said.read_text("utf-8"))
