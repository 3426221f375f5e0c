"""ADD: archives, addresses, repositories."""

from __future__ import annotations

from hashlib import sha256

import pytest

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.servers import Web
from kit.trees import File, make_tar, write, zstd

ARCHIVES = "#adding-local-tar-archives"
ADDRESSES = "#adding-files-from-a-url"
REPOSITORIES = "#adding-files-from-a-git-repository"


@pytest.mark.parametrize(
    "compression",
    [
        pytest.param("", id="none", marks=scenario("ADD of a tar", "ADD x.tar /", ARCHIVES)),
        pytest.param("gz", id="gz", marks=scenario("ADD of a tar.gz", "ADD x.tgz /", ARCHIVES)),
        pytest.param("bz2", id="bz2", marks=scenario("ADD of a tar.bz2", "ADD x.tbz /", ARCHIVES)),
        pytest.param("xz", id="xz", marks=scenario("ADD of a tar.xz", "ADD x.txz /", ARCHIVES)),
    ],
)
def test_add_archive(build: Builds, compression: str) -> None:
    """The archive is unpacked."""
    tree = build.tree("FROM scratch\nADD x /\n", {"x": make_tar({"in/f": "x"}, compression)})
    same("files", tree.files, ["in/f"])


@scenario("ADD of a tar.zst", "ADD x.tar.zst /", ARCHIVES, "1.4")
def test_add_zstd(build: Builds) -> None:
    """The archive is unpacked."""
    archive = zstd(make_tar({"in/f": "x"}))
    tree = build.tree("FROM scratch\nADD x.tar.zst /\n", {"x.tar.zst": archive})
    same("files", tree.files, ["in/f"])


@scenario("ADD of what is no archive", "ADD empty.tar.gz /", ARCHIVES)
def test_add_no_archive(build: Builds) -> None:
    """The content decides, not the name: the file is copied."""
    tree = build.tree("FROM scratch\nADD x.tar.gz /\n", {"x.tar.gz": ""})
    same("files", tree.files, ["x.tar.gz"])


@scenario("ADD --chown of an archive", "ADD --chown=12:34 x.tar /", "#add---chown")
def test_add_archive_chown(build: Builds) -> None:
    """What is unpacked has the owner."""
    tree = build.tree("FROM scratch\nADD --chown=12:34 x /\n", {"x": make_tar({"f": "x"})})
    same("owner of /f", tree["f"].owner, "12:34")


@scenario("ADD --unpack=false", "ADD --unpack=false x.tar /", "#add---unpack", "1.17")
def test_add_unpack_not(build: Builds) -> None:
    """The archive is copied."""
    dockerfile = "FROM scratch\nADD --unpack=false x.tar /\n"
    tree = build.tree(dockerfile, {"x.tar": make_tar({"f": "x"})})
    same("files", tree.files, ["x.tar"])


@scenario("ADD --exclude", "ADD --exclude=*.md a /a/", "#add---exclude", "1.19")
def test_add_exclude(build: Builds) -> None:
    """The excluded files are not in the image, and all others are."""
    tree = build.tree("FROM scratch\nADD --exclude=*.md a /a/\n", {"a/x.md": "x", "a/y": "y"})
    same("files", tree.files, ["a/y"])


@scenario("ADD --chmod, symbolic", "ADD --chmod=u=rw,go= f /", "#add---chmod", "1.14")
def test_add_chmod_symbolic(build: Builds) -> None:
    """The file's mode is what the words ask for."""
    tree = build.tree("FROM scratch\nADD --chmod=u=rw,go= f /\n", {"f": "x"})
    same("mode of /f", tree["f"].mode, "0600")


@scenario("ADD --link", "ADD --link f /link/", "#add---link", "1.4")
def test_add_link(build: Builds) -> None:
    """The file's layer knows nothing of the image: a link there becomes a folder."""
    dockerfile = """
        FROM busybox AS base
        RUN mkdir /real && ln -s real /link
        FROM base
        ADD --link f /link/
    """
    layer = build.image(dockerfile, {"f": "x"}).layer(-1)
    same("files of the layer", layer.files, ["link/f"])


@scenario("ADD of a heredoc", "ADD <<EOF /f", "#here-documents", "1.4")
def test_add_heredoc(build: Builds) -> None:
    """The text is the file."""
    tree = build.tree("FROM scratch\nADD <<EOF /f\nx\nEOF\n")
    same("/f", tree["f"].text, "x")


@scenario("ADD of an address", "ADD https://host/f /", ADDRESSES)
def test_add_url(build: Builds, web: Web) -> None:
    """Name, content and time are the server's, the mode is 0600."""
    write(web.folder, {"f": File("x", mtime=1500000000)})
    file = build.tree(f"FROM scratch\nADD {web.url('f')} /\n")["f"]
    seen = (file.text, file.mode, file.mtime)
    same("content, mode and time of /f", seen, ("x", "0600", 1500000000))


@scenario("ADD --chmod --chown of an address", "ADD --chmod=755 https://…", "#add---chmod", "1.2")
def test_add_url_chmod(build: Builds, web: Web) -> None:
    """Mode and owner are the given ones."""
    write(web.folder, {"f": "x"})
    file = build.tree(f"FROM scratch\nADD --chmod=751 --chown=1:2 {web.url('f')} /\n")["f"]
    same("mode and owner of /f", (file.mode, file.owner), ("0751", "1:2"))


