"""Published images as sides: of which commit one is, what differs, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.errors import ConfigError, UsageError
from harness.model import Channel, Side, Source
from harness.model.matrix import id_of
from harness.plan.axes import Axes
from harness.plan.planning import Selection
from harness.plan.published import Wanted, find_published
from harness.repository.refs import Repository, ResolvedRef
from harness.store import Store
from tests.support.planning_sites import Names, Planner, repository, sha
from tests.support.published_images import (
    DAEMON,
    ENTRYPOINT,
    HERE,
    LABELS,
    OTHER,
    Layout,
    digest_of,
    elf,
    layer,
    on,
)

REVISION, VERSION = "org.opencontainers.image.revision", "org.opencontainers.image.version"
COMMITS = {"a" * 40: "of no release"}
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

    def which(self, ids: Iterable[str]) -> list[str]:
        return [it for it in ids if it in COMMITS]

    def read(self, sha: str, path: str) -> str | None:
        assert sha
        return DOCKERFILE if path.endswith("/Dockerfile") else None


def _find(
    folder: Path,
    asked: str,
    side: Side = Side.FRONTEND,
    said: list[str] | None = None,
    platform: str = str(HERE),
) -> ResolvedRef:
    there = Repository(Described(), repository().refs)
    say = (said if said is not None else []).append
    wanted = Wanted(side, platform)
    return find_published(Store(folder / "store"), there, asked, wanted, say)


def _layout(
    folder: Path, *names: str, labels: dict[str, str] | None = None, text: bytes = b""
) -> str:
    made = Layout()
    made.name(made.image(elf(text=text), labels=LABELS | (labels or {})), *names)
    return f"oci:{made.write(folder / 'it')}"


def _daemon(folder: Path, *names: str, labels: dict[str, str] | None = None, text: str = "") -> str:
    made = Layout()
    files = {f"usr/bin/{it}": elf(text=text.encode()) for it in DAEMON}
    made.name(made.daemon(layer(files), labels=labels), *names)
    return f"oci:{made.write(folder / 'daemon')}"


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


def test_a_digest_that_is_here_is_for_its_own_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _find(tmp_path, f"{_layout(tmp_path)}#v0.12.5").image
    assert there
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match=f"is for {HERE}, not for linux/{OTHER}"):
        _find(
            *(tmp_path, f"image:docker/dockerfile@{there.digest}#v0.12.5"),
            platform=f"linux/{OTHER}",
        )


def test_each_cell_of_a_matrix_has_the_image_of_its_platform(
    tmp_path: Path, planner: Planner
) -> None:
    made = Layout()
    rows = (on(made.image()), on(made.image(machine=OTHER), OTHER))
    made.name(made.index(*rows), "1.4.3")
    asked = f"oci:{made.write(tmp_path / 'it')}:1.4.3"
    platforms = (str(HERE), f"linux/{OTHER}")
    planner.site.platform = str(HERE)
    planner.site.images = {f"{asked} {it}": _find(tmp_path, asked, platform=it) for it in platforms}
    sides = f'daemons: [{{refs: v0.12}}], frontends: [{{images: ["{asked}"]}}, {{refs: master}}]'
    text = f"""pairs: [{{{sides}, platforms: [{", ".join(platforms)}], baseline: "{asked}"}}]
