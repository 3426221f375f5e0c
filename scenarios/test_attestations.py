"""Attestations: what an image says of how it was made."""

from __future__ import annotations

import json
from functools import partial

from kit.builds import Builds
from kit.images import Document, Image
from kit.marks import scenario
from kit.outcomes import holds, same

FILE = "FROM scratch\nARG a=1\nCOPY f /\n"
PROVENANCE = "docs/attestations/slsa-provenance.md"
SBOM = "docs/attestations/sbom.md"
attestation = partial(scenario, docs=PROVENANCE, area="Attestations", since="1.5")


def statements(image: Image) -> list[Document]:
    """Return what an image's attestations state."""
    found = []
    for manifest in image.attestations:
        found += [json.loads(image.blob(layer["digest"])) for layer in manifest["layers"]]
    if not found:
        holds("attestations beside the image", found, image.index["manifests"])
    return found


@attestation("provenance", "--opt attest:provenance=mode=max")
def test_provenance(build: Builds) -> None:
    """The image states what it was made of, with its own digest and the build's arguments."""
    opts = {"attest:provenance": "mode=max", "build-arg:a": "given"}
    image = build.pushed(FILE, {"f": "x"}, opts=opts)
    [statement] = statements(image)
    subject = statement["subject"][0]["digest"]["sha256"]
    same("subject", f"sha256:{subject}", image.manifests[0]["digest"])
    holds("the argument's value", '"given"' in json.dumps(statement), statement["predicateType"])


@attestation("provenance,mode=min", "--opt attest:provenance=mode=min")
def test_provenance_min(build: Builds) -> None:
    """The build's arguments are not told."""
    opts = {"attest:provenance": "mode=min", "build-arg:a": "given"}
    [statement] = statements(build.image(FILE, {"f": "x"}, opts=opts))
    holds("no argument's value", '"given"' not in json.dumps(statement), statement)


@attestation("provenance,version", "--opt attest:provenance=version=v0.2", since="1.15")
def test_provenance_version(build: Builds) -> None:
    """The statement is of the version that was asked for."""
    for version in ("v0.2", "v1"):
        opts = {"attest:provenance": f"version={version}"}
        [statement] = statements(build.image(FILE, {"f": "x"}, opts=opts))
        same("type", statement["predicateType"], f"https://slsa.dev/provenance/{version}")


@attestation("provenance,builder-id", "--opt attest:provenance=builder-id=…")
def test_provenance_builder(build: Builds) -> None:
    """The statement has the name."""
    opts = {"attest:provenance": "builder-id=https://some.builder"}
    [statement] = statements(build.image(FILE, {"f": "x"}, opts=opts))
    text = json.dumps(statement)
    holds("the builder's name", '"id": "https://some.builder"' in text, text[:500])


@attestation("provenance, type=tar", "--opt attest:provenance=filename=… --output type=tar")
def test_provenance_tar(build: Builds) -> None:
    """The statement is a file beside the others."""
    opts = {"attest:provenance": "filename=said.json"}
    same("files", build.tree(FILE, {"f": "x"}, opts=opts).files, ["f", "said.json"])


@attestation("provenance,inline-only", "--opt attest:provenance=inline-only=true")
def test_provenance_inline_only(build: Builds) -> None:
    """An archive of files has none, an image that is pushed has it."""
    opts = {"attest:provenance": "inline-only=true"}
    same("files", build.tree(FILE, {"f": "x"}, opts=opts).files, ["f"])
    same("statements", len(statements(build.pushed(FILE, {"f": "x"}, opts=opts))), 1)


@attestation("provenance of many platforms", "--opt attest:provenance= --opt platform=…,…")
def test_provenance_platforms(build: Builds) -> None:
    """Each image has its own."""
    opts = {"attest:provenance": "mode=min", "platform": "linux/amd64,linux/arm64"}
    dockerfile = "FROM scratch\nARG TARGETARCH\nCOPY f /$TARGETARCH\n"
    image = build.pushed(dockerfile, {"f": "x"}, opts=opts)
    stated = {one["subject"][0]["digest"]["sha256"] for one in statements(image)}
    of = {one["digest"].removeprefix("sha256:") for one in image.manifests}
    same("subjects", stated, of)


@attestation("No provenance", "buildctl build")
def test_provenance_none(build: Builds) -> None:
    """Who does not ask for statements gets an image, and nothing beside it."""
    image = build.image(FILE, {"f": "x"})
    same("manifests", (len(image.manifests), image.attestations), (1, []))


SCANNER = """
    FROM busybox
    COPY --chmod=755 <<"EOF" /scan
    #!/bin/sh
    extras=$BUILDKIT_SCAN_SOURCE_EXTRAS
    for of in $BUILDKIT_SCAN_SOURCE ${extras:+$extras/*}; do
        cat >$BUILDKIT_SCAN_DESTINATION/${of##*/}.spdx.json <<END
        {"_type": "https://in-toto.io/Statement/v0.1",
         "predicateType": "https://spdx.dev/Document",
         "predicate": {"files": "$(ls $of | head -1)"}}
    END
    done
    EOF
    CMD ["/scan"]
"""


def scanner(build: Builds) -> str:
    """Push a scanner which states the first file of what it scans; return its name."""
    build.pushed(SCANNER)
    return f"{build.live.registry.address}/{build.nonce}"


@attestation("sbom", "--opt attest:sbom=generator=…", docs=SBOM)
def test_sbom(build: Builds) -> None:
    """The image has what the scanner states of it."""
    image = build.image(FILE, {"f": "x"}, opts={"attest:sbom": f"generator={scanner(build)}"})
    same("files", [one["predicate"]["files"] for one in statements(image)], ["f"])


@attestation("sbom of stages", "ARG BUILDKIT_SBOM_SCAN_STAGE=true", docs=SBOM)
def test_sbom_stage(build: Builds) -> None:
    """A stage that asks for it is scanned as well."""
    dockerfile = """
        FROM scratch AS s
        ARG BUILDKIT_SBOM_SCAN_STAGE=true
        COPY f /g
        FROM scratch
        COPY --from=s g /f
    """
    image = build.image(dockerfile, {"f": "x"}, opts={"attest:sbom": f"generator={scanner(build)}"})
    same("files", sorted(one["predicate"]["files"] for one in statements(image)), ["f", "g"])