@scenario("ADD of an archive's address", "ADD https://host/x.tar /", ADDRESSES)
def test_add_url_archive(build: Builds, web: Web) -> None:
    """It is not unpacked."""
    write(web.folder, {"x.tar": make_tar({"f": "x"})})
    same("files", build.tree(f"FROM scratch\nADD {web.url('x.tar')} /\n").files, ["x.tar"])


@scenario("ADD --unpack of an address", "ADD --unpack https://…", "#add---unpack", "1.17")
def test_add_url_unpack(build: Builds, web: Web) -> None:
    """The archive is unpacked."""
    write(web.folder, {"x.tar": make_tar({"in/f": "x"}, "gz")})
    tree = build.tree(f"FROM scratch\nADD --unpack {web.url('x.tar')} /\n")
    same("files", tree.files, ["in/f"])


@scenario("ADD --checksum", "ADD --checksum=sha256:… https://host/f /", "#add---checksum", "1.6")
def test_add_checksum(build: Builds, web: Web) -> None:
    """With the right sum the file is there; with another the build fails and says so."""
    write(web.folder, {"f": "right"})
    sums = {text: sha256(text.encode()).hexdigest() for text in ("right", "wrong")}
    tree = build.tree(f"FROM scratch\nADD --checksum=sha256:{sums['right']} {web.url('f')} /\n")
    same("/f", tree["f"].text, "right")
    words = build.fails(f"FROM scratch\nADD --checksum=sha256:{sums['wrong']} {web.url('f')} /\n")
    holds("the sum to be named", "digest mismatch" in words, words)


@scenario(
    "ADD of an address with a token",
    "--secret id=HTTP_AUTH_TOKEN_host",
    "https://docs.docker.com/build/building/secrets/#http-authentication-for-add",
    "1.16",
)
def test_add_url_token(build: Builds) -> None:
    """The server is shown the token."""
    token = write(build.folder, {"token": "hush"}) / "token"
    with Web(write(build.folder / "guarded", {"f": "x"}), token="hush") as web:  # noqa: S106 - means nothing
        dockerfile = f"FROM scratch\nADD {web.url('f')} /\n"
        secret = f"id=HTTP_AUTH_TOKEN_127.0.0.1,src={token}"
        same("/f", build.tree(dockerfile, arguments=["--secret", secret])["f"].text, "x")


@scenario("ADD of a repository", "ADD https://host/repo.git /r", REPOSITORIES, "1.6")
def test_add_git(build: Builds, web: Web) -> None:
    """The files of the default branch, with plain modes and without .git."""
    web.repository("r", {"f": "x", "d/run": File("y", mode=0o755)})
    tree = build.tree(f"FROM scratch\nADD {web.url('r.git')} /r\n")
    seen = {name: tree[name].mode for name in tree.files}
    same("modes", seen, {"r/d/run": "0755", "r/f": "0644"})


@scenario("ADD of a tag and subfolder", "ADD https://host/repo.git#v1:d /r", REPOSITORIES, "1.6")
def test_add_git_fragment(build: Builds, web: Web) -> None:
    """The files of the folder at that tag."""
    web.repository("r", {"d/f": "old", "e": ""}, {"d/f": "new"}, tags={"v1": 0})
    tree = build.tree(f"FROM scratch\nADD {web.url('r.git#v1:d')} /r\n")
    same("files and /r/f", (tree.files, tree["r/f"].text), (["r/f"], "old"))


@scenario("ADD of a repository, query", "ADD https://host/repo.git?tag=v1 /r", REPOSITORIES, "1.18")
def test_add_git_query(build: Builds, web: Web) -> None:
    """The query's parts say the same as a fragment."""
    web.repository("r", {"d/f": "old", "e": ""}, {"d/f": "new"}, tags={"v1": 0})
    tree = build.tree(f"FROM scratch\nADD {web.url('r.git?tag=v1&subdir=d')} /r\n")
    same("files and /r/f", (tree.files, tree["r/f"].text), (["r/f"], "old"))


@scenario("ADD --keep-git-dir", "ADD --keep-git-dir https://…", "#add---keep-git-dir", "1.1")
def test_add_git_keep(build: Builds, web: Web) -> None:
    """The folder .git is there, and its HEAD is the commit."""
    commit = web.repository("r", {"f": "x"})
    tree = build.tree(f"FROM scratch\nADD --keep-git-dir=true {web.url('r.git#main')} /r\n")
    holds("a repository", "r/.git/HEAD" in tree, tree.files)
    same("HEAD", tree["r/.git/HEAD"].text, commit)


@scenario("ADD --checksum of a repository", "ADD --checksum=… …", "#add---checksum", "1.17")
def test_add_git_checksum(build: Builds, web: Web) -> None:
    """With the tag's commit the files are there; with another the build fails and says so."""
    commit = web.repository("r", {"f": "x"}, tags={"v1": 0})
    where = web.url("r.git#v1")
    same("/r/f", build.tree(f"FROM scratch\nADD --checksum={commit} {where} /r\n")["r/f"].text, "x")
    words = build.fails(f"FROM scratch\nADD --checksum={commit[::-1]} {where} /r\n")
    holds("the commit to be named", commit[::-1] in words, words)


@scenario("ADD --exclude of a repository", "ADD --exclude=d https://…", "#add---exclude", "1.19")
def test_add_git_exclude(build: Builds, web: Web) -> None:
    """The excluded files are left out."""
    web.repository("r", {"f": "x", "d/g": "y"})
    tree = build.tree(f"FROM scratch\nADD --exclude=d {web.url('r.git#main')} /r\n")
    same("files", tree.files, ["r/f"])
