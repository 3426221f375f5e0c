"""An engine that is made up: what the Docker SDK's client would do, as far as we ask it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound
from requests import Response

END = object()


class FakeApi:
    """Holds images and containers; a container says what `says` holds until it is removed."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {"Version": "20.10.24", "ApiVersion": "1.41"}
        self.images: set[str] = set()
        self.used: list[str] = []
        self.created: list[dict[str, Any]] = []
        self.running: dict[str, dict[str, str]] = {}
        self.removed: list[str] = []
        self.signals: list[str] = []
        self.put: list[tuple[str, bytes]] = []
        self.archives: dict[str, bytes] = {}
        self.says: list[bytes] = []
        self.hangs = False
        self.obeys = False
        self.ended = False
        """Whether it ends just before it is killed."""
        self.status = 0
        self.oom = False
        self.refuses: dict[str, int] = {}
        self.breaks: Exception | None = None
        self.keeps: Exception | None = None
        self.gone = False
        self.frozen: threading.Event | None = None
        self._stream: queue.Queue[object] = queue.Queue()

    def version(self) -> dict[str, Any]:
        return self.said

    def info(self) -> dict[str, str]:
        return {"ServerVersion": "20.10.24", "Driver": "overlay2"}

    def tag(self, image: str, repository: str, tag: str) -> None:
        assert image == f"{repository}:{tag}"
        if image not in self.images:
            raise ImageNotFound(image)
        self.used.append(image)

    def create_host_config(self, **options: object) -> dict[str, Any]:
        host = dict(options)
        return host | ({"SecurityOpt": host.pop("security_opt")} if "security_opt" in host else {})

    def create_container(self, image: str, command: list[str], **rest: Any) -> dict[str, str]:  # noqa: ANN401 - as the SDK has it
        for word, code in self.refuses.items():
            if word in str(rest["host_config"]):
                response = Response()
                response.status_code = code
                raise APIError("refused", response, explanation=f"{word} is refused")
        self.created.append({"image": image, "command": command, **rest})
        name = f"container-{len(self.created)}"
        self.running[name] = rest["labels"]
        return {"Id": name}

    def put_archive(self, _name: str, folder: str, data: Iterator[bytes]) -> None:
        self.put.append((folder, b"".join(data)))

    def get_archive(self, name: str, folder: str) -> tuple[Iterator[bytes], dict[str, str]]:
        assert name in self.running
        if folder not in self.archives:
            raise NotFound(f"Could not find the file {folder}")
        return iter([self.archives[folder]]), {}

    def attach(self, _name: str, **_options: bool) -> Iterator[bytes]:
        return iter(self._hear, END)  # type: ignore[arg-type] # END ends it and is never given

    def _hear(self) -> object:
        heard = self._stream.get(timeout=60)
        if isinstance(heard, Exception):
            raise heard
        return heard

    def start(self, _name: str) -> None:
        for chunk in self.says:
            self._stream.put(chunk)
        if self.breaks:
            self._stream.put(self.breaks)
        elif not self.hangs:
            self._stream.put(END)

    def kill(self, _name: str, signal: str) -> None:
        self.signals.append(signal)
        if self.ended:
            response = Response()
            response.status_code = 409
            raise APIError("conflict", response, explanation="container is not running")
        if self.obeys:
            self._stream.put(b"goroutine 1 [running]\n")
            self._stream.put(END)

    def wait(self, _name: str, timeout: int) -> dict[str, int]:
        assert timeout
        if self.gone:
            raise NotFound("No such container")
        return {"StatusCode": self.status}

    def inspect_container(self, _name: str) -> dict[str, Any]:
        return {"State": {"OOMKilled": self.oom}}

    def containers(self, **_filters: object) -> list[dict[str, Any]]:
        return [{"Id": name, "Labels": labels} for name, labels in self.running.items()]

    def remove_container(self, name: str, *, force: bool, v: bool) -> None:
        assert force
        assert v
        if self.frozen:
            self._stream.put(END)
            self.frozen.wait(60)
        if self.keeps:
            raise self.keeps
        self.removed.append(name)
        self.running.pop(name, None)
        self._stream.put(END)
