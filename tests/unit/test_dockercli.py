"""A client program that can build with BuildKit is found among those that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BuildError, MissingToolError
from harness.tools import dockercli
from harness.tools.dockercli import Build, Client, build, find_client
from harness.tools.process import CommandFailed, Completed, Request
from harness.tools.refusals import ImageRefused


class Programs:
    """Client programs: version and, if there is one, what their buildx says."""

    def __init__(self) -> None:
        self.there: dict[str, tuple[str, str]] = {}
        self.asked: list[Request] = []
        self.output = b""

    def run(self, request: Request) -> Completed:
        self.asked.append(request)
        path, *words = map(str, request.argv)
        version, buildx = self.there[path]
        if words == ["--version"]:
            return Completed(0, f"Docker version {version}, build 1\n".encode(), b"")
        if words == ["buildx", "version"]:
            if not buildx:
                raise CommandFailed(request.argv, 1, "docker: 'buildx' is not a docker command")
            return Completed(0, buildx.encode(), b"")
        if self.output:
            raise CommandFailed(request.argv, 1, self.output.decode())
        return Completed(0, b"", b"done")


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    made = Programs()
    monkeypatch.setattr(dockercli, "run", made.run)
    monkeypatch.setattr(dockercli, "_candidates", lambda: iter(map(Path, made.there)))
    return made


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({"/a": ("28.0.1", ""), "/b": ("20.10.24+dfsg1", "")}, "/b"),
        ({"/a": ("28.0.1", "github.com/docker/buildx v0.19"), "/b": ("20.10.24", "")}, "/a"),
        ({"/a": ("17.03.0-ce", ""), "/b": ("18.09.1", "")}, "/b"),
    ],
)
def test_the_first_that_can_build_is_taken(
    programs: Programs, there: dict[str, tuple[str, str]], chosen: str
) -> None:
    programs.there = there
    assert find_client().path == Path(chosen)


def test_those_that_cannot_are_named(programs: Programs) -> None:
    programs.there = {"/a/docker": ("28.0.1", "")}
    with pytest.raises(MissingToolError, match=r"/a/docker 28\.0\.1 lacks its plugin") as caught:
        find_client()
    assert "docker-buildx-plugin" in caught.value.hint


def test_programs_are_looked_for_on_path_and_beyond(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in ("one", "two", "three"):
        (tmp_path / folder).mkdir()
    (tmp_path / "one" / "docker").write_text("no program")
    (tmp_path / "two" / "docker").touch(mode=0o755)
    (tmp_path / "three" / "docker").symlink_to(tmp_path / "two" / "docker")
    monkeypatch.setenv("PATH", f"{tmp_path}/one:{tmp_path}/two:{tmp_path}/three")
    monkeypatch.setattr(dockercli, "_PLACES", ())
    assert list(dockercli._candidates()) == [tmp_path / "two" / "docker"]


def test_a_build_is_told_which_engine_and_which_builder(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://another")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")
    programs.there = {"/docker": ("20.10.24", "")}
    wanted = Build("compat/x:1", tmp_path, tmp_path / "D", "stage", {"A": "1 2"}, {"label": "yes"})
    build(Client(Path("/docker"), "20.10.24", ""), {"DOCKER_CONTEXT": "lab"}, wanted)
    (request,) = programs.asked
    assert request.argv == [
        *("/docker", "build", "--progress=plain", "--tag", "compat/x:1"),
        *("--file", str(tmp_path / "D"), "--target", "stage", "--build-arg", "A=1 2"),
        *("--build-arg", "HTTPS_PROXY", "--label", "label=yes", str(tmp_path)),
    ]
    assert request.env is not None
    assert "DOCKER_HOST" not in request.env
    told = {k: request.env[k] for k in ("DOCKER_CONTEXT", "BUILDX_BUILDER", "DOCKER_BUILDKIT")}
    assert told == {"DOCKER_CONTEXT": "lab", "BUILDX_BUILDER": "lab", "DOCKER_BUILDKIT": "1"}


def test_a_build_that_fails_ends_with_its_last_lines(programs: Programs, tmp_path: Path) -> None:
    programs.there = {"/docker": ("20.10.24", "")}
    programs.output = b"first\n" + b"more\n" * 50 + b"https://u:p@host failed"
    with pytest.raises(BuildError, match="image compat/x:1 does not build") as caught:
        build(Client(Path("/docker"), "20.10.24", ""), {}, Build("compat/x:1", tmp_path, tmp_path))
    assert str(caught.value).endswith("https://***@host failed")
    assert "first" not in str(caught.value)


def test_a_base_image_that_a_registry_did_not_give_is_told_as_that(
    programs: Programs, tmp_path: Path
) -> None:
    programs.there = {"/docker": ("20.10.24", "")}
    programs.output = (
        b"#3 [internal] load metadata for docker.io/library/golang:1.21\n"
        b"#3 ERROR: toomanyrequests: You have reached your pull rate limit.\n"
    )
    with pytest.raises(ImageRefused) as caught:
        build(Client(Path("/docker"), "20.10.24", ""), {}, Build("compat/x:1", tmp_path, tmp_path))
    assert caught.value.brief == (
        "pull docker.io/library/golang:1.21: docker.io limits the rate of requests"
    )
