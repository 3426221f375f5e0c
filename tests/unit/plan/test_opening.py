"""From two names to a plan of one cell: what is chosen, in which order, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from harness.backends import choose
from harness.backends.base import Problem
from harness.config.datadir import Data
from harness.errors import ConfigError, MissingToolError, UsageError
from harness.events import Event, Said
from harness.history.expected import Expected
from harness.model import Channel, Commit, Side, Vary
from harness.plan import workspace
from harness.plan.asks import PairAsk, Where
from harness.plan.cell import Cell
from harness.plan.opening import Opened, open_pair
from harness.repository.git import Git
from harness.repository.refs import Repository, ResolvedRef
from harness.store import Store
from tests.support.factories import FRONTEND, SUITE
from tests.support.played import Player

LINES = """\
toolchains: ["1.21.13"]
image_sets:
  plain: {library/busybox:latest: busybox}
defaults:
  go: "1.21"
  module: true
  channel: labs
  stage: {dockerfile: Dockerfile, target: integration-tests, source: upstream}
  workers: [oci, containerd]
  images: plain
  daemon_tags: [seccomp]
  environment: {}
ranges:
  - {lines: "<0.4", module: false}
lines:
  - {name: v0.3, dockerfile: "1.0"}
  - {name: v0.6, dockerfile: "1.1"}
  - {name: v0.32, dockerfile: "1.26"}
  - {name: master, dockerfile: "1.27"}
"""
PATCH = "--- a/x.go\n+++ b/x.go\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
SERIES = """\
patches:
  - {file: old.patch, side: suite, when: {daemon: "<0.7"}, reason: r, link: "https://example.com/1"}
  - {file: new.patch, side: suite, when: {daemon: ">=0.7"}, reason: r, link: "https://example.com/1"}
  - file: front.patch
    side: frontend
    when: {frontend: ">=0.7"}
    reason: r
    link: "https://example.com/1"
"""
ENTRIES = """\
entries:
  - test: TestCopy
    when: {daemon: "<0.7"}
    status: flaky
    reason: r
    issue: https://example.com/1
  - test: TestMount
    when: {offline: false}
    status: flaky
    reason: r
    issue: https://example.com/1
