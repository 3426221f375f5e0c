"""Carries out a workflow on this machine: its jobs in order, their `run:` steps by the shell.

Everything else is the smallest thing that keeps what a step can see: a workspace for each job,
files for outputs and the summary, the environment that `sudo` lets through, artifacts and caches in
folders (workflow_actions.py), expressions (workflow_expressions.py). A key that is not known here
is refused, so that no part of a workflow goes untested unseen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.support.watched_processes import Child
from tests.support.workflow_actions import ActionError, Service
from tests.support.workflow_expressions import Evaluator, Open, Status, shown

ROOT = Path(__file__).parents[2]
PATIENCE = 600
"""Seconds for one step."""

_WORKFLOW = {"name", True, "permissions", "concurrency", "env", "jobs"}
_JOB = {
    *("needs", "if", "name", "runs-on", "timeout-minutes", "permissions", "env", "environment"),
    *("outputs", "strategy", "steps", "uses", "with"),
}
_STEP = {"id", "if", "name", "uses", "with", "env", "run", "shell"}
_SHELLS = {"": ("bash", "-e"), "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail")}
_SUDO = """#!{python} -IS
import os, sys
words, kept = sys.argv[1:], ""
if words[0].startswith("--preserve-env="):
    kept = words.pop(0).partition("=")[2]
own = {{"PATH": os.defpath, "HOME": {home!r}, "USER": "root"}}
own |= {{name: os.environ[name] for name in kept.split(",") if name in os.environ}}
os.execvpe(words[0], words, own)
"""


class RefusedError(Exception):
    """A workflow says what is not known here."""


@dataclass
class Done:
    """What came of a job, or of a workflow that a job calls."""

    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    """What its steps printed, those of all its machines."""
    jobs: dict[str, Done] = field(default_factory=dict)
    """Of the workflow that it calls."""


@dataclass(frozen=True)
class Hosted:
    """GitHub with its runners, as far as a workflow can tell."""

    service: Service
    environment: Mapping[str, str]
    """What every step finds, beside PATH."""
    stand_ins: Mapping[str, str]
    """What is put in the place of a value that no machine of ours can reach."""
    run_id: int = 1

    def night(self, run_id: int) -> Hosted:
        """Return the same with a new run, whose artifacts are its own."""
        return replace(self, service=replace(self.service, artifacts={}), run_id=run_id)

    @property
    def summary(self) -> Path:
        """The file of all steps' summaries."""
        return self.service.root / f"summary-{self.run_id}.md"

    def workflow(
        self, file: Path, inputs: Mapping[str, object], only: Sequence[str] = ()
    ) -> dict[str, Done]:
        """Carry out a workflow, or these of its jobs, and return what came of each."""
        whole = _load(file)
        _refuse(whole, _WORKFLOW, file.name)
        triggers = [it for it in whole[True].values() if isinstance(it, dict)]
        declared = {name: it for one in triggers for name, it in one.get("inputs", {}).items()}
        if unknown := inputs.keys() - declared.keys():
            raise RefusedError(f"{file.name} takes no {', '.join(sorted(unknown))}")
        given = {name: it.get("default", "") for name, it in declared.items()} | {**inputs}
        done: dict[str, Done] = {}
        for name, job in _ordered(whole["jobs"]):
            if not only or name in only:
                _refuse(job, _JOB, f"{file.name}: {name}")
                done[name] = self._job(name, job, whole.get("env", {}), given, done)
        return done

    def action(self, file: Path, inputs: Mapping[str, object]) -> Done:
        """Carry out a composite action as the only step of a job."""
        whole = _load(file)
        given = {name: it["default"] for name, it in whole["inputs"].items()} | {**inputs}
        machine = _Machine(self, "action", {"inputs": given}, {})
        self.service.checkout(machine.workspace)
        done = machine.steps(whole["runs"]["steps"])
        values = {name: it["value"] for name, it in whole["outputs"].items()}
        done.outputs = {name: machine.text(it) for name, it in values.items()}
        return done

    def _job(
        self,
        name: str,
        job: Mapping[str, Any],
        env: Mapping[str, object],
        inputs: Mapping[str, object],
        done: Mapping[str, Done],
    ) -> Done:
        needs = _needs(job)
        names = {
            "inputs": inputs,
            "github": self.github(),
            "needs": {
                it: {"result": done[it].result, "outputs": Open(done[it].outputs)}
                for it in needs
                if it in done
            },
        }
        results = {done[it].result for it in needs if it in done}
        status = Status(success=results <= {"success"}, failure="failure" in results)
        read = Evaluator(names, status)
        if not read.wanted(job.get("if", "")):
            return Done("skipped")
        if "uses" in job:
            return self._called(job, read)
        machines = read.whole(job.get("strategy", {}).get("matrix", {"include": [{}]}))
        ended = [
            self._machine(
                f"{name}-{at}", job, env, names | {"matrix": one, "strategy": {"job-index": at}}
            )
            for at, one in enumerate(_rows(machines))
        ]
        result = "success" if all(it.result == "success" for it in ended) else "failure"
        return Done(result, ended[-1].outputs, "".join(it.log for it in ended))

    def _called(self, job: Mapping[str, Any], read: Evaluator) -> Done:
        file = ROOT / job["uses"]
        done = self.workflow(file, {name: read.whole(it) for name, it in job["with"].items()})
        names = {"jobs": {name: {"outputs": Open(it.outputs)} for name, it in done.items()}}
        values = _load(file)[True]["workflow_call"].get("outputs", {})
        outputs = {name: Evaluator(names).text(it["value"]) for name, it in values.items()}
        failed = any(it.result == "failure" for it in done.values())
        log = "".join(f"{name}: {it.result}\n{it.log}" for name, it in done.items())
        return Done("failure" if failed else "success", outputs, log, done)

    def _machine(
        self,
        name: str,
        job: Mapping[str, Any],
        env: Mapping[str, object],
        names: Mapping[str, object],
    ) -> Done:
        machine = _Machine(self, name, names, {**env, **job.get("env", {})})
        done = machine.steps(job["steps"])
        done.outputs = {it: machine.text(text) for it, text in job.get("outputs", {}).items()}
        if done.result == "success":
            machine.text(job.get("environment", {}).get("url", ""))
        return done

    def github(self) -> dict[str, object]:
        """Return what a job without a machine knows of its run."""
        return {
            "run_id": self.run_id,
            "run_attempt": 1,
            "repository": "this/project",
            "actor": "somebody",
            "token": "no-token",
            "ref": "refs/heads/main",
            "event": {"repository": {"default_branch": "main"}},
        }


