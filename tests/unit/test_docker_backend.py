"""What the docker backend asks of an engine; engine and client program are made up."""

from __future__ import annotations

import dataclasses
import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from harness.backends import docker, goroutines, leg
from harness.backends.base import Artefact, BuildRequest, LegRequest, Problem
from harness.backends.docker import Docker, container
from harness.backends.docker.container import Privileges, run_leg
from harness.backends.docker.images import HOME, Images, Recipe, go_minor
from harness.backends.docker.rendering import render
from harness.backends.native import Native
from harness.backends.steps import Step
from harness.config.lines import Line, load_lines
from harness.errors import BuildError, ConfigError, MissingToolError
from harness.events import Event, Said
from harness.model import Channel, Reason, Side
from harness.refs import Repository
from harness.runner import choose
from harness.runner.choose import Place
from harness.store import Store
from harness.tools.asking import EngineFailed
from harness.tools.builders import Build, Builder
from harness.tools.containers import Container, Ended, Power
from harness.tools.endpoint import Endpoint
from harness.tools.engine import Engine
from harness.tools.git import Git
from harness.tools.product import Product
from tests.unit import runs

ROOT = Path(__file__).parents[2]
LINES = load_lines(ROOT / "matrices" / "lines.yaml")
WHOLE = Power((), ())
LACKING = Power(("sys_resource", "bpf"), ("sys_resource",))


class FakeEngine:
    """Has images, and ends every container at once."""

    where = Endpoint("unix:///x", "the default")
    product = Product("Docker Engine", "20.10.24", "amd64", buildkit=True)

    def sweep(self) -> None:
        """Have nothing to remove."""

    def __init__(self, power: Power = WHOLE) -> None:
        self.images: set[str] = set()
        self.given = power
        self.ran: list[Container] = []
        self.ticked: list[float | None] = []
        self.executed: list[tuple[str, tuple[str, ...]]] = []
        self.end = Ended(0, timed_out=False, out_of_memory=False, seconds=1.0)

    def has_image(self, name: str) -> bool:
        return name in self.images

    def power(self, _image: str) -> Power:
        return self.given

    def run(
        self,
        box: Container,
        _sink: Callable[[bytes], None],
        *,
        timeout: float,
        grace: float,
        tick: Callable[[str], float | None],
    ) -> Ended:
        assert timeout > grace > 0
        self.ran.append(box)
        self.ticked = [tick("box") for _ in range(2)]
        return self.end

    def execute(self, name: str, command: Sequence[str]) -> bytes:
        self.executed.append((name, tuple(command)))
        return b"SIGQUIT: quit\n"


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@dataclasses.dataclass
class FakeBuilder:
    """Notes every image that is built, with the text of its Dockerfile."""

    engine: FakeEngine
    name: str = "/usr/bin/docker 20.10.24"
    why: str = "the first that can"
    built: list[tuple[Build, str]] = dataclasses.field(default_factory=list)

    def build(self, wanted: Build) -> str:
        self.built.append((wanted, wanted.dockerfile.read_text()))
        self.engine.images.add(wanted.tag)
        return ""


def _leg(folder: Path, **changes: Any) -> LegRequest:  # noqa: ANN401 - any field
    artefact = Artefact("key", folder / "artefact", cached=True, go_minor=21)
    given: dict[str, Any] = {
        "suite": artefact,
        "frontend": artefact,
        "worker": "oci",
        "select": "^TestIntegration$",
        "skip": "",
        "parallel": 8,
        "procs": 8,
        "timeout": 60.0,
        "offline": True,
        "mirror": None,
        "folder": folder / "run-1" / "candidate",
    }
    return LegRequest(**given | changes)


def _ran(engine: FakeEngine, request: LegRequest, wanted: Privileges) -> Container:
    run_leg(cast("Engine", engine), "compat/pair:1", request, bytearray().extend, wanted)
    return engine.ran[-1]


