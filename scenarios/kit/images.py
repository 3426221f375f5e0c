"""Images that come out of a build, as OCI archives hold them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.error import HTTPError

from kit.busybox import ARCHITECTURE
from kit.outcomes import WrongError
from kit.registry import Registry
from kit.trees import Tree, read_tar

Document = dict[str, Any]
"""A document of JSON."""

_MANIFESTS = (
    "application/vnd.oci.image.index.v1",
    "application/vnd.oci.image.manifest.v1",
    "application/vnd.docker.distribution.manifest.list.v2",
    "application/vnd.docker.distribution.manifest.v2",
)

_ATTESTATION = "attestation-manifest"
_REFERENCE = "vnd.docker.reference.type"


@dataclass(frozen=True)
class Image:
    """An index or a manifest and what hangs from it."""

    index: Document
    """index.json of an archive, or an index inside it."""
    blob: Callable[[str], bytes]
    """Returns the content that has a digest."""

    @cached_property
    def manifests(self) -> list[Document]:
        """Descriptors of the images, through nested indexes, without attestations."""
        return [one for one in _descend(self.index, self.blob) if not _is_attestation(one)]

    @cached_property
    def attestations(self) -> list[Document]:
        """Manifests of the attestations."""
        found = [one for one in _descend(self.index, self.blob) if _is_attestation(one)]
        return [json.loads(self.blob(one["digest"])) for one in found]

    @cached_property
    def manifest(self) -> Document:
        """The manifest for this machine's platform, or the only one."""
        ours = [one for one in self.manifests if _architecture(one) == ARCHITECTURE]
        found = ours or self.manifests
        if len(found) != 1:
            raise WrongError(f"expected one image for {ARCHITECTURE}; got {self.manifests}")
        return self.document(found[0]["digest"])

    @cached_property
    def document_config(self) -> Document:
        """The whole config: created, author, history, rootfs."""
        return self.document(self.manifest["config"]["digest"])

    @property
    def config(self) -> Document:
        """The config's part that says how it is run: Env, Cmd, Labels."""
        found: Document = self.document_config.get("config", {})
        return found

    @property
    def history(self) -> list[Document]:
        """One entry for each instruction."""
        found: list[Document] = self.document_config.get("history", [])
        return found

    @property
    def layers(self) -> list[Document]:
        """Descriptors of the layers."""
        found: list[Document] = self.manifest["layers"]
        return found

    def layer(self, number: int) -> Tree:
        """Return what is in a layer; negative numbers count from the last."""
        return read_tar(self.blob(self.layers[number]["digest"]))

    def document(self, digest: str) -> Document:
        """Return the document that has a digest."""
        found: Document = json.loads(self.blob(digest))
        return found


def read_archive(data: bytes) -> Image:
    """Read an OCI archive; everything in it is kept in memory."""
    return _layout(_held(data))


def read_saved(data: bytes) -> Image:
    """Read what `docker save` wrote of one image; everything in it is kept in memory.

    Engines of before 25.0 write no index: theirs is made up here, without sizes and types.
    """
    held = _held(data)
    if "index.json" in held:
        return _layout(held)
    (saved,) = json.loads(held["manifest.json"])
    return _made_up(held, saved["Config"], saved["Layers"])


def _held(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive by their names; a link has what it leads to."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {
            member.name: file.read() for member in archive if (file := archive.extractfile(member))
        }


def _layout(held: dict[str, bytes]) -> Image:
    return Image(
        json.loads(held["index.json"]), lambda digest: held[f"blobs/{digest.replace(':', '/')}"]
    )


def bare(config: Document) -> Image:
    """Return an image without layers."""
    return _made_up({"config": json.dumps(config).encode()}, "config", [])


def _made_up(held: dict[str, bytes], config: str, layers: list[str]) -> Image:
    manifest = {"config": {"digest": config}, "layers": [{"digest": name} for name in layers]}
    return Image(
        {"manifests": [{"mediaType": "", "digest": "manifest"}]},
        {**held, "manifest": json.dumps(manifest).encode()}.__getitem__,
    )


def _descend(index: Document, blob: Callable[[str], bytes]) -> list[Document]:
    found = []
    for one in index["manifests"]:
        if one["mediaType"].endswith(("index.v1+json", "manifest.list.v2+json")):
            found += _descend(json.loads(blob(one["digest"])), blob)
        else:
            found.append(one)
    return found


def _architecture(descriptor: Document) -> object:
    return descriptor.get("platform", {}).get("architecture")


def _is_attestation(descriptor: Document) -> bool:
    return bool(descriptor.get("annotations", {}).get(_REFERENCE) == _ATTESTATION)


def read_registry(registry: Registry, name: str, tag: str = "latest") -> Image:
    """Read what a repository of a registry has under a tag or digest."""
    accepted = ", ".join(f"{one}+json" for one in _MANIFESTS)
    top = json.loads(registry.get(f"/v2/{name}/manifests/{tag}", accepted))

    def blob(digest: str) -> bytes:
        try:
            return registry.get(f"/v2/{name}/blobs/{digest}")
        except HTTPError:  # manifests are no blobs to a registry
            return registry.get(f"/v2/{name}/manifests/{digest}", accepted)

    if "manifests" in top:
        return Image(top, blob)
    raw = registry.get(f"/v2/{name}/manifests/{tag}", accepted)
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return Image({"manifests": [{"mediaType": top["mediaType"], "digest": digest}]}, blob)
