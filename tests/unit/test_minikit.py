from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from harness import minikit
from harness.config.datadir import Data, find_data
from harness.config.lines import load_lines
from harness.config.schema import load
from harness.config.series import load_series
from harness.config.skiplists import load_entries
from harness.errors import ConfigError
from harness.images.recipes import load_recipes
from harness.minikit import HISTORY, History, fast_import

FIRST = """\
author: A Name <a@example.com>
commits:
  - {subject: one, day: 2021-02-01, branch: master, overlay: base, tags: [v0.1.0]}
"""
STREAM = b"""\
commit refs/heads/master
mark :1
author A Name <a@example.com> 1612180800 +0000
committer A Name <a@example.com> 1612180800 +0000
data 4
one

M 100644 inline a
data 5
a\r
\xff

M 100644 inline d/b
data 0


reset refs/tags/v0.1.0
from :1

commit refs/heads/v0.1
mark :2
author A Name <a@example.com> 1612267200 +0000
committer A Name <a@example.com> 1612267200 +0000
data 9
two

why

from :1
D a

reset refs/heads/v0.1
from 0000000000000000000000000000000000000000

"""


@pytest.fixture
def data() -> Data:
    return Data(find_data(None, {}).examples / "minikit")


@pytest.fixture
def history(data: Data) -> History:
    return load(data.root / HISTORY, History)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "base" / "d").mkdir(parents=True)
    (tmp_path / "base" / "d" / "b").touch()
    (tmp_path / "base" / "a").write_bytes(b"a\r\n\xff\n")
    (tmp_path / HISTORY).write_text(FIRST, encoding="utf-8")
    return tmp_path


def further(source: Path, text: str) -> History:
    (source / HISTORY).write_text(FIRST + text, encoding="utf-8")
    return load(source / HISTORY, History)


def stream(source: Path, history: History) -> bytes:
    return b"".join(fast_import(source, history))


def trees(source: Path, history: History) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Replay the history without git: (subject, files) of every commit."""
    named: dict[str, dict[str, bytes]] = {}
    for change in history.commits:
        tree = dict(named.get(change.begins or change.branch, {}))
        for path in change.delete:
            del tree[path]
        if change.overlay:
            overlay = source / change.overlay
            for file in (found for found in overlay.rglob("*") if found.is_file()):
                tree[file.relative_to(overlay).as_posix()] = file.read_bytes()
        for name in (change.branch, *change.tags):
            named[name] = tree
        yield change.subject, tree


def test_the_stream_is_what_fast_import_reads(source: Path) -> None:
    keys = "subject: two, body: why, day: 2021-02-02, branch: v0.1, begins: v0.1.0, delete: a"
    assert stream(source, further(source, f"  - {{{keys}}}\nforget: v0.1\n")) == STREAM


def test_the_stream_depends_on_contents_alone(source: Path, tmp_path: Path) -> None:
    before = stream(source, further(source, ""))
    file = source / "base" / "a"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    file.chmod(0o755)
    moved = tmp_path / "elsewhere"
    (source / "base").rename(moved)
    moved.rename(source / "base")
    assert stream(source, further(source, "")) == before
    file.write_bytes(b"other")
    assert stream(source, further(source, "")) != before


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("branch: v0.1, overlay: base", "4:5: branch v0.1 is new"),
        ("branch: v0.1, begins: v0.9.9", "4:5: no commit above has the tag v0.9.9"),
        ("branch: ../master", "'../master' is not the name of a tag or branch"),
        ("branch: master, delete: ../a", "'../a' is not a path below"),
        ("branch: master, overlay: /etc", "'/etc' is not a path below"),
    ],
)
def test_a_history_that_cannot_be_is_refused_with_its_place(
    source: Path, entry: str, complaint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        further(source, f"  - {{subject: two, day: 2021-02-02, {entry}}}\n")
    assert complaint in str(caught.value)
    assert f"{HISTORY}:" in str(caught.value)


def test_an_overlay_without_files_is_refused_with_its_place(source: Path) -> None:
    history = further(
        source, "  - {subject: two, day: 2021-02-02, branch: master, overlay: gone}\n"
    )
    with pytest.raises(ConfigError, match=r":4:5: overlay: there is no file below .*/gone"):
        stream(source, history)


def test_every_overlay_of_minikit_is_in_its_history(data: Data, history: History) -> None:
    folders = {f"versions/{path.name}" for path in (data.root / "versions").iterdir()}
    used = [change.overlay for change in history.commits if change.overlay]
    assert {"base", *folders} == set(used)


def test_every_commit_of_minikit_changes_its_parent(data: Data, history: History) -> None:
    named: dict[str, dict[str, bytes]] = {}
    for change, (subject, tree) in zip(history.commits, trees(data.root, history), strict=True):
        assert tree != named.get(change.begins or change.branch), f"{subject!r} changes nothing"
        named |= dict.fromkeys((change.branch, *change.tags), tree)


def test_every_commit_of_minikit_has_buildkits_layout(data: Data, history: History) -> None:
    for subject, tree in trees(data.root, history):
        stages = {"Dockerfile", "hack/dockerfiles/test.buildkit.Dockerfile"}
        assert len(stages & tree.keys()) == 1, subject
        assert {
            "cmd/buildkitd/main.go",
            "cmd/buildctl/main.go",
            "frontend/dockerfile/dockerfile_test.go",
            "frontend/dockerfile/cmd/dockerfile-frontend/Dockerfile",
            "frontend/dockerfile/release/mainline/tags",
        } <= tree.keys(), subject


def test_minikits_lines_name_the_dockerfiles_that_are_there(data: Data, history: History) -> None:
    lines = load_lines(data.lines_file)
    of_tag = {
        tag: tree
        for change, (_, tree) in zip(history.commits, trees(data.root, history), strict=True)
        for tag in (*change.tags, change.branch)
    }
    for name, tag in (("v0.1", "v0.1.1"), ("v0.2", "v0.2.0"), ("master", "master")):
        line = lines.line(name)
        assert f"AS {line.stage.target}\n".encode() in of_tag[tag][line.stage.dockerfile]
        assert f"frontend/dockerfile/release/{line.channel}/tags" in of_tag[tag]


def test_minikits_data_files_are_right(data: Data) -> None:
    assert load_recipes(data.images_file).recipes == {}
    assert [patch.name for patch in load_series(data.patches)] == ["v0.1/build-with-newer-go.patch"]
    (entry,) = load_entries(data.skiplists, datetime.now(UTC).date())
    assert entry.explains(
        'support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in MiniKit 0.3'
    )


def test_days_of_a_branch_never_go_back(history: History) -> None:
    last: dict[str, date] = {}
    for change in history.commits:
        parent = change.begins or change.branch
        assert last.get(parent, change.day) <= change.day
        last |= dict.fromkeys((change.branch, *change.tags), change.day)


def test_the_demos_pair_is_a_line_and_a_branch(history: History) -> None:
    tags = [tag for change in history.commits for tag in change.tags]
    assert f"{minikit.DAEMON}.1" in tags
    assert minikit.FRONTEND in {change.branch for change in history.commits}
