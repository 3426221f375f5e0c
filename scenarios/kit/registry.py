"""A registry on the loopback, and what is put into it."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

_PROGRAMS = ("registry", "docker-registry")
_WAIT = 60.0
"""Seconds until a program that was started must answer."""

_PAUSE = 0.05

_SERVE = """
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
http: {addr: "127.0.0.1:%d"}
"""


class Registry:
    """A registry of its own folder; `address` is host and port."""

    def __init__(self, folder: Path) -> None:
        """Start it, and wait until it answers. Raises RuntimeError if it does not."""
        program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
        if program is None:
            raise RuntimeError(f"none of {', '.join(_PROGRAMS)} is on PATH")
        port = free_port()
        self.address = f"localhost:{port}"
        config, log = folder / "registry.yml", folder / "registry.log"
        config.write_text(_SERVE % (folder / "registry", port))
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, "serve", str(config)], stdout=output, stderr=output
            )
        if not answers(self.url("/v2/"), self._process):
            self.stop()
            raise RuntimeError(f"the registry does not answer: {log.read_text()}")

    def url(self, path: str) -> str:
        """Return the address of something in it."""
        return f"http://{self.address}{path}"

    def get(self, path: str, accept: str = "*/*") -> bytes:
        """Return a document or a blob."""
        return self._ask("GET", self.url(path), headers={"Accept": accept})[0]

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository, which may be none."""
        with contextlib.suppress(urllib.error.HTTPError):
            found: dict[str, list[str] | None] = json.loads(self.get(f"/v2/{repository}/tags/list"))
            return found["tags"] or []
        return []

    def push(self, repository: str, tag: str, archive: Path) -> None:
        """Put the first image of an OCI archive into it."""
        with tarfile.open(archive) as tar:

            def read(name: str) -> bytes:
                file = tar.extractfile(name)
                assert file is not None
                return file.read()

            def blob(digest: str) -> bytes:
                return read(f"blobs/{digest.replace(':', '/')}")

            described = json.loads(read("index.json"))["manifests"][0]
            manifest = blob(described["digest"])
            document: dict[str, Any] = json.loads(manifest)
            for part in (document["config"], *document["layers"]):
                self.push_blob(repository, part["digest"], blob(part["digest"]))
        self.push_manifest(repository, tag, manifest, described["mediaType"])

    def push_blob(self, repository: str, digest: str, content: bytes) -> None:
        """Put a blob into a repository."""
        _, where = self._ask("POST", self.url(f"/v2/{repository}/blobs/uploads/"))
        self._ask("PUT", f"{where}&digest={digest}", content)

    def push_manifest(self, repository: str, tag: str, content: bytes, media_type: str) -> None:
        """Put a manifest or an index into a repository."""
        url = self.url(f"/v2/{repository}/manifests/{tag}")
        self._ask("PUT", url, content, {"Content-Type": media_type})

    def stop(self) -> None:
        """End it."""
        end(self._process)

    @staticmethod
    def _ask(
        method: str, url: str, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[bytes, str]:
        # Without an explicit type urllib calls any content a form.
        headers = {"Content-Type": "application/octet-stream", **(headers or {})}
        request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310 - the loopback's
        with urllib.request.urlopen(request, timeout=_WAIT) as answer:  # noqa: S310 - as above
            return answer.read(), answer.headers.get("Location", "")


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server answers with anything; False if it ends before, or takes too long."""
    until = time.monotonic() + _WAIT
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=_WAIT):  # noqa: S310 - the loopback's
            return True
        time.sleep(_PAUSE)
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program, by force if it does not heed the request, and wait for it."""
    process.terminate()
    try:
        process.wait(_WAIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
