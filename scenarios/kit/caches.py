"""Caches that are exported and read again: their forms, and how one daemon's goes to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kit.builds import Builds
from kit.outcomes import holds

LOCAL = "type=local,dest={path}", "type=local,src={path}"
FORMS = [
    ("local", *LOCAL),
    ("localIndex", "type=local,dest={path},image-manifest=false", "type=local,src={path}"),
    ("localImage", "type=local,dest={path},image-manifest=true", "type=local,src={path}"),
    ("registry", "type=registry,ref={name}", "type=registry,ref={name}"),
    ("registryIndex", "type=registry,ref={name},image-manifest=false", "type=registry,ref={name}"),
    ("registryImage", "type=registry,ref={name},image-manifest=true", "type=registry,ref={name}"),
]


def numbered(build: Builds) -> str:
    """Return a Dockerfile whose command makes another number whenever it runs.

    It copies the context's `f` alone: what a daemon takes an empty folder for depends on what was
    in the one that it kept for contexts.
    """
    return f"""
        FROM {build.base}
        ARG of
        COPY f /c/
        RUN cat /proc/sys/kernel/random/uuid >/got # {build.nonce}
    """


def name_in_registry(build: Builds) -> str:
    """Return the name by which a scenario's image or cache is in the registry."""
    return f"{build.live.registry.address}/{build.nonce}"


def hand_on(
    writer: Builds,
    reader: Builds,
    form: tuple[str, str],
    names: Mapping[str, str],
    also: Sequence[str] = (),
    dockerfile: str = "",
) -> None:
    """Raise WrongError unless what was built on one daemon is in the cache of the other.

    `also` are further arguments of the writer's client.
    """
    dockerfile = dockerfile or numbered(reader)
    written, read = (one.format(**names) for one in form)
    first = writer.got(dockerfile, {"f": "x"}, arguments=["--export-cache", written, *also])
    again = reader.got(dockerfile, {"f": "x"}, arguments=["--import-cache", read])
    holds("nothing to run again", again == first, "another number")
