"""Published images as sides: of which commit one is, what differs, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigError, UsageError
from harness.model import Channel, Side
from harness.model.matrix import id_of
from harness.plan.planning import Selection
from harness.plan.published import find_published
from harness.repository.refs import Repository, ResolvedRef
from harness.store import Store
from tests.support.planning_sites import Names, Planner, repository, sha
from tests.support.published_images import ENTRYPOINT, LABELS, Layout, digest_of, elf

REVISION, VERSION = "org.opencontainers.image.revision", "org.opencontainers.image.version"
DOCKERFILE = """\
FROM scratch
LABEL moby.buildkit.frontend.network.none="true"
ENTRYPOINT ["/bin/dockerfile-frontend"]
"""


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return Planner(tmp_path)


class Described(Names):
    """Each commit's frontend has the Dockerfile of above, and nobody else's commits are here."""

    def commit(self, rev: str) -> str | None:
        return None if rev == "f" * 40 else super().commit(rev)

    def read(self, sha: str, path: str) -> str | None:
        assert sha
        return DOCKERFILE if path.endswith("/Dockerfile") else None


def _find(
    folder: Path, asked: str, side: Side = Side.FRONTEND, said: list[str] | None = None
) -> ResolvedRef:
    there = Repository(Described(), repository().refs)
    say = (said if said is not None else []).append
    return find_published(Store(folder / "store"), there, asked, side, say)


def _layout(
    folder: Path, *names: str, labels: dict[str, str] | None = None, text: bytes = b""
) -> str:
    made = Layout()
    made.name(made.image(elf(text=text), labels=LABELS | (labels or {})), *names)
    return f"oci:{made.write(folder / 'it')}"


def test_the_commit_that_is_named_counts_before_all(tmp_path: Path) -> None:
    asked = f"{_layout(tmp_path, '1.4', labels={REVISION: 'f' * 40})}:1.4#v0.12.5"
    meant = _find(tmp_path, asked)
    assert (meant.sha, meant.asked, meant.ref) == (sha("v0.12.5"), asked, asked)


def test_the_commit_of_a_label_counts_before_that_of_the_program(tmp_path: Path) -> None:
    text = sha("dockerfile/1.4.3").encode()
    asked = _layout(tmp_path, labels={REVISION: sha("v0.12.5")}, text=text)
    assert _find(tmp_path, asked).sha == sha("v0.12.5")


def test_the_release_that_is_written_in_the_program_counts_before_the_tag(tmp_path: Path) -> None:
    asked = f"{_layout(tmp_path, '1.10', text=sha('dockerfile/1.4.3').encode())}:1.10"
    said: list[str] = []
    assert _find(tmp_path, asked, said=said).sha == sha("dockerfile/1.4.3")
    assert not said


@pytest.mark.parametrize(
    ("tag", "labels", "release", "channel"),
    [
        ("1.4", {}, "dockerfile/1.4.3", Channel.MAINLINE),
        ("1.4.0", {}, "dockerfile/1.4.0", Channel.MAINLINE),
        ("docker.io/docker/dockerfile:1.4.0", {}, "dockerfile/1.4.0", Channel.MAINLINE),
        ("1.11.0-labs", {}, "dockerfile/1.11.0-labs", Channel.LABS),
        ("1.4.0-labs", {}, "dockerfile/1.4.0", Channel.LABS),
        ("latest", {VERSION: "1.10.0"}, "dockerfile/1.10.0", Channel.MAINLINE),
    ],
)
def test_a_version_names_a_release_and_a_channel(
    tmp_path: Path, tag: str, labels: dict[str, str], release: str, channel: Channel
) -> None:
    said: list[str] = []
    meant = _find(tmp_path, f"{_layout(tmp_path, tag, labels=labels)}:{tag}", said=said)
    assert meant.image
    assert (meant.sha, meant.image.channel) == (sha(release), channel)
    assert f"is taken for {release}" in said[0]


@pytest.mark.parametrize("tag", ["latest", "1", "master"])
def test_a_tag_that_moves_among_releases_names_none(tmp_path: Path, tag: str) -> None:
    asked = f"{_layout(tmp_path, tag)}:{tag}"
    with pytest.raises(UsageError, match="says of which commit") as caught:
        _find(tmp_path, asked)
    assert caught.value.hint == f"say of which it is: {asked}#COMMIT"


def test_a_label_with_a_commit_of_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="which is not in") as caught:
        _find(tmp_path, _layout(tmp_path, labels={REVISION: "f" * 40}))
    assert "--fetch" in caught.value.hint


def test_what_differs_from_the_commits_own_build_is_told(tmp_path: Path) -> None:
    made = Layout()
    caps = {"moby.buildkit.frontend.caps": "moby.buildkit.frontend.inputs", VERSION: "1.10.0"}
    row = made.image(labels=caps, entrypoint=[*ENTRYPOINT, "--debug"])
    made.name(row)
    said: list[str] = []
    meant = _find(tmp_path, f"oci:{made.write(tmp_path / 'it')}#dockerfile/1.4.3", said=said)
    assert meant.image
    assert meant.image.digest == digest_of(row)
    assert said == [f"{meant.ref}: {it}" for it in meant.image.differs]
    assert meant.image.differs == (
        f"its version is 1.10.0, its commit {sha('dockerfile/1.4.3')[:7]} is another",
        f"its entry point is {[*ENTRYPOINT, '--debug']}, not {[*ENTRYPOINT]}",
        "its label moby.buildkit.frontend.caps is 'moby.buildkit.frontend.inputs', not missing",
        "its label moby.buildkit.frontend.network.none is missing, not 'true'",
    )


def test_an_image_that_is_as_its_commit_builds_it_differs_in_nothing(tmp_path: Path) -> None:
    image = _find(tmp_path, f"{_layout(tmp_path, '1.4.3')}:1.4.3").image
    assert image
    assert image.differs == ()


def test_a_path_may_hold_a_colon(tmp_path: Path) -> None:
    made = Layout()
    made.name(made.image(), "1.4.3")
    made.write(tmp_path / "a:b")
    assert _find(tmp_path, f"oci:{tmp_path}/a:b:1.4.3").sha == sha("dockerfile/1.4.3")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("oci:", "names no image"),
        ("oci:/nowhere/x.tar", "there is no /nowhere/x.tar"),
        ("oci:a\nb", "no name of an image"),
        ("oci:/nowhere/x.tar#", "no commit stands behind the #"),
        ("image:", "no name of an image"),
        ("image:Docker/dockerfile", "no name of an image"),
        ("image:docker/dockerfile@sha256:123", "no name of an image"),
        (f"oci:{'a' * 600}", "no name of an image"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, asked: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        _find(tmp_path, asked)
    assert caught.value.hint


def test_a_digest_that_is_here_is_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _find(tmp_path, f"{_layout(tmp_path)}#v0.12.5").image
    assert there
    monkeypatch.setenv("PATH", "")  # without skopeo nothing can be asked for
    found = _find(tmp_path, f"image:docker/dockerfile@{there.digest}#v0.12.5")
    assert (found.sha, found.image) == (sha("v0.12.5"), there)


def test_an_image_is_no_daemon_yet(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="as a frontend only"):
        _find(tmp_path, _layout(tmp_path), Side.SUITE)


def test_a_matrix_names_images_beside_commits(tmp_path: Path, planner: Planner) -> None:
    asked = f"{_layout(tmp_path, '1.4.3')}:1.4.3"
    planner.site.images = {asked: _find(tmp_path, asked)}
    rows = f'[{{images: ["{asked}"]}}, {{refs: dockerfile/1.4.3}}]'
    made = planner(f"pairs: [{{daemons: [{{refs: v0.12}}], frontends: {rows}}}]")
    image, built = (cell.pair.frontend for cell in made.cells)
    assert (image.sha, image.ref, built.image) == (built.sha, asked, None)
    assert len({cell.candidate for cell in made.cells}) == 2, "the image is no build of its commit"
    assert len({cell.pair.identity for cell in made.cells}) == 2
    assert len({id_of(cell.pair) for cell in made.cells}) == 2


def test_an_image_is_a_candidate_as_any_frontend(tmp_path: Path, planner: Planner) -> None:
    asked = f"{_layout(tmp_path, '1.4.3')}:1.4.3"
    planner.site.images = {asked: _find(tmp_path, asked)}
    text = "pairs: [{daemons: [{refs: v0.12}], frontends: [{candidate: true}]}]"
    (cell,) = planner(text, Selection(candidate=asked)).cells
    assert cell.pair.frontend.ref == asked
    assert cell.pair.frontend.image is not None


def test_the_baseline_of_a_matrix_is_a_commit_s(tmp_path: Path, planner: Planner) -> None:
    rows = "daemons: [{refs: v0.12}], frontends: [{refs: v0.12}], tests: v0.12"
    with pytest.raises(ConfigError, match="is not the name of a commit"):
        planner(f'pairs: [{{{rows}, baseline: "{_layout(tmp_path)}"}}]')


def test_what_stands_under_images_is_an_image(planner: Planner) -> None:
    with pytest.raises(ConfigError, match="is no image"):
        planner("pairs: [{daemons: [{refs: v0.12}], frontends: [{images: [v0.6]}]}]")
