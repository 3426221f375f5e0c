"""Which line a commit belongs to, in a history shaped like BuildKit's.

    one ── two ── three ── four ── five ── six      master
     │       └─ f2   └─ r4a ── r4b    │      └─ f6
     │                                └─ r5a ── r5b ── r5c

`one` is v0.3.0 and sits on the trunk; the releases of v0.4 hang on a branch that is gone, those
of v0.5 on one that is there. f2 and f6 are feature branches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config.lines import Lines, load_lines
from harness.errors import ExitCode, UsageError
from harness.model import Commit
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.repository.git import Git
from harness.repository.lineage import Lineage, locate
from harness.repository.refs import Repository, ResolvedRef
from harness.store import Store
from tests.support.small_repositories import Origin

pytestmark = pytest.mark.integration

LINES = """\
toolchains: ["1.21.13"]
image_sets:
  plain: {library/busybox:latest: busybox}
defaults:
  go: "1.21"
  module: true
  channel: labs
  stage: {dockerfile: Dockerfile, target: integration-tests, source: upstream}
  workers: [oci]
  images: plain
  daemon_tags: [seccomp]
  environment: {}
ranges:
  - {lines: "<0.4", module: false}
lines:
  - {name: v0.3, dockerfile: "1.0"}
  - {name: v0.4, dockerfile: "1.1"}
  - {name: v0.5, dockerfile: "1.1"}
  - {name: master, dockerfile: "1.2"}
