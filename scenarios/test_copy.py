"""COPY: modes, owners, links, what is left out, and where it goes."""

from __future__ import annotations

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.trees import File, Link

TREE = {"a/b/c.txt": "c", "a/b/d.md": "d", "a/e.txt": "e", "f.txt": "f"}


@scenario("COPY, modes and times", "COPY f /", "#copy")
def test_copy_keeps(build: Builds) -> None:
    """Mode and time are those of the context, the owner is root."""
    tree = build.tree("FROM scratch\nCOPY f /\n", {"f": File("x", mode=0o4751, mtime=1500000000)})
    seen = (tree["f"].mode, tree["f"].mtime, tree["f"].owner)
    same("mode, time and owner of /f", seen, ("4751", 1500000000, "0:0"))


@scenario("COPY of a folder", "COPY a /x", "#copy")
def test_copy_folder(build: Builds) -> None:
    """The folder's contents are copied, not the folder."""
    tree = build.tree("FROM scratch\nCOPY a /x\n", TREE)
    same("files", tree.files, ["x/b/c.txt", "x/b/d.md", "x/e.txt"])


@scenario("COPY, wildcards", "COPY *.txt arr[[]0].? /x/", "#copy")
def test_copy_wildcard(build: Builds) -> None:
    """Patterns of Go's filepath.Match are understood, and their escapes."""
    files = {"a.txt": "", "b.txt": "", "c.md": "", "arr[0].x": ""}
    tree = build.tree("FROM scratch\nCOPY *.txt arr[[]0].? /x/\n", files)
    same("files", tree.files, ["x/a.txt", "x/arr[0].x", "x/b.txt"])


@scenario("COPY, exec form", 'COPY ["a b", "/c d/"]', "#copy")
def test_copy_json(build: Builds) -> None:
    """Names may have spaces."""
    tree = build.tree('FROM scratch\nCOPY ["a b", "/c d/"]\n', {"a b": "x"})
    same("files", tree.files, ["c d/a b"])


@scenario("COPY to a relative path", "WORKDIR /w\\nCOPY f r/", "#copy")
def test_copy_relative(build: Builds) -> None:
    """The path is below WORKDIR."""
    tree = build.tree("FROM scratch\nWORKDIR /w\nCOPY f r/\n", {"f": "x"})
    same("files", tree.files, ["w/r/f"])


@scenario("COPY of symbolic links", "COPY . /x", "#copy")
def test_copy_symlink(build: Builds) -> None:
    """A link inside a folder stays one; named as source it is followed."""
    dockerfile = """
        FROM scratch
        COPY d /x
        COPY d/l /y
    """
    image = build.image(dockerfile, {"d/f": "x", "d/l": Link("f")})
    link, file = image.layer(0)["x/l"], image.layer(1)["y"]
    seen = (link.kind, link.target, file.kind, file.text)
    same("/x/l and /y", seen, ("link", "f", "file", "x"))


@scenario("COPY of a missing file", "COPY none /", "#copy")
def test_copy_missing(build: Builds) -> None:
    """The build fails and names the file."""
    words = build.fails("FROM scratch\nCOPY none /\n", {"f": "x"})
    holds("the file to be named", "none" in words, words)


@scenario("COPY --from a stage", "COPY --from=s f /", "#copy---from")
def test_copy_from_stage(build: Builds) -> None:
    """Stages are found by name and by number."""
    dockerfile = """
        FROM scratch AS s
        COPY f /
        FROM scratch
        COPY --from=s f /a
        COPY --from=0 f /b
    """
    same("files", build.tree(dockerfile, {"f": "x"}).files, ["a", "b"])


@scenario("COPY --from an image", "COPY --from=busybox:latest /etc/group /", "#copy---from")
def test_copy_from_image(build: Builds) -> None:
    """The file is that of the image."""
    tree = build.tree("FROM scratch\nCOPY --from=busybox:latest /etc/group /\n")
    holds("group crew", "crew:x:2345:app" in tree["group"].text, tree["group"].text)