class _Machine:
    """A runner with a workspace of its own, for one job."""

    def __init__(
        self,
        hosted: Hosted,
        name: str,
        names: Mapping[str, object],
        env: Mapping[str, object],
    ) -> None:
        """Make its folders."""
        self.hosted = hosted
        self.home = hosted.service.root / f"run-{hosted.run_id}" / name
        self.workspace, self.temporary = self.home / "workspace", self.home / "temp"
        for folder in (self.workspace, self.temporary, self.home / "bin", self.home / "root"):
            folder.mkdir(parents=True)
        sudo = self.home / "bin" / "sudo"
        sudo.write_text(_SUDO.format(python=sys.executable, home=str(self.home / "root")), "utf-8")
        sudo.chmod(0o755)
        self._env = env
        self._outputs: dict[str, Open] = {}
        here = {"workspace": str(self.workspace), "action_path": str(self.workspace)}
        self._names = {**names, "github": hosted.github() | here}
        self._failed = False

    def text(self, template: object) -> str:
        """Return what a text comes to after the steps that are done."""
        return self._read().text(template)

    def steps(self, steps: Sequence[Mapping[str, Any]]) -> Done:
        """Carry out the steps that are wanted, and return what came of all."""
        log = ""
        self._outputs = {step["id"]: Open() for step in steps if "id" in step}
        for at, step in enumerate(steps):
            _refuse(step, _STEP, f"{self.home.name}, step {at}")
            if not self._read().wanted(step.get("if", "")):
                continue
            code, said, outputs = self._step(step, at)
            log += f"--- {step.get('name', step.get('uses', step.get('id', at)))}\n{said}"
            if "id" in step:
                self._outputs[step["id"]] = Open(outputs)
            if code:
                log += f"--- ended with {code}\n"
                self._failed = True
        return Done("failure" if self._failed else "success", log=log)

    def _read(self) -> Evaluator:
        steps = {name: {"outputs": it} for name, it in self._outputs.items()}
        status = Status(success=not self._failed, failure=self._failed)
        return Evaluator({**self._names, "steps": steps}, status)

    def _step(self, step: Mapping[str, Any], at: int) -> tuple[int, str, Mapping[str, str]]:
        if "uses" not in step:
            return self._script(step, at)
        given = {name: self.text(it) for name, it in step.get("with", {}).items()}
        try:
            return 0, "", self.hosted.service.use(step["uses"], given, self.workspace)
        except ActionError as error:
            return 1, f"{error}\n", {}

    def _script(self, step: Mapping[str, Any], at: int) -> tuple[int, str, Mapping[str, str]]:
        file, told = self.temporary / f"{at}.sh", self.temporary / f"{at}.outputs"
        file.write_text(step["run"], "utf-8")
        told.touch()
        own = {name: self.text(it) for name, it in {**self._env, **step.get("env", {})}.items()}
        env = {
            **self.hosted.environment,
            **{name: self.hosted.stand_ins.get(it, it) for name, it in own.items()},
            "PATH": f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "USER": "root",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(told),
            "GITHUB_STEP_SUMMARY": str(self.hosted.summary),
            "RUNNER_TEMP": str(self.temporary),
        }
        words = [*_SHELLS[step.get("shell", "")], str(file)]
        with Child(
            words,
            cwd=self.workspace,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            said, _ = child.communicate(timeout=PATIENCE)
        outputs = dict(line.split("=", 1) for line in told.read_text("utf-8").splitlines())
        return child.returncode, said, outputs


def _load(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    return yaml.safe_load(file.read_text("utf-8"))


def _refuse(found: Mapping[Any, object], known: set[Any], where: str) -> None:
    if unknown := found.keys() - known:
        raise RefusedError(f"{where}: not known here: {', '.join(map(shown, unknown))}")


def _needs(job: Mapping[str, Any]) -> list[str]:
    asked = job.get("needs", [])
    return [asked] if isinstance(asked, str) else asked


def _ordered(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every job behind those that it needs."""
    left = dict(jobs)
    while left:
        ready = [name for name, job in left.items() if not {*_needs(job)} & left.keys()]
        if not ready:
            raise RefusedError(f"{', '.join(left)} wait for each other")
        for name in ready:
            yield name, left.pop(name)


def _rows(matrix: Any) -> list[Mapping[str, object]]:  # noqa: ANN401 - of JSON
    """Return the machines of a matrix: what it includes, or each value of its only axis."""
    if "include" in matrix:
        rows: list[Mapping[str, object]] = matrix["include"]
        return rows
    ((axis, values),) = matrix.items()
    return [{axis: value} for value in values]
