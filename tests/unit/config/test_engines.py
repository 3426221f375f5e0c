"""Which BuildKit Docker Engine has inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.config.engines import Engines, load_engines
from harness.errors import ConfigError, UsageError
from tests.support.project_docs import ROOT

V0_8 = "eeb7b65ab7d651770a5ec52a06ea7c96eb97a249"
V0_10 = "0c9b5aeb269c740650786ba77d882b0259415ec7"


@pytest.fixture(scope="module")
def engines() -> Engines:
    return load_engines(ROOT / "matrices" / "engines.yaml")


@pytest.mark.parametrize(
    ("release", "buildkit"),
    [
        ("20.10.21", V0_8),
        ("20.10.24+dfsg1", V0_8),
        ("20.10.27", V0_8),
        ("23.0.0-1~debian.12", V0_10),
        ("23.0.0", V0_10),
        ("23.0.0-rc.1", V0_10),
        ("99.0.0", "991535e0973488b6a429096d21fa13f81f2d89d8"),
    ],
)
def test_a_release_has_the_buildkit_of_the_row_before(
    engines: Engines, release: str, buildkit: str
) -> None:
    assert engines.inside(release) == buildkit


def test_an_engine_of_before_buildkit_is_refused(engines: Engines) -> None:
    with pytest.raises(UsageError, match=r"18\.06\.3-ce builds without BuildKit") as refused:
        engines.inside("18.06.3-ce")
    assert refused.value.hint == "use 18.09.0 or later"


@pytest.mark.parametrize("release", ["dev", "", "library-import"])
def test_a_version_that_is_none_is_refused(engines: Engines, release: str) -> None:
    with pytest.raises(UsageError, match="nobody can tell which BuildKit is inside"):
        engines.inside(release)


def test_rows_out_of_order_are_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "engines.yaml"
    file.write_text(
        f'engines:\n  - {{since: "23.0.0", buildkit: {V0_10}}}\n'
        f'  - {{since: "20.10.21", buildkit: {V0_8}}}\n'
    )
    with pytest.raises(ConfigError, match=r"engines: 20\.10\.21 stands behind 23\.0\.0 \(line 3\)"):
        load_engines(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"engines\.yaml is not there"):
        load_engines(tmp_path / "engines.yaml")