@scenario("COPY --chmod, octal", "COPY --chmod=751 f /", "#copy---chmod", "1.2")
def test_copy_chmod_octal(build: Builds) -> None:
    """The file's mode is the given one."""
    tree = build.tree("FROM scratch\nCOPY --chmod=751 f /\n", {"f": "x"})
    same("mode of /f", tree["f"].mode, "0751")


@scenario("COPY --chmod, sticky and setuid", "COPY --chmod=4755 f /", "#copy---chmod", "1.2")
def test_copy_chmod_setuid(build: Builds) -> None:
    """All four digits count."""
    tree = build.tree("FROM scratch\nCOPY --chmod=4755 f /\n", {"f": "x"})
    same("mode of /f", tree["f"].mode, "4755")


@scenario("COPY --chmod, symbolic", "COPY --chmod=a=rx f /", "#copy---chmod", "1.14")
def test_copy_chmod_symbolic(build: Builds) -> None:
    """The file's mode is what the words ask for."""
    tree = build.tree("FROM scratch\nCOPY --chmod=a=rx f /\n", {"f": "x"})
    same("mode of /f", tree["f"].mode, "0555")


@scenario("COPY --chmod, relative", "COPY --chmod=u+x,go-r d /", "#copy---chmod", "1.14")
def test_copy_chmod_relative(build: Builds) -> None:
    """The words change the mode that a file has."""
    dockerfile = "FROM scratch\nCOPY --chmod=u+x,go-r f /\n"
    tree = build.tree(dockerfile, {"f": File("x", mode=0o644)})
    same("mode of /f", tree["f"].mode, "0700")


@scenario("COPY --chmod, X", "COPY --chmod=go=rX d /d", "#copy---chmod", "1.14")
def test_copy_chmod_folders(build: Builds) -> None:
    """X gives the right to enter folders, and none to run plain files."""
    dockerfile = "FROM scratch\nCOPY --chmod=u=rwX,go=rX d /d\n"
    tree = build.tree(dockerfile, {"d/e/f": File("x", mode=0o600), "d/e/x": File("x", mode=0o700)})
    seen = {name: tree[name].mode for name in ("d/e", "d/e/f", "d/e/x")}
    same("modes", seen, {"d/e": "0755", "d/e/f": "0644", "d/e/x": "0755"})


@scenario("COPY --chmod, variable", "ARG M=640\\nCOPY --chmod=${M} f /", "#copy---chmod", "1.8")
def test_copy_chmod_variable(build: Builds) -> None:
    """The variable's value is the mode."""
    dockerfile = """
        FROM scratch
        ARG M=640
        COPY --chmod=${M} f /
    """
    same("mode of /f", build.tree(dockerfile, {"f": "x"})["f"].mode, "0640")


@scenario("COPY --chown, numbers", "COPY --chown=12:34 f /", "#copy---chown")
def test_copy_chown_numbers(build: Builds) -> None:
    """The file's owner is the given one; without a group it has the user's number."""
    dockerfile = """
        FROM scratch
        COPY --chown=12:34 f /
        COPY --chown=56 f /g
    """
    tree = build.tree(dockerfile, {"f": "x"})
    same("owners", (tree["f"].owner, tree["g"].owner), ("12:34", "56:56"))


@scenario("COPY --chown, names", "COPY --chown=app:crew f /", "#copy---chown")
def test_copy_chown_names(build: Builds) -> None:
    """Names are looked up in the image."""
    dockerfile = """
        FROM busybox
        COPY --chown=app:crew f /
        COPY --chown=app f /g
    """
    tree = build.tree(dockerfile, {"f": "x"})
    same("owners", (tree["f"].owner, tree["g"].owner), ("1234:2345", "1234:1235"))


