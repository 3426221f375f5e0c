"""The workflows ask the programs for what these know, and end in a job that always runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli.options import parsed
from harness.cli.umbrella import COMMANDS, short_form, umbrella
from harness.config.datadir import find_data
from harness.config.matrixfile import find_matrix

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


def test_the_nightly_runs_what_its_lists_leave_out() -> None:
    job = _load(ROOT / ".github" / "workflows" / "nightly.yml")["jobs"]["audit"]
    assert (job["needs"], "if" in job) == ("matrix", False)
    (script,) = _scripts(job)
    assert "lists audit merged" in script
    # What is stale ends the job; what cannot be told does not.
    assert 'test "$code" = 0 || test "$code" = 3' in script


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_a_caller_gives_reaches_no_script_but_by_its_environment(file: Path) -> None:
    assert not [script for script in _scripts(_load(file)) if "${{" in script]


WORKFLOWS = ROOT / ".github" / "workflows"
Inputs = Mapping[str, object]
_INPUT = re.compile(r"(?<![\w.])inputs\.([a-z][a-z-]*)")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_KNOWN = {"matrix.shard": "2/20", "github.workspace": "/workspace"}


def _declared(file: Path) -> dict[str, dict[str, Any]]:
    """Return the inputs of a workflow, those of all that begins it, or of an action."""
    found = _load(file)
    # YAML 1.1 takes the key `on` for a truth value.
    triggers = (found.get(True) or {"action": found}).values()
    inputs = [it.get("inputs") or {} for it in triggers if isinstance(it, dict)]
    return {name: it for one in inputs for name, it in one.items()}


def _whole(file: Path) -> dict[str, Any]:
    """Return what a workflow does, without what begins it."""
    return {key: it for key, it in _load(file).items() if key not in {True, "inputs"}}


def _value(text: object, inputs: Inputs) -> str:
    """Return what an expression comes to, of those that these files have."""

    def one(match: re.Match[str]) -> str:
        parts = match[1].replace("fromJSON(", "").replace(")", "").split("||")
        for part in map(str.strip, parts):
            name = _INPUT.fullmatch(part)
            found = inputs.get(name[1], "") if name else _KNOWN.get(part, part.strip("'"))
            if found not in {"", False}:
                return str(found)
        return ""

    return _EXPRESSION.sub(one, str(text))


def _steps(file: Path, given: Inputs | None = None) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every script, or those that these inputs want, with the environment that it has."""
    whole = _load(file)
    for job in (whole.get("jobs") or {"action": whole.get("runs")}).values():
        for step in job.get("steps", ()):
            if "run" in step and (given is None or _is_wanted(step.get("if", ""), given)):
                own = (it.get("env") or {} for it in (whole, job, step))
                yield {name: it for env in own for name, it in env.items()}, step["run"]


def _is_wanted(condition: str, given: Inputs) -> bool:
    match = re.fullmatch(r"inputs\.([a-z-]+) (==|!=) ''", condition)
    return not match or (given[match[1]] == "") is (match[2] == "==")


