"""The image in which the tests' engines build everything, made without a registry."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from harness.backends.native.toolchain import Toolchain
from harness.store import Store, key_of

PACKAGES = ("git", "ca-certificates", "runc", "docker-registry", "containerd", "python3")
_UNWANTED = re.compile(
    r"var/cache/apt/|var/lib/apt/lists/|usr/share/(doc|info|locale|man|perl)/"
    r"|usr/lib/[^/]+/perl/|usr/bin/(ctr|containerd-shim-runc-v1|containerd-stress)$"
    r"|usr/local/go/(test|api|doc|src/cmd)/|usr/local/go/src/.*(_test\.go$|/testdata/)"
)
"""What no build and no test needs, so that engines need not unpack it."""


def make(store: Store, go: Toolchain) -> Path:
    """Return a tar to import: this distribution with Go, and what the tests of a suite call."""
    release = platform.freedesktop_os_release()
    key = key_of(
        {
            "os": release["VERSION_CODENAME"],
            "go": go.version,
            "packages": PACKAGES,
            "unwanted": _UNWANTED.pattern,
        }
    )

    def fill(folder: Path) -> None:
        root = folder / "rootfs"
        argv = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
        if release["ID"] == "ubuntu":
            argv.append("--components=main,universe")
        argv += [release["VERSION_CODENAME"], str(root)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        with tarfile.open(folder / "image.tar", "w") as tar:
            tar.add(root, "", filter=_wanted)
            tar.add(go.go.parents[1], "usr/local/go", filter=_wanted)
        shutil.rmtree(root)

    return store.publish("test-base", key, fill).path / "image.tar"


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if _UNWANTED.match(member.name) else member