@scenario("COPY --chown, variable", "ARG U=12\\nCOPY --chown=$U f /", "#copy---chown", "1.0")
def test_copy_chown_variable(build: Builds) -> None:
    """The variable's value is the owner."""
    tree = build.tree("FROM scratch\nARG U=12\nCOPY --chown=$U:34 f /\n", {"f": "x"})
    same("owner of /f", tree["f"].owner, "12:34")


@scenario("COPY --link", "COPY --link f /link/", "#copy---link", "1.4")
def test_copy_link(build: Builds) -> None:
    """The layer knows nothing of the image: a link there becomes a folder."""
    dockerfile = """
        FROM busybox AS base
        RUN mkdir /real && ln -s real /link
        FROM base
        COPY --link f /link/
    """
    layer = build.image(dockerfile, {"f": "x"}).layer(-1)
    same("files of the layer", layer.files, ["link/f"])


@scenario("COPY --link=false", "COPY --link=false f /link/", "#copy---link", "1.4")
def test_copy_no_link(build: Builds) -> None:
    """A link in the image is followed."""
    dockerfile = """
        FROM busybox AS base
        RUN mkdir /real && ln -s real /link
        FROM base
        COPY --link=false f /link/
    """
    layer = build.image(dockerfile, {"f": "x"}).layer(-1)
    same("files of the layer", layer.files, ["real/f"])


@scenario("COPY --link --chown", "COPY --link --chown=12:34 f /link/", "#copy---link", "1.4")
def test_copy_link_chown(build: Builds) -> None:
    """It is a layer of its own, and has the owner."""
    dockerfile = """
        FROM busybox AS base
        RUN mkdir /real && ln -s real /link
        FROM base
        COPY --link --chown=12:34 f /link/
    """
    layer = build.image(dockerfile, {"f": "x"}).layer(-1)
    same("files of the layer", layer.files, ["link/f"])
    same("owner", layer["link/f"].owner, "12:34")


@scenario("COPY --link --chmod", "COPY --link --chmod=640 f /link/", "#copy---link", "1.4")
def test_copy_link_chmod(build: Builds) -> None:
    """It is a layer of its own, and has the mode."""
    dockerfile = """
        FROM busybox AS base
        RUN mkdir /real && ln -s real /link
        FROM base
        COPY --link --chmod=640 f /link/
    """
    layer = build.image(dockerfile, {"f": "x"}).layer(-1)
    same("files of the layer", layer.files, ["link/f"])
    same("mode", layer["link/f"].mode, "0640")


@scenario("COPY --exclude", "COPY --exclude=*.md a /a/", "#copy---exclude", "1.19")
def test_copy_exclude(build: Builds) -> None:
    """The excluded files are not in the image, and all others are."""
    tree = build.tree("FROM scratch\nCOPY --exclude=**/*.md a /a/\n", TREE)
    same("files", tree.files, ["a/b/c.txt", "a/e.txt"])


@scenario("COPY --exclude, twice", "COPY --exclude=b --exclude=f* . /", "#copy---exclude", "1.19")
def test_copy_exclude_twice(build: Builds) -> None:
    """What any of the patterns says is left out."""
    tree = build.tree("FROM scratch\nCOPY --exclude=a/b --exclude=f* . /\n", TREE)
    same("files", tree.files, ["a/e.txt"])


@scenario("COPY --exclude --from", "COPY --exclude=*.md --from=s / /", "#copy---exclude", "1.19")
def test_copy_exclude_from(build: Builds) -> None:
    """The excluded files of a stage are left out."""
    dockerfile = """
        FROM scratch AS s
        COPY . /
        FROM scratch
        COPY --exclude=a --from=s / /
    """
    same("files", build.tree(dockerfile, TREE).files, ["f.txt"])


@scenario("COPY --parents", "COPY --parents a/b/c.txt /p/", "#copy---parents", "1.20")
def test_copy_parents(build: Builds) -> None:
    """The file has its folders about it."""
    tree = build.tree("FROM scratch\nCOPY --parents a/b/c.txt /p/\n", TREE)
    same("files", tree.files, ["p/a/b/c.txt"])