# -- legs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [WHOLE, LACKING])
def test_a_shell_becomes_the_test_binary_that_is_told_the_same_as_by_native(
    tmp_path: Path, power: Power
) -> None:
    request = _leg(tmp_path, skip="TestB")
    box = _ran(FakeEngine(power), request, Privileges.AUTO)
    shell, option, script, name, *told = box.command
    assert (shell, option, name) == ("sh", "-c", "first.sh")
    assert script.rstrip().endswith('exec "$@"')
    assert told[:4] == ["/compat/leg", "buildkitd", "registry", "--"]
    assert told[4:] == leg.arguments("dockerfile.test", request)
    assert told[-2:] == ["-test.run=^TestIntegration$", "-test.skip=TestB"]
    assert box.labels == {
        "org.buildkit-compat.run": "run-1",
        "org.buildkit-compat.leg": "candidate",
    }


def test_what_nobody_may_share_is_a_leg_s_own(tmp_path: Path) -> None:
    options = _ran(FakeEngine(LACKING), _leg(tmp_path), Privileges.AUTO).options
    assert options["cgroupns"] == "private"
    assert "binds" not in options


@pytest.mark.parametrize(
    ("power", "wanted", "privileged"),
    [
        (WHOLE, Privileges.AUTO, True),
        (LACKING, Privileges.AUTO, False),
        (WHOLE, Privileges.EXPLICIT, False),
        (WHOLE, Privileges.PRIVILEGED, True),
        (LACKING, Privileges.EXPLICIT, False),
    ],
)
def test_a_leg_is_privileged_where_the_engine_can_give_that(
    tmp_path: Path, power: Power, wanted: Privileges, *, privileged: bool
) -> None:
    box = _ran(FakeEngine(power), _leg(tmp_path), wanted)
    assert box.options.get("privileged", False) is privileged
    assert box.unmasked is not privileged
    assert "cap_add" in box.options or privileged


def test_what_an_engine_cannot_give_is_refused_before_it_is_tried(tmp_path: Path) -> None:
    engine = FakeEngine(LACKING)
    with pytest.raises(EngineFailed, match="it lacks CAP_SYS_RESOURCE, CAP_BPF itself") as caught:
        _ran(engine, _leg(tmp_path), Privileges.PRIVILEGED)
    assert "--privileges auto" in caught.value.hint
    assert engine.ran == []


def test_what_the_engine_lacks_and_knows_is_dropped(tmp_path: Path) -> None:
    options = _ran(FakeEngine(LACKING), _leg(tmp_path), Privileges.AUTO).options
    assert options["cap_add"] == ["ALL"]
    assert options["cap_drop"] == ["sys_resource"]
    assert "seccomp=unconfined" in options["security_opt"]


@pytest.mark.parametrize("offline", [True, False])
def test_offline_means_no_network_and_no_proxy(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, offline: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    box = _ran(engine, _leg(tmp_path, offline=offline), Privileges.AUTO)
    assert (box.options.get("network_mode") == "none") is offline
    assert ("HTTPS_PROXY" in box.environment) is not offline


def test_seeded_images_are_given_as_a_copy(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "mirror-1" / "data").mkdir(parents=True)
    (tmp_path / "mirror-1" / "data" / "blob").write_bytes(b"x" * (3 << 20))
    box = _ran(engine, _leg(tmp_path, mirror=tmp_path / "mirror-1"), Privileges.AUTO)
    _, (folder, archive) = box.files
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive()))) as tar:
        assert "mirror/data/blob" in tar.getnames()
    assert f"{folder}/mirror" == box.environment["BUILDKIT_REGISTRY_MIRROR_DIR"]


@pytest.mark.parametrize(
    ("status", "out_of_memory", "reasons"),
    [
        (0, False, []),
        (1, False, []),
        (2, False, []),
        (None, False, []),
        (1, True, [Reason.OOM]),
        (137, True, [Reason.OOM]),
        (137, False, [Reason.ENGINE]),
    ],
)
def test_what_befell_a_container_is_a_fault_of_its_leg(
    engine: FakeEngine,
    tmp_path: Path,
    status: int | None,
    *,
    out_of_memory: bool,
    reasons: list[Reason],
) -> None:
    engine.end = Ended(status, timed_out=False, out_of_memory=out_of_memory, seconds=3.0)
    ended = run_leg(
        cast("Engine", engine), "i", _leg(tmp_path), bytearray().extend, Privileges.AUTO
    )
    assert ended.status == status
    assert [fault.reason for fault in ended.faults] == reasons


