"""For each make of engine a program that can build there is found among those that cannot."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engine.builders import Build, Builder, base, builder_for, docker, podman
from harness.engine.builders.docker import Client, DockerClient, find_client
from harness.engine.builders.podman import PodmanClient
from harness.engine.endpoint import Certificates, Endpoint
from harness.engine.product import Product, product
from harness.engine.registry_errors import ImageRefused
from harness.errors import BuildError, MissingToolError
from harness.tools.process import CommandFailed, Completed, Request

HERE = Endpoint("unix:///x", "the default")
DOCKER = Product("Docker Engine", "20.10.24", "amd64", buildkit=True)
PODMAN = Product("Podman Engine", "4.3.1", "amd64", buildkit=False)


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
            make = "podman version {}\n" if "podman" in path else "Docker version {}, build 1\n"
            return Completed(0, make.format(version).encode(), b"")
        if words == ["buildx", "version"]:
            if not buildx:
                raise CommandFailed(request.argv, 1, "docker: 'buildx' is not a docker command")
            return Completed(0, buildx.encode(), b"")
        if self.output:
            raise CommandFailed(request.argv, 1, self.output.decode())
        return Completed(0, b"", b"done")

    def find(self, name: str) -> Path:
        for path in self.there:
            if Path(path).name == name:
                return Path(path)
        raise MissingToolError(f"{name} is not installed")


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    made = Programs()
    for module in (docker, podman, base):
        monkeypatch.setattr(module, "run", made.run)
    monkeypatch.setattr(podman, "find", made.find)
    monkeypatch.setattr(docker, "_candidates", lambda: iter(map(Path, made.there)))
    return made


# -- which program -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"Version": "20.10.24+dfsg1", "ApiVersion": "1.41"}, "Docker Engine 20.10.24+dfsg1"),
        (
            {"Version": "4.3.1", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]},
            "Podman Engine 4.3.1",
        ),
        ({"Components": None}, "Docker Engine of unknown version"),
    ],
)
def test_an_engine_is_what_it_says(said: dict[str, object], expected: str) -> None:
    assert str(product(said)) == expected


def test_an_architecture_has_one_name() -> None:
    assert product({"Arch": "arm64"}).architecture == "arm64"


@pytest.mark.parametrize(
    ("api", "buildkit"), [("1.38", False), ("1.39", True), ("1.100", True), ("?", False)]
)
def test_buildkit_came_with_a_version_of_the_api(api: str, *, buildkit: bool) -> None:
    assert product({"ApiVersion": api}).buildkit is buildkit


@pytest.mark.parametrize(
    ("engine", "kind", "name"),
    [
        (DOCKER, DockerClient, "/b/docker 20.10.24"),
        (PODMAN, PodmanClient, "/c/podman 4.3.1"),
    ],
)
def test_each_make_of_engine_has_its_program(
    programs: Programs, engine: Product, kind: type[Builder], name: str
) -> None:
    programs.there = {
        "/a/docker": ("28.0.1", ""),
        "/b/docker": ("20.10.24", ""),
        "/c/podman": ("4.3.1", ""),
    }
    chosen = builder_for(engine, HERE)
    assert isinstance(chosen, kind)
    assert chosen.name == name
    assert "BuildKit" in chosen.why


@pytest.mark.parametrize(
    ("engine", "where", "words"),
    [
        (Product("Docker Engine", "17.03", "amd64", buildkit=False), HERE, "17.03 has no BuildKit"),
        (PODMAN, HERE, "building there needs the program `podman`"),
        (
            PODMAN,
            Endpoint("tcp://h:1", "DOCKER_HOST", Certificates(Path("/pem"), verify=True)),
            "speaks no TLS",
        ),
    ],
)
def test_what_is_missing_is_said(
    programs: Programs, engine: Product, where: Endpoint, words: str
) -> None:
    programs.there = {"/docker": ("20.10.24", "")}
    with pytest.raises(MissingToolError, match=words) as caught:
        builder_for(engine, where)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({"/a": ("28.0.1", ""), "/b": ("20.10.24+dfsg1", "")}, "/b"),
        ({"/a": ("28.0.1", "github.com/docker/buildx v0.19"), "/b": ("20.10.24", "")}, "/a"),
        ({"/a": ("17.03.0-ce", ""), "/b": ("18.09.1", "")}, "/b"),
    ],
)
def test_the_first_docker_that_can_build_is_taken(
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
    monkeypatch.setattr(docker, "_PLACES", ())
    assert list(docker._candidates()) == [tmp_path / "two" / "docker"]


# -- what it is told -----------------------------------------------------------------------------


def _docker(where: Endpoint = HERE) -> Builder:
    return DockerClient(Client(Path("/docker"), "20.10.24", ""), where)


def _podman(where: Endpoint = HERE) -> Builder:
    return PodmanClient(Path("/podman"), "4.3.1", where)


@pytest.fixture
def wanted(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    for name in ("DOCKER_HOST", "CONTAINER_HOST", "CONTAINER_CONNECTION"):
        monkeypatch.setenv(name, "another")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")
    programs.there = {"/docker": ("20.10.24", ""), "/podman": ("4.3.1", "")}
    return Build("compat/x:1", tmp_path, tmp_path / "D", "stage", {"A": "1 2"}, {"label": "yes"})


def _same(wanted: Build) -> list[str]:
    return [
        *("--file", str(wanted.dockerfile), "--target", "stage", "--build-arg", "A=1 2"),
        *("--build-arg", "HTTPS_PROXY", "--label", "label=yes", str(wanted.context)),
    ]


def test_docker_is_told_which_engine_and_which_builder(programs: Programs, wanted: Build) -> None:
    _docker(Endpoint("ssh://lab", "context lab", context="lab")).build(wanted)
    (request,) = programs.asked
    assert request.argv == [
        *("/docker", "build", "--progress=plain", "--tag", "compat/x:1"),
        *_same(wanted),
    ]
    assert request.env is not None
    assert "DOCKER_HOST" not in request.env
    told = {k: request.env[k] for k in ("DOCKER_CONTEXT", "BUILDX_BUILDER", "DOCKER_BUILDKIT")}
    assert told == {"DOCKER_CONTEXT": "lab", "BUILDX_BUILDER": "lab", "DOCKER_BUILDKIT": "1"}


@pytest.mark.parametrize("client", ["docker", "podman"])
def test_a_build_afresh_uses_no_layer_of_another(
    programs: Programs, wanted: Build, client: str
) -> None:
    where = Endpoint("unix:///run/x.sock", "DOCKER_HOST")
    builder = _docker(where) if client == "docker" else _podman(where)
    for afresh in (False, True):
        builder.build(dataclasses.replace(wanted, afresh=afresh))
    assert ["--no-cache" in request.argv for request in programs.asked] == [False, True]


def test_podman_is_told_which_engine_and_names_the_image_as_the_api_finds_it(
    programs: Programs, wanted: Build
) -> None:
    _podman(Endpoint("ssh://lab", "DOCKER_HOST").through(Path("/t/s"))).build(wanted)
    (request,) = programs.asked
    assert request.argv == [
        *("/podman", "--url", "unix:///t/s", "build", "--format=docker", "--layers=false"),
        *("--identity-label=false", "--tag", "docker.io/compat/x:1"),
        *_same(wanted),
    ]
    assert request.env is not None
    assert not {"CONTAINER_HOST", "CONTAINER_CONNECTION"} & set(request.env)


@pytest.mark.parametrize("builder", [_docker, _podman])
def test_a_build_that_fails_ends_with_its_last_lines(
    programs: Programs, wanted: Build, builder: Callable[[], Builder]
) -> None:
    programs.output = b"first\n" + b"more\n" * 50 + b"https://u:p@host failed"
    with pytest.raises(BuildError, match="image compat/x:1 does not build") as caught:
        builder().build(wanted)
    assert str(caught.value).endswith("https://***@host failed")
    assert "first" not in str(caught.value)


@pytest.mark.parametrize(
    ("builder", "output", "brief"),
    [
        (
            _docker,
            (
                b"#3 [internal] load metadata for docker.io/library/golang:1.21\n"
                b"#3 ERROR: toomanyrequests: You have reached your pull rate limit.\n"
            ),
            "pull docker.io/library/golang:1.21: docker.io limits the rate of requests",
        ),
        (
            _podman,
            (
                b"STEP 1/1: FROM 127.0.0.1:9/x:1\nTrying to pull 127.0.0.1:9/x:1...\n"
                b"Error: creating build container: initializing source docker://127.0.0.1:9/x:1: "
                b"pinging container registry 127.0.0.1:9: dial tcp 127.0.0.1:9: connect: "
                b"connection refused\n"
            ),
            "pull 127.0.0.1:9/x:1: 127.0.0.1:9 cannot be reached",
        ),
    ],
)
def test_a_base_image_that_a_registry_did_not_give_is_told_as_that(
    programs: Programs, wanted: Build, builder: Callable[[], Builder], output: bytes, brief: str
) -> None:
    programs.output = output
    with pytest.raises(ImageRefused, match=f"^{re.escape(brief)}") as caught:
        builder().build(wanted)
    assert caught.value.brief == brief
