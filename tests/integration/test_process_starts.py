"""What a program is started with, and what is told of one that cannot be started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InfrastructureError, MissingToolError
from harness.tools.process import CommandFailed, Request, run

pytestmark = pytest.mark.integration

Start = Callable[..., Request]


@pytest.fixture
def shell(tmp_path: Path) -> Start:
    def request(script: str, *, timeout: float = 60.0) -> Request:
        return Request(["sh", "-c", script], cwd=tmp_path, timeout=timeout)

    return request


def test_a_missing_program_is_named() -> None:
    with pytest.raises(MissingToolError, match="cannot run no-such-program"):
        run(Request(["no-such-program"]))


def test_a_missing_folder_is_not_mistaken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=f"{tmp_path}/gone: no such folder") as caught:
        run(Request(["true"], cwd=tmp_path / "gone"))
    assert not isinstance(caught.value, MissingToolError)


def test_a_file_that_is_no_program_is_an_error_of_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "garbage"
    file.write_bytes(b"\x7fELF garbage")
    file.chmod(0o755)
    with pytest.raises(InfrastructureError, match="Exec format error"):
        run(Request([str(file)]))


def test_arguments_that_are_too_long_are_an_error_of_the_machine() -> None:
    with pytest.raises(InfrastructureError, match="Argument list too long"):
        run(Request(["true", "x" * 3_000_000]))


@pytest.mark.usefixtures("own_home")
def test_a_callers_repository_does_not_reach_a_child(
    shell: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/elsewhere/index")
    assert run(shell("! env | grep ^GIT_")).text == ""


def test_no_credential_is_in_the_error_of_a_failed_command(tmp_path: Path) -> None:
    url = "https://user:hunter2@example.com/x.git"
    request = Request(["sh", "-c", f"echo cannot reach {url}; exit 1"], cwd=tmp_path)
    with pytest.raises(CommandFailed) as caught:
        run(request)
    assert "hunter2" not in str(caught.value)
    assert "https://***@example.com/x.git" in str(caught.value)


def test_a_child_gets_no_descriptor_but_those_that_it_is_to_keep(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as kept, (tmp_path / "other").open("w"):
        request = Request(["ls", "-l", "/proc/self/fd"], keep=(kept.fileno(),))
        listing = run(request).text
    assert f"{tmp_path}/lock" in listing
    assert f"{tmp_path}/other" not in listing
