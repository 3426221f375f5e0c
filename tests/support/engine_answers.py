"""An engine that answers as Docker 20.10 did about images, containers, volumes and mounts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from docker.errors import APIError, ImageNotFound
from requests import Response

from harness.engine.client import PROJECT

OURS = {PROJECT: "yes"}
LAST = "2026-11-24T00:36:04.407379712Z"
SECONDS = 1795480564.407379
MOUNT = "cached mount /compat/go-build from exec /bin/sh -c go build -o /out/bin/buildctl"
KEY = "f4c8840dd3ab104f8c17a127"
SUITE = f"compat/suite:{KEY}"


def _refusal(status: HTTPStatus) -> APIError:
    response = Response()
    response.status_code = status
    kind = ImageNotFound if status is HTTPStatus.NOT_FOUND else APIError
    return kind("refused", response)


class FakeEngine:
    """Holds what the tests say it does, and refuses what they say it refuses."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[dict[str, Any], list[str], str]] = {}
        self.boxes: list[dict[str, Any]] = []
        self.disks: list[dict[str, Any]] = []
        self.cache: list[dict[str, Any]] = []
        self.removed: list[str] = []
        self.refuses: HTTPStatus | None = None

    def image(self, name: str, layers: str, size: int, *tags: str, ours: bool = True) -> None:
        labels = OURS if ours else None
        shown = {"Id": name, "RepoTags": [*tags], "Size": size, "Created": 1, "Labels": labels}
        self.held[name] = shown, [*layers], LAST

    def version(self) -> dict[str, str]:
        return {"Version": "20.10.24", "ApiVersion": "1.41"}

    def images(self) -> list[dict[str, Any]]:
        return [shown for shown, _, _ in self.held.values()]

    def inspect_image(self, name: str) -> dict[str, Any]:
        for key, (shown, layers, tagged) in self.held.items():
            if name == key or name in shown["RepoTags"]:
                return {"RootFS": {"Layers": layers}, "Metadata": {"LastTagTime": tagged}}
        raise _refusal(HTTPStatus.NOT_FOUND)

    def containers(self, *, all: bool, filters: dict[str, list[str]]) -> list[dict[str, Any]]:  # noqa: A002 - the SDK's
        assert (all, filters) == (True, {"label": [PROJECT]})
        return self.boxes

    def volumes(self, filters: dict[str, list[str]]) -> dict[str, Any]:
        assert filters == {"label": [PROJECT]}
        return {"Volumes": self.disks or None}

    def df(self) -> dict[str, Any]:
        return {"BuildCache": self.cache or None}

    def remove_image(self, name: str) -> None:
        self._remove(name)

    def remove_volume(self, name: str) -> None:
        self._remove(name)

    def remove_container(self, name: str, *, force: bool, v: bool) -> None:
        assert force
        assert v
        self._remove(name)

    def prune_builds(self, filters: dict[str, str], *, all: bool) -> dict[str, Any]:  # noqa: A002 - the SDK's
        assert all
        if self.refuses:
            return {"CachesDeleted": None}
        self.removed.append(filters["id"])
        return {"CachesDeleted": [filters["id"]]}

    def _remove(self, name: str) -> None:
        if self.refuses:
            raise _refusal(self.refuses)
        self.removed.append(name)
