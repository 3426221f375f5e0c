"""Exporters and their options: in which form a result comes."""

from __future__ import annotations

import io
import json
import tarfile
from functools import partial

import pytest

from kit.builds import Builds
from kit.images import read_archive, read_registry
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.trees import File, Files, Link, read_folder, read_tar

DOCS = "https://docs.docker.com/build/exporters/"
README = "README.md#output"
exporter = partial(scenario, area="Exporters")
FILE = "FROM scratch\nCOPY f /\n"
OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."


@exporter("type=oci", "--output type=oci", f"{DOCS}oci-docker/")
def test_export_oci(build: Builds) -> None:
    """All parts have the media types of OCI."""
    exported = build.run(FILE, {"f": "x"}, output="type=oci")
    manifest = read_archive(exported.read_bytes()).manifest
    types = [manifest["mediaType"], *(one["mediaType"] for one in manifest["layers"])]
    types.append(manifest["config"]["mediaType"])
    holds("types of OCI", all(one.startswith(OCI) for one in types), types)


@exporter("type=oci,tar=false", "--output type=oci,tar=false", f"{DOCS}oci-docker/")
def test_export_oci_folder(build: Builds) -> None:
    """It is a folder."""
    folder = build.run(FILE, {"f": "x"}, output="type=oci,tar=false")
    holds("an index in a folder", (folder / "index.json").is_file(), list(folder.glob("*")))


@exporter("type=docker", "--output type=docker,name=…", f"{DOCS}oci-docker/")
def test_export_docker(build: Builds) -> None:
    """It can be loaded: manifest.json names tag, config and layers."""
    data = build.run(FILE, {"f": "x"}, output="type=docker,name=some/name:tag").read_bytes()
    files = read_tar(data)
    listed = json.loads(files["manifest.json"].content)[0]
    tags = [one.removeprefix("docker.io/") for one in listed["RepoTags"]]
    same("RepoTags", tags, ["some/name:tag"])
    config = json.loads(files[listed["Config"]].content)
    same("operating system", config["os"], "linux")
    layers = [read_tar(files[name].content).files for name in listed["Layers"]]
    same("files of layers", layers, [["f"]])


@pytest.mark.parametrize(
    ("kind", "oci", "family"),
    [
        pytest.param(
            kind,
            oci,
            family,
            id=f"{kind}{oci.title()}",
            marks=exporter(
                f"type={kind},oci-mediatypes={oci}",
                f"--output type={kind},oci-mediatypes={oci}",
                README,
            ),
        )
        for kind in ("docker", "image")
        for oci, family in (("true", OCI), ("false", DOCKER))
    ],
)
def test_export_types(build: Builds, kind: str, oci: str, family: str) -> None:
    """Manifest, config and layers have the media types that were asked for."""
    if kind == "image":
        image = build.pushed(FILE, {"f": "x"}, output=f"oci-mediatypes={oci}")
    else:
        image = build.image(FILE, {"f": "x"}, output=f"type=docker,oci-mediatypes={oci}")
    described = [image.manifest["config"], *image.layers]
    types = [image.manifest["mediaType"], *(one["mediaType"] for one in described)]
    holds(f"types that begin with {family}", all(one.startswith(family) for one in types), types)


