"""Images as others publish them: indexes, attestations, what compresses layers, and what is bad."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.images.layouts import Platform
from harness.journal import read_plan
from harness.model import Commit
from harness.model.platforms import platform_of
from harness.tools.machine import architecture

LABELS = {"moby.buildkit.frontend.network.none": "true"}
ENTRYPOINT = ("/bin/dockerfile-frontend",)
OTHER = "riscv64" if architecture() != "riscv64" else "s390x"
DAEMON = ("buildkitd", "buildctl", "buildkit-runc")
"""Programs in the image of a daemon."""
HERE = Platform.of(platform_of(architecture()))
"""What this machine is."""
MACHINES = {"arm": 40, "amd64": 62, "arm64": 183, "riscv64": 243}

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
ZSTD = b"\x28\xb5\x2f\xfd"
"""What begins a layer that is packed with it."""


def elf(machine: str | None = None, text: bytes = b"") -> bytes:
    """Return the headers of a static program, and what is written in it."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    number = MACHINES[machine or architecture()]
    return (
        ident + struct.pack("<HHIQQQIHHHHHH", 2, number, 1, 0, 0, 0, 0, 64, 56, 0, 0, 0, 0) + text
    )


def layer(files: Mapping[str, bytes]) -> bytes:
    """Return a layer, not compressed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@dataclass
class Layout:
    """The files of an OCI layout, by name, while it is made."""

    files: dict[str, bytes] = field(default_factory=dict)
    rows: list[dict[str, object]] = field(default_factory=list)

    def put(self, content: bytes, kind: str) -> dict[str, object]:
        """Add a file and return its descriptor."""
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    def image(  # noqa: PLR0913 - what images differ in
        self,
        program: bytes | None = None,
        *,
        labels: Mapping[str, str] = LABELS,
        entrypoint: Sequence[str] = ENTRYPOINT,
        machine: str = "",
        docker: bool = False,
        packed: bytes | None = None,
        layers: Sequence[bytes] = (),
    ) -> dict[str, object]:
        """Add an image of a program; `packed` is its layer, if that is no gzip.

        With `layers`, which are not compressed, these are its content.
        """
        contents = layers or [layer({"bin/dockerfile-frontend": program or elf(machine or None)})]
        blobs = [gzip.compress(it, mtime=0) for it in contents] if packed is None else [packed]
        run = {"Entrypoint": list(entrypoint), "Labels": dict(labels)}
        config = {
            "architecture": machine or architecture(),
            "os": "linux",
            "config": run,
            "rootfs": {"type": "layers", "diff_ids": [_sha(it) for it in contents]},
        }
        kinds = (
            (f"{DOCKER}.distribution.manifest.v2+json", f"{DOCKER}.container.image.v1+json")
            if docker
            else (f"{OCI}.manifest.v1+json", f"{OCI}.config.v1+json")
        )
        of_layer = f"{DOCKER}.image.rootfs.diff.tar.gzip" if docker else f"{OCI}.layer.v1.tar+gzip"
        if packed and packed.startswith(ZSTD):
            of_layer = f"{OCI}.layer.v1.tar+zstd"
        manifest = {
            "schemaVersion": 2,
            "mediaType": kinds[0],
            "config": self.put(json.dumps(config).encode(), kinds[1]),
            "layers": [self.put(it, of_layer) for it in blobs],
        }
        return self.put(json.dumps(manifest).encode(), kinds[0])

    def daemon(
        self,
        *layers: bytes,
        labels: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] = ("buildkitd",),
        machine: str = "",
        docker: bool = False,
        packed: bytes | None = None,
    ) -> dict[str, object]:
        """Add an image of a daemon, as upstream's is; without `layers` one of headers alone."""
        given = layers or [layer({f"usr/bin/{name}": elf(machine or None) for name in DAEMON})]
        return self.image(
            layers=given,
            labels=labels or {},
            entrypoint=entrypoint,
            machine=machine,
            docker=docker,
            packed=packed,
        )

    def index(self, *rows: Mapping[str, object], docker: bool = False) -> dict[str, object]:
        """Add an index of manifests."""
        kind = f"{DOCKER}.distribution.manifest.list.v2+json" if docker else f"{OCI}.index.v1+json"
        content = {"schemaVersion": 2, "mediaType": kind, "manifests": rows}
        return self.put(json.dumps(content).encode(), kind)

    def attestation(self, of: Mapping[str, object]) -> dict[str, object]:
        """Add what buildx puts beside an image: a manifest for no platform."""
        notes = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": str(of["digest"]),
        }
        row = self.image(b"{}")
        return row | {"annotations": notes, "platform": _platform("unknown", "unknown")}

    def name(self, row: Mapping[str, object], *names: str) -> None:
        """Name an image or an index in index.json, once for each name; without one, once."""
        for name in names:
            notes = {"org.opencontainers.image.ref.name": name}
            self.rows.append({**row, "annotations": notes})
        if not names:
            self.rows.append({**row})

    def write(self, path: Path, *, archive: bool = False) -> Path:
        """Write it as a folder, or as an archive."""
        files = {
            **self.files,
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            "index.json": json.dumps({"schemaVersion": 2, "manifests": self.rows}).encode(),
        }
        if archive:
            path.write_bytes(layer(files))
            return path
        for name, content in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return path


def built(cache: Path, run: Path) -> tuple[Commit, dict[str, bytes], bytes]:
    """Return what a run of a pair had built: the daemon's commit, its programs, the frontend's."""
    plan = read_plan(run)
    (cell,) = plan.cells
    keys = {it.id: it.key for it in plan.builds}
    programs = cache / "suite" / keys[cell.suite] / "bin"
    files = {f"usr/bin/{it}": (programs / it).read_bytes() for it in ("buildkitd", "buildctl")}
    frontend = cache / "frontend" / keys[cell.candidate] / "dockerfile-frontend"
    return cell.pair.suite, files, frontend.read_bytes()


def on(
    row: Mapping[str, object], machine: str = "", os: str = "linux", variant: str = ""
) -> dict[str, object]:
    """Return a descriptor that says for which platform it is."""
    platform = _platform(os, machine or architecture())
    return {**row, "platform": platform | ({"variant": variant} if variant else {})}


def digest_of(row: Mapping[str, object]) -> str:
    """Return the digest in a descriptor."""
    return str(row["digest"])


def _platform(os: str, machine: str) -> dict[str, str]:
    return {"os": os, "architecture": machine}


def _sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
