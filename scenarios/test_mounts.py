"""RUN --mount: all types and their options."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.trees import write

BIND = "#run---mounttypebind"
CACHE = "#run---mounttypecache"
TMPFS = "#run---mounttypetmpfs"
SECRET = "#run---mounttypesecret"  # noqa: S105 - an anchor
SSH = "#run---mounttypessh"
mount = partial(scenario, area="RUN --mount")
MODE = "stat -c '%a %u:%g'"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """Listen on a socket, as an SSH agent does, and return the client's argument."""
    path = tmp_path / "agent"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield f"default={path}"


@pytest.fixture
def secret(tmp_path: Path) -> list[str]:
    """Return the client's arguments for the secret `s`, which is `hush`."""
    return ["--secret", f"id=s,src={write(tmp_path, {'secret': 'hush'})}/secret"]


@mount("RUN --mount=type=bind", "RUN --mount=target=/m …", BIND, "1.2")
def test_mount_bind(build: Builds) -> None:
    """The context is there, cannot be written to, and is not in the image."""
    dockerfile = """
        FROM busybox
        RUN --mount=target=/m cat /m/d/f >/got; touch /m/new && echo written >>/got; true
    """
    layer = build.image(dockerfile, {"d/f": "x"}).layer(-1)
    same("/got and files", (layer["got"].text, layer.below("m")), ("x", []))


@mount("RUN --mount=type=bind,source", "RUN --mount=source=d,target=m …", BIND, "1.2")
def test_mount_bind_source(build: Builds) -> None:
    """A part of the context is below WORKDIR."""
    dockerfile = """
        FROM busybox
        WORKDIR /w
        RUN --mount=type=bind,source=d,target=m cp /w/m/f /got
    """
    same("/got", build.got(dockerfile, {"d/f": "x"}), "x")


@mount("RUN --mount=type=bind,from", "RUN --mount=from=stage,target=/m …", BIND, "1.2")
def test_mount_bind_from(build: Builds) -> None:
    """The stage's files are there."""
    dockerfile = """
        FROM scratch AS s
        COPY f /a/f
        FROM busybox
        RUN --mount=from=s,source=/a,target=/m cp /m/f /got
    """
    same("/got", build.got(dockerfile, {"f": "x"}), "x")


@mount("RUN --mount=type=bind,from an image", "RUN --mount=from=image,target=/m …", BIND, "1.2")
def test_mount_bind_image(build: Builds) -> None:
    """The image's files are there."""
    dockerfile = """
        FROM busybox
        RUN --mount=from=busybox:latest,target=/m grep crew /m/etc/group >/got
    """
    same("/got", build.got(dockerfile), "crew:x:2345:app")


@mount("RUN --mount=type=bind,rw", "RUN --mount=target=/m,rw …", BIND, "1.2")
def test_mount_bind_rw(build: Builds) -> None:
    """The mount can be written to; the next step sees nothing of it."""
    dockerfile = """
        FROM busybox
        RUN --mount=target=/m,rw echo y >/m/f; cp /m/f /written
        RUN --mount=target=/m cat /written /m/f >/got
    """
    same("/got", build.got(dockerfile, {"f": "x\n"}), "y\nx")


@mount("RUN --mount, variables", "RUN --mount=target=$M …", "#run---mount", "1.6")
def test_mount_variable(build: Builds) -> None:
    """Variables are replaced in options."""
    dockerfile = """
        FROM busybox
        ARG M=/m
        RUN --mount=type=bind,source=d,target=${M} cp /m/f /got
    """
    same("/got", build.got(dockerfile, {"d/f": "x"}), "x")


@scenario("RUN --mount, mount points", "RUN --mount=target=/a/b …", "#run---mount", "1.2")
def test_mount_stubs(build: Builds) -> None:
    """Folders that were made to mount on are not in the image, nor are the network's files."""
    dockerfile = "FROM busybox\nRUN --mount=type=tmpfs,target=/a/b/c touch /got\n"
    same("entries", sorted(build.image(dockerfile).layer(-1)), ["got"])


