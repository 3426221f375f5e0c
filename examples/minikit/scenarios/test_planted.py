"""A lie, a refusal, a crash and a hang that a newest frontend brings about on the oldest daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Build

DOCS = "https://docs.docker.com/reference/dockerfile/"


@pytest.mark.scenario(
    feature="CMD", area="Configuration", syntax='CMD ["x"]', docs=f"{DOCS}#cmd", since=""
)
def test_command(build: Build) -> None:
    """The image has the command."""
    _, image = build('FROM scratch\nCMD ["hello"]\n')
    assert image["config"]["Cmd"] == ["hello"]


@pytest.mark.scenario(
    feature="COPY, symbolic links", area="COPY", syntax="COPY d /", docs=f"{DOCS}#copy", since=""
)
def test_copy_links(build: Build) -> None:
    """A symbolic link is copied as a link."""
    made = "FROM scratch AS a\nRUN mkdir s && echo x > s/t && ln -s t s/l\n"
    out, _ = build(f"{made}FROM scratch\nCOPY --from=a /s /\n")
    assert (out / "l").is_symlink(), "expected /l to be a link, got a file"


@pytest.mark.scenario(
    feature="RUN --mount=type=bind",
    area="RUN --mount",
    syntax="RUN --mount=target=/context true",
    docs=f"{DOCS}#run---mounttypebind",
    since="1.2",
)
def test_mount_context(build: Build) -> None:
    """The context is where it is mounted."""
    out, _ = build(
        "FROM scratch\nRUN --mount=target=/context cat /context/f > out\n", {"f": "here"}
    )
    assert (out / "out").read_text() == "here"


@pytest.mark.scenario(
    feature="RUN --mount=type=cache, at two places",
    area="RUN --mount",
    syntax="RUN --mount=type=cache,id=c,target=/a --mount=type=cache,id=c,target=/b true",
    docs=f"{DOCS}#run---mounttypecache",
    since="1.2",
)
def test_mount_cache_twice(build: Build) -> None:
    """What is written at one place is read at the other."""
    mounts = "--mount=type=cache,id=c,target=/a --mount=type=cache,id=c,target=/b"
    out, _ = build(f"FROM scratch\nRUN {mounts} echo -n x > /a/f && cat /b/f > out\n")
    assert (out / "out").read_text() == "x"


@pytest.mark.scenario(
    feature="label:NAME of the exporter",
    area="Exporters",
    syntax="--output label:team=mini",
    docs="https://docs.docker.com/build/exporters/",
    since="",
)
def test_export_labels(build: Build) -> None:
    """The image has the labels that the exporter was given."""
    _, image = build("FROM scratch\nCMD true\n", export={"label:team": "mini"})
    assert image["config"]["Labels"] == {"team": "mini"}
