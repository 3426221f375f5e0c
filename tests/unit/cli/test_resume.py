"""`compat run --resume`: which run is taken up, and that it goes on as it began."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from harness.cli import run
from harness.cli.program import execute
from harness.cli.session import Session
from harness.cli.umbrella import short_form
from harness.errors import ExitCode
from harness.journal import read_matrix, write_matrix
from harness.model.matrix import MatrixRun, Plan
from harness.plan.asks import Where
from tests.support import factories, stored_matrices

COMMAND = (
    "compat-run",
    "v0.6",
    "master",
    "--tests",
    "TestCopy*",
    "--no-control",
    "--out",
    "/stored",
)
PLAN = stored_matrices.plan(["v0.6.4"], ["master"], pair=True, tests=("TestCopy*",))
NAME = "20261126-101112-abcd"


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """Return the folder of an interrupted run, which is `latest` in its folder."""
    run = replace(factories.regressed_run(), interrupted=True, exit_code=130)
    folder, _ = stored_matrices.store(
        tmp_path / "runs" / NAME,
        PLAN,
        {PLAN.cells[0].id: run},
        interrupted=True,
        exit_code=130,
        command=COMMAND,
    )
    (folder.parent / "latest").symlink_to(folder.name)
    return folder


def compat_run(*args: str) -> int:
    return execute("compat-run", short_form, args)


def test_a_run_goes_on_as_it_began(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[tuple[Plan, Where]] = []
    found: list[Session] = []

    def open_plan(plan: Plan, where: Where, *_: object) -> object:
        planned.append((plan, where))
        return SimpleNamespace(plan=plan)

    def remember(self: Session) -> tuple[MatrixRun, Path]:
        found.append(self)
        return read_matrix(interrupted), interrupted

    monkeypatch.setattr(run, "open_plan", open_plan)
    monkeypatch.setattr(Session, "run", remember)
    code = compat_run("--resume", "latest", "--out", str(interrupted.parent), "--json")
    assert code == ExitCode.INTERRUPTED  # as what is stored is
    ((plan, _),) = planned
    (session,) = found
    assert plan == PLAN  # its very commits, wherever its branches are now
    assert session.taken_up == interrupted
    assert (session.settings.tests, session.settings.control) == (("TestCopy*",), False)
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


def _ended(folder: Path) -> None:
    stored_matrices.store(
        folder, PLAN, {PLAN.cells[0].id: factories.regressed_run()}, command=COMMAND
    )


def _of_a_matrix(folder: Path) -> None:
    write_matrix(folder, replace(read_matrix(folder), plan=replace(PLAN, pair=False)))


def _of_an_earlier_version(folder: Path) -> None:
    (folder / "matrix.json").unlink()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_ended, "came to its end: nothing of it is left to run"),
        (_of_a_matrix, "is the run of a matrix"),
        (_of_an_earlier_version, "was made by an earlier version"),
    ],
)
def test_a_run_that_cannot_be_taken_up_is_refused(
    change: Callable[[Path], None],
    words: str,
    interrupted: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(interrupted)
    assert compat_run("--resume", str(interrupted)) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert words in err
    assert "hint: " in err
    assert out == ""


@pytest.mark.parametrize(("args", "missing"), [((), "DAEMON"), (("v0.6",), "FRONTEND")])
def test_without_it_both_names_are_needed(
    args: tuple[str, ...], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compat_run("--offline", *args) == ExitCode.USAGE
    assert f"Missing argument '{missing}'" in capsys.readouterr().err