include: [{{daemon: v0.8, frontend: "{asked}", platform: linux/{OTHER}}}]
"""
    plan = planner(text)
    digests = dict(zip(platforms, map(digest_of, rows), strict=True))
    assert [it.pair.platform for it in plan.cells] == [*platforms, *platforms, platforms[1]]
    for cell in plan.cells:
        image = cell.pair.frontend.image
        if image:
            assert image.digest == digests[cell.pair.platform]
        if cell.pair.baseline:
            assert cell.pair.baseline.commit.image
            assert cell.pair.baseline.commit.image.digest == digests[cell.pair.platform]
    ids = [build.id for build in plan.builds]
    assert len(ids) == len({*ids})
    assert f"frontend {asked} labs linux/{OTHER}" in ids


def test_a_platform_that_an_image_lacks_is_told_where_it_is_written(
    tmp_path: Path, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = f"{_layout(tmp_path, '1.4.3')}:1.4.3"

    known = planner.site.resolve

    def resolve(name: str, side: Side, platform: str) -> ResolvedRef:
        if name == asked:
            return _find(tmp_path, name, side, platform=platform)
        return known(name, side, platform)

    monkeypatch.setattr(planner.site, "resolve", resolve)
    sides = f'daemons: [{{refs: v0.12}}], frontends: [{{images: ["{asked}"]}}]'
    with pytest.raises(ConfigError, match=r"frontends\[0\]\.images: .* is for") as caught:
        planner(f"pairs: [{{{sides}, platforms: linux/{OTHER}}}]")
    assert f"not for linux/{OTHER}" in str(caught.value)


def test_a_frontend_is_no_daemon_and_a_daemon_no_frontend(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no BuildKit daemon: it is a Dockerfile fro") as caught:
        _find(tmp_path, _layout(tmp_path), Side.SUITE)
    assert "named behind the daemon" in caught.value.hint
    with pytest.raises(UsageError, match=r"frontend: its entry point is \['buildkitd'\]") as caught:
        _find(tmp_path, _daemon(tmp_path))
    assert "a daemon is named first" in caught.value.hint


@pytest.mark.parametrize(
    ("tag", "labels", "text", "release"),
    [
        ("v0.12.5", {}, "", "v0.12.5"),
        ("v0.12.5-rootless", {}, "", "v0.12.5"),
        ("v0.10.0-rc1", {}, "", "v0.10.0-rc1"),
        ("latest", {VERSION: "0.6.4"}, "", "v0.6.4"),
        ("latest", {REVISION: sha("v0.12.5")}, sha("v0.6.4"), "v0.12.5"),
        ("v0.12.5", {}, f"00{sha('v0.6.4')}ff", "v0.6.4"),
        ("master", {}, f"{'c' * 40} {'a' * 41}", "a" * 40),
    ],
)
def test_a_daemon_is_of_the_commit_that_label_program_or_version_name(
    tmp_path: Path, tag: str, labels: dict[str, str], text: str, release: str
) -> None:
    meant = _find(tmp_path, f"{_daemon(tmp_path, tag, labels=labels, text=text)}:{tag}", Side.SUITE)
    assert meant.image
    assert (meant.image.commit, meant.image.channel) == (release, None)
    assert meant.sha == (release if release == "a" * 40 else sha(release))


def test_a_program_is_looked_into_once(tmp_path: Path) -> None:
    asked = f"{_daemon(tmp_path, 'latest', text=sha('v0.6.4'))}:latest"
    first = _find(tmp_path, asked, Side.SUITE)
    (program,) = (tmp_path / "store").glob("suite/*/bin/buildkitd")
    program.unlink()
    assert _find(tmp_path, asked, Side.SUITE) == first


def test_what_a_daemon_says_otherwise_than_its_commit_is_told(tmp_path: Path) -> None:
    asked = f"{_daemon(tmp_path, 'v0.10.6', text=sha('v0.6.4'))}:v0.10.6#v0.12.5"
    said: list[str] = []
    meant = _find(tmp_path, asked, Side.SUITE, said)
    short = sha("v0.12.5")[:7]
    assert said == [
        f"{meant.ref}: its version is v0.10.6, its commit {short} is another",
        f"{meant.ref}: its program says that it is of v0.6.4, not of {short}",
    ]


@pytest.mark.parametrize("tag", ["latest", "master", "v0.99.9-rc1"])
def test_a_tag_that_names_no_release_of_a_daemon_says_nothing(tmp_path: Path, tag: str) -> None:
    with pytest.raises(UsageError, match="says of which commit"):
        _find(tmp_path, f"{_daemon(tmp_path, tag)}:{tag}", Side.SUITE)


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


def test_the_baseline_of_a_matrix_may_be_an_image(tmp_path: Path, planner: Planner) -> None:
    asked = f"{_layout(tmp_path, '1.4.3')}:1.4.3"
    planner.site.images = {asked: _find(tmp_path, asked)}
    rows = "daemons: [{refs: v0.12}], frontends: [{refs: v0.12}]"
    (cell,) = planner(f'pairs: [{{{rows}, baseline: "{asked}"}}]').cells
    assert cell.pair.baseline
    assert (cell.pair.baseline.commit.ref, cell.control) == (asked, f"frontend {asked} labs")


def test_what_stands_under_refs_is_no_image(planner: Planner) -> None:
    for side, other in (("daemons", "frontends"), ("frontends", "daemons")):
        rows = f'{side}: [{{refs: "oci:x"}}], {other}: [{{refs: v0.12}}]'
        with pytest.raises(ConfigError, match="is an image") as caught:
            planner(f"pairs: [{{{rows}}}]")
        assert caught.value.hint == 'write images: ["oci:x"]'


def test_an_image_as_daemon_has_the_tests_of_its_commit(tmp_path: Path, planner: Planner) -> None:
    asked = f"{_daemon(tmp_path, 'v0.12.5')}:v0.12.5"
    planner.site.images = {asked: _find(tmp_path, asked, Side.SUITE)}
    rows = f'[{{images: ["{asked}"]}}, {{refs: v0.12.5}}]'
    made = planner(f"pairs: [{{daemons: {rows}, frontends: [{{refs: v0.12.5}}]}}]")
    image, built = made.cells
    assert (image.pair.tests, built.pair.tests) == (built.pair.daemon, None)
    assert (image.tested, image.control, image.suite) == (
        *(built.suite, built.control),
        f"suite {asked}",
    )
    assert len({cell.pair.identity for cell in made.cells}) == 2
    assert image.pair.axes == ("tests v0.12.5",)


def test_images_and_commits_are_mixed_freely(tmp_path: Path, planner: Planner) -> None:
    daemon, frontend = f"{_daemon(tmp_path, 'v0.12.5')}:v0.12.5", f"{_layout(tmp_path, '1.4')}:1.4"
    planner.site.images = {
        daemon: _find(tmp_path, daemon, Side.SUITE),
        frontend: _find(tmp_path, frontend),
    }
    daemons = f'[{{images: ["{daemon}"]}}, {{refs: v0.6.4}}]'
    frontends = f'[{{images: ["{frontend}"]}}, {{refs: master}}]'
    more = "tests: [daemon, frontend], vary: daemon"
    made = planner(f"pairs: [{{daemons: {daemons}, frontends: {frontends}, {more}}}]")
    told = [
        (it.pair.suite.ref, it.pair.frontend.ref, it.pair.control_daemon.commit.ref)
        for it in made.cells
    ]
    assert told == [
        (daemon, frontend, "v0.12.5"),
        (daemon, frontend, "dockerfile/1.4.3"),
        (daemon, "master", "v0.12.5"),
        (daemon, "master", "master"),
        ("v0.6.4", frontend, "dockerfile/1.4.3"),
        ("v0.6.4", "master", "master"),
    ]
    assert "v0.6.4 is the tests' own daemon" in planner.said[0]


def test_one_more_cell_of_a_matrix_may_be_of_images(tmp_path: Path, planner: Planner) -> None:
    daemon, frontend = f"{_daemon(tmp_path, 'v0.12.5')}:v0.12.5", f"{_layout(tmp_path, '1.4')}:1.4"
    planner.site.images = {
        daemon: _find(tmp_path, daemon, Side.SUITE),
        frontend: _find(tmp_path, frontend),
    }
    (cell,) = planner(f'include: [{{daemon: "{daemon}", frontend: "{frontend}"}}]').cells
    assert (cell.suite, cell.candidate) == (f"suite {daemon}", f"frontend {frontend} labs")
    assert cell.tested == "suite v0.12.5"


def test_an_image_has_no_tests_and_is_no_client(tmp_path: Path, planner: Planner) -> None:
    daemon = f"{_daemon(tmp_path, 'v0.12.5')}:v0.12.5"
    pair = planner("include: [{daemon: v0.6, frontend: v0.6}]").cells[0].pair
    planner.site.ahead.add(sha("v0.12.5"))
    commit = planner.site.commit(_find(tmp_path, daemon, Side.SUITE))
    image = Source(commit=commit, channel=Channel.LABS)
    with pytest.raises(UsageError, match="has no tests: it is an image") as caught:
        Axes(image).of(pair)
    assert caught.value.hint == "name its commit, v0.12.5"
    with pytest.raises(UsageError, match="a client is named by its commit") as caught:
        Axes(buildctl=image, scenarios=True).of(pair)
    assert caught.value.hint == "--client v0.12.5"


def test_what_stands_under_images_is_an_image(planner: Planner) -> None:
    with pytest.raises(ConfigError, match="is no image"):
        planner("pairs: [{daemons: [{refs: v0.12}], frontends: [{images: [v0.6]}]}]")
