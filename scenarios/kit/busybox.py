"""The base image of scenarios, made of a static busybox."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import subprocess
import tarfile
from pathlib import Path

from kit.registry import Registry

NAME = "library/busybox"
"""Its repository."""

_PLACES = ("/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_FOLDERS = {
    **dict.fromkeys(("bin", "dev", "etc", "home", "proc", "sys"), 0o755),
    "root": 0o700,
    "tmp": 0o1777,
}
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1234:1235:app:/home:/bin/sh\n",
    "etc/group": "root:x:0:\napp:x:1235:\ncrew:x:2345:app\n",
}
_EPOCH = 1546300800
_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

ARCHITECTURE = _MACHINES.get(platform.machine(), platform.machine())
"""This machine's, as images name it."""


def push(registry: Registry, repository: str, whose: str = "") -> None:
    """Put the image into a registry, as `latest`. Raises RuntimeError without a busybox.

    It has users root and app (1234:1235), group crew (2345), PATH, and a label `base=busybox`.
    `whose` is written into its layer, which makes it another image.
    """
    tar = _layer(whose)
    packed = gzip.compress(tar, 1, mtime=0)
    config = json.dumps(
        {
            "architecture": ARCHITECTURE,
            "os": "linux",
            "config": {
                "Env": ["PATH=/bin"],
                "Cmd": ["sh"],
                "Labels": {"base": "busybox"},
            },
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
            "history": [{"created": "2019-01-01T00:00:00Z", "created_by": "ADD busybox /"}],
        }
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _TYPE,
        "config": {"mediaType": _CONFIG, "digest": _digest(config), "size": len(config)},
        "layers": [{"mediaType": _LAYER, "digest": _digest(packed), "size": len(packed)}],
    }
    for blob in (packed, config):
        registry.push_blob(repository, _digest(blob), blob)
    registry.push_manifest(repository, "latest", json.dumps(manifest).encode(), _TYPE)


def _layer(whose: str) -> bytes:
    program = next((path for path in map(Path, _PLACES) if path.is_file()), None)
    if program is None:
        raise RuntimeError(f"there is no busybox: none of {', '.join(_PLACES)}")
    listed = subprocess.run([program, "--list"], capture_output=True, check=True, timeout=60)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, mode in _FOLDERS.items():
            _add(tar, name, mode, kind=tarfile.DIRTYPE)
        _add(tar, "bin/busybox", 0o755, program.read_bytes())
        for applet in sorted({*listed.stdout.decode().split()} - {"busybox"}):
            _add(tar, f"bin/{applet}", 0o755, kind=tarfile.LNKTYPE)
        for name, text in {**_FILES, **({"etc/whose": whose} if whose else {})}.items():
            _add(tar, name, 0o644, text.encode())
    return buffer.getvalue()


def _add(
    tar: tarfile.TarFile,
    name: str,
    mode: int,
    content: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
) -> None:
    member = tarfile.TarInfo(name)
    member.mode, member.type, member.size, member.mtime = mode, kind, len(content), _EPOCH
    member.linkname = "bin/busybox" if kind == tarfile.LNKTYPE else ""
    tar.addfile(member, io.BytesIO(content))


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