@scenario("COPY --parents, pivot", "COPY --parents ./a/./b/*.txt /p/", "#copy---parents", "1.20")
def test_copy_parents_pivot(build: Builds) -> None:
    """Only the folders behind the dot are kept."""
    tree = build.tree("FROM scratch\nCOPY --parents ./a/./b/*.txt /p/\n", TREE)
    same("files", tree.files, ["p/b/c.txt"])


@scenario("COPY --parents, **", "COPY --parents ./a/**/*.txt /p/", "#copy---parents", "1.20")
def test_copy_parents_stars(build: Builds) -> None:
    """Two stars stand for any number of folders, and none."""
    tree = build.tree("FROM scratch\nCOPY --parents ./a/**/*.txt /p/\n", TREE)
    same("files", tree.files, ["p/a/b/c.txt", "p/a/e.txt"])


@scenario("COPY --parents --exclude", "COPY --parents --exclude=… a /p/", "#copy---parents", "1.20")
def test_copy_parents_exclude(build: Builds) -> None:
    """Both flags count."""
    dockerfile = "FROM scratch\nCOPY --parents --exclude=**/*.md ./a/./b /p/\n"
    same("files", build.tree(dockerfile, TREE).files, ["p/b/c.txt"])


@scenario("COPY --parents, missing", "COPY --parents a/none /p/", "#copy---parents", "1.20")
def test_copy_parents_missing(build: Builds) -> None:
    """The build fails and names the file."""
    words = build.fails("FROM scratch\nCOPY f.txt /\nCOPY --parents a/none /p/\n", TREE)
    holds("the file to be named", "none" in words, words)


@scenario("COPY --parents --from", "COPY --parents --from=s /a/b /p/", "#copy---parents", "1.20")
def test_copy_parents_from(build: Builds) -> None:
    """Of the stage nothing but the file and its folders is copied."""
    dockerfile = """
        FROM scratch AS s
        COPY . /
        FROM scratch
        COPY --parents --from=s /a/b/c.txt /p/
    """
    same("files", build.tree(dockerfile, TREE).files, ["p/a/b/c.txt"])


@scenario("COPY --parents beside COPY", "COPY --parents a/b/c.txt /p/", "#copy---parents", "1.20")
def test_copy_parents_beside(build: Builds) -> None:
    """What another COPY takes of the context is not copied as well."""
    dockerfile = """
        FROM scratch
        COPY f.txt /
        COPY --parents a/b/c.txt /p/
    """
    same("files", build.tree(dockerfile, TREE).files, ["f.txt", "p/a/b/c.txt"])


@scenario("COPY of a heredoc", "COPY <<EOF /f", "#here-documents", "1.4")
def test_copy_heredoc(build: Builds) -> None:
    """Variables are replaced, unless the word is quoted; with a dash tabs are removed."""
    dockerfile = """
        FROM scratch
        ARG V=value
        COPY <<EOF /a
        [$V]
        EOF
        COPY <<"EOF" /b
        [$V]
        EOF
        COPY <<-EOF /c
        \t\t[$V]
        EOF
    """
    tree = build.tree(dockerfile)
    seen = [tree[name].text for name in "abc"]
    same("/a, /b and /c", seen, ["[value]", "[$V]", "[value]"])


@scenario("COPY of many heredocs", "COPY <<one <<two /d/", "#here-documents", "1.4")
def test_copy_heredocs(build: Builds) -> None:
    """Each is a file of its name, with the mode and owner of the flags."""
    dockerfile = """
        FROM scratch
        COPY --chmod=600 --chown=1:2 <<one <<two f /d/
        1
        one
        2
        two
    """
    tree = build.tree(dockerfile, {"f": "3"})
    seen = {name: (tree[name].text, tree[name].mode, tree[name].owner) for name in tree.files}
    mode = ("0600", "1:2")
    same("files", seen, {"d/f": ("3", *mode), "d/one": ("1", *mode), "d/two": ("2", *mode)})