"""

Place = Callable[[str], Commit]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    origin = Origin(tmp_path_factory.mktemp("lineage") / "origin")
    origin.commit("one", tag="v0.3.0")
    origin.commit("two")
    origin.commit("three", tag="dockerfile/1.1.0")
    origin.branch("release")
    origin.commit("r4a", tag="v0.4.0")
    origin.commit("r4b", tag="v0.4.1")
    origin.go_to("master")
    origin.git("branch", "--delete", "--force", "release")
    origin.commit("four", tag="v0.5.0-rc1")
    origin.commit("five")
    origin.branch("v0.5")
    origin.commit("r5a", tag="v0.5.0")
    origin.commit("r5b", tag="v0.5.1")
    origin.git("tag", "dockerfile/1.1.5")
    origin.commit("r5c")
    origin.go_to("master")
    origin.commit("six", tag="dockerfile/1.2.0-rc1")
    for number, start in (("2", "master~4"), ("6", "master")):
        origin.branch(f"f{number}", start)
        origin.commit(f"f{number}")
    origin.go_to("master")
    return origin


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    file = tmp_path_factory.mktemp("data") / "lines.yaml"
    file.write_text(LINES, encoding="utf-8")
    return load_lines(file)


@pytest.fixture(scope="module")
def repository(origin: Origin) -> Repository:
    git = Git(origin.path)
    return Repository(git, dict(git.refs()))


@pytest.fixture(scope="module")
def place(
    origin: Origin,
    lines: Lines,
    repository: Repository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Place:
    store = Store(tmp_path_factory.mktemp("cache"))

    def located(name: str) -> Commit:
        sha = origin.git("rev-parse", f"{name}^{{commit}}")
        return locate(store, repository, lines, ResolvedRef(name, name, sha))

    return located


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("v0.3.0", "v0.3"),
        ("v0.4.0", "v0.4"),
        ("v0.4.1", "v0.4"),
        ("v0.5.0", "v0.5"),
        ("v0.5.1", "v0.5"),
        ("v0.5", "v0.5"),
        ("master~5", "v0.3"),
        ("master~4", "v0.4"),
        ("master~3", "v0.4"),
        ("master~2", "v0.5"),
        ("master~1", "v0.5"),
        ("master", "master"),
        ("f2", "v0.4"),
        ("f6", "master"),
    ],
)
def test_a_commit_belongs_to_the_first_line_that_holds_its_place_on_the_trunk(
    name: str, line: str, place: Place
) -> None:
    assert place(name).line == line


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("v0.3.0", "0.3.0"),
        ("v0.4.1", "0.4.1"),
        ("v0.5.0", "0.5.0"),
        ("v0.5", "0.5.1"),  # r5c, one commit after the release
        ("master~4", "0.4.0"),  # on its way to the line
        ("master~2", "0.5.0"),  # a release candidate is no release
        ("f2", "0.4.0"),
        ("master", "0.6.0"),  # one past the newest line
    ],
)
def test_the_version_is_the_nearest_release_of_the_line(
    name: str, version: str, place: Place
) -> None:
    assert place(name).version == version


@pytest.mark.parametrize(
    ("name", "version"),
    [("v0.4.0", "1.1.0"), ("v0.5.0", "1.1.0"), ("v0.5.1", "1.1.5"), ("master", "1.2.0")],
)
def test_the_frontends_version_is_the_nearest_release_of_the_lines_frontend(
    name: str, version: str, place: Place
) -> None:
    assert place(name).dockerfile == version


def test_a_merged_feature_branch_belongs_to_the_line_that_it_was_merged_for(
    origin: Origin, lines: Lines
) -> None:
    origin.git("checkout", "--quiet", "--detach", "master")
    origin.git("merge", "--quiet", "--no-ff", "--strategy=ours", "--message=merge f2", "f2")
    merged = origin.git("rev-parse", "HEAD")
    git = Git(origin.path)
    refs = dict(git.refs()) | {"refs/heads/master": merged}
    assert Lineage(Repository(git, refs), lines).line(merged).name == "master"
    assert Lineage(Repository(git, refs), lines).line(refs["refs/heads/f2"]).name == "master"
    origin.go_to("master")


def test_a_commit_is_described_by_its_day(place: Place) -> None:
    commit = place("v0.3.0")
    assert (commit.date, str(commit)) == ("2020-02-02", f"v0.3.0 ({commit.sha[:7]}, 2020-02-02)")


def test_a_place_that_is_known_costs_no_git_until_the_refs_change(
    origin: Origin, lines: Lines, repository: Repository, tmp_path: Path
) -> None:
    class Silent(Git):
        def _call(self, *args: str, **_kwargs: object) -> object:  # type: ignore[override]
            raise AssertionError(f"git {args[0]} was called")

    store = Store(tmp_path / "cache")
    meant = ResolvedRef("v0.4", "v0.4.1", origin.git("rev-parse", "v0.4.1"))
    first = locate(store, repository, lines, meant)
    silent = Silent(origin.path)
    assert locate(store, Repository(silent, repository.refs), lines, meant) == first
    moved = {**repository.refs, "refs/tags/v0.4.2": meant.sha}
    with pytest.raises(AssertionError, match="was called"):
        locate(store, Repository(silent, moved), lines, meant)


def test_a_repository_that_is_no_buildkit_is_named(lines: Lines, tmp_path: Path) -> None:
    other = Origin(tmp_path / "other")
    sha = other.commit("one", {"README": "another project\n"})
    git = Git(other.path)
    with pytest.raises(UsageError, match=f"master in {other.path} has no frontend/dockerfile"):
        locate(
            Store(tmp_path / "cache"),
            Repository(git, dict(git.refs())),
            lines,
            ResolvedRef("master", "master", sha),
        )


def test_without_a_trunk_or_a_common_history_no_line_is_guessed(
    lines: Lines, tmp_path: Path
) -> None:
    other = Origin(tmp_path / "other")
    sha = other.commit("one")
    git = Git(other.path)
    with pytest.raises(UsageError, match="has no branch master"):
        Lineage(Repository(git, {}), lines).line(sha)
    other.git("checkout", "--quiet", "--orphan", "stranger")
    stranger = other.commit("two")
    with pytest.raises(UsageError, match="shares no history with master"):
        Lineage(Repository(git, dict(git.refs())), lines).line(stranger)


def test_a_clone_without_release_tags_is_refused_with_the_command_that_mends_it(
    origin: Origin, lines: Lines, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    origin.git("clone", "--quiet", "--bare", "--no-tags", origin.url, str(bare))
    repository = opened(bare)
    with pytest.raises(UsageError, match=r"no release tags, such as v0\.5\.0") as caught:
        Lineage(repository, lines).line(origin.git("rev-parse", "v0.5.1"))
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint == f"git -C {bare} fetch --tags {DEFAULT_REPOSITORY}"
    origin.git("-C", str(bare), "fetch", "--quiet", "--tags", origin.url)
    assert Lineage(opened(bare), lines).line(origin.git("rev-parse", "v0.5.1")).name == "v0.5"


@pytest.mark.parametrize(
    ("lost", "name", "told"),
    [
        (("v0.5.0", "v0.5.1"), "master", "v0.5, so it may be of v0.5 as well as of master"),
        (("v0.4.0", "v0.4.1"), "v0.5.1", "v0.4, so it may be of v0.4 as well as of v0.5"),
        (
            ("v0.4.0", "v0.4.1", "v0.5.0", "v0.5.1"),
            "master",
            "v0.4 to v0.5, so it may be of v0.4 as well as of master",
        ),
    ],
)
def test_a_commit_that_may_be_of_a_line_without_tags_is_refused(
    origin: Origin, lines: Lines, tmp_path: Path, lost: tuple[str, ...], name: str, told: str
) -> None:
    sha = origin.git("rev-parse", name)
    fork = tmp_path / "fork.git"
    origin.git("clone", "--quiet", "--bare", origin.url, str(fork))
    origin.git("-C", str(fork), "tag", "--delete", *lost)
    origin.git("-C", str(fork), "branch", "--force", "kept", sha)
    with pytest.raises(UsageError, match=re.escape(told)) as caught:
        Lineage(opened(fork), lines).line(sha)
    assert "fetch --tags" in caught.value.hint
    # A line that no missing tag can touch is told as ever.
    assert Lineage(opened(fork), lines).line(origin.git("rev-parse", "v0.3.0")).name == "v0.3"


def test_a_branch_of_one_s_own_that_was_left_behind_is_not_the_trunk(
    origin: Origin, lines: Lines, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    origin.git("clone", "--quiet", origin.url, str(clone))
    origin.git("-C", str(clone), "update-ref", "refs/heads/master", "v0.3.0")
    origin.git("-C", str(clone), "tag", "master", "v0.3.0")
    sha = origin.git("rev-parse", "f6")
    assert Lineage(opened(clone), lines).line(sha).name == "master"


def opened(path: Path) -> Repository:
    git = Git(path)
    return Repository(git, dict(git.refs()))
