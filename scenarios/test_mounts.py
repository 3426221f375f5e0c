"""RUN --mount: all types and their options."""

from __future__ import annotations

from hashlib import sha256

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import same
from kit.trees import write


@scenario(
    "RUN --mount=type=secret,env",
    "RUN --mount=type=secret,id=s,env=S …",
    "#run---mounttypesecret",
    "1.10",
)
def test_mount_secret_env(build: Builds) -> None:
    """The secret is the variable's value while the command runs."""
    secret = write(build.folder, {"secret": "hush"}) / "secret"
    dockerfile = """
        FROM busybox
        RUN --mount=type=secret,id=s,env=S echo -n "$S" | sha256sum >/got
    """
    image = build.image(dockerfile, arguments=["--secret", f"id=s,src={secret}"])
    same("sum of $S", image.layer(-1)["got"].text, f"{sha256(b'hush').hexdigest()}  -")


@scenario(
    "RUN --mount=type=tmpfs,size",
    "RUN --mount=type=tmpfs,target=/t,size=1m …",
    "#run---mounttypetmpfs",
    "1.5",
)
def test_mount_tmpfs_size(build: Builds) -> None:
    """The file system is as large as asked for."""
    dockerfile = """
        FROM busybox
        RUN --mount=type=tmpfs,target=/t,size=8m df -k /t | tail -1 | awk '{print $2}' >/got
    """
    same("size in KiB", build.image(dockerfile).layer(-1)["got"].text, "8192")
