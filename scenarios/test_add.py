"""ADD: archives, addresses, repositories."""

from __future__ import annotations

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import same
from kit.trees import make_tar, zstd


@scenario("ADD of a tar.zst", "ADD x.tar.zst /", "#adding-local-tar-archives", "1.0")
def test_add_zstd(build: Builds) -> None:
    """The archive is unpacked."""
    archive = zstd(make_tar({"in/f": "x"}))
    tree = build.tree("FROM scratch\nADD x.tar.zst /\n", {"x.tar.zst": archive})
    same("files", tree.files, ["in/f"])


@scenario("ADD --exclude", "ADD --exclude=*.md a /a/", "#add---exclude", "1.19")
def test_add_exclude(build: Builds) -> None:
    """The excluded files are not in the image, and all others are."""
    tree = build.tree("FROM scratch\nADD --exclude=*.md a /a/\n", {"a/x.md": "x", "a/y": "y"})
    same("files", tree.files, ["a/y"])
