"""The members of a stand-in's layer."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from harness.errors import MissingToolError
from harness.images import rootfs
from harness.images.layer import Entry
from harness.images.recipes import File, Links, Tree

BUSYBOX = Path("/bin/busybox")


def tree(
    *,
    applets: Links | None = Links.HARD,
    folders: dict[str, str] | None = None,
    files: dict[str, File] | None = None,
    calls: tuple[str, ...] = (),
) -> Tree:
    return Tree(
        applets=applets,
        folders=folders or {},
        files=files or {},
        links={"usr/bin/env": "../../bin/env"},
        calls=calls,
    )


def test_folders_come_first_then_busybox_then_the_rest_by_name() -> None:
    found = rootfs.entries(
        tree(folders={"tmp": "1777"}, files={"etc/a/b": File(text="b")}), BUSYBOX, ["sh", "[", "ls"]
    )
    assert [(entry.name, entry.kind) for entry in found] == [
        ("bin", tarfile.DIRTYPE),
        ("etc", tarfile.DIRTYPE),
        ("etc/a", tarfile.DIRTYPE),
        ("tmp", tarfile.DIRTYPE),
        ("usr", tarfile.DIRTYPE),
        ("usr/bin", tarfile.DIRTYPE),
        ("bin/busybox", tarfile.REGTYPE),
        ("bin/[", tarfile.LNKTYPE),
        ("bin/ls", tarfile.LNKTYPE),
        ("bin/sh", tarfile.LNKTYPE),
        ("etc/a/b", tarfile.REGTYPE),
        ("usr/bin/env", tarfile.SYMTYPE),
    ]
    modes = {entry.name: entry.mode for entry in found}
    assert (modes["tmp"], modes["bin"], modes["bin/busybox"]) == (0o1777, 0o755, 0o755)
    assert found[6].content == BUSYBOX


def test_a_file_takes_the_place_of_the_applet_of_its_name() -> None:
    script = File(text="#!/bin/sh\n", mode="755")
    found = rootfs.entries(tree(files={"bin/adduser": script}), BUSYBOX, ["adduser", "sh"])
    assert [entry for entry in found if entry.name == "bin/adduser"] == [
        Entry("bin/adduser", 0o755, content=b"#!/bin/sh\n")
    ]


@pytest.mark.parametrize(
    ("links", "kind", "target"),
    [
        (Links.HARD, tarfile.LNKTYPE, "bin/busybox"),
        (Links.SYMBOLIC, tarfile.SYMTYPE, "/bin/busybox"),
    ],
)
def test_applets_are_links_of_the_kind_that_is_asked_for(
    links: Links, kind: bytes, target: str
) -> None:
    (applet,) = (
        entry
        for entry in rootfs.entries(tree(applets=links), BUSYBOX, ["sh"])
        if entry.name == "bin/sh"
    )
    assert (applet.kind, applet.target) == (kind, target)


def test_without_applets_there_is_no_busybox() -> None:
    found = rootfs.entries(tree(applets=None), BUSYBOX, ["sh"])
    assert [entry.name for entry in found] == ["usr", "usr/bin", "usr/bin/env"]


def test_a_program_that_tests_call_and_nothing_provides_is_named() -> None:
    with pytest.raises(MissingToolError, match=r"lacks applets .*: awk, nc$") as caught:
        rootfs.entries(tree(calls=("sh", "awk", "nc")), BUSYBOX, ["sh"])
    assert caught.value.hint == "apt-get install busybox-static"