"""
TEST = "frontend/dockerfile/dockerfile_test.go"


SOURCES = (
    "func testCopy(t *testing.T, sb integration.Sandbox",
    "func testRunMount(t *testing.T, sb integration.Sandbox",
    "func TestIntegration(t *testing.T) {",
    "func TestBuildFlags(t *testing.T, sb Sandbox",
    "func helper(sb integration.Sandbox",
)


class Tree(Git):
    """Commits whose files are written down."""

    def __init__(self) -> None:
        super().__init__(Path("/the/repository"))
        self.files = {
            SUITE.sha: {TEST, "frontend/dockerfile/release/experimental/tags"},
            FRONTEND.sha: {
                TEST,
                "frontend/dockerfile/release/labs/tags",
                "frontend/dockerfile/release/mainline/tags",
            },
        }

    def has(self, sha: str, path: str) -> bool:
        return path in self.files[sha]

    def search(self, sha: str, pattern: str, path: str) -> list[str]:
        assert (sha, path) == (SUITE.sha, "frontend/dockerfile/*_test.go")
        return [row for row in SOURCES if re.match(pattern, row)]


@dataclass
class Preparation:
    """What `open_pair` is given, and what it said."""

    data: Data
    store: Store
    git: Tree = field(default_factory=Tree)
    backend: Player = field(default_factory=lambda: Player({}))
    problems: list[Problem] = field(default_factory=list)
    ask: PairAsk = field(
        default_factory=lambda: PairAsk(
            where=Where("/the/repository"), daemon="v0.6", frontend="master"
        )
    )
    commits: dict[str, Commit] = field(
        default_factory=lambda: {SUITE.sha: SUITE, FRONTEND.sha: FRONTEND}
    )
    said: list[str] = field(default_factory=list)

    def __call__(self, **changes: object) -> Opened:
        self.ask = replace(self.ask, **changes)  # type: ignore[arg-type]
        return open_pair(self.ask, self.data, self.store, Expected(), self.listen)

    def cell(self, **changes: object) -> Cell:
        opened = self(**changes)
        (planned,) = opened.plan.cells
        return opened.cell(planned)

    def leave(self) -> None:
        """Change nothing."""

    def listen(self, event: Event) -> None:
        assert isinstance(event, Said)
        self.said.append(event.text)

    def find(self, where: str, asked: list[tuple[str, Side]], **_options: object) -> object:
        assert where == "/the/repository"
        assert [side for _, side in asked] == [Side.SUITE, Side.FRONTEND]
        meant = [
            ResolvedRef(name, c.ref, c.sha)
            for (name, _), c in zip(asked, (SUITE, FRONTEND), strict=True)
        ]
        return Repository(self.git, {}), meant


@pytest.fixture
def preparation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Preparation:
    for name, text in (
        ("matrices/lines.yaml", LINES),
        ("patches/v0.6/series.yaml", SERIES),
        ("skiplists/all.yaml", ENTRIES),
        *((f"patches/v0.6/{name}.patch", PATCH) for name in ("old", "new", "front")),
    ):
        file = tmp_path / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    made = Preparation(Data(tmp_path / "data"), Store(tmp_path / "cache"))
    monkeypatch.setattr(made.backend, "problems", lambda: made.problems)
    monkeypatch.setattr(choose, "BACKENDS", {"native": "played"})
    monkeypatch.setattr(choose, "resolve_name", {"played": lambda _place: made.backend}.get)
    monkeypatch.setattr(workspace, "find", made.find)
    monkeypatch.setattr(workspace, "locate", lambda *args: made.commits[args[-1].sha])
    monkeypatch.setattr(workspace.Workspace, "_mirror", lambda *_: Path("/cache/mirror/k1"))
    monkeypatch.setattr(workspace, "digests", lambda _: frozenset())
    return made


def test_a_pair_is_both_commits_with_the_channel_that_each_has(preparation: Preparation) -> None:
    opened = preparation()
    (planned,) = opened.plan.cells
    pair = planned.pair
    assert opened.cell(planned).pair == pair
    assert opened.plan.pair
    assert (pair.suite, pair.frontend) == (SUITE, FRONTEND)
    assert (pair.suite_channel, pair.frontend_channel) == (Channel.EXPERIMENTAL, Channel.LABS)
    assert pair.worker == "oci"
    assert opened.backend is preparation.backend


def test_the_control_is_the_suites_own_commit_and_channel(preparation: Preparation) -> None:
    cell = preparation.cell(channel=Channel.MAINLINE)
    assert (cell.control.commit, cell.control.channel) == (SUITE, Channel.EXPERIMENTAL)
    assert (cell.candidate.commit, cell.candidate.channel) == (FRONTEND, Channel.MAINLINE)
    assert cell.suite.line.name == cell.control.line.name == "v0.6"
    assert cell.candidate.line.name == FRONTEND.line


def test_each_side_gets_the_patches_whose_conditions_hold_for_it(
    preparation: Preparation,
) -> None:
    cell = preparation.cell()
    assert [patch.name for patch in cell.suite.patches] == ["v0.6/old.patch"]
    assert [patch.name for patch in cell.control.patches] == []
    assert [patch.name for patch in cell.candidate.patches] == ["v0.6/front.patch"]


@pytest.mark.parametrize(
    ("offline", "tests"), [(True, ["TestCopy"]), (False, ["TestCopy", "TestMount"])]
)
def test_only_entries_whose_conditions_hold_are_asked(
    offline: bool,  # noqa: FBT001 - the condition of one of the entries
    tests: list[str],
    preparation: Preparation,
) -> None:
    cell = preparation.cell(offline=offline)
    assert [test for entry in cell.entries for test in entry.test] == tests


def test_without_lists_no_entry_is_asked(preparation: Preparation) -> None:
    assert preparation.cell(offline=True, lists=False).entries == ()


def test_another_pair_is_planned_with_the_same_repository_and_backend(
    preparation: Preparation, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = preparation()
    meant = {c.sha: ResolvedRef(c.sha, c.ref, c.sha) for c in (SUITE, FRONTEND)}
    monkeypatch.setattr(workspace, "resolve", lambda _repository, name, _side: meant[name])
    ask = replace(preparation.ask, daemon=SUITE.sha, frontend=SUITE.sha)
    other = opened.pair(ask, Expected(), preparation.listen)
    (cell,) = other.plan.cells
    assert (cell.pair.suite, cell.pair.frontend) == (SUITE, SUITE)
    assert other.backend is opened.backend
    assert other.workspace is opened.workspace


def test_the_functions_of_a_suite_are_found_in_its_sources(preparation: Preparation) -> None:
    assert preparation.cell().functions == {"TestCopy", "TestRunMount", "TestBuildFlags"}


def test_seeded_images_are_for_offline_runs_alone(preparation: Preparation) -> None:
    assert preparation.cell(offline=True).mirror == Path("/cache/mirror/k1")
    assert preparation.cell(offline=False).mirror is None


def test_what_was_meant_is_said(preparation: Preparation) -> None:
    preparation()
    assert preparation.said == [f"daemon: {SUITE}", f"frontend: {FRONTEND}", "backend: native"]


def test_a_backend_that_was_named_is_not_announced(preparation: Preparation) -> None:
    preparation(where=Where("/the/repository", backend="native"))
    assert "backend: native" not in preparation.said


def test_the_plan_says_what_is_built_once_and_under_which_limits(
    preparation: Preparation,
) -> None:
    plan = preparation(timeout=90.0, test_timeout=9.0, tests=("TestCopy*",), reruns=1).plan
    (cell,) = plan.cells
    assert [build.id for build in plan.builds] == [
        "suite v0.6.4",
        "frontend v0.6.4 experimental",
        "frontend master labs",
    ]
    assert (cell.suite, cell.control, cell.candidate) == tuple(it.id for it in plan.builds)
    assert (cell.timeout, cell.test_timeout, plan.tests, plan.reruns) == (90, 9, ("TestCopy*",), 1)


def test_tests_that_the_suite_does_not_have_are_refused(
    preparation: Preparation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace.Workspace, "functions", lambda *_: frozenset({"TestCopy"}))
    assert preparation(tests=("TestCopy",)).plan.tests == ("TestCopy",)
    with pytest.raises(UsageError, match=r"no test function 'TestCpoy' in v0\.6\.4") as caught:
        preparation(tests=("TestCopy", "TestCpoy"))
    assert caught.value.hint == "did you mean TestCopy?"


def test_labs_is_preferred_where_a_commit_has_both(preparation: Preparation) -> None:
    preparation.git.files[FRONTEND.sha].add("frontend/dockerfile/release/experimental/tags")
    assert preparation.cell().pair.frontend_channel is Channel.LABS


@pytest.mark.parametrize(
    ("prepare_it", "changes", "message", "hint"),
    [
        (
            Preparation.leave,
            {"channel": Channel.EXPERIMENTAL},
            "master has no frontend channel experimental",
            "labs, mainline",
        ),
        (
            lambda p: p.git.files.update({SUITE.sha: {TEST}}),
            {},
            "v0.6.4 has no frontend channel labs or experimental",
            "none",
        ),
        (
            lambda p: p.git.files[SUITE.sha].remove(TEST),
            {},
            "v0.6.4 has no Dockerfile integration tests",
            "v0.3.0",
        ),
        *(
            (
                Preparation.leave,
                {"daemon": "docker", **asked},
                "a container engine runs scenarios alone",
                "compat scenarios docker master --backend native",
            )
            for asked in (
                {},
                {"tests_from": "master", "vary": Vary.DAEMON},
                {"tests_from": "scenarios"},
                {
                    "tests_from": "scenarios",
                    "vary": Vary.DAEMON,
                    "where": Where("/the/repository", backend="docker"),
                },
            )
        ),
        (
            Preparation.leave,
            {"worker": "dockerd"},
            "the tests of v0.6 have no worker 'dockerd'",
            "oci, containerd",
        ),
    ],
)
def test_what_cannot_be_is_a_usage_error_that_says_what_can(
    prepare_it: Callable[[Preparation], object],
    changes: dict[str, object],
    message: str,
    hint: str,
    preparation: Preparation,
) -> None:
    prepare_it(preparation)
    with pytest.raises(UsageError, match=message) as caught:
        preparation(**changes)
    assert hint in caught.value.hint


def test_a_backend_that_lacks_something_says_all_of_it(preparation: Preparation) -> None:
    preparation.problems = [
        Problem("runc is not installed", "apt-get install runc"),
        Problem("the disk is slow", "buy another", fatal=False),
        Problem("not root", "run as root"),
    ]
    with pytest.raises(MissingToolError) as caught:
        preparation()
    assert str(caught.value) == (
        "no backend can run here: not native: runc is not installed; not root"
    )
    assert caught.value.hint == "apt-get install runc; run as root"


def test_a_warning_of_a_backend_keeps_nothing_from_running(preparation: Preparation) -> None:
    preparation.problems = [Problem("the disk is slow", "buy another", fatal=False)]
    assert preparation().backend is preparation.backend


@pytest.mark.parametrize(
    "file", ["matrices/lines.yaml", "patches/v0.6/series.yaml", "skiplists/all.yaml"]
)
def test_a_mistake_in_a_file_is_found_before_a_repository_is_touched(
    file: str, preparation: Preparation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "find", lambda *_args, **_options: pytest.fail("looked up"))
    path = preparation.data.root / file
    path.write_text(path.read_text("utf-8") + "unknown: 1\n", "utf-8")
    with pytest.raises(ConfigError, match=file):
        preparation()


def test_a_commit_of_a_line_that_nobody_listed_is_a_configuration_error(
    preparation: Preparation,
) -> None:
    preparation.commits[SUITE.sha] = msgspec.structs.replace(SUITE, line="v0.99")
    with pytest.raises(ConfigError, match=r"v0\.99"):
        preparation()
