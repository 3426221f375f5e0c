"""COPY: modes, owners, links, what is left out, and where it goes."""

from __future__ import annotations

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import same

TREE = {"a/b/c.txt": "c", "a/b/d.md": "d", "a/e.txt": "e", "f.txt": "f"}


@scenario("COPY --chmod, octal", "COPY --chmod=751 f /", "#copy---chmod", "1.2")
def test_copy_chmod_octal(build: Builds) -> None:
    """The file's mode is the given one."""
    tree = build.tree("FROM scratch\nCOPY --chmod=751 f /\n", {"f": "x"})
    same("mode of /f", tree["f"].mode, "0751")


@scenario("COPY --chmod, symbolic", "COPY --chmod=a=rx f /", "#copy---chmod", "1.14-labs")
def test_copy_chmod_symbolic(build: Builds) -> None:
    """The file's mode is what the words ask for."""
    tree = build.tree("FROM scratch\nCOPY --chmod=a=rx f /\n", {"f": "x"})
    same("mode of /f", tree["f"].mode, "0555")


@scenario("COPY --exclude", "COPY --exclude=*.md a /a/", "#copy---exclude", "1.19")
def test_copy_exclude(build: Builds) -> None:
    """The excluded files are not in the image, and all others are."""
    tree = build.tree("FROM scratch\nCOPY --exclude=**/*.md a /a/\n", TREE)
    same("files", tree.files, ["a/b/c.txt", "a/e.txt"])


@scenario("COPY --parents", "COPY --parents a/b/c.txt /p/", "#copy---parents", "1.20")
def test_copy_parents(build: Builds) -> None:
    """The file has its folders about it."""
    tree = build.tree("FROM scratch\nCOPY --parents a/b/c.txt /p/\n", TREE)
    same("files", tree.files, ["p/a/b/c.txt"])


@scenario(
    "COPY --parents --from", "COPY --parents --from=s /a/b/c.txt /p/", "#copy---parents", "1.20"
)
def test_copy_parents_from(build: Builds) -> None:
    """Of the stage nothing but the file and its folders is copied."""
    dockerfile = """
        FROM scratch AS s
        COPY . /
        FROM scratch
        COPY --parents --from=s /a/b/c.txt /p/
    """
    same("files", build.tree(dockerfile, TREE).files, ["p/a/b/c.txt"])


@scenario(
    "COPY --parents beside COPY",
    "COPY f.txt /\\nCOPY --parents a/b/c.txt /p/",
    "#copy---parents",
    "1.20",
)
def test_copy_parents_beside(build: Builds) -> None:
    """What another COPY takes of the context is not copied as well."""
    dockerfile = """
        FROM scratch
        COPY f.txt /
        COPY --parents a/b/c.txt /p/
    """
    same("files", build.tree(dockerfile, TREE).files, ["f.txt", "p/a/b/c.txt"])
