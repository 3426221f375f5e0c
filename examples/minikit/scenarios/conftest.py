"""A daemon of MiniKit for all scenarios, and how one builds on it: JSON over a Unix socket."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest

FRONTEND = "scenarios/frontend"
_WAIT = 20.0
_INFRASTRUCTURE = 4
_BUSY = "text file busy"
"""What a daemon says that starts a program while it writes another (golang/go#22315)."""


class BuildFailed(Exception):  # noqa: N818 - what happened, as the harness looks for it
    """A build failed; the text is what the daemon said."""

    build_failed = True


class Live:
    """The daemon, and its mirror with the frontend under test."""

    def __init__(self, folder: Path) -> None:
        """Take a folder, and put the frontend into the mirror there."""
        self.folder = folder
        self.log = folder / "buildkitd.log"
        self.socket = folder / "d.sock"
        self.command = f"buildkitd --root {folder}/root --addr unix://{self.socket}"
        self._daemon: subprocess.Popen[bytes] | None = None
        archive = os.environ["FRONTEND_GATEWAY_ONLY"].removeprefix("local:")
        image = folder / "mirror" / "minikit" / f"{FRONTEND}@latest.tar"
        image.parent.mkdir(parents=True)
        shutil.copyfile(archive, image)

    def alive(self) -> bool:
        """Return whether the daemon runs."""
        return self._daemon is not None and self._daemon.poll() is None

    def restart(self) -> None:
        """Start it where it was. Raises RuntimeError if it does not answer."""
        self.socket.unlink(missing_ok=True)
        argv = [*self.command.split(), "--mirror", f"{self.folder}/mirror"]
        with self.log.open("ab") as log:
            self._daemon = subprocess.Popen(argv, stdout=log, stderr=log)
        until = time.monotonic() + _WAIT
        while not self.socket.exists():
            if not self.alive() or time.monotonic() > until:
                raise RuntimeError(f"the daemon does not answer: {self.log.read_text()[-500:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it."""
        if self._daemon:
            self._daemon.kill()
            self._daemon.wait()

    def solve(self, spec: dict[str, object]) -> dict[str, object]:
        """Ask the daemon for a build, again where it was merely busy. Raises BuildFailed."""
        until = time.monotonic() + _WAIT
        while True:
            try:
                return self._solve(spec)
            except BuildFailed as error:
                if _BUSY not in str(error) or time.monotonic() > until:
                    raise

    def _solve(self, spec: dict[str, object]) -> dict[str, object]:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self.socket))
                connection.sendall(json.dumps({"method": "solve", "solve": spec}).encode() + b"\n")
                replies = connection.makefile("r").read().splitlines()
            except OSError as error:
                raise BuildFailed(f"failed to solve: transport is closing: {error}") from error
        last = json.loads(replies[-1]) if replies else {}
        if "result" in last:
            found: dict[str, object] = last["result"]
            return found
        raise BuildFailed(f"failed to solve: {last.get('error', 'transport is closing: EOF')}")


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Have a daemon around all scenarios."""
    if session.config.option.collectonly:
        return (yield)
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as folder:
        live = Live(Path(folder))
        try:
            live.restart()
        except (OSError, RuntimeError) as error:
            live.stop()
            pytest.exit(f"scenarios cannot begin: {error}", _INFRASTRUCTURE)
        session.config.live = live  # type: ignore[attr-defined] # the harness looks for it
        try:
            return (yield)
        finally:
            live.stop()


class Build:
    """Builds Dockerfiles with the frontend under test."""

    def __init__(self, live: Live, folder: Path) -> None:
        """Build in a folder."""
        self.built: list[str] = []
        self._live = live
        self._folder = folder

    def __call__(
        self,
        dockerfile: str,
        files: Mapping[str, str] | None = None,
        export: Mapping[str, str] | None = None,
    ) -> tuple[Path, dict[str, object]]:
        """Return the folder of the result, and its image's configuration."""
        self.built.append(dockerfile)
        for folder, content in (("context", files or {}), ("file", {"Dockerfile": dockerfile})):
            for name, text in content.items():
                path = self._folder / folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            (self._folder / folder).mkdir(exist_ok=True)
        out = self._folder / "out"
        out.mkdir()
        result = self._live.solve(
            {
                "frontend": "gateway.v0",
                "attrs": {"source": FRONTEND},
                "locals": {
                    "context": f"{self._folder}/context",
                    "dockerfile": f"{self._folder}/file",
                },
                "exportAttrs": dict(export or {}),
                "output": str(out),
            }
        )
        image = result["image"]
        assert isinstance(image, dict)
        return out, image


@pytest.fixture
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Build]:
    """Return what builds; its Dockerfiles are kept with the result."""
    made = Build(request.config.live, tmp_path)  # type: ignore[attr-defined] # set above
    yield made
    request.node.user_properties += [("dockerfile", text) for text in made.built]
