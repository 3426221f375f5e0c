"""SOURCE_DATE_EPOCH in all its values, and what it dates."""

from __future__ import annotations

import time
from functools import partial

import pytest

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.servers import COMMIT_TIME, Web
from kit.trees import File, Files, make_tar, write

EPOCH = "build-arg:SOURCE_DATE_EPOCH"
FILE = "FROM scratch\nCOPY f /\n"


@pytest.fixture
def young(build: Builds) -> Files:
    """Return a file of 2023 that no other scenario has: the cache cares for no times."""
    return {"f": File(build.nonce, mtime=1700000000)}


dated = partial(scenario, docs="docs/build-repro.md", area="SOURCE_DATE_EPOCH")


@pytest.mark.parametrize(
    ("value", "created"),
    [
        pytest.param(
            value,
            created,
            id=name,
            marks=dated(f"SOURCE_DATE_EPOCH={value}", f"{EPOCH}={value}", since="1.5"),
        )
        for name, value, created in (
            ("number", "1600000000", "2020-09-13T12:26:40Z"),
            ("zero", "0", "1970-01-01T00:00:00Z"),
        )
    ],
)
def test_epoch(build: Builds, young: Files, value: str, created: str) -> None:
    """The image and all of its history were made then."""
    image = build.image(f"{FILE}ENV a=1\n", young, opts={EPOCH: value})
    seen = {image.document_config["created"], *(one["created"] for one in image.history)}
    same("times", seen, {created})


@dated("SOURCE_DATE_EPOCH, no time", f"{EPOCH}=soon", since="1.5")
def test_epoch_invalid(build: Builds, young: Files) -> None:
    """The build fails and says so."""
    words = build.fails(FILE, young, opts={EPOCH: "soon"})
    named = "source-date-epoch" in words.lower().replace("_", "-")
    holds("the option to be named", named, words)


@dated("SOURCE_DATE_EPOCH in commands", "ARG SOURCE_DATE_EPOCH", since="1.5")
def test_epoch_argument(build: Builds) -> None:
    """A stage that declares it has the value."""
    dockerfile = "FROM busybox\nARG SOURCE_DATE_EPOCH\nRUN echo $SOURCE_DATE_EPOCH >/got\n"
    same("/got", build.got(dockerfile, opts={EPOCH: "1600000000"}), "1600000000")


@dated("SOURCE_DATE_EPOCH, default", "ARG SOURCE_DATE_EPOCH=…\\nFROM …", since="1.24")
def test_epoch_default(build: Builds, young: Files) -> None:
    """The Dockerfile can say when, if the client does not."""
    image = build.image(f"ARG SOURCE_DATE_EPOCH=1600000000\n{FILE}", young)
    same("created", image.document_config["created"], "2020-09-13T12:26:40Z")


@dated("SOURCE_DATE_EPOCH of the client", "SOURCE_DATE_EPOCH=… buildctl build", since="1.5")
def test_epoch_environment(build: Builds, young: Files) -> None:
    """The client hands its variable on."""
    image = build.image(FILE, young, environment={"SOURCE_DATE_EPOCH": "1600000000"})
    same("created", image.document_config["created"], "2020-09-13T12:26:40Z")


@dated("SOURCE_DATE_EPOCH=context, local", f"{EPOCH}=context", since="1.24")
def test_epoch_context_local(build: Builds, young: Files) -> None:
    """A local context has no time of its own: the image is made now."""
    image = build.image(FILE, young, opts={EPOCH: "context"})
    created = image.document_config["created"]
    holds("the time of the build", created > "2024", created)


@dated("SOURCE_DATE_EPOCH=context, git", f"{EPOCH}=context", since="1.24")
def test_epoch_context_git(build: Builds, web: Web) -> None:
    """It is the commit's time."""
    web.repository("r", {"Dockerfile": "FROM scratch\nCOPY f /\n", "f": "x"})
    image = build.image("", local=False, opts={"context": web.url("r.git#main"), EPOCH: "context"})
    same("created", image.document_config["created"], "2017-07-14T02:40:00Z")


@dated("SOURCE_DATE_EPOCH=context, http", f"{EPOCH}=context", since="1.24")
def test_epoch_context_http(build: Builds, web: Web) -> None:
    """It is the server's Last-Modified."""
    archive = make_tar({"Dockerfile": FILE, "f": "x"})
    write(web.folder, {"c.tar": File(archive, mtime=COMMIT_TIME)})
    image = build.image("", local=False, opts={"context": web.url("c.tar"), EPOCH: "context"})
    same("created", image.document_config["created"], "2017-07-14T02:40:00Z")


@dated("SOURCE_DATE_EPOCH=stage", f"{EPOCH}=stage", since="1.24")
def test_epoch_stage(build: Builds, web: Web) -> None:
    """It is the time of what the stage adds."""
    write(web.folder, {"f": File("x", mtime=COMMIT_TIME)})
    dockerfile = f"""
        FROM scratch AS source
        ADD {web.url("f")} /
        FROM scratch
        COPY --from=source f /
    """
    image = build.image(dockerfile, opts={EPOCH: "source"})
    same("created", image.document_config["created"], "2017-07-14T02:40:00Z")


@dated("SOURCE_DATE_EPOCH and a git context", f"--opt context=….git {EPOCH}=…", since="1.24")
def test_epoch_git_times(build: Builds, web: Web) -> None:
    """The files of a git context have the commit's time."""
    web.repository("r", {"Dockerfile": "FROM scratch\nCOPY f /\n", "f": build.nonce})
    opts = {"context": web.url("r.git#main"), EPOCH: "1600000000"}
    image = build.image("", local=False, opts=opts)
    same("time of /f", image.layer(0)["f"].mtime, COMMIT_TIME)


@dated("SOURCE_DATE_EPOCH, type=tar", f"{EPOCH}=… --output type=tar", since="1.5")
def test_epoch_tar(build: Builds, young: Files) -> None:
    """All files have the time."""
    tree = build.tree(FILE, young, opts={EPOCH: "1600000000"})
    same("time of /f", tree["f"].mtime, 1600000000)


@dated("rewrite-timestamp", "--output type=oci,rewrite-timestamp=true", since="1.5")
def test_rewrite_timestamp(build: Builds, young: Files) -> None:
    """No file in a layer is younger."""
    output = "type=oci,rewrite-timestamp=true"
    image = build.image(FILE, young, output=output, opts={EPOCH: "1600000000"})
    same("time of /f", image.layer(-1)["f"].mtime, 1600000000)


@dated("Without rewrite-timestamp", "--output type=oci", since="1.5")
def test_no_rewrite_timestamp(build: Builds, young: Files) -> None:
    """Files keep their times."""
    image = build.image(FILE, young, opts={EPOCH: "1600000000"})
    same("time of /f", image.layer(-1)["f"].mtime, 1700000000)


@dated("The same twice", f"{EPOCH}=… --output type=oci,rewrite-timestamp=true", since="1.5")
def test_reproducible(build: Builds) -> None:
    """Two builds without a cache make the same image, byte for byte."""
    dockerfile = "FROM busybox\nRUN echo 1 >/f && mkdir /d\n"
    output = "type=oci,rewrite-timestamp=true"
    opts = {EPOCH: "1600000000", "no-cache": ""}
    first = build.image(dockerfile, output=output, opts=opts).manifests[0]["digest"]
    time.sleep(1)  # layers tell times in seconds: within one, any two builds are the same
    second = build.image(dockerfile, output=output, opts=opts).manifests[0]["digest"]
    same("the second's digest", second, first)
