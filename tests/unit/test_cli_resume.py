"""`compat run --resume`: which run is taken up, and that it goes on as it began."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cli.program import execute
from harness.cli.session import Session
from harness.cli.umbrella import short_form
from harness.errors import ExitCode
from harness.journal import RunFolder, write_run
from harness.model import Run
from tests.unit import runs

COMMAND = ("compat-run", "v0.6", "master", "--timeout", "90", "--out", "/stored", "--no-control")


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """Give the folder of an interrupted run, which is `latest` in its folder."""
    folder = RunFolder(tmp_path / "runs" / "20261126-101112-abcd")
    folder.path.mkdir(parents=True)
    run = msgspec.structs.replace(
        runs.regressed_run(), id=folder.id, interrupted=True, command=COMMAND
    )
    folder.write_run(run)
    return folder.path


def compat_run(*args: str) -> int:
    return execute("compat-run", short_form, args)


def test_a_run_goes_on_as_it_began(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Session] = []

    def remember(self: Session) -> tuple[Run, Path]:
        found.append(self)
        return runs.compatible_run(), interrupted

    monkeypatch.setattr(Session, "run", remember)
    assert compat_run("--resume", "latest", "--out", str(interrupted.parent), "--json") == 0
    (session,) = found
    assert session.taken_up
    folder, run = session.taken_up
    assert (folder, run.id) == (interrupted, interrupted.name)
    assert (session.ask.daemon, session.ask.frontend) == ("v0.6", "master")
    assert (session.settings.timeout, session.settings.control) == (90.0, False)
    assert session.command == COMMAND


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["v0.6"], "daemon has no say"),
        (["--fresh-control"], "fresh-control has no say"),
        (["--tests", "TestCopy"], "tests has no say"),
    ],
)
def test_what_would_change_a_run_that_goes_on_is_refused(
    args: list[str], words: str, interrupted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compat_run(*args, "--resume", str(interrupted)) == ExitCode.USAGE
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"interrupted": False}, "came to its end: nothing of it is left to run"),
        ({"legs": ()}, "interrupted before any of its tests ended"),
    ],
)
def test_a_run_of_which_nothing_is_left_or_known_is_refused(
    changes: dict[str, object],
    words: str,
    interrupted: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = msgspec.structs.replace(runs.regressed_run(), interrupted=True)
    write_run(interrupted, msgspec.structs.replace(run, **changes))
    assert compat_run("--resume", str(interrupted)) == ExitCode.USAGE
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("args", "missing"), [((), "DAEMON"), (("v0.6",), "FRONTEND")])
def test_without_it_both_names_are_needed(
    args: tuple[str, ...], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compat_run("--offline", *args) == ExitCode.USAGE
    assert f"Missing argument '{missing}'" in capsys.readouterr().err