def test_the_programs_of_a_leg_that_is_overdue_are_asked_for_their_goroutines_once(
    engine: FakeEngine, tmp_path: Path
) -> None:
    engine.end = Ended(2, timed_out=False, out_of_memory=False, seconds=3.0)
    one, request = cast("Engine", engine), _leg(tmp_path)
    request.folder.mkdir(parents=True)
    ended = run_leg(one, "i", request, bytearray().extend, Privileges.AUTO, lambda: True)
    assert (ended.status, ended.timed_out, ended.faults) == (None, True, ())
    assert engine.ticked == [goroutines.LAST_WORDS, None]
    ((name, command),) = engine.executed
    assert (name, command[0], command[-1]) == ("box", "/bin/sh", "buildkitd")
    assert (request.folder / goroutines.KEPT).read_bytes() == b"SIGQUIT: quit\n"


# -- images --------------------------------------------------------------------------------------


def _recipe(name: str = "v0.6", source: str = "generic", **changes: Any) -> Recipe:  # noqa: ANN401
    line = _line(name, source)
    return Recipe(
        BuildRequest(runs.SUITE, line, Channel.EXPERIMENTAL, ()),
        changes.get("go", "1.21.13"),
        changes.get("architecture", "x86_64"),
        changes.get("salt", ""),
    )


def _line(name: str, source: str) -> Line:
    line = LINES.line(name)
    return msgspec.structs.replace(line, stage=msgspec.structs.replace(line.stage, source=source))


def test_the_base_image_follows_the_toolchain_unless_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _recipe().base == "golang:1.21.13-bookworm"
    monkeypatch.setenv("COMPAT_BASE_IMAGE", "lab/go-{go}")
    assert _recipe().base == "lab/go-1.21.13"
    monkeypatch.setenv("COMPAT_BASE_IMAGE", "--privileged")
    with pytest.raises(ConfigError, match="no name of an image"):
        _ = _recipe().base


def test_a_key_tells_apart_what_is_built_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        _recipe().key(Side.SUITE),
        _recipe().key(Side.FRONTEND),
        _recipe(source="upstream").key(Side.SUITE),
        _recipe(go="1.22.10").key(Side.SUITE),
        _recipe("v0.3").key(Side.SUITE),
        _recipe(architecture="aarch64").key(Side.SUITE),
        _recipe(salt="a").key(Side.SUITE),
        _recipe(salt="b").key(Side.SUITE),
    }
    assert len(keys) == 8
    monkeypatch.setenv("COMPAT_BASE_IMAGE", "another")
    assert _recipe().key(Side.SUITE) not in keys


def test_a_pair_is_one_layer_on_its_suite_and_built_once(
    engine: FakeEngine, tmp_path: Path
) -> None:
    builder = FakeBuilder(engine)
    store, git = Store(tmp_path), Git(tmp_path)
    images = Images(cast("Engine", engine), builder, store, git)
    frontend = Artefact("f1", tmp_path, cached=True, go_minor=21)
    first = images.pair("compat/suite:s", frontend, {"A": "$x"})
    assert images.pair("compat/suite:s", frontend, {"A": "$x"}) == first
    other = images.pair("compat/suite:s", frontend, {"A": "y"})
    assert [build.tag for build, _ in builder.built] == [first, other]
    assert builder.built[0][1].splitlines()[1:] == [
        "FROM compat/suite:s",
        "COPY frontend.tar dockerfile-frontend /compat/frontend/",
        'ENV A="\\$x" ',
    ]


@pytest.mark.parametrize(
    ("said", "minor"), [("go version go1.21.13 linux/amd64\n", 21), ("go version go1.9 x", 9)]
)
def test_the_go_of_an_image_is_what_it_says(said: str, minor: int) -> None:
    assert go_minor(said) == minor


@pytest.mark.parametrize("said", ["", "sh: go: not found", "go version devel +abc"])
def test_an_image_without_go_is_a_build_error(said: str) -> None:
    with pytest.raises(BuildError, match="no Go version"):
        go_minor(said)