@mount("RUN --mount=type=cache", "RUN --mount=type=cache,target=/m …", CACHE, "1.2")
def test_mount_cache(build: Builds) -> None:
    """The next step finds what was written, and the image has nothing of it."""
    dockerfile = f"""
        FROM busybox
        RUN --mount=type=cache,id={build.nonce},target=/m echo x >/m/f
        RUN --mount=type=cache,id={build.nonce},target=/other cp /other/f /got
    """
    layer = build.image(dockerfile).layer(-1)
    same("/got and files", (layer["got"].text, layer.below("other")), ("x", []))


@mount("RUN --mount=type=cache,ro", "RUN --mount=type=cache,target=/m,ro …", CACHE, "1.2")
def test_mount_cache_ro(build: Builds) -> None:
    """It cannot be written to."""
    dockerfile = f"""
        FROM busybox
        RUN --mount=type=cache,id={build.nonce},target=/m,ro (touch /m/f || echo refused) >/got
    """
    same("/got", build.got(dockerfile), "refused")


@mount("RUN --mount=type=cache,mode", "RUN --mount=type=cache,mode=0700,uid=1 …", CACHE, "1.2")
def test_mount_cache_mode(build: Builds) -> None:
    """The folder has mode and owner."""
    dockerfile = f"""
        FROM busybox
        RUN --mount=type=cache,id={build.nonce},target=/m,mode=0710,uid=12,gid=34 {MODE} /m >/got
    """
    same("mode and owner", build.got(dockerfile), "710 12:34")


@mount("RUN --mount=type=cache,from", "RUN --mount=type=cache,from=s,source=/a …", CACHE, "1.2")
def test_mount_cache_from(build: Builds) -> None:
    """The cache begins as a copy of the stage's folder."""
    dockerfile = f"""
        FROM scratch AS s
        COPY f /a/f
        FROM busybox
        RUN --mount=type=cache,id={build.nonce},from=s,source=/a,target=/m cp /m/f /got
    """
    same("/got", build.got(dockerfile, {"f": "x"}), "x")


@mount("RUN --mount=type=cache, namespace", "build-arg:BUILDKIT_CACHE_MOUNT_NS", CACHE, "1.2")
def test_mount_cache_namespace(build: Builds) -> None:
    """A build with another namespace has other caches."""
    dockerfile = f"""
        FROM busybox
        ARG OF
        RUN --mount=type=cache,id={build.nonce},target=/m ls /m >/got; touch /m/$OF
    """
    seen = [
        build.got(dockerfile, opts={"build-arg:OF": of, "build-arg:BUILDKIT_CACHE_MOUNT_NS": space})
        for of, space in (("1", "a"), ("2", "b"), ("3", "a"))
    ]
    same("what each build found", seen, ["", "", "1"])


@mount("RUN --mount=type=tmpfs", "RUN --mount=type=tmpfs,target=/t …", TMPFS, "1.2")
def test_mount_tmpfs(build: Builds) -> None:
    """What is written there is not in the image."""
    dockerfile = """
        FROM busybox
        RUN --mount=type=tmpfs,target=/t grep ' /t tmpfs' /proc/mounts >/got && touch /t/f
    """
    same("files", build.image(dockerfile).layer(-1).below("t"), [])


@mount("RUN --mount=type=tmpfs,size", "RUN --mount=type=tmpfs,size=8m,target=/t …", TMPFS, "1.5")
def test_mount_tmpfs_size(build: Builds) -> None:
    """The file system is as large as asked for."""
    dockerfile = """
        FROM busybox
        RUN --mount=type=tmpfs,target=/t,size=8m df -k /t | tail -1 | awk '{print $2}' >/got
    """
    same("size in KiB", build.got(dockerfile), "8192")


@mount("RUN --mount=type=secret", "RUN --mount=type=secret,id=s …", SECRET, "1.2")
def test_mount_secret(build: Builds, secret: list[str]) -> None:
    """The secret is a file of mode 0400, and not in the image."""
    dockerfile = f"""
        FROM busybox
        RUN --mount=type=secret,id=s cd /run/secrets; ({MODE} s; wc -c <s) >/got
    """
    layer = build.image(dockerfile, arguments=secret).layer(-1)
    same("mode, owner and length", layer["got"].text, "400 0:0\n4")
    same("where it is", [path for path in layer.files if "hush" in layer[path].text], [])


