"""Images that somebody published, taken into the store as they are.

What is taken of an image is kept where what is built here would be, under the digest of its
manifest, and beside it what the image says of itself. What that is, its kind knows: a frontend or
a daemon.
"""

from __future__ import annotations

import mmap
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from harness.errors import InfrastructureError, UsageError
from harness.images import elf
from harness.images.contents import BROKEN
from harness.images.layouts import Descriptor, Files, Found, Manifest, Platform
from harness.model import Record, Side
from harness.store import Store, key_of

FACTS = "image.json"

_RECIPE = 4
_HEX = re.compile(rb"[0-9a-f]{40,4096}")
_MOST_HEX = 20_000


class Run(msgspec.Struct, frozen=True):
    """How an image is run."""

    entrypoint: tuple[str, ...] | None = msgspec.field(name="Entrypoint", default=None)
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)
    environment: tuple[str, ...] | None = msgspec.field(name="Env", default=None)


class Config(msgspec.Struct, frozen=True):
    """The config of an image, as far as we read it."""

    architecture: str = ""
    os: str = ""
    variant: str = ""
    config: Run = Run()

    @property
    def entrypoint(self) -> tuple[str, ...]:
        """Words of the command that it runs."""
        return self.config.entrypoint or ()

    @property
    def labels(self) -> dict[str, str]:
        """Labels by name."""
        return self.config.labels or {}


class Facts(Record, frozen=True, kw_only=True):
    """What an image says of itself."""

    digest: str
    platform: str
    labels: dict[str, str]
    entrypoint: tuple[str, ...]
    programs: tuple[str, ...]
    """What was taken out of its layers, below its folder."""
    left: tuple[str, ...] = ()
    """What was not taken, and why, and what else is odd: ends of sentences with `its` before."""
    hex: tuple[str, ...] = ()
    """Hex digits in its program, where the id of a commit may be among them."""


@dataclass(frozen=True)
class Image:
    """An image that was read: each of its files is what its digest says."""

    where: str
    """For people."""
    one: Descriptor
    manifest: Manifest
    contents: dict[str, bytes | Path]
    """Manifest, config and layers by their digests."""
    config: Config

    @property
    def layers(self) -> list[Path]:
        """Its layers, the lowest first."""
        found = (self.contents[it.digest] for it in self.manifest.layers)
        return [it for it in found if isinstance(it, Path)]


@dataclass(frozen=True)
class Kind:
    """What an image may be taken as."""

    side: Side
    called: str
    """With an article before it: `no Dockerfile frontend`."""
    hint: str
    program: str
    """Which of what is taken is written to be of a commit."""
    check: Callable[[Config], str]
    """Says in what a config shows that the image is none; empty if it does not."""
    fill: Callable[[Image, Path], tuple[tuple[str, ...], tuple[str, ...]]]
    """Fills the folder of an artefact, and returns what was taken and what was left.

    Raises Unfit for an image that is none.
    """


class Unfit(Exception):  # noqa: N818 - what it is, not what went wrong
    """An image is not what it is taken as, and why not."""


def key(side: Side, digest: str) -> str:
    """Return the key of an image in the store."""
    return key_of({"recipe": _RECIPE, "kind": side, "image": digest})


def find(store: Store, side: Side, digest: str) -> Path | None:
    """Return the folder of an image that was taken into the store, or None."""
    return store.find(side, key(side, digest))


def checked(folder: Path, where: str, wanted: Platform) -> Path:
    """Return the folder of an image that is for this platform. Raises UsageError."""
    _check_platform(Platform.of(facts_of(folder).platform), where, wanted)
    return folder


def facts_of(folder: Path) -> Facts:
    """Read what an image says of itself."""
    return msgspec.json.decode((folder / FACTS).read_bytes(), type=Facts)


def take(store: Store, kind: Kind, files: Files, found: Found, wanted: Platform) -> Path:
    """Take an image into the store, unless it is there; nothing of a bad one is kept.

    Raises UsageError for what is none of its kind or not for the platform that is wanted,
    InfrastructureError for what is not as its digests say.
    """
    one, manifest = found.one, found.manifest

    def make(folder: Path) -> None:
        config, written = _config(files, kind, manifest, wanted)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".blobs-") as working:
            contents: dict[str, bytes | Path] = {one.digest: found.content}
            contents |= {manifest.config.digest: written} if manifest.config else {}
            for layer in manifest.layers:
                file = Path(working, layer.digest.partition(":")[2])
                files.copy(layer, file)
                contents[layer.digest] = file
            image = Image(files.where, one, manifest, contents, config)
            try:
                programs, left = kind.fill(image, folder)
            except (*BROKEN, Unfit) as error:
                what = f"{files.where} is no {kind.called}: {error}"
                raise UsageError(what, hint=kind.hint) from error
        facts = Facts(
            digest=one.digest,
            platform=str(Platform(config.os, config.architecture, config.variant)),
            labels=config.labels,
            entrypoint=config.entrypoint,
            programs=programs,
            left=left,
            hex=_hex(folder / kind.program) if kind.program in programs else (),
        )
        (folder / FACTS).write_bytes(msgspec.json.format(msgspec.json.encode(facts)))

    there = store.publish(kind.side, key(kind.side, one.digest), make).path
    return checked(there, files.where, wanted)


def program_of(file: Path, image: Image, name: str) -> elf.Executable:
    """Read what a program of an image says of itself.

    Raises Unfit if it is no program, UsageError if it is for another kind of machine.
    """
    try:
        found = elf.inspect(file)
    except InfrastructureError as error:
        raise Unfit(f"its {name} is no executable of a machine that BuildKit runs on") from error
    if found.architecture != image.config.architecture:
        raise UsageError(
            f"{image.where} says that it is for {image.config.architecture}, but its program is "
            f"for {found.architecture}",
            hint="its publisher has to know",
        )
    return found


def _hex(program: Path) -> tuple[str, ...]:
    """Return the runs of hex digits in a program that are as long as the id of a commit.

    They are kept, since to look for them takes a second; strings of Go's touch one another.
    """
    with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        runs = islice(_HEX.finditer(text), _MOST_HEX)
        return tuple(sorted({it[0].decode("ascii") for it in runs}))


def _check_platform(own: Platform, where: str, wanted: Platform) -> None:
    if not wanted.takes(own):
        what = f"{where} is for {own}, not for {wanted}"
        raise UsageError(what, hint=f"name an image for {wanted}")


def _config(files: Files, kind: Kind, manifest: Manifest, wanted: Platform) -> tuple[Config, bytes]:
    """Read the config of an image.

    Raises UsageError if it is none of its kind, or not for the platform that is wanted.
    """
    where = files.where
    if manifest.config is None:
        raise UsageError(f"{where} is no image: its manifest names no config", hint=kind.hint)
    content = files.document(manifest.config)
    try:
        config = msgspec.json.decode(content, type=Config)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{where} is no image: {error}", hint=kind.hint) from error
    own = Platform(config.os or "unknown", config.architecture or "unknown", config.variant)
    _check_platform(own, where, wanted)
    if why := kind.check(config):
        raise UsageError(f"{where} is no {kind.called}: {why}", hint=kind.hint)
    return config, content
