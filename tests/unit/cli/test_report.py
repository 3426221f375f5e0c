"""`compat report`: from the name of a run to its reports, without running anything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from harness.cli.program import execute
from harness.cli.session import default_runs
from harness.cli.umbrella import umbrella
from harness.errors import ExitCode
from harness.history import History, default_history
from tests.support import example_runs, factories, matrix_factories

NIGHTLY = example_runs.nightly()


def compat(*args: str | Path) -> int:
    return execute("compat", lambda _: umbrella, ["report", *map(str, args)])


def test_a_run_is_found_by_its_name_or_by_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    folder = NIGHTLY.store(default_runs() / "tonight")
    assert compat("tonight") == ExitCode.COMPATIBLE
    assert compat(folder) == ExitCode.COMPATIBLE
    assert compat(folder / "matrix.json") == ExitCode.COMPATIBLE
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("6 of 17 pairs regressed")
    assert said[1] == str(folder / "page" / "index.html")
    assert all((folder / name).is_file() for name in ("summary.md", "junit.xml", "badge.svg"))


def test_what_is_no_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compat("nowhere") == ExitCode.USAGE
    assert "there is no run 'nowhere'" in capsys.readouterr().err
    assert compat(tmp_path) == ExitCode.USAGE
    assert "is not the folder of a run" in capsys.readouterr().err


def test_annotations_follow_a_fence_around_everything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compat(NIGHTLY.store(tmp_path), "--annotations")
    lines = capsys.readouterr().out.splitlines()
    token = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
    assert token
    end = lines.index(f"::{token[1]}::")
    assert not [it for it in lines[1:end] if it.startswith("::")]
    assert all(re.match("::(error|warning) ", it) for it in lines[end + 1 :])
    compat(tmp_path, "--annotations")
    assert capsys.readouterr().out.splitlines()[0] != lines[0]


def test_json_names_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compat(NIGHTLY.store(tmp_path / "run"), "--json", "--out", tmp_path / "site")
    told = json.loads(capsys.readouterr().out)
    assert told["headline"].startswith("6 of 17 pairs regressed")
    assert all(Path(it).is_relative_to(tmp_path / "site") for it in told["files"])
    assert all(Path(it).is_file() for it in told["files"])
    assert compat(tmp_path / "run", "--json", "--annotations") == ExitCode.USAGE


def test_the_users_history_is_shown_if_there_is_one(tmp_path: Path) -> None:
    folder = NIGHTLY.store(tmp_path / "run")
    compat(folder)
    assert not (folder / "page" / "past.js").exists()
    with History.open(default_history(), create=True) as history:
        history.record(folder)
    compat(folder)
    text = (folder / "page" / "past.js").read_text()
    past = json.loads(text.removeprefix('"use strict";give("past",').removesuffix(");\n"))
    ran = [i for i, cell in enumerate(NIGHTLY.matrix.cells) if cell.id in NIGHTLY.runs]
    assert {int(i) for i, marks in past["runs"].items() if marks} >= set(ran)


def test_what_came_after_the_run_is_left_out(tmp_path: Path) -> None:
    early = factories.regressed_run()
    matrix_factories.store_run(tmp_path / "early", early)
    compat(tmp_path / "early", "--out", tmp_path / "before")
    history = tmp_path / "history.sqlite"
    later = msgspec.structs.replace(early, id="later", started="2026-12-24T00:00:00Z")
    matrix_factories.store_run(tmp_path / "later", later)
    with History.open(history, create=True) as opened:
        opened.record(tmp_path / "later")
    compat(tmp_path / "early", "--history", history, "--out", tmp_path / "after")
    past = (tmp_path / "after" / "page" / "past.js").read_text()
    assert "2026-12-24" not in past
    assert "later" not in past


def test_a_history_that_is_named_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = NIGHTLY.store(tmp_path / "run")
    assert compat(folder, "--history", tmp_path / "none.sqlite") == ExitCode.USAGE
    assert "none.sqlite" in capsys.readouterr().err
    assert not (folder / "page").exists()