@scenario("RUN --mount=type=secret,target", "…,id=s,target=/s,mode=440 …", SECRET, "1.2")
def test_mount_secret_mode(build: Builds, secret: list[str]) -> None:
    """The file is where it was asked for, with mode and owner."""
    dockerfile = f"""
        FROM busybox
        RUN --mount=type=secret,id=s,target=/s,mode=0440,uid=12,gid=34 {MODE} /s >/got
    """
    same("mode and owner", build.got(dockerfile, arguments=secret), "440 12:34")


@scenario("RUN --mount=type=secret,required", "…,id=s,required …", SECRET, "1.2")
def test_mount_secret_required(build: Builds) -> None:
    """A secret that is missing is no file; one that is required fails the build."""
    dockerfile = "FROM busybox\nRUN --mount=type=secret,id=none ls /run/secrets >/got; true\n"
    same("secrets", build.got(dockerfile), "")
    words = build.fails("FROM busybox\nRUN --mount=type=secret,id=none,required true\n")
    holds("the secret to be named", "none" in words, words)


@mount("RUN --mount=type=secret,env", "RUN --mount=type=secret,id=s,env=S …", SECRET, "1.10")
def test_mount_secret_env(build: Builds, secret: list[str]) -> None:
    """The secret is the variable's value, and no file."""
    dockerfile = """
        FROM busybox
        RUN --mount=type=secret,id=s,env=S echo ${#S} $(ls /run/secrets 2>&1 | grep -c s$) >/got
    """
    same("length of $S, files", build.got(dockerfile, arguments=secret), "4 0")


@mount("RUN --mount=type=secret,env,target", "…,id=s,env=S,target=/s …", SECRET, "1.10")
def test_mount_secret_both(build: Builds, secret: list[str]) -> None:
    """The secret is the variable's value and a file."""
    dockerfile = """
        FROM busybox
        RUN --mount=type=secret,id=s,env=S,target=/s test "$S" = "$(cat /s)" && echo ${#S} >/got
    """
    same("length of both", build.got(dockerfile, arguments=secret), "4")


@mount("RUN --mount=type=ssh", "RUN --mount=type=ssh …", SSH, "1.2")
def test_mount_ssh(build: Builds, agent: str) -> None:
    """The variable names a socket of mode 0600."""
    dockerfile = f"""
        FROM busybox
        RUN --mount=type=ssh test -S $SSH_AUTH_SOCK && {MODE} $SSH_AUTH_SOCK >/got
    """
    same("mode and owner", build.got(dockerfile, arguments=["--ssh", agent]), "600 0:0")


@mount("RUN --mount=type=ssh,target", "RUN --mount=type=ssh,target=/a,mode=660 …", SSH, "1.2")
def test_mount_ssh_mode(build: Builds, agent: str) -> None:
    """The socket is where it was asked for, with mode and owner."""
    dockerfile = f"""
        FROM busybox
        RUN --mount=type=ssh,target=/a,mode=0660,uid=12,gid=34 test -S /a && {MODE} /a >/got
    """
    same("mode and owner", build.got(dockerfile, arguments=["--ssh", agent]), "660 12:34")


@mount("RUN --mount=type=ssh,required", "RUN --mount=type=ssh,required …", SSH, "1.2")
def test_mount_ssh_required(build: Builds) -> None:
    """An agent that is required and not forwarded fails the build."""
    words = build.fails("FROM busybox\nRUN --mount=type=ssh,required true\n")
    holds("ssh to be named", "ssh" in words, words)


@mount("RUN with many mounts", "RUN --mount=… --mount=… …", "#run---mount", "1.2")
def test_mount_many(build: Builds, secret: list[str]) -> None:
    """All of them are there, one inside another too."""
    dockerfile = """
        FROM busybox
        RUN --mount=target=/m --mount=type=tmpfs,target=/m/t --mount=type=secret,id=s,target=/m/s \
            cat /m/f /m/s >/m/t/all && cp /m/t/all /got
    """
    files = {"f": "x", "t/.keep": "", "s": ""}
    same("/got", build.got(dockerfile, files, arguments=secret), "xhush")
