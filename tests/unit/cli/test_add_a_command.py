"""A newcomer who does what docs/how-to/add-a-command.md says has a command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from harness.cli import umbrella
from harness.cli.declared import results
from harness.cli.lazy import Declared
from harness.cli.program import execute
from harness.errors import ExitCode
from tests.support import example_runs, project_docs

NIGHTLY = example_runs.nightly()


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what the page says."""
    page = project_docs.DOCS / "how-to" / "add-a-command.md"
    body, declaration, line = project_docs.blocks(page, "python")
    module = ModuleType("harness.cli.slowest")
    exec(body, vars(module))  # noqa: S102 - the page's own code
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(results, "slowest", None, raising=False)
    exec(declaration, vars(results))  # noqa: S102 - the same
    monkeypatch.setitem(umbrella.COMMANDS, "slowest", None)
    exec(line, vars(umbrella))  # noqa: S102 - the same
    monkeypatch.setattr(umbrella.umbrella, "commands", {})


def compat(*args: str | Path) -> int:
    return execute("compat", lambda _: umbrella.umbrella, [*map(str, args)])


def test_a_command_is_in_the_list_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert compat("--help") == 0
    assert "slowest     List the slowest tests of a stored run." in capsys.readouterr().out
    assert compat("slowest", "--help") == 0
    said = capsys.readouterr().out
    assert "List the tests of RUN that took the longest, with their cells." in said
    assert {"--most", "--json", "--debug"} <= set(said.split())


def test_a_command_answers_as_text_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = NIGHTLY.store(tmp_path / "run")
    assert compat("slowest", folder, "--most", "3") == ExitCode.COMPATIBLE
    lines = capsys.readouterr().out.splitlines()
    assert compat("slowest", folder, "--most", "3", "--json") == ExitCode.COMPATIBLE
    told = json.loads(capsys.readouterr().out)
    assert lines == [f"{seconds:.2f} s  {cell}  {name}" for seconds, cell, name in told]
    took = [it.seconds for run in NIGHTLY.runs.values() for leg in run.legs for it in leg.results]
    assert [seconds for seconds, *_ in told] == sorted(filter(None, took), reverse=True)[:3]


def test_what_is_wrong_is_told_as_by_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert compat("slowest", "nowhere") == ExitCode.USAGE
    assert "error: there is no run 'nowhere'" in capsys.readouterr().err
    assert compat("slowest") == ExitCode.USAGE
    assert "Missing argument 'RUN'" in capsys.readouterr().err


def test_its_body_takes_what_is_declared() -> None:
    command = umbrella.umbrella.load("slowest")
    assert isinstance(command, Declared)
    assert [p.name for p in command.params if p.expose_value] == ["run", "most", "as_json"]
    assert command.load().__doc__ == command.help
