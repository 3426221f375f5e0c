"""Exporters and their options."""

from __future__ import annotations

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import same
from kit.trees import File

EXPORTERS = "https://docs.docker.com/build/exporters/"
REPRODUCIBLE = "docs/build-repro.md"


@scenario(
    "rewrite-timestamp", "--output type=oci,rewrite-timestamp=true", REPRODUCIBLE, area="Exporters"
)
def test_export_rewrite_timestamp(build: Builds) -> None:
    """No file in a layer is younger than SOURCE_DATE_EPOCH."""
    image = build.image(
        "FROM scratch\nCOPY f /\n",
        {"f": File("x", mtime=1700000000)},
        output="type=oci,rewrite-timestamp=true",
        opts={"build-arg:SOURCE_DATE_EPOCH": "1600000000"},
    )
    same("time of /f", image.layer(-1)["f"].mtime, 1600000000)
