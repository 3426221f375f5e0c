"""The workflows, step by step on MiniKit: a night, the next, a gate, the action, GitLab's jobs."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from harness import minikit
from harness.store import Store
from tests.support.demo_program import MINIKIT, ROOT, Program
from tests.support.gitlab_jobs import Pipeline, joined
from tests.support.workflow_actions import Service
from tests.support.workflow_jobs import Done, Hosted

pytestmark = pytest.mark.e2e

WORKFLOWS = ROOT / ".github" / "workflows"
CULPRIT = "pb: leave what is empty out of image configs"
"""The commit of MiniKit that its old daemon does not survive."""
CELLS = {"v0.1.1_master_labs_oci", "v0.2.0_master_labs_oci"}
NIGHTLY = {"matrix": "nightly", "shards": "2"}
MATRICES = {
    "nightly": """
description: two daemons with what comes next, one of which it breaks
pairs:
  - daemons: [{lines: {since: v0.1}}]
    frontends: [{branches: [master]}]
policy: {max_age: 7d, fresh_share: 0}
""",
    "release-gate": """
description: the newer daemon with a candidate
pairs:
  - daemons: [{lines: {last: 1}}]
    frontends: [{candidate: true}]
""",
    "selftest": """
description: what is known to be broken
include:
  - daemon: v0.1
    frontend: master
    expect:
      - {test: TestExportLabels, verdict: regressed, error: transport is closing}
""",
}
PROGRAM = """#!/bin/sh
# No test has a network; and for a night, but not for a gate, a few of MiniKit's tests are enough.
case "$1 $2" in
    "plan nightly")
        set -- "$@" --offline --reruns 0 --tests TestExportLabels --tests TestCopyWildcards ;;
    plan*|selftest*) set -- "$@" --offline ;;
