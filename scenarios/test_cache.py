"""What is built again, what is not, and caches that are handed on."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import pytest

from kit.builds import Builds
from kit.caches import FORMS, LOCAL, hand_on, name_in_registry, numbered
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.servers import Web
from kit.trees import File, write

CACHE = "https://docs.docker.com/build/cache/"
README = "README.md#export-cache"
cache = partial(scenario, area="Cache")


@cache("Cache, files", "COPY f /\\nRUN …", f"{CACHE}invalidation/")
def test_cache_files(build: Builds) -> None:
    """Commands behind a COPY run again if content or mode differ, not if times do."""
    files = [File("x", mtime=1), File("x", mtime=2), File("x", mode=0o600), File("y")]
    first, times, mode, content = (build.got(numbered(build), {"f": file}) for file in files)
    same("number with another time", times, first)
    same("different numbers", len({first, mode, content}), 3)


@cache("Cache, arguments", "ARG a\\nRUN …", f"{CACHE}invalidation/")
def test_cache_arguments(build: Builds) -> None:
    """Commands run again if an argument that was declared before them differs."""
    asked = [
        {"build-arg:of": "1", "build-arg:undeclared": "1"},
        {"build-arg:of": "1", "build-arg:undeclared": "2"},
        {"build-arg:of": "2"},
    ]
    first, second, third = (build.got(numbered(build), {"f": "x"}, opts=opts) for opts in asked)
    same("number with another undeclared argument", second, first)
    holds("another number with another argument", third != first, third)


@cache("Cache, secrets", "RUN --mount=type=secret …", f"{CACHE}invalidation/", "1.2")
def test_cache_secret(build: Builds) -> None:
    """A command runs no second time because its secret differs."""
    dockerfile = f"""
        FROM {build.base}
        RUN --mount=type=secret,id=s cat /proc/sys/kernel/random/uuid >/got # {build.nonce}
    """
    numbers = []
    for value in "12":
        secret = write(build.folder, {value: value}) / value
        numbers.append(build.got(dockerfile, arguments=["--secret", f"id=s,src={secret}"]))
    same("second number", numbers[1], numbers[0])


@cache("Cache, addresses", "ADD https://host/f /", f"{CACHE}invalidation/")
def test_cache_url(build: Builds, web: Web) -> None:
    """The server is asked again, and what it has new is taken."""
    seen = []
    for text in ("old", "new"):
        write(web.folder, {"f": text})
        seen.append(build.tree(f"FROM scratch\nADD {web.url('f')} /\n")["f"].text)
    same("texts", seen, ["old", "new"])


@cache("Cache, security labels", "COPY f /\\nRUN …", f"{CACHE}invalidation/")
def test_cache_labels(build: Builds) -> None:
    """A file's label of SELinux on the client makes no difference."""
    first = build.got(numbered(build), {"f": "x"})
    path = write(build.folder / "labelled", {"f": "x"}) / "f"
    os.setxattr(path, "security.selinux", b"system_u:object_r:user_home_t:s0\0")
    again = build.got(numbered(build), {}, arguments=["--local", f"context={path.parent}"])
    same("number with a label", again, first)


@cache("COPY --link, cache", "COPY --link f /", "#copy---link", "1.4")
def test_cache_link(build: Builds) -> None:
    """The layer is the same on another base."""
    dockerfile = """
        FROM busybox
        ARG of
        RUN echo $of >/of
        COPY --link f /
    """
    made = [build.image(dockerfile, {"f": build.nonce}, opts={"build-arg:of": of}) for of in "12"]
    same("last layer", made[1].layers[-1]["digest"], made[0].layers[-1]["digest"])
    holds("another base", made[0].layers[-2] != made[1].layers[-2], made[0].layers)


@pytest.mark.parametrize(
    ("form", "written", "read"),
    [
        pytest.param(
            form,
            written,
            read,
            id=form,
            marks=cache(f"--export-cache, {form}", f"--export-cache {written}", README),
        )
        for form, written, read in FORMS
    ],
)
@pytest.mark.usefixtures("alone")
def test_cache_export(build: Builds, form: str, written: str, read: str) -> None:
    """A daemon that has forgotten reads what was exported, and runs nothing again."""
    folder = build.folder / "cache"
    names = {"path": str(folder), "name": f"{build.live.registry.address}/{build.nonce}"}
    arguments = ["--export-cache", written.format(**names)]
    first = build.got(numbered(build), {"f": "x"}, arguments=arguments)
    if form == "localIndex":
        _holds(folder, "manifests")
    if form == "localImage":
        _holds(folder, "layers")
    build.forget()
    arguments = ["--import-cache", read.format(**names)]
    again = build.got(numbered(build), {"f": "x"}, arguments=arguments)
    same("number after import", again, first)


