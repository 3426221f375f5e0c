"""What is sent to a worker and what comes back: bytes with a digest, and nothing that is pickled.

Dask moves them as they are. Python's pickles of our own types would tie both ends to one version
before either could say that the other has a different one.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

import msgspec

import harness
from harness.errors import CompatError, InfrastructureError
from harness.model.matrix import CellResult, Plan

WORK, ANSWER = "work", "answer"
"""Files between a worker and its child."""

_DIGEST = hashlib.sha256().digest_size
_LEFT_OUT = frozenset({"__pycache__", "_data"})
"""Compiled files differ by themselves, and what is data has digests of its own in the plan."""


class Damaged(InfrastructureError):  # noqa: N818 - a state, named as one
    """What came is not what was sent."""


class Kin(msgspec.Struct, frozen=True):
    """What must be equal at both ends, so that they would build, run and judge the same."""

    harness: str
    """Digest of this package's files."""
    python: str
    """Its minor version: 3.11."""
    machine: str
    """Architecture."""

    def other(self, found: Kin) -> str:
        """Return what is different with somebody else, in words; empty if nothing is."""
        names = {"harness": "version of this program", "python": "Python", "machine": "machine"}
        told = (
            f"another {words} ({theirs}, not {ours})"
            for name, words in names.items()
            if (ours := getattr(self, name)) != (theirs := getattr(found, name))
        )
        return ", ".join(told)


def kin() -> Kin:
    """Return what this end is. The files are read anew, as they are what a child would run."""
    digest = hashlib.sha256()
    root = Path(harness.__file__).parent
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not _LEFT_OUT.intersection(inside.parts):
            content = path.read_bytes()
            digest.update(f"{inside}\0{len(content)}\0".encode() + content)
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Kin(digest.hexdigest()[:12], minor, platform.machine())


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A task."""

    kin: Kin
    """Of who asks."""
    task: str
    """Id of a build or of the cell."""
    key: str = ""
    """Of the build, which may have another id in a plan of one cell; empty for a cell."""
    plan: Plan
    """Of the cell alone, or of one that needs the build."""
    options: dict[str, str | int | bool]
    """Of `compat matrix`; what is not there, the worker's machine decides."""
    command: tuple[str, ...] = ()
    """What a user would type for the cell."""
    earlier: bytes = b""
    """The run folder of a cell that was interrupted, packed."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task: one of a refusal, a failure, an artefact, or a row with its folder."""

    refusal: str = ""
    """Why this worker is none for the task."""
    worker: str = ""
    """Address of who refuses."""
    error: str = ""
    hint: str = ""
    exit_code: int = 0
    """Of the error."""
    lacks: str = ""
    """Ditto: what a server withholds for a while."""
    key: str = ""
    """Of what was built."""
    path: str = ""
    cached: bool = False
    go_minor: int = 0
    row: CellResult | None = None
    folder: bytes = b""
    """The cell's run folder, packed; empty if there is none."""
    warnings: tuple[str, ...] = ()


def failure(error: CompatError) -> Answer:
    """Return an error as an answer."""
    return Answer(error=str(error), hint=error.hint, exit_code=error.exit_code, lacks=error.lacks)


def seal(answer: Answer) -> bytes:
    """Return an answer as bytes behind their digest."""
    body = msgspec.msgpack.encode(answer)
    return hashlib.sha256(body).digest() + body


def unseal(sealed: bytes) -> Answer:
    """Return the answer that was sealed. Raises Damaged."""
    digest, body = sealed[:_DIGEST], sealed[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        raise Damaged("what came back is not what its digest says")
    try:
        return msgspec.msgpack.decode(body, type=Answer)
    except msgspec.MsgspecError as error:
        raise Damaged(f"what came back is no answer: {error}") from error