esac
here=$(dirname -- "$(readlink -f -- "$0")")
export COMPAT_DATA="$here" COMPAT_BACKEND=native PYTHONPATH="{root}"
exec "{python}" -m harness.cli "$@"
"""
SHARED = ("go", "gocache", "suite", "frontend", "tree", "control")
"""What every machine finds built: else it would be built again for each job."""


@pytest.fixture(scope="module")
def hosted(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    folder = tmp_path_factory.mktemp("hosted")
    repository = minikit.materialise(MINIKIT, Store(folder / "source"))

    def checkout(workspace: Path) -> None:
        shutil.copytree(MINIKIT, workspace, dirs_exist_ok=True)
        for name, text in MATRICES.items():
            (workspace / "matrices" / f"{name}.yaml").write_text(text, "utf-8")
        stub = workspace / "compat-run"
        stub.write_text(PROGRAM.format(root=ROOT, python=sys.executable), "utf-8")
        stub.chmod(0o755)
        (workspace / "compat").symlink_to(stub.name)
        temporary = workspace.parent / "temp"
        caches = [workspace / "cache", *([temporary / "compat-cache"] * temporary.is_dir())]
        for cache in caches:
            cache.mkdir(exist_ok=True)
            for name in SHARED:
                (program.cache / name).mkdir(exist_ok=True)
                (cache / name).symlink_to(program.cache / name)

    return Hosted(
        Service(folder, checkout),
        environment={"HOME": str(folder), "LANG": "C.UTF-8"},
        stand_ins={"https://github.com/moby/buildkit.git": str(repository)},
    )


def _results(done: dict[str, Done]) -> dict[str, str]:
    return {name: it.result for name, it in done.items()}


def _show(done: dict[str, Done]) -> None:
    """Print what the jobs said, for whoever reads why a test failed."""
    print("\n".join(f"##### {name}: {it.result}\n{it.log}" for name, it in done.items()))  # noqa: T201 - for pytest


def test_a_night_and_the_night_after(hosted: Hosted) -> None:
    done = hosted.workflow(WORKFLOWS / "nightly.yml", NIGHTLY)
    _show(done)
    assert _results(done) == {
        "matrix": "success",
        "selftest": "success",
        "blame": "success",
        "audit": "success",
        "page": "success",
        "verdict": "failure",  # for the planted regression
    }
    assert done["matrix"].outputs == {"verdict": "1"}
    (page,) = hosted.service.published
    assert 'url=page/"' in (page / "index.html").read_text("utf-8")
    assert "pb: leave what is empty out of image configs" in (page / "page/index.html").read_text(
        "utf-8"
    )
    assert CULPRIT in (page / "issue.md").read_text("utf-8")
    made = json.loads((page / "matrix.json").read_text("utf-8"))
    assert {row["id"] for row in made["cells"]} == CELLS
    assert not any(row["reused"] for row in made["cells"])

    night = hosted.night(2)
    done = night.workflow(WORKFLOWS / "nightly.yml", NIGHTLY, ["matrix", "blame"])
    _show(done)
    assert done["matrix"].outputs == {"verdict": "1"}
    assert "its commit was found for the run" in done["blame"].log, "nothing is searched again"
    result = night.service.artifacts["nightly-result"]
    again = json.loads((result / "matrix.json").read_text("utf-8"))
    assert {row["id"] for row in again["cells"] if row["reused"]} == CELLS
    assert (result / "issue.md").read_text("utf-8") == ""  # told last night
    assert CULPRIT in (result / "summary.md").read_text("utf-8")
    (kept,) = (it for key, it in night.service.caches.items() if key.endswith("-2-1-blamed"))
    assert [*kept.glob("history/answers/bisect-*/bisect.json")], "what searches learnt goes along"


def test_a_release_is_let_out(hosted: Hosted) -> None:
    night = hosted.night(3)
    done = night.workflow(WORKFLOWS / "release-gate.yml", {"candidate": "master"})
    _show(done)
    assert _results(done) == {"matrix": "success", "gate": "success"}


def test_a_step_of_another_repository_runs_a_pair_or_a_gate(hosted: Hosted) -> None:
    common = {
        "repository": hosted.stand_ins["https://github.com/moby/buildkit.git"],
        "arguments": "--offline --reruns 0",
    }
    done = hosted.night(4).action(
        ROOT / "action.yml",
        {**common, "daemon": "v0.2", "frontend": "master"},
    )
    _show({"pair": done})
    assert (done.result, done.outputs["code"]) == ("success", "0")
    assert (Path(done.outputs["run"]) / "run.json").is_file()

    night = hosted.night(5)
    done = night.action(
        ROOT / "action.yml", {**common, "gate": "release-gate", "candidate": "master"}
    )
    _show({"gate": done})
    assert (done.result, done.outputs["code"]) == ("success", "0")
    assert "### Clean: `release-gate`" in night.summary.read_text("utf-8")


def test_the_jobs_of_gitlab_do_the_same(hosted: Hosted) -> None:
    page = (ROOT / "docs" / "how-to" / "write-a-matrix.md").read_text("utf-8")
    blocks = [yaml.safe_load(it) for it in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    (parent,) = (it for it in blocks if "plan" in it)
    (added,) = (it for it in blocks if "merge" in it)
    folder = hosted.service.root / "gitlab"
    folder.mkdir()
    (repository,) = hosted.stand_ins.values()
    pipeline = Pipeline(
        folder,
        hosted.service.checkout,
        {**hosted.environment, "COMPAT_REPO": repository, "COMPAT_CACHE": "cache"},
    )
    planned = pipeline.run("plan", {"plan": parent["plan"]})
    assert planned.code == 0, planned.log
    child = joined(yaml.safe_load((pipeline.kept / "shards.yml").read_text("utf-8")), added)
    shards = [name for name in child if name.startswith("compat ")]
    assert len(shards) == len(CELLS)
    ended = [pipeline.run(name, child) for name in shards]
    assert sorted(it.code for it in ended) == [0, 1], [it.log for it in ended]
    assert all(it.succeeded for it in ended)
    merged = pipeline.run("merge", child)
    assert merged.code == 1, merged.log
    made = json.loads((pipeline.kept / "merged" / "matrix.json").read_text("utf-8"))
    assert {row["id"]: row["state"] for row in made["cells"]} == dict.fromkeys(CELLS, "done")