def _holds(folder: Path, key: str) -> None:
    described = json.loads((folder / "index.json").read_bytes())["manifests"][0]
    path = folder / "blobs" / described["digest"].replace(":", "/")
    holds(f"a manifest with {key}", key in json.loads(path.read_bytes()), described["mediaType"])


@cache("--export-cache, mode=max", "--export-cache type=local,mode=max,…", README)
def test_cache_max(build: Builds) -> None:
    """Stages of which the image has nothing are in the cache too."""
    dockerfile = f"""
        FROM {build.base} AS s
        RUN cat /proc/sys/kernel/random/uuid >/got # {build.nonce}
        RUN cp /got /copied # {build.nonce}
        FROM scratch
        COPY --from=s copied /got
    """
    path = build.folder / "cache"
    arguments = ["--export-cache", f"type=local,mode=max,dest={path}"]
    first = build.got(dockerfile, arguments=arguments)
    build.forget()
    again = build.got(dockerfile, arguments=["--import-cache", f"type=local,src={path}"])
    same("number after import", again, first)


@pytest.mark.usefixtures("alone")
@cache("--export-cache, inline", "--export-cache type=inline", README)
def test_cache_inline(build: Builds) -> None:
    """The image is its own cache."""
    image = build.pushed(numbered(build), {"f": "x"}, arguments=["--export-cache", "type=inline"])
    build.forget()
    name = f"{build.live.registry.address}/{build.nonce}"
    arguments = ["--import-cache", f"type=registry,ref={name}"]
    again = build.got(numbered(build), {"f": "x"}, arguments=arguments)
    same("number after import", again, image.layer(-1)["got"].text)


@pytest.mark.usefixtures("alone")
@cache("--export-cache to nobody", "--import-cache type=registry,ref=none", README)
def test_cache_missing(build: Builds) -> None:
    """A cache that is not there is no error."""
    name = f"{build.live.registry.address}/{build.nonce}"
    arguments = ["--import-cache", f"type=registry,ref={name}"]
    holds("a number", build.got(numbered(build), {"f": "x"}, arguments=arguments), build.log)


def handed_on(kind: str) -> pytest.MarkDecorator:
    """Return the mark that tries every form of a cache of one kind, written and read."""
    return pytest.mark.parametrize(
        ("written", "read"),
        [
            pytest.param(
                written,
                read,
                id=form,
                marks=cache(f"Another daemon's cache, {form}", f"--import-cache {read}", README),
            )
            for form, written, read in FORMS
            if form.startswith(kind)
        ],
    )


@handed_on("local")
def test_cache_of_other(other: Builds, own: Builds, written: str, read: str) -> None:
    """A daemon reads what another one exported, and runs nothing again."""
    hand_on(other, own, (written, read), {"path": str(other.folder / "cache")})


@handed_on("registry")
@pytest.mark.usefixtures("alone")
def test_cache_of_other_pushed(other: Builds, own: Builds, written: str, read: str) -> None:
    """A daemon reads what another one pushed, and runs nothing again."""
    hand_on(other, own, (written, read), {"name": name_in_registry(other)})


@pytest.mark.usefixtures("alone")
@cache("Another daemon's cache, inline", "--import-cache type=registry,ref=…", README)
def test_cache_of_other_inline(other: Builds, own: Builds) -> None:
    """An image that another daemon pushed is a cache."""
    dockerfile, arguments = numbered(own), ["--export-cache", "type=inline"]
    image = other.pushed(dockerfile, {"f": "x"}, arguments=arguments)
    arguments = ["--import-cache", f"type=registry,ref={name_in_registry(other)}"]
    again = own.got(dockerfile, {"f": "x"}, arguments=arguments)
    holds("nothing to run again", again == image.layer(-1)["got"].text, "another number")


@cache("Another daemon's cache, security labels", "--import-cache type=local,src=…", README)
def test_cache_of_other_labels(other: Builds, own: Builds) -> None:
    """The writer's files had labels of SELinux, the reader's have none; nothing runs again."""
    labelled = write(other.folder / "labelled", {"f": "x"})
    os.setxattr(labelled / "f", "security.selinux", b"system_u:object_r:user_home_t:s0\0")
    forms, names = LOCAL, {"path": str(other.folder / "cache")}
    hand_on(other, own, forms, names, ["--local", f"context={labelled}"])


@cache("Another daemon's cache, no context", "--import-cache type=local,src=…", README)
def test_cache_of_other_alone(other: Builds, own: Builds) -> None:
    """A command that sees nothing of the context is found, too."""
    dockerfile = f"""
        FROM {own.base}
        RUN cat /proc/sys/kernel/random/uuid >/got # {own.nonce}
    """
    hand_on(other, own, LOCAL, {"path": str(other.folder / "cache")}, dockerfile=dockerfile)
