"""`compat reclassify` tells what changed, ends with the code of now, and keeps the run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.config.datadir import find_data
from tests.support.played import MIXED, Bench, Player
from tests.support.rejudged import stored


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def compat(*args: object) -> int:
    return execute("compat", lambda _: umbrella, [str(arg) for arg in args])


def test_the_command_tells_and_ends_with_the_code_of_now(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stored(bench)
    data = _data(tmp_path / "data", [("TestMount", "no such mount")])
    assert compat("reclassify", folder, "--data", data) == 0
    out, err = capsys.readouterr()
    assert "TestMount: regressed → known" in out
    assert "mine.yaml:2 (expected-failure): because" in out
    assert err == ""
    assert compat("reclassify", folder, "--data", _data(tmp_path / "none", [])) == 1
    capsys.readouterr()
    assert compat("reclassify", folder, "--data", data, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["before"], answer["after"], answer["exit_code"]) == ("regressed", "flaky", 0)
    (cell,) = answer["cells"]
    (test,) = cell["tests"]
    assert (test["before"], test["after"]) == ("regressed", "known")


def test_the_command_keeps_the_run_with_its_reports(bench: Bench, tmp_path: Path) -> None:
    folder = stored(bench)
    data = _data(tmp_path / "data", [("TestMount", "no such mount")])
    out = tmp_path / "judged"
    assert compat("reclassify", folder, "--data", data, "--out", out) == 0
    assert compat("gate", out) == 1  # for the flake
    assert b"known: 1" in (out / "summary.md").read_bytes()
    assert not (folder / "summary.md").exists()
    assert compat("reclassify", folder, "--data", data, "--out", out) == 2


def _data(folder: Path, known: Iterable[tuple[str, str]]) -> Path:
    """Make a data folder whose skip lists know these failures."""
    for name in ("matrices", "skiplists", "patches"):
        (folder / name).mkdir(parents=True)
    shutil.copy(find_data(None, {}).lines_file, folder / "matrices")
    entries = [
        f"  - {{test: {test}, status: expected-failure, signature: {words},"
        " reason: because, issue: 'https://example.com/1'}"
        for test, words in known
    ]
    if entries:
        (folder / "skiplists" / "mine.yaml").write_text("\n".join(["entries:", *entries]))
    return folder
