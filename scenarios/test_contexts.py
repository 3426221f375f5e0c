"""Where the files of a build come from: contexts, named ones, and what is ignored."""

from __future__ import annotations

import tarfile
from functools import partial

import pytest

from kit.builds import Builds
from kit.busybox import ARCHITECTURE
from kit.images import read_archive
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.servers import Web
from kit.trees import make_tar, write

NAMED = "https://docs.docker.com/reference/cli/docker/buildx/build/#build-context"
CONTEXTS = "https://docs.docker.com/build/concepts/context/"
FILE = "FROM scratch\nCOPY f /\n"
FROM_NAMED = "FROM scratch\nCOPY --from=other f /\n"
OTHER = "arm64" if ARCHITECTURE == "amd64" else "amd64"
context = partial(scenario, area="Contexts")


@context("Named context, local", "--opt context:name=local:name", NAMED, "1.4")
def test_named_local(build: Builds) -> None:
    """The files are those of the other folder."""
    other = write(build.folder / "other", {"f": "other's", ".dockerignore": "g", "g": ""})
    tree = build.tree(
        "FROM scratch\nCOPY --from=other . /\n",
        {"f": "mine"},
        opts={"context:other": "local:other"},
        arguments=["--local", f"other={other}"],
    )
    same("files and /f", (tree.files, tree["f"].text), ([".dockerignore", "f"], "other's"))


@context("Named context, image", "--opt context:name=docker-image://…", NAMED, "1.4")
def test_named_image(build: Builds) -> None:
    """The stage of that name is the image, with its settings."""
    opts = {"context:stage": "docker-image://busybox"}
    image = build.image("FROM scratch AS stage\nFROM stage\nENV a=1\n", opts=opts)
    same("labels", image.config["Labels"], {"base": "busybox"})


@context("Named context, in an image's place", "--opt context:busybox=…", NAMED, "1.4")
def test_named_replaces(build: Builds) -> None:
    """An image of a Dockerfile is another one."""
    opts = {"context:none": "docker-image://busybox"}
    same("labels", build.image("FROM none\n", opts=opts).config["Labels"], {"base": "busybox"})


@context("Named context, of a platform", "--opt context:name::linux/arm64=…", NAMED, "1.4")
def test_named_platform(build: Builds) -> None:
    """Each platform has its own."""
    folders = {name: write(build.folder / name, {"f": name}) for name in ("ours", "theirs")}
    opts = {
        f"context:other::linux/{ARCHITECTURE}": "local:ours",
        f"context:other::linux/{OTHER}": "local:theirs",
        "platform": f"linux/{ARCHITECTURE},linux/{OTHER}",
    }
    locals_ = [part for name, path in folders.items() for part in ("--local", f"{name}={path}")]
    tree = build.tree("FROM other\n", opts=opts, arguments=locals_)
    seen = {name: tree[name].text for name in tree.files}
    same("files", seen, {f"linux_{ARCHITECTURE}/f": "ours", f"linux_{OTHER}/f": "theirs"})


@context("Named context, OCI layout", "--opt context:name=oci-layout://store@…", NAMED, "1.5")
def test_named_layout(build: Builds) -> None:
    """The image is that of the client's folder."""
    made = build.run("FROM scratch\nCOPY f /\nLABEL is=this\n", {"f": "x"}, output="type=oci")
    digest = read_archive(made.read_bytes()).index["manifests"][0]["digest"]
    store = build.folder / "store"
    with tarfile.open(made) as archive:
        archive.extractall(store, filter="data")
    image = build.image(
        "FROM other\nCOPY f /g\n",
        {"f": "y"},
        opts={"context:other": f"oci-layout://store@{digest}"},
        arguments=["--oci-layout", f"store={store}"],
    )
    seen = (image.config["Labels"], image.layer(0).files, image.layer(1).files)
    same("labels and files", seen, ({"is": "this"}, ["f"], ["g"]))


@context("Named context, git", "--opt context:name=https://….git", NAMED, "1.4")
def test_named_git(build: Builds, web: Web) -> None:
    """The files are the repository's."""
    web.repository("r", {"f": "x"})
    tree = build.tree(FROM_NAMED, opts={"context:other": web.url("r.git#main")})
    same("/f", tree["f"].text, "x")


@context("Named context, http", "--opt context:name=https://…", NAMED, "1.4")
def test_named_http(build: Builds, web: Web) -> None:
    """The file of that address is called context."""
    write(web.folder, {"f": "x"})
    dockerfile = "FROM scratch\nCOPY --from=other context /f\n"
    same("/f", build.tree(dockerfile, opts={"context:other": web.url("f")})["f"].text, "x")


@context("Named context, mounted", "RUN --mount=from=name", NAMED, "1.4")
def test_named_mount(build: Builds) -> None:
    """A command has its files."""
    other = write(build.folder / "other", {"f": "x"})
    dockerfile = "FROM busybox\nRUN --mount=from=other,target=/m cp /m/f /got\n"
    opts = {"context:other": "local:other"}
    arguments = ["--local", f"other={other}"]
    same("/got", build.got(dockerfile, opts=opts, arguments=arguments), "x")


@context("Context, git", "--opt context=https://….git#ref", f"{CONTEXTS}#git-repositories")
def test_context_git(build: Builds, web: Web) -> None:
    """Dockerfile and files are the commit's."""
    web.repository("r", {"Dockerfile": FILE, "f": "old"}, {"f": "new"}, tags={"v1": 0})
    tree = build.tree("", local=False, opts={"context": web.url("r.git#v1")})
    same("/f", tree["f"].text, "old")