@pytest.mark.parametrize(
    ("kind", "suffix", "magic"),
    [
        pytest.param(
            kind,
            suffix,
            magic,
            id=kind,
            marks=exporter(f"compression={kind}", f"--output type=oci,compression={kind}", README),
        )
        for kind, suffix, magic in (
            ("uncompressed", "layer.v1.tar", b"f\0"),
            ("gzip", "layer.v1.tar+gzip", b"\x1f\x8b"),
            ("estargz", "layer.v1.tar+gzip", b"\x1f\x8b"),
            ("zstd", "layer.v1.tar+zstd", b"\x28\xb5\x2f\xfd"),
        )
    ],
)
def test_export_compression(build: Builds, kind: str, suffix: str, magic: bytes) -> None:
    """Layers are compressed so, and their media types say so."""
    dockerfile = f"FROM scratch\nCOPY f /\nLABEL nonce={build.nonce}\n"
    output = f"type=oci,compression={kind}"
    image = build.image(dockerfile, {"f": build.nonce}, output=output)
    layer = image.layers[0]
    holds(f"a media type with {suffix}", layer["mediaType"].endswith(suffix), layer["mediaType"])
    same("first bytes", image.blob(layer["digest"])[: len(magic)], magic)
    if kind == "estargz":
        holds("the digest of estargz's contents", "annotations" in layer, layer)


@exporter("force-compression", "--output type=oci,compression=…,force-compression=true", README)
def test_export_force_compression(build: Builds) -> None:
    """Layers of the base image are compressed anew."""
    output = "type=oci,compression=uncompressed,force-compression=true"
    layers = build.image("FROM busybox\nLABEL a=1\n", output=output).layers
    types = [one["mediaType"] for one in layers]
    same("media types", types, [f"{OCI}layer.v1.tar"])


@exporter("compression-level", "--output type=oci,compression=gzip,compression-level=0", README)
def test_export_compression_level(build: Builds) -> None:
    """At level 0 a layer is as large as what is in it."""
    output = "type=oci,compression=gzip,compression-level=0,force-compression=true"
    image = build.image(FILE, {"f": build.nonce * 4096}, output=output)
    size = image.layers[0]["size"]
    holds("128 KiB at least", size >= 4096 * 32, size)


@exporter("annotation", "--output type=oci,annotation.key=value", "docs/annotations.md", "1.5")
def test_export_annotation(build: Builds) -> None:
    """The manifest has it."""
    manifest = build.image(FILE, {"f": "x"}, output="type=oci,annotation.some.key=value").manifest
    same("annotation", manifest.get("annotations", {}).get("some.key"), "value")


@exporter("annotation-manifest-descriptor", "--output …,annotation-….key=v", "docs/annotations.md")
def test_export_annotation_descriptor(build: Builds) -> None:
    """What points to the manifest has it."""
    output = "type=oci,annotation-manifest-descriptor.some.key=value"
    found = build.image(FILE, {"f": "x"}, output=output).manifests[0]
    same("annotation", found.get("annotations", {}).get("some.key"), "value")


@exporter("annotation-index", "--output …,annotation-index.key=v", "docs/annotations.md")
def test_export_annotation_index(build: Builds) -> None:
    """The index has it."""
    output = "type=oci,annotation-index.some.key=value"
    opts = {"platform": "linux/amd64,linux/arm64"}
    image = build.image(FILE, {"f": "x"}, output=output, opts=opts)
    index = image.document(image.index["manifests"][0]["digest"])
    same("annotation", index.get("annotations", {}).get("some.key"), "value")


@exporter("type=image,push", "--output type=image,name=…,push=true", f"{DOCS}image-registry/")
def test_export_push(build: Builds) -> None:
    """The registry has the image."""
    same("files", build.pushed(FILE, {"f": "x"}).layer(0).files, ["f"])


@exporter("type=image, many names", '--output type=image,"name=a,b",push=true', README)
def test_export_names(build: Builds) -> None:
    """The registry has it by both names."""
    names = [f"{build.live.registry.address}/{build.nonce}:{tag}" for tag in "ab"]
    build.run(FILE, {"f": "x"}, output=f'type=image,"name={",".join(names)}",push=true')
    images = [read_registry(build.live.registry, build.nonce, tag).manifest for tag in "ab"]
    same("the manifests", images[0], images[1])


