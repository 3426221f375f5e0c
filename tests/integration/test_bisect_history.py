"""What a bisection asks of git and of Go, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import minikit
from harness.backends.base import BuildRequest, Place
from harness.backends.native import Native
from harness.bisect.content import Content
from harness.bisect.line import History
from harness.bisect.matter import Matter
from harness.config.lines import load_lines
from harness.events import ignore
from harness.model import Channel, Side
from harness.repository.clones import find
from harness.repository.git import Git
from harness.repository.lineage import locate
from harness.store import Store, default_cache
from tests.support.small_repositories import Origin

pytestmark = pytest.mark.integration

MINIKIT = Path(__file__).parents[2] / "examples" / "minikit"
FOLDERS = {
    *("frontend/dockerfile/builder", "frontend/dockerfile/cmd/dockerfile-frontend"),
    *("frontend/dockerfile/dockerfile2llb", "frontend/dockerfile/parser", "solver/pb"),
    *("frontend/gateway/client", "frontend/gateway/pb", "util/fscopy", "util/shell"),
}


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    made = Origin(tmp_path / "origin")
    made.commit("Begin", {"go.mod": "module x\n\ngo 1.20\n", "a/a.go": "1\n"}, tag="old")
    made.branch("feature")
    made.commit("Half", {"b/b.go": "1\n"})
    made.commit("Other half", {"b/b.go": "2\n"})
    made.go_to("master")
    made.commit("Words alone", {"README.md": "1\n"})
    made.git("merge", "--quiet", "--no-ff", "--message=Merge", "feature")
    made.git("mv", "a/a.go", "a/ä.go")
    made.commit("Move", {})
    made.commit("Newer Go", {"go.mod": "module x\n\ngo 1.21\n"})
    made.commit("Another module", {"go.mod": "module x\n\ngo 1.21\n\nrequire y v1.0.0\n"})
    return made


def test_a_line_has_what_each_commit_changes_against_its_first_parent(origin: Origin) -> None:
    history = History(Git(origin.path))
    old, new = (origin.git("rev-parse", name) for name in ("old", "master"))
    steps = history.line(old, new)
    assert [step.paths for step in steps] == [
        ("README.md",),
        ("b/b.go",),
        ("a/a.go", '"a/\\303\\244.go"'),
        ("go.mod",),
        ("go.mod",),
    ]
    assert steps[-1].sha == new
    assert (history.count(old, new), len(history.parents(steps[1].sha))) == (7, 2)
    assert history.folders([old, new]) == {".", "a", "b"}
    assert set(history.files(old)) == {"a/a.go", "go.mod"}


def test_commits_that_are_built_from_the_same_are_one_candidate(origin: Origin) -> None:
    history = History(Git(origin.path))
    old, new = (origin.git("rev-parse", name) for name in ("old", "master"))
    content = Content(history, Matter(Side.FRONTEND), lambda _sha: ())
    steps = history.line(old, new)
    found = content.candidates(old, steps)
    shas = [step.sha for step in steps]
    assert [it.commits for it in found] == [
        (old, shas[0]),
        (shas[1],),
        (shas[2],),
        (shas[3], shas[4]),
    ]
    assert content.key(old) == content.key(shas[0]) != content.key(shas[1])
    assert content.key(shas[3]) == content.key(new)


def test_go_says_which_packages_a_frontend_is_compiled_from(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    (store.root / "go").symlink_to(default_cache() / "go")
    (default_cache() / "go").mkdir(parents=True, exist_ok=True)
    path = minikit.materialise(MINIKIT, store)
    repository, (meant,) = find(
        str(path), [("master", Side.FRONTEND)], cache=store.root, fetch=False, listener=ignore
    )
    lines = load_lines(MINIKIT / "matrices" / "lines.yaml")
    commit = locate(store, repository, lines, meant)
    native = Native(Place(store, repository.git, lines))
    request = BuildRequest(commit, lines.line(commit.line), Channel.LABS, ())
    frontend = {it.folder for it in native.packages(Side.FRONTEND, request)}
    suite = {it.folder for it in native.packages(Side.SUITE, request)}
    assert frontend == FOLDERS
    assert {"cmd/buildkitd", "cmd/buildctl", "frontend/dockerfile", "solver"} <= suite
