"""`compat features`, from the command line to what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.model import Channel
from tests.support import example_runs, feature_runs


def features(*args: object) -> int:
    return execute("compat", lambda _: umbrella, ["features", *map(str, args)])


@pytest.fixture
def stored(tmp_path: Path) -> list[Path]:
    """Return the folders of two runs: of labs, and of mainline."""
    mainline = feature_runs.matrix(feature_runs.runs(channel=Channel.MAINLINE))
    return [
        feature_runs.matrix().store(tmp_path / "runs" / "labs"),
        mainline.store(tmp_path / "runs" / "mainline"),
    ]


def test_several_runs_make_a_table_for_each_frontend(
    stored: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert features(*stored, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [it["id"] for it in found["boards"]] == ["master-labs", "master-mainline"]


def test_one_daemon_is_shown_with_what_was_seen(
    stored: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert features(stored[0], "--daemon", "v0.12") == 0
    told = capsys.readouterr().out
    assert "mode of /f: expected 0555, seen 0000" in told
    assert "v0.6.4  v" not in told


def test_it_prints_markdown(stored: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert features(stored[0], "--markdown") == 0
    assert capsys.readouterr().out.startswith("# Dockerfile features by daemon\n")


def test_it_writes_page_markdown_and_json(
    stored: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "site"
    assert features(*stored, "--out", out) == 0
    written = [out / f"features.{kind}" for kind in ("html", "md", "json")]
    assert capsys.readouterr().out.splitlines() == list(map(str, written))
    assert sorted(out.iterdir()) == sorted(written)
    assert features(*stored, "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(written[-1].read_text("utf-8"))


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--daemon", "v0.13"], "there are: v0.6.4, v0.12.5, v0.17.3, master"),
        (["--json", "--markdown"], "cannot both have standard output"),
    ],
)
def test_what_cannot_be_is_said(
    args: list[str], told: str, stored: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert features(stored[0], *args) == 2
    assert told in capsys.readouterr().err


def test_a_run_of_other_tests_has_no_features(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert features(example_runs.nightly().store(tmp_path / "nightly")) == 0
    assert "no scenario was run" in capsys.readouterr().out