@exporter("type=image,push-by-digest", "--output …,push-by-digest=true", README)
def test_export_push_by_digest(build: Builds) -> None:
    """The registry has it by digest, and no tag."""
    opts = {"build-arg:SOURCE_DATE_EPOCH": "0"}
    image = build.image(FILE, {"f": build.nonce}, opts=opts)
    name = f"{build.live.registry.address}/{build.nonce}"
    output = f"type=image,name={name},push=true,push-by-digest=true,oci-mediatypes=true"
    build.run(FILE, {"f": build.nonce}, output=output, opts=opts)
    registry = build.live.registry
    there = read_registry(registry, build.nonce, image.manifests[0]["digest"])
    same("layers", there.layers, image.layers)
    same("tags", registry.tags(build.nonce), [])


@exporter("type=local", "--output type=local,dest=…", f"{DOCS}local-tar/")
def test_export_local(build: Builds) -> None:
    """Files have their modes, and links are links."""
    files: Files = {"d/f": File("x", mode=0o640, mtime=1500000000), "d/l": Link("f")}
    tree = read_folder(build.run("FROM scratch\nCOPY d /\n", files, output="type=local"))
    seen = (tree["f"].mode, tree["f"].mtime, tree["l"].target)
    same("mode, time and link", seen, ("0640", 1500000000, "f"))


@exporter("type=local, platforms", "--output type=local --opt platform=…,…", README)
def test_export_local_platforms(build: Builds) -> None:
    """Each platform has a folder."""
    opts = {"platform": "linux/amd64,linux/arm64"}
    tree = read_folder(build.run(FILE, {"f": "x"}, output="type=local", opts=opts))
    same("files", tree.files, ["linux_amd64/f", "linux_arm64/f"])


@exporter("type=local,platform-split=false", "--output …,platform-split=false", README)
def test_export_local_together(build: Builds) -> None:
    """All platforms share one folder."""
    dockerfile = "FROM scratch\nARG TARGETARCH\nCOPY f /$TARGETARCH\n"
    opts = {"platform": "linux/amd64,linux/arm64"}
    output = "type=local,platform-split=false"
    tree = read_folder(build.run(dockerfile, {"f": "x"}, output=output, opts=opts))
    same("files", tree.files, ["amd64", "arm64"])


@exporter("type=local,mode=delete", "--output type=local,mode=delete", README)
def test_export_local_delete(build: Builds) -> None:
    """What was in the folder before and is not in the result is removed."""
    dest = build.folder / "dest"
    dest.mkdir()
    (dest / "old").touch()
    build.run(FILE, {"f": "x"}, output=f"type=local,mode=delete,dest={dest}")
    same("files", read_folder(dest).files, ["f"])


@exporter("type=tar", "--output type=tar", f"{DOCS}local-tar/")
def test_export_tar(build: Builds) -> None:
    """The archive can be read from the client's output."""
    data = build.run(FILE, {"f": "x"}, output="type=tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        same("names", archive.getnames(), ["f"])


@exporter("type=tar, links", "--output type=tar", f"{DOCS}local-tar/")
def test_export_tar_links(build: Builds) -> None:
    """Symbolic links are such."""
    tree = build.tree("FROM scratch\nCOPY d /\n", {"d/f": "x", "d/l": Link("f")})
    same("kind and target of /l", (tree["l"].kind, tree["l"].target), ("link", "f"))


@exporter("Many exporters", "--output type=oci,… --output type=tar,…", README)
def test_export_many(build: Builds) -> None:
    """Each writes its own."""
    other = build.folder / "other"
    arguments = ["--output", f"type=tar,dest={other}"]
    first = build.run(FILE, {"f": "x"}, output="type=oci", arguments=arguments)
    # A client makes the files before it knows whether anything comes.
    empty = [path.name for path in (first, other) if not path.exists() or not path.stat().st_size]
    holds("both to write", not empty, f"nothing in {' and '.join(empty)}")
    image, tree = read_archive(first.read_bytes()), read_tar(other.read_bytes())
    same("files of both", (image.layer(0).files, tree.files), (["f"], ["f"]))
