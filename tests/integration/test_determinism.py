"""The same stored run gives the same bytes, whatever process renders it, where and when."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import example_runs, factories, matrix_factories

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
THOROUGH = bool(os.environ.get("COMPAT_THOROUGH"))

ELSEWHERE: dict[str, dict[str, str]] = {
    "another hash seed": {"PYTHONHASHSEED": "1"},
    "another time zone": {"TZ": "Pacific/Chatham", "PYTHONHASHSEED": "2"},
    "another locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "another user's terminal": {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "40", "LANG": "de_DE"},
    **({f"seed {n}": {"PYTHONHASHSEED": str(n)} for n in range(3, 103)} if THOROUGH else {}),
}


def rendered(stored: list[Path], out: Path, **environment: str) -> dict[str, bytes]:
    """Render runs in a process of its own; return every file by its path."""
    subprocess.run(
        [sys.executable, "-m", "tests.support.renders", out, *stored],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        check=True,
        timeout=300,
    )
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Store a matrix with everything in it, a hostile one, and single runs."""
    folder = tmp_path_factory.mktemp("stored")
    made = [
        example_runs.nightly().store(folder / "nightly"),
        example_runs.hostile().store(folder / "hostile"),
    ]
    for name, run in (
        ("every", factories.every_verdict_run()),
        ("hostile", factories.hostile_run()),
    ):
        place = folder / f"{name}-run"
        place.mkdir()
        matrix_factories.store_run(place, run)
        made.append(place)
    return made


@pytest.fixture(scope="module")
def here(stored: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return rendered(stored, tmp_path_factory.mktemp("here") / "out", PYTHONHASHSEED="0", TZ="UTC")


def test_every_kind_of_report_is_among_them(here: dict[str, bytes]) -> None:
    names = {Path(name).name for name in here}
    assert {"index.html", "summary.md", "junit.xml", "ctrf.json", "badge.svg"} <= names
    assert {"annotations", "matrix.txt", "diff.json", "headline"} <= names
    assert len([name for name in here if name.endswith("junit.xml")]) > len(example_runs.SUITES)


@pytest.mark.parametrize("where", ELSEWHERE)
def test_renders_are_equal_byte_by_byte(
    stored: list[Path], here: dict[str, bytes], tmp_path: Path, where: str
) -> None:
    there = rendered(stored, tmp_path / "out", **ELSEWHERE[where])
    assert there.keys() == here.keys()
    assert [name for name in here if here[name] != there[name]] == []


def test_written_over_themselves_reports_stay_what_they_are(
    stored: list[Path], here: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = rendered(stored, out)
    for printed in out.rglob("printed"):
        for file in printed.iterdir():
            file.unlink()
        printed.rmdir()
    assert rendered(stored, out) == first == here
