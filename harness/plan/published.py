"""Published images as sides of a pair, `image:REF` and `oci:PATH[:NAME]`.

An image is of the commit that is named behind it (`image:REF#dockerfile/1.10.0`), or else of the
one that it says itself (see provenance).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.images import layouts, published
from harness.images.daemons import DAEMON
from harness.images.frontends import FRONTEND
from harness.images.layouts import Platform
from harness.images.published import Kind
from harness.images.pulling import pull, tag_of
from harness.model import Published, Side
from harness.plan.provenance import Provenance
from harness.repository.refs import Repository, ResolvedRef
from harness.store import Store
from harness.tools.homes import expanded
from harness.tools.refnames import LONGEST

OCI = "oci:"
IMAGE = "image:"
SCHEMES = (IMAGE, OCI)

_KINDS = {kind.side: kind for kind in (DAEMON, FRONTEND)}
_SHOWN = 60


@dataclass(frozen=True)
class Name:
    """A published image as it was asked for."""

    asked: str
    source: str
    """Without the commit: `oci:PATH:NAME`."""
    commit: str
    """Of which commit it is said to be; empty if that is not said."""


def is_published(asked: str) -> bool:
    """Return whether a name is that of an image, and no ref."""
    return asked.startswith(SCHEMES)


@dataclass(frozen=True)
class Wanted:
    """What a published image is to be."""

    side: Side
    platform: str
    """As a pair has it: `linux/amd64`."""


def find_published(
    store: Store, repository: Repository, asked: str, wanted: Wanted, say: Callable[[str], None]
) -> ResolvedRef:
    """Take an image into the store, and find of which commit it is; what is odd goes to `say`.

    Raises UsageError for what cannot be run as this side on this platform, InfrastructureError for
    an image that is damaged or that a registry does not give.
    """
    side, platform = wanted.side, Platform.of(wanted.platform)
    name, kind = _name(asked), _KINDS[side]
    folder, ref, tag = (
        _of_layout(store, kind, name, platform)
        if asked.startswith(OCI)
        else _of_registry(store, kind, name, platform, say)
    )
    found = Provenance(repository, side, name.source, folder, tag)
    meant, note = found.commit(name.commit)
    image = Published(
        digest=found.facts.digest,
        platform=found.facts.platform,
        side=side,
        commit=meant.ref,
        version=found.version,
        channel=found.channel,
        programs=found.facts.programs,
        differs=tuple(found.differences(meant)),
    )
    ref = f"{ref}#{name.commit}" if name.commit else ref
    for text in (*filter(None, [note]), *(f"{ref}: {it}" for it in image.differs)):
        say(text)
    return ResolvedRef(asked, ref, meant.sha, image=image, platform=wanted.platform)


def _name(asked: str) -> Name:
    if len(asked) > LONGEST or not asked.isprintable():
        what = f"{asked[:_SHOWN]!r} is no name of an image: too long, or not to be printed"
        raise UsageError(what, hint="write image:REF or oci:PATH[:NAME]")
    source, mark, commit = asked.partition("#")
    if mark and not commit:
        hint = "write it behind the #, or leave the # out"
        raise UsageError(f"{asked}: no commit stands behind the #", hint=hint)
    return Name(asked, source, commit)


def _of_layout(store: Store, kind: Kind, name: Name, wanted: Platform) -> tuple[Path, str, str]:
    """Take an image out of a layout; return its folder in the store, and its names."""
    path, tag = _path_and_name(name.source.removeprefix(OCI))
    with layouts.opened(path) as files:
        top = layouts.named(files, tag)
        found = layouts.manifest_for(files, top, wanted)
        folder = published.take(store, kind, files, found, wanted)
    return folder, f"{OCI}{path}" + (f":{tag}" if tag else ""), tag.rpartition(":")[2]


def _of_registry(
    store: Store, kind: Kind, name: Name, wanted: Platform, say: Callable[[str], None]
) -> tuple[Path, str, str]:
    """Pull an image; return its folder in the store, and its names."""
    ref = name.source.removeprefix(IMAGE)
    return pull(store, kind, ref, wanted, say), name.source, tag_of(ref)


def _path_and_name(text: str) -> tuple[Path, str]:
    """Part PATH[:NAME]; a colon may be in the path, too, and in the name of an image."""
    if not text:
        raise UsageError("oci: names no image", hint="write oci:PATH or oci:PATH:NAME")
    parts = text.split(":")
    for end in range(len(parts), 0, -1):
        path = expanded(":".join(parts[:end])).absolute()
        if path.exists():
            return path, ":".join(parts[end:])
    return expanded(parts[0]).absolute(), ":".join(parts[1:])
