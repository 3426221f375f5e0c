"""The workflows ask the programs for what these know, and end in a job that always runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli.umbrella import COMMANDS, umbrella

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), ROOT / "action.yml"]
_CALL = re.compile(r"compat-run\"?\s+(?P<words>(?:[^\n]|\\\n)*)")


def _load(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _scripts(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "run" and isinstance(value, str):
                yield value.replace("\\\n", " ")
            else:
                yield from _scripts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _scripts(item)


def _calls() -> list[list[str]]:
    """Return the words behind every `compat-run` of every workflow."""
    return [
        match["words"].split()
        for file in FILES
        for script in _scripts(_load(file))
        for match in _CALL.finditer(script)
    ]


@pytest.mark.parametrize("words", _calls(), ids=" ".join)
def test_every_command_and_option_exists(words: list[str]) -> None:
    pair = words[0].startswith('"$')
    assert pair or words[0] in COMMANDS
    command = umbrella.load("run" if pair else words[0])
    known = {name for parameter in command.params for name in parameter.opts}
    asked = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(words)))
    assert asked <= known


def test_the_workflows_run_a_matrix_and_its_gate() -> None:
    assert {"plan", "matrix", "merge", "report", "gate"} <= {words[0] for words in _calls()}


@pytest.mark.parametrize(
    ("file", "job", "needs"),
    [
        ("nightly.yml", "verdict", {"matrix": "RESULT", "selftest": "SELFTEST"}),
        ("release-gate.yml", "gate", {"matrix": "RESULT"}),
    ],
)
def test_a_job_that_always_runs_decides(file: str, job: str, needs: dict[str, str]) -> None:
    jobs = _load(ROOT / ".github" / "workflows" / file)["jobs"]
    assert jobs[job]["if"] == "always()"
    scripts = "\n".join(_scripts(jobs[job]))
    asked = jobs[job]["needs"]
    assert {*([asked] if isinstance(asked, str) else asked)} == {*needs}
    for need, variable in needs.items():
        assert f'test "${variable}" = success' in scripts
        (step,) = [step for step in jobs[job]["steps"] if variable in step.get("env", {})]
        assert step["env"][variable] == f"${{{{ needs.{need}.result }}}}"


def test_the_nightly_tests_the_harness_itself() -> None:
    jobs = _load(ROOT / ".github" / "workflows" / "nightly.yml")["jobs"]
    assert "if" not in jobs["selftest"]
    (script,) = [it for it in _scripts(jobs["selftest"]) if "selftest" in it]
    # The code of the program is that of the job.
    assert "selftest || code=$?" in script
    assert script.rstrip().endswith('exit "$code"')


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_a_caller_gives_reaches_no_script_but_by_its_environment(file: Path) -> None:
    assert not [script for script in _scripts(_load(file)) if "${{" in script]
