"""Which Go builds, by what it says of itself, and that this is a part of every key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.backends import native, steps
from harness.backends.native import toolchain
from harness.backends.native.toolchain import choose
from harness.errors import MissingToolError
from harness.model import Side
from harness.store import Store
from harness.tools.process import Completed, Request
from tests.unit.backends.test_backend_find import REQUEST


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Have a Go on PATH that says what stands here."""
    words: dict[str, str] = {}

    def run(request: Request) -> Completed:
        if "go" not in words:
            raise MissingToolError("cannot run go")
        assert request.env is not None
        assert "HOME" not in request.env
        return Completed(0, f"go version {words['go']}\n".encode(), b"")

    (tmp_path / "go").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "run", run)
    monkeypatch.setattr(toolchain, "architecture", lambda: "arm64")
    toolchain._asked.cache_clear()
    yield words
    toolchain._asked.cache_clear()


@pytest.mark.parametrize(
    ("go", "chosen"),
    [
        ("go1.21.13 linux/arm64", "go1.21.13 linux/arm64"),
        ("go1.21.14 linux/amd64", "go1.21.14 linux/amd64"),
        ("go1.21.13 X:loopvar linux/arm64", "go1.21.13 X:loopvar linux/arm64"),
        (
            "go1.21.13 (Red Hat 1.21.13-1.el9) linux/arm64",
            "go1.21.13 (Red Hat 1.21.13-1.el9) linux/arm64",
        ),
        ("go1.21.1 linux/arm64", "go1.21.13 linux/arm64"),
        ("go1.22.0 linux/arm64", "go1.21.13 linux/arm64"),
        ("devel go1.23-abc linux/arm64", "go1.21.13 linux/arm64"),
    ],
)
def test_a_build_of_go_is_what_it_says_of_itself(
    said: dict[str, str], go: str, chosen: str
) -> None:
    said["go"] = go
    assert choose("1.21.13") == chosen


def test_a_go_that_does_not_run_is_none(said: dict[str, str]) -> None:
    assert not said
    assert choose("1.21.13") == "go1.21.13 linux/arm64"


def test_a_key_holds_the_processor_and_the_build_of_go(
    said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {native._key(Side.SUITE, REQUEST, choose("1.21.13"))}
    said["go"] = "go1.21.14 linux/arm64"
    toolchain._asked.cache_clear()
    keys.add(native._key(Side.SUITE, REQUEST, choose("1.21.13")))
    monkeypatch.setattr(native, "architecture", lambda: "s390x")
    keys.add(native._key(Side.SUITE, REQUEST, choose("1.21.13")))
    monkeypatch.setitem(steps.ENVIRONMENT, "GOAMD64", "v3")
    keys.add(native._key(Side.SUITE, REQUEST, choose("1.21.13")))
    assert len(keys) == 4


def test_go_is_told_this_machine_and_no_home(
    said: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not said
    monkeypatch.setenv("GOARCH", "mips")
    go = toolchain.Toolchain(tmp_path / "bin" / "go", "1.21.13")
    told = go.environment(Store(tmp_path / "cache"), GOTMPDIR="/t")
    assert (told["GOOS"], told["GOARCH"], told["GOTMPDIR"]) == ("linux", "arm64", "/t")
    assert told["PATH"] == f"{tmp_path}/bin:{tmp_path}"
    assert "HOME" not in told


def test_how_much_memory_go_takes_is_no_part_of_a_key(said: dict[str, str], tmp_path: Path) -> None:
    assert not said
    told = toolchain.Toolchain(tmp_path / "go", "1.21.13").environment(Store(tmp_path / "cache"))
    assert told["GOGC"] == "400"
    assert "GOGC" not in steps.ENVIRONMENT
