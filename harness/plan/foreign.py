"""What this machine lacks for a pair of another platform: then nothing of it is built or run."""

from __future__ import annotations

from harness.model import Pair
from harness.model.platforms import LINUX, platform_of
from harness.tools import machine

_PROCESSORS = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "arm": "arm",
}
"""As Go and OCI name them → as QEMU's programs and their handlers do, where they differ."""


def here() -> str:
    """Return the platform of this machine."""
    return platform_of(machine.architecture())


def lacking_for(pair: Pair) -> tuple[str, ...]:
    """Return what would have to be there to run a pair's daemon here; nothing for one of ours.

    On Linux of another processor that is a handler of binfmt_misc, and, where it is there, a build
    for that processor: this program builds for its own alone. Another system needs another machine,
    whose results can be adopted.
    """
    if pair.platform == here():
        return ()
    system, architecture = pair.platform.split("/")[:2]
    if system != LINUX:
        return (f"machine {pair.platform}",)
    processor = _PROCESSORS.get(architecture, architecture)
    if not machine.emulates(processor):
        return (f"binfmt handler qemu-{processor}",)
    return (f"build for {pair.platform}",)