def test_nothing_of_a_template_is_expanded_by_accident() -> None:
    step = Step("./cmd/x", "x", ("a", "b"), "-X main.Version=$(evil) 'q'")
    text = render(
        "frontend.generic",
        folder="/src",
        environment={"GOCACHE": "/c", "GOFLAGS": '-x "$y" \\'},
        steps=[step],
        labels={"k.v": 'say "$HOME"'},
        program="x",
        entrypoint=("/bin/x", "--y"),
    )
    assert """-ldflags '-X main.Version=$(evil) '"'"'q'"'"'' -o /out/x ./cmd/x""" in text
    assert 'GOFLAGS="-x \\"\\$y\\" \\\\"' in text
    assert 'LABEL "k.v"="say \\"\\$HOME\\""' in text
    assert 'ENTRYPOINT ["/bin/x", "--y"]' in text


# -- choice --------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(Store(tmp_path), Repository(Git(tmp_path), {}), LINES)


def _backends(monkeypatch: pytest.MonkeyPatch, **problems: str) -> None:
    for name, kind in (("docker", Docker), ("native", Native)):
        found = [Problem(problems[name], f"mend {name}")] if name in problems else []
        monkeypatch.setattr(kind, "problems", lambda _self, found=found: found)


@pytest.mark.parametrize(
    ("problems", "name", "said"),
    [
        ({}, "docker", ["backend: docker"]),
        ({"docker": "no engine"}, "native", ["backend: native (not docker: no engine)"]),
    ],
)
def test_auto_takes_an_engine_where_one_answers_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
    place: Place,
    problems: dict[str, str],
    name: str,
    said: list[str],
) -> None:
    _backends(monkeypatch, **problems)
    told: list[Event] = []
    assert choose.choose("auto", place, told.append).name == name
    assert told == [Said(text) for text in said]


def test_native_says_that_it_uses_no_cache_repository(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    _backends(monkeypatch, docker="no engine")
    told: list[Event] = []
    place = dataclasses.replace(place, cache_repo="ghcr.io/you/compat")
    assert choose.choose("auto", place, told.append).name == "native"
    assert told[-1] == Said("ghcr.io/you/compat is not used: native builds no images")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("docker", "the docker backend cannot run here: no engine"),
        ("auto", "no backend can run here: not docker: no engine; not native: no root"),
    ],
)
def test_what_keeps_a_backend_from_running_is_told(
    monkeypatch: pytest.MonkeyPatch, place: Place, asked: str, words: str
) -> None:
    _backends(monkeypatch, docker="no engine", native="no root")
    with pytest.raises(MissingToolError, match=f"^{words}$") as caught:
        choose.choose(asked, place, lambda _event: None)
    assert caught.value.hint


def test_without_an_engine_nothing_else_is_asked(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    asked = []

    def no_engine() -> Engine:
        asked.append("engine")
        raise EngineFailed("no engine answers at unix:///x")

    monkeypatch.setattr(docker, "connect", no_engine)
    (problem,) = place.docker().problems()
    assert problem.what == "no engine answers at unix:///x"
    assert "DOCKER_HOST" in problem.fix
    assert asked == ["engine"]


def test_an_engine_without_a_program_that_builds_on_it_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, place: Place, engine: FakeEngine
) -> None:
    def no_builder(product: Product, where: Endpoint) -> Builder:
        assert (product, where) == (engine.product, engine.where)
        raise MissingToolError("nothing here can build", hint="apt-get install docker.io")

    monkeypatch.setattr(docker, "connect", lambda: engine)
    monkeypatch.setattr(docker, "builder_for", no_builder)
    assert place.docker().problems() == [
        Problem("nothing here can build", "apt-get install docker.io")
    ]


def test_the_backend_says_which_engine_which_program_and_why(
    monkeypatch: pytest.MonkeyPatch, place: Place, engine: FakeEngine
) -> None:
    monkeypatch.setattr(docker, "connect", lambda: engine)
    monkeypatch.setattr(docker, "builder_for", lambda _product, _where: FakeBuilder(engine))
    backend = place.docker()
    assert backend.problems() == []
    assert backend.describe() == (
        "Docker Engine 20.10.24 at unix:///x (the default);"
        " builds with /usr/bin/docker 20.10.24: the first that can"
    )


def test_the_folder_of_seeded_images_lies_in_the_folder_of_ours() -> None:
    assert Path(container.MIRROR).parent == Path(HOME)
