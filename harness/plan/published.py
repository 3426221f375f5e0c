"""Published images as sides of a pair, `image:REF` and `oci:PATH[:NAME]`; whose commit each is.

An image is of the commit that is named behind it (`image:REF#dockerfile/1.10.0`), else of the one
that its labels name, else of the release whose commit is written in its program, else of the
release that its version or its tag names.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.backends.steps import FRONTEND_DOCKERFILE
from harness.errors import BuildError, UsageError
from harness.images import layouts, published
from harness.images.dockerfile import describe
from harness.images.published import Facts
from harness.images.pulling import pull, tag_of
from harness.model import Channel, Published, Side
from harness.repository.refs import Repository, ResolvedRef, resolve
from harness.store import Store
from harness.tools.homes import expanded
from harness.tools.machine import architecture
from harness.tools.refnames import LONGEST

OCI = "oci:"
IMAGE = "image:"
SCHEMES = (IMAGE, OCI)

_PREFIX = "dockerfile/"
_REVISION = "org.opencontainers.image.revision"
_VERSION = "org.opencontainers.image.version"
_COMPARED = "moby.buildkit."
_WHOLE = re.compile(r"[0-9a-f]{40}")
_NUMBERED = re.compile(r"v?(?P<number>[0-9]+(?:\.[0-9]+){0,2})(?:-(?P<channel>labs|experimental))?")
_SHOWN = 60
_PARTS = 2
"""Numbers that a version has at least, if it is to say which release it is."""


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


def find_published(
    store: Store, repository: Repository, asked: str, side: Side, say: Callable[[str], None]
) -> ResolvedRef:
    """Take an image into the store, and find of which commit it is; what is odd goes to `say`.

    Raises UsageError for what cannot be run as this side here, InfrastructureError for an image
    that is damaged or that a registry does not give.
    """
    name = _name(asked)
    if side is not Side.FRONTEND:
        raise UsageError(
            f"{asked}: a published image is taken as a frontend only",
            hint="name the daemon by its commit, for example v0.12.5",
        )
    folder, ref, tag = (
        _of_layout(store, name) if asked.startswith(OCI) else _of_registry(store, name, say)
    )
    facts = published.facts_of(folder)
    version = facts.labels.get(_VERSION, "") or tag
    numbered = _NUMBERED.fullmatch(version)
    if not (numbered or facts.labels.get(_VERSION)):
        version = ""  # a tag such as `latest` or `master`
    meant, note = _commit(repository, name, facts, version, folder)
    channel = Channel(numbered["channel"] or Channel.MAINLINE) if numbered else None
    image = Published(
        digest=facts.digest,
        platform=facts.platform,
        version=version,
        channel=channel,
        differs=tuple(_differences(repository, meant, facts, version)),
    )
    ref = f"{ref}#{name.commit}" if name.commit else ref
    for text in (*filter(None, [note]), *(f"{ref}: {it}" for it in image.differs)):
        say(text)
    return ResolvedRef(asked, ref, meant.sha, image=image)


def _name(asked: str) -> Name:
    if len(asked) > LONGEST or not asked.isprintable():
        what = f"{asked[:_SHOWN]!r} is no name of an image: too long, or not to be printed"
        raise UsageError(what, hint="write image:REF or oci:PATH[:NAME]")
    source, mark, commit = asked.partition("#")
    if mark and not commit:
        hint = "write it behind the #, or leave the # out"
        raise UsageError(f"{asked}: no commit stands behind the #", hint=hint)
    return Name(asked, source, commit)


def _of_layout(store: Store, name: Name) -> tuple[Path, str, str]:
    """Take an image out of a layout; return its folder in the store, and its names."""
    path, tag = _path_and_name(name.source.removeprefix(OCI))
    with layouts.opened(path) as files:
        top = layouts.named(files, tag)
        found = layouts.manifest_for(files, top, architecture())
        folder = published.take(store, files, *found, architecture())
    return folder, f"{OCI}{path}" + (f":{tag}" if tag else ""), tag.rpartition(":")[2]


def _of_registry(store: Store, name: Name, say: Callable[[str], None]) -> tuple[Path, str, str]:
    """Pull an image; return its folder in the store, and its names."""
    ref = name.source.removeprefix(IMAGE)
    return pull(store, ref, architecture(), say), name.source, tag_of(ref)


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


def _commit(
    repository: Repository, name: Name, facts: Facts, version: str, folder: Path
) -> tuple[ResolvedRef, str]:
    """Return of which commit an image is, and what a reader should know of that."""
    if name.commit:
        return resolve(repository, name.commit, Side.FRONTEND), ""
    hint = f"say of which it is: {name.source}#COMMIT"
    if revision := facts.labels.get(_REVISION):
        sha = repository.git.commit(revision) if _WHOLE.fullmatch(revision) else None
        if sha is None:
            what = f"{name.source} says that it is of the commit {revision!r}, which is not in"
            raise UsageError(f"{what} {repository.git.path}", hint=f"--fetch may help, or {hint}")
        return ResolvedRef(revision, revision, sha), ""
    tags = repository.tags()
    if facts.program and (tag := _written(folder / published.PROGRAM, tags)):
        return ResolvedRef(tag, tag, tags[tag]), ""
    numbered = _NUMBERED.fullmatch(version)
    if numbered and numbered["number"].count(".") + 1 >= _PARTS:
        exact = f"{_PREFIX}{version.removeprefix('v')}"  # labs has releases of its own
        named = exact if exact in tags else f"{_PREFIX}{numbered['number']}"
        meant = resolve(repository, named, Side.FRONTEND)
        return meant, f"{name.source} is taken for {meant.ref}, since its version is {version}"
    raise UsageError(f"nothing in {name.source} says of which commit it is", hint=hint)


def _written(program: Path, tags: dict[str, str]) -> str | None:
    """Return the release whose commit is written in a program, as upstream's builds do."""
    releases: dict[str, str] = {}
    for tag in sorted(it for it in tags if it.startswith(_PREFIX)):
        releases.setdefault(tags[tag], tag)  # labs is mostly of the same commit
    with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return next((tag for sha, tag in releases.items() if text.find(sha.encode()) >= 0), None)


def _differences(
    repository: Repository, meant: ResolvedRef, facts: Facts, version: str
) -> Iterator[str]:
    """Say what an image says of itself that its commit's own build does not."""
    numbered = _NUMBERED.fullmatch(version)
    tags = repository.tags()
    named = {
        tags.get(f"{_PREFIX}{it}") for it in ((version, numbered["number"]) if numbered else ())
    }
    if named - {None} and meant.sha not in named:
        yield f"its version is {version}, its commit {meant.sha[:7]} is another"
    text = repository.git.read(meant.sha, FRONTEND_DOCKERFILE)
    if text is None:
        return
    try:
        own = describe(text)
    except BuildError:
        return  # which says what is wrong once that commit is built
    if facts.entrypoint != own.entrypoint:
        yield f"its entry point is {list(facts.entrypoint)}, not {list(own.entrypoint)}"
    for label in sorted({*facts.labels, *own.labels}):
        theirs, ours = facts.labels.get(label), own.labels.get(label)
        if label.startswith(_COMPARED) and theirs != ours:
            yield f"its label {label} is {_shown(theirs)}, not {_shown(ours)}"


def _shown(label: str | None) -> str:
    return "missing" if label is None else repr(label)