@context("Context, git subfolder", "--opt context=….git#ref:folder", f"{CONTEXTS}#url-fragments")
def test_context_git_folder(build: Builds, web: Web) -> None:
    """Dockerfile and files are the folder's."""
    web.repository("r", {"d/Dockerfile": "FROM scratch\nCOPY . /\n", "d/f": "x", "g": "y"})
    tree = build.tree("", local=False, opts={"context": web.url("r.git#main:d")})
    same("files", tree.files, ["Dockerfile", "f"])


@context("Context, git query", "--opt context=….git?branch=…&subdir=…", CONTEXTS, "1.18")
def test_context_git_query(build: Builds, web: Web) -> None:
    """The query's parts say the same as a fragment."""
    web.repository("r", {"d/Dockerfile": "FROM scratch\nCOPY . /\n", "d/f": "x", "g": "y"})
    tree = build.tree("", local=False, opts={"context": web.url("r.git?branch=main&subdir=d")})
    same("files", tree.files, ["Dockerfile", "f"])


@context("Context, git folder kept", "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", CONTEXTS)
def test_context_git_keep(build: Builds, web: Web) -> None:
    """The folder .git is there, and its HEAD is the commit."""
    commit = web.repository("r", {"Dockerfile": "FROM scratch\nCOPY .git/HEAD /\n"})
    opts = {"context": web.url("r.git#main"), "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR": "1"}
    same("HEAD", build.tree("", local=False, opts=opts)["HEAD"].text, commit)


@context("Context, archive", "--opt context=https://host/c.tar", f"{CONTEXTS}#remote-tarballs")
def test_context_archive(build: Builds, web: Web) -> None:
    """Dockerfile and files are the archive's."""
    write(web.folder, {"c.tgz": make_tar({"Dockerfile": FILE, "f": "x"}, "gz")})
    tree = build.tree("", local=False, opts={"context": web.url("c.tgz")})
    same("/f", tree["f"].text, "x")


@context("Context, a Dockerfile", "--opt context=https://host/Dockerfile", CONTEXTS)
def test_context_dockerfile(build: Builds, web: Web) -> None:
    """The text of that address is the Dockerfile."""
    write(web.folder, {"D": "FROM scratch\nLABEL a=1\n"})
    image = build.image("", local=False, opts={"context": web.url("D")})
    same("labels", image.config["Labels"], {"a": "1"})


@context("Context, local Dockerfile", "--opt dockerfilekey=dockerfile --opt context=…", CONTEXTS)
def test_context_dockerfile_local(build: Builds, web: Web) -> None:
    """The Dockerfile is the client's, the files are the repository's."""
    web.repository("r", {"Dockerfile": "FROM none\n", "f": "x"})
    opts = {"context": web.url("r.git#main"), "dockerfilekey": "dockerfile"}
    same("/f", build.tree(FILE, opts=opts)["f"].text, "x")


@context("Context, subfolder", "--opt contextsubdir=d", "frontend/dockerui/context.go")
def test_context_folder(build: Builds, web: Web) -> None:
    """Files are those of the folder."""
    write(web.folder, {"c.tar": make_tar({"Dockerfile": FILE, "d/f": "x", "f": "y"})})
    opts = {"context": web.url("c.tar"), "contextsubdir": "d"}
    same("/f", build.tree("", local=False, opts=opts)["f"].text, "x")


IGNORED = "https://docs.docker.com/build/concepts/context/#dockerignore-files"


@pytest.mark.parametrize(
    ("ignore", "expected"),
    [
        pytest.param(
            ignore,
            expected,
            id=name,
            marks=context(f".dockerignore, {word}", ignore.replace("\n", "\\n"), IGNORED),
        )
        for name, word, ignore, expected in (
            ("plain", "names and wildcards", "a\n*.md", ["b/c.md", "b/c.txt"]),
            ("stars", "two stars", "**/*.md\na/", ["b/c.txt"]),
            ("negation", "negations", "*\n!b\nb/*\n!b/c.md", ["b/c.md"]),
            ("comment", "comments and spaces", "# b\n  a  \n\n./x.md\n/b/../b/c.md", ["b/c.txt"]),
        )
    ],
)
def test_ignore(build: Builds, ignore: str, expected: list[str]) -> None:
    """What the patterns leave is in the image."""
    files = {"a/f": "", "b/c.md": "", "b/c.txt": "", "x.md": ""}
    dockerfile = "FROM scratch\nCOPY . /\n"
    tree = build.tree(dockerfile, {**files, ".dockerignore": f"{ignore}\n.dockerignore\n"})
    same("files", tree.files, expected)


@context("Dockerfile.dockerignore", "Dockerfile.dockerignore", IGNORED, "1.1")
def test_ignore_of_dockerfile(build: Builds) -> None:
    """The one of the Dockerfile's name counts, not the other."""
    named = {"Dockerfile.dockerignore": "a"}
    files = {"a": "", "b": "", ".dockerignore": "b"}
    tree = build.tree("FROM scratch\nCOPY . /\n", files, named=named)
    same("files", tree.files, [".dockerignore", "b"])


@context("COPY of what is ignored", ".dockerignore: f\\nCOPY f /", IGNORED)
def test_ignore_copied(build: Builds) -> None:
    """The build fails and names the file."""
    words = build.fails("FROM scratch\nCOPY some.file /\n", {"some.file": "", ".dockerignore": "*"})
    holds("the file to be named", "some.file" in words, words)


@context(".dockerignore and mounts", "RUN --mount=target=/m", IGNORED, "1.2")
def test_ignore_mount(build: Builds) -> None:
    """What is ignored is not mounted."""
    dockerfile = "FROM busybox\nRUN --mount=target=/m ls /m >/got\n"
    same("/got", build.got(dockerfile, {"a": "", "b": "", ".dockerignore": "b"}), "a")