def _words(script: str, env: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the words behind every `compat-run`, as the shell would read them."""
    text = re.sub(
        r"\$\{(\w+):\+([^}]*)\}", lambda it: it[2] if env.get(it[1]) else "", script
    ).replace('"${more[@]}"', env.get("ARGUMENTS", ""))
    text = re.sub(r"\$\{?(\w+)\}?", lambda it: env.get(it[1], it[0]), text.replace("\\\n", " "))
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        at = next((at for at, it in enumerate(words, 1) if it.endswith("compat-run")), None)
        if at:
            yield [
                *takewhile(lambda it: it not in {"||", "&&"} and not it.startswith(">"), words[at:])
            ]


def _asked(
    file: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> dict[tuple[str, str], object]:
    """Return what the programs read where a caller gives these inputs, by command and parameter."""
    given = {name: it.get("default", "") for name, it in _declared(file).items()} | {**inputs}
    found: dict[tuple[str, str], object] = {}
    for raw, script in _steps(file, given):
        env = {name: _value(it, given) for name, it in raw.items()}
        for name, it in env.items():
            monkeypatch.setenv(name, it)
        for words in _words(script, env):
            pair = short_form(words) is not umbrella
            name = "run" if pair else words[0]
            read = parsed(umbrella.load(name), words if pair else words[1:])
            found |= {(name, key): it for key, it in {**read, **env}.items()}
        for name in env:
            monkeypatch.delenv(name)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_input_is_used_and_what_is_used_is_declared(file: Path) -> None:
    declared = _declared(file)
    text = yaml.safe_dump(_whole(file), width=10_000)
    assert {*_INPUT.findall(text)} == {*declared}
    for name, it in declared.items():
        if it.get("type") == "boolean":
            assert re.search(rf"(?m)^ *-? *if: .*inputs\.{name}\b", text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_workflow_that_is_called_is_given_what_it_declares(file: Path) -> None:
    for job in (_load(file).get("jobs") or {}).values():
        if "uses" in job:
            declared = _declared(ROOT / job["uses"])
            given = job.get("with", {})
            required = {name for name, it in declared.items() if it.get("required")}
            assert required <= given.keys() <= declared.keys()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_sudo_runs_has_the_variables_that_inputs_set(file: Path) -> None:
    for env, script in _steps(file):
        if "sudo --preserve-env" in script:
            kept = {*re.findall(r"COMPAT_[A-Z_]+", script)}
            assert {it for it in env if it.startswith("COMPAT_") and "inputs." in env[it]} <= kept


CLONE = "https://example.com/fork.git"
FORK = {"repository": CLONE}


@pytest.mark.parametrize(
    ("file", "inputs", "wanted"),
    [
        (
            "action.yml",
            {"daemon": "v0.20", "frontend": "abcdef0", "arguments": "--offline --reruns 0", **FORK},
            {
                ("run", "daemon"): "v0.20",
                ("run", "frontend"): "abcdef0",
                ("run", "offline"): True,
                ("run", "reruns"): 0,
                ("run", "COMPAT_REPO"): CLONE,
            },
        ),
        (
            "action.yml",
            {"gate": "smoke", "candidate": "abcdef0", "arguments": "--jobs 3"},
            {
                ("matrix", "matrix"): "smoke",
                ("matrix", "candidate"): "abcdef0",
                ("matrix", "jobs"): 3,
                ("gate", "policy"): "smoke",
                ("gate", "release"): ("abcdef0",),
            },
        ),
        (
            "action.yml",
            {"gate": "smoke"},
            {("matrix", "candidate"): None, ("gate", "release"): ()},
        ),
        (
            "matrix.yml",
            {"matrix": "smoke", "shards": 3, "candidate": "v1", "cache-repo": "ghcr.io/you/c"},
            {
                ("plan", "matrix"): "smoke",
                ("plan", "shards"): 3,
                ("plan", "candidate"): "v1",
                ("plan", "form"): "github",
                ("matrix", "cache_repo"): "ghcr.io/you/c",
            },
        ),
        (
            "matrix.yml",
            {"matrix": "smoke", **FORK},
            {
                ("plan", "shards"): 20,
                ("plan", "candidate"): None,
                ("plan", "COMPAT_REPO"): CLONE,
                ("matrix", "COMPAT_REPO"): CLONE,
            },
        ),
        (
            "matrix.yml",
            {"matrix": "backport", "branch": "v0.33"},
            {("plan", "branch"): "v0.33", ("plan", "candidate"): None},
        ),
        (
            "release-gate.yml",
            {"candidate": "v0.33.0-rc1", **FORK},
            {
                ("gate", "policy"): "release-gate",
                ("gate", "release"): ("v0.33.0-rc1",),
                ("gate", "COMPAT_REPO"): CLONE,
            },
        ),
        (
            "release-gate.yml",
            {"matrix": "backport", "branch": "v0.33"},
            {("gate", "policy"): "backport", ("gate", "release"): ("v0.33",)},
        ),
    ],
)
def test_what_a_caller_gives_is_what_the_programs_read(
    file: str,
    inputs: Inputs,
    wanted: Mapping[tuple[str, str], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (path,) = (it for it in FILES if it.name == file)
    found = _asked(path, inputs, monkeypatch)
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("inputs", "matrix", "shards"),
    [({}, "nightly", 20), ({"matrix": "smoke", "shards": "3"}, "smoke", 3)],
)
def test_a_night_hands_its_inputs_on(
    inputs: Inputs, matrix: str, shards: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _load(WORKFLOWS / "nightly.yml")["jobs"]["matrix"]
    given = {name: _value(it, inputs) for name, it in job["with"].items()}
    found = _asked(WORKFLOWS / "matrix.yml", given, monkeypatch)
    assert (found["plan", "matrix"], found["plan", "shards"]) == (matrix, shards)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_matrix_that_is_meant_where_none_is_named_is_there(file: Path) -> None:
    given = {name: it.get("default", "") for name, it in _declared(file).items()}
    jobs = (_load(file).get("jobs") or {}).values()
    named = [job["with"]["matrix"] for job in jobs if "with" in job]
    for name in filter(None, [given.get("matrix"), *named]):
        assert find_matrix(find_data(None, {}), _value(name, given)).is_file()
