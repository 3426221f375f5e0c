"""`compat gc` from its arguments to what it prints and does; there is no engine."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.store import Store

DAY = 86_400.0


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


def _fill(folder: Path) -> None:
    (folder / "file").write_bytes(b"x" * 700_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "cache"
    store = Store(root)
    for key, days in (("k1", 20.5), ("k2", 3.5), ("k3", 0.0)):
        path = store.publish("suite", key, _fill).path
        used = path.stat().st_mtime - days * DAY
        os.utime(path, (used, used))
    return root


def _gc(root: Path, *words: str) -> int:
    return execute("compat", lambda _: umbrella, ["gc", "--cache", str(root), *words])


def _left(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "suite").iterdir())


def test_by_itself_it_removes_what_was_not_used_for_two_weeks(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _gc(root) == 0
    assert _left(root) == ["k2", "k3"]
    line, total, stays, engine = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"removed   artefact +\d+\.\d .iB +20 days ago  suite/k1", line)
    size = line.split("  20 days")[0].removeprefix("removed   artefact").strip()
    assert total == f"removed: 1 item, {size}"
    assert re.fullmatch(rf"in the cache {root}: 2 items, \d+\.\d .iB", stays)
    assert engine.startswith("the cache alone was looked at: no engine answers at unix://")


def test_a_dry_run_prints_the_same_plan_and_removes_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _gc(root, "--dry-run") == 0
    planned = capsys.readouterr().out
    assert _left(root) == ["k1", "k2", "k3"]
    assert _gc(root) == 0
    assert planned.replace("would go", "removed ") == capsys.readouterr().out.replace(
        "removed: ", "removed : "
    )


def test_an_age_and_a_size_can_be_asked_for(root: Path) -> None:
    assert _gc(root, "--older-than", "84h") == 0
    assert _left(root) == ["k3"]
    Store(root).publish("suite", "k4", _fill)
    assert _gc(root, "--max-size", "1MiB") == 0
    assert _left(root) == ["k4"]


def test_json_says_what_went_and_what_stays(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _gc(root, "--max-size", "1MiB", "--json", "--dry-run") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["dry_run"] is True
    assert [(one["name"], one["fate"], one["kind"]) for one in said["items"]] == [
        ("suite/k1", "would go", "artefact"),
        ("suite/k2", "would go", "artefact"),
    ]
    kept = said["items"][0]["bytes"]
    assert 700_000 <= kept < 1024**2
    assert said["cache"] == {"folder": str(root), "items": 1, "bytes": kept}
    assert said["engine"]["host"] is None
    assert "no engine answers" in said["engine"]["error"]


def test_what_a_run_uses_stays_and_is_said_to(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(root)
    store.find("suite", "k1")
    assert _gc(root, "--older-than", "0") == 0
    assert _left(root) == ["k1"]
    assert "in use    artefact" in capsys.readouterr().out
    del store


def test_what_cannot_be_removed_is_code_4_and_stops_nothing(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "k1":
            raise PermissionError(13, "Permission denied", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    assert _gc(root, "--older-than", "1d") == 4
    assert _left(root) == ["k1", "k3"]
    assert "Permission denied" in capsys.readouterr().out


def test_a_name_from_the_disk_does_nothing_to_the_terminal(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Store(root).publish("suite", "\x1b[2J", _fill)
    assert _gc(root, "--older-than", "0", "--dry-run") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_where_there_is_no_cache_there_is_nothing_to_remove(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _gc(tmp_path / "none") == 0
    assert capsys.readouterr().out.startswith("nothing to remove\n")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--older-than", "a week"], "write 36h or 14d"),
        (["--max-size", "20 cubits"], "write 512MiB or 4GiB"),
        (["--max-size", "-1"], "write 512MiB or 4GiB"),
    ],
)
def test_what_is_no_measure_is_a_usage_error(
    root: Path, words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _gc(root, *words) == 2
    assert hint in capsys.readouterr().err
    assert _left(root) == ["k1", "k2", "k3"]
