"""What lies between two commits, read from real repositories; and `compat diff`, which says it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.journal import write_run
from harness.model import Run
from harness.repository.git import GitFailed
from harness.repository.stories import LISTED, Stories
from tests.support import factories
from tests.support.hostile_environment import HOSTILE
from tests.support.small_repositories import Origin

pytestmark = pytest.mark.integration

MERGE = "Merge pull request #12 from somebody/feature"


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    made = Origin(tmp_path / "origin")
    made.commit("Begin", {"go.mod": "module x\n", "frontend/a.go": "1\n"}, tag="v0.1.0")
    made.branch("feature")
    made.commit("Half a feature", {"frontend/b.go": "1\n"})
    made.commit("The other half", {"frontend/b.go": "2\n"})
    made.go_to("master")
    made.commit("Mend a thing (#7)", {"solver/a.go": "1\n"})
    made.git("merge", "--quiet", "--no-ff", f"--message={MERGE}", "feature")
    return made


def sha(origin: Origin, name: str) -> str:
    return origin.git("rev-parse", f"{name}^{{commit}}")


def test_a_commit_is_told_with_what_it_changed(origin: Origin) -> None:
    with Stories.open(origin.path) as stories:
        merge = stories.told(sha(origin, "master"))
        first = stories.told(sha(origin, "v0.1.0"))
        with pytest.raises(GitFailed, match="cannot be read"):
            stories.told("e" * 40)
    assert (merge.commit.subject, merge.commit.pull) == (MERGE, 12)
    assert merge.files == ("frontend/b.go",)
    assert first.files == ("frontend/a.go", "go.mod")


@pytest.mark.parametrize("bare", [False, True])
def test_what_lies_between_is_counted_by_first_parents(
    origin: Origin, tmp_path: Path, *, bare: bool
) -> None:
    folder = origin.path
    if bare:
        folder = tmp_path / "bare"
        origin.git("clone", "--quiet", "--bare", str(origin.path), str(folder))
    with Stories.open(folder) as stories:
        found = stories.between(sha(origin, "v0.1.0"), sha(origin, "master"))
        back = stories.between(sha(origin, "master"), sha(origin, "v0.1.0"))
    assert found
    assert back
    assert (found.ahead, found.behind) == (2, 0)
    assert (back.ahead, back.behind) == (0, 2)
    assert [(it.subject, it.pull) for it in found.newest] == [
        (MERGE, 12),
        ("Mend a thing (#7)", 7),
    ]
    assert (found.newest[1].author, found.newest[1].day) == ("Somebody", "2020-02-04")
    assert (found.files, found.folders) == (2, {"frontend": 1, "solver": 1})
    assert found.before.subject == "Begin"


def test_of_many_commits_the_newest_are_listed(origin: Origin) -> None:
    before = sha(origin, "master")
    for number in range(LISTED + 2):
        after = origin.commit(f"Commit {number}", {"a": f"{number}"})
    with Stories.open(origin.path) as stories:
        found = stories.between(before, after)
    assert found
    assert (found.ahead, len(found.newest)) == (LISTED + 2, LISTED)
    assert found.newest[0].subject == f"Commit {LISTED + 1}"


@pytest.mark.parametrize("digit", ["0", "1"])
def test_a_commit_that_is_not_there_has_no_range(origin: Origin, digit: str) -> None:
    with Stories.open(origin.path) as stories:
        assert stories.between(digit * 40, sha(origin, "master")) is None
        assert stories.between(sha(origin, "master"), digit * 40) is None


def test_a_folder_without_a_repository_is_named(origin: Origin, tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="is no repository of git"):
        Stories.open(tmp_path).__enter__()
    with pytest.raises(GitFailed, match="is no repository of git"):
        Stories.open(origin.path / "frontend").__enter__()


def test_nothing_of_the_callers_environment_reaches_git(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = [sha(origin, name) for name in ("v0.1.0", "master")]
    for name in HOSTILE:
        monkeypatch.setenv(name, HOSTILE[name])
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    with Stories.open(origin.path) as stories:
        assert stories.between(*commits)
    assert not trace.exists()
    assert os.environ["GIT_DIR"] == str(tmp_path / "elsewhere")


def stored(folder: Path, before: str) -> Path:
    run: Run = factories.compatible_run()
    frontend = replace(run.pair.frontend, ref="master", sha=before)
    folder.mkdir()
    write_run(folder, replace(run, pair=replace(run.pair, frontend=frontend)))
    return folder


def diff(*words: str) -> dict[str, dict[str, dict[str, object]]]:
    argv = [sys.executable, "-m", "harness.cli", "diff", *words, "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    told: dict[str, dict[str, dict[str, object]]] = json.loads(done.stdout)
    return told


def test_diff_says_what_lies_between_where_a_repository_is_at_hand(
    origin: Origin, tmp_path: Path
) -> None:
    runs = [
        str(stored(tmp_path / name, sha(origin, of)))
        for name, of in (("before", "v0.1.0"), ("after", "master"))
    ]
    told = diff(*runs, "--repo", str(origin.path))["commits"]["master"]["range"]
    assert isinstance(told, dict)
    assert (told["ahead"], told["files"]) == (2, 2)
    assert "range" not in diff(*runs, "--cache", str(tmp_path / "none"))["commits"]["master"]
    diff(*runs, "--repo", origin.url, "--cache", str(tmp_path / "cache"))  # clones it
