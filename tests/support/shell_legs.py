"""A leg of the native backend whose test binary is a shell script."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness.backends.base import Artefact, LegExit, LegRequest
from harness.backends.native.sandbox import run_leg

MARK = f"86399.{os.getpid()}"
"""Seconds that no other process of this machine sleeps."""


def leg_request(place: Path, /, **changes: Any) -> LegRequest:  # noqa: ANN401 - any field
    """Return what is asked of a leg whose suite and frontend lie in a folder."""
    suite = Artefact("s", place / "suite", cached=True, go_minor=21)
    given: dict[str, Any] = {
        "suite": suite,
        "tests": suite,
        "frontend": Artefact("f", place / "frontend", cached=True, go_minor=21),
        "worker": "oci",
        "select": "^TestIntegration$",
        "skip": "",
        "parallel": 2,
        "procs": 2,
        "timeout": 60.0,
        "offline": True,
        "mirror": None,
        "folder": place / "out",
    }
    return LegRequest(**given | changes)


class Leg:
    """A leg whose test binary is a script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        self.mirror: Path | None = None
        self.offline = True
        self.timeout = 120.0
        for name in ("suite/bin", "suite/src", "frontend"):
            (folder / name).mkdir(parents=True)
        (folder / "suite/bin/buildkitd").write_text("#!/bin/sh\necho this is buildkitd\n", "utf-8")
        (folder / "suite/bin/buildkitd").chmod(0o755)

    def request(self, script: str) -> LegRequest:
        binary = self.folder / "suite/bin/dockerfile.test"
        binary.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        binary.chmod(0o755)
        return leg_request(
            self.folder,
            procs=3,
            timeout=self.timeout,
            offline=self.offline,
            mirror=self.mirror,
            environment=self.environment,
        )

    def __call__(self, script: str) -> tuple[LegExit, str]:
        output = bytearray()
        end = run_leg(self.request(script), output.extend)
        return end, output.decode()

    def says(self, script: str) -> str:
        end, output = self(f"set -eu\n{script}")
        assert end.status == 0, output
        return output.strip()


def sleepers() -> list[int]:
    """Find the processes, in any namespace, that sleep as only these tests do."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if MARK.encode() in words:
                found.append(int(entry.name))
    return found
