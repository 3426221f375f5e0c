"""Images out of registries, by skopeo: it knows their ways, their logins and their formats.

The manifest is read first, so that what is here already is not pulled again; then it is copied
by its digest, with every byte as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO

from harness.engine.registry_errors import (
    LIMITED,
    OTHER,
    PLAIN,
    UNNAMED,
    UNREACHABLE,
    UNTRUSTED,
    ImageRefused,
    cause_of,
    registry_of,
)
from harness.engine.retry import persist
from harness.errors import UsageError
from harness.images import layouts, published
from harness.images.layouts import Descriptor, Files, Platform
from harness.images.logins import Login, login_for
from harness.images.published import Kind
from harness.images.saved import MOST_DOCUMENT
from harness.store import Store
from harness.tools.inherited import BUILDER, inherited
from harness.tools.process import CommandFailed, Request, find, run

_ASKING = 120.0
_COPYING = 1800.0
"""Seconds."""

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(
    r"(?P<name>(?:(?:localhost|(?=[^/]*[.:])[a-zA-Z0-9.-]+)(?::\d{1,5})?/)?"
    rf"{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""https://github.com/distribution/reference/blob/v0.6.0/reference.go"""

_ADVICE = {
    LIMITED: "docker login, which raises most limits, or name the same image in a mirror",
    UNTRUSTED: "put the certificate of its authority into ~/.config/containers/certs.d/HOST:PORT/",
    PLAIN: "only a registry on the loopback may speak plain HTTP",
    UNNAMED: "see that this machine can resolve names",
    UNREACHABLE: "see that it runs, and that this machine reaches it",
    OTHER: "see what skopeo says of it",
}
"""What helps skopeo, where it is something else than what helps an engine."""

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3})(?::\d+)?")


def tag_of(ref: str) -> str:
    """Return the tag in the name of an image, or an empty string. Raises UsageError."""
    return _parsed(ref)["tag"] or ""


def pull(store: Store, kind: Kind, ref: str, wanted: Platform, tell: Callable[[str], None]) -> Path:
    """Take an image into the store, unless it is there; return its folder.

    Raises UsageError for a name that is none and for what is none of its kind for the platform that
    is wanted, ImageRefused if a registry does not give it, MissingToolError without skopeo.
    """
    parts = _parsed(ref)
    given = parts["digest"]
    if given and (known := published.find(store, kind.side, given)):
        return published.checked(known, ref, wanted)
    # A digest says all; skopeo takes no tag beside it.
    name = f"{parts['name']}@{given}" if given else f"{parts['name']}:{parts['tag'] or 'latest'}"
    with login_for(registry_of(name), tell) as login:
        content = persist(lambda: _skopeo(login, name, ["inspect", "--raw"], [], _ASKING), tell)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if given and digest != given:
            said = f"what came has the digest {digest}"
            raise ImageRefused("pull", ref, cause_of(said), said)
        top = layouts.parse(content[:MOST_DOCUMENT], ref)
        one = Descriptor(digest, len(content), top.media_type)
        if top.manifests is not None:
            one = layouts.choose(top.manifests, wanted, ref)
        if there := published.find(store, kind.side, one.digest):
            return published.checked(there, ref, wanted)
        exact = f"{parts['name']}@{one.digest}"
        with store.scratch() as working:
            folder = working / "image"
            dest = [f"dir:{folder}"]
            persist(lambda: _skopeo(login, exact, ["copy"], dest, _COPYING), tell)
            files = _copied(ref, folder, one)
            found = layouts.manifest_for(files, one, wanted)
            return published.take(store, kind, files, found, wanted)


def _copied(ref: str, folder: Path, manifest: Descriptor) -> Files:
    """Return what skopeo wrote: the manifest by a name of its own, all else by its digest."""

    def opened(name: str) -> IO[bytes]:
        if not (folder / name).is_file():
            raise KeyError(name)
        return (folder / name).open("rb")

    def blob(digest: str) -> str:
        return "manifest.json" if digest == manifest.digest else digest.partition(":")[2]

    return Files(ref, opened, blob)


def _skopeo(login: Login, name: str, words: list[str], dest: list[str], seconds: float) -> bytes:
    plain = _LOOPBACK.fullmatch(registry_of(name)) is not None
    # What was pushed is not ours to trust or not: no frontend runs outside a leg.
    argv = [str(find("skopeo")), "--insecure-policy", *words]
    if plain:  # as engines do, it is asked by HTTPS first and by HTTP then
        argv.append("--src-tls-verify=false" if dest else "--tls-verify=false")
    if login.file:
        argv += ["--src-authfile" if dest else "--authfile", login.file]
    argv += [f"docker://{name}", *dest]
    try:
        env = inherited(BUILDER)
        return run(Request(argv, env=env, timeout=seconds, keep=login.keep)).stdout
    except CommandFailed as error:
        cause = UNREACHABLE if error.status is None else cause_of(error.output)
        raise ImageRefused("pull", name, cause, error.output, _ADVICE.get(cause)) from error


def _parsed(ref: str) -> re.Match[str]:
    if found := _NAME.fullmatch(ref):
        return found
    raise UsageError(
        f"{ref!r} is no name of an image",
        hint="write image:NAME, image:NAME:TAG or image:NAME@sha256:…, "
        "for example image:docker/dockerfile:1.10",
    )
