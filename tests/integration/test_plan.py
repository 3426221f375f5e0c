"""`compat plan` on real repositories: MiniKit's history, and one as large as a matrix may grow."""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.config.datadir import find_data
from harness.errors import UsageError
from harness.events import Event
from harness.history import Expected
from harness.journal import read_plan
from harness.minikit import materialise
from harness.model import Side
from harness.model.matrix import Plan
from harness.plan.asks import MatrixAsk, Where
from harness.plan.opening import open_matrix, open_plan
from harness.plan.planning import OTHER
from harness.store import Store
from harness.tools.process import Request, run
from tests.support.large_repository import big
from tests.support.small_repositories import Origin
from tests.support.torture import THOROUGH

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]

MINIKIT = find_data(None, {}).examples / "minikit"
SECONDS = 2.0 if THOROUGH else 6.0
"""Of processor time, ours and git's, in which 50 x 50 cells are planned: two. Held to where the
machine has nothing else to do, since even processor time grows beside others."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def repository(store: Store) -> Path:
    return materialise(MINIKIT, store)


def nobody(event: Event) -> None:
    """Hear nothing."""


def compat(*args: str) -> int:
    return execute("compat", lambda _args: umbrella, args)


def plan(store: Store, capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """Plan the demo on the native backend and return what is printed."""
    words = ("plan", *(args or ("demo",)), "--backend", "native", "--cache", str(store.root))
    assert compat(*words) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_the_demo_is_two_daemons_and_three_frontends(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads(plan(store, capsys, "demo", "--format", "json"))
    suites = {cell["suite"] for cell in made["cells"]}
    frontends = {cell["candidate"] for cell in made["cells"]}
    assert (len(made["cells"]), len(suites), len(frontends)) == (6, 2, 3)
    assert made["offline"] is True
    # v0.2.0 and dockerfile/1.1.0 are one commit, so its frontend serves both.
    sides = [build["side"] for build in made["builds"]]
    assert (sides.count("suite"), sides.count("frontend")) == (2, 4)
    assert "6 cells, 2 suites, 4 frontends, 2 controls" in plan(store, capsys)


def test_a_written_plan_is_the_one_that_was_shown(
    store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    out = plan(*(store, capsys, "demo", "--shards", "3", "--format", "lines", "--write", str(file)))
    assert out.splitlines() == [f"compat matrix --plan {file} --shard {n}/3" for n in (1, 2, 3)]
    made = read_plan(file)
    shown = json.loads(plan(store, capsys, "demo", "--format", "json"))
    assert (made.digest, len(made.cells)) == (shown["digest"], len(shown["cells"]))


def test_lines_ask_for_the_same_plan_again(
    store: Store, capsys: pytest.CaptureFixture[str], repository: Path
) -> None:
    source = ("--repo", str(repository), "--data", str(MINIKIT), "--offline")
    words = (*source, "--only", "v0.1*", "--test-timeout", "90s")
    first, *_ = plan(store, capsys, "demo", *words, "--format", "lines").splitlines()
    again = first.removeprefix("compat matrix ").partition(" --shard ")[0]
    one = json.loads(plan(store, capsys, "demo", *words, "--format", "json"))
    other = json.loads(plan(store, capsys, *shlex.split(again), "--format", "json"))
    assert one["digest"] == other["digest"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "pairs: [{daemons: [{refs: [v0.1, v0.1.9]}], frontends: [{branches: [master]}]}]",
            (
                "m.yaml:2:20: pairs[0].daemons[0].refs: no ref 'v0.1.9'",
                "near: v0.1.1, v0.1.0",
            ),
        ),
        (
            "pairs: [{daemons: [{lines: {since: v0.7}}], frontends: [{branches: [master]}]}]",
            (
                "m.yaml:2:20: pairs[0].daemons[0].lines: matches nothing",
                "newest releases in",
            ),
        ),
        (
            "pairs: [{daemons: [{refs: [v0.1, v0.1.1]}], frontends: [{branches: [master]}]}]",
            (
                "m.yaml:2:9: pairs[0]: v0.1.1 x master (labs, oci) is v0.1.1 x master",
                "the commits, channels and workers are the same",
            ),
        ),
        (
            "pairs: [{daemons: [{branches: [mster]}], frontends: [{branches: [master]}]}]",
            (
                "m.yaml:2:20: pairs[0].daemons[0].branches: there is no branch 'mster'",
                "near: master",
            ),
        ),
        (
            "include: [{daemon: v0.1, frontend: master, worker: rootless}]",
            (
                "m.yaml:2:11: include[0]: the tests of v0.1 have no worker 'rootless'",
                "--worker takes one of: oci, containerd",
            ),
        ),
        (
            "include: [{daemon: v0.1, frontend: v0.1, channel: labs}]",
            (
                "m.yaml:2:11: include[0]: v0.1.1 has no frontend channel labs",
                "--channel takes one of: experimental, mainline",
            ),
        ),
        (
            "include: [{daemon: v0.2, frontend: v0.1, workr: oci}]",
            (
                "m.yaml:2:42: include[0].workr: there is no such key; did you mean `worker`?",
                "known keys: daemon, frontend",
            ),
        ),
    ],
)
def test_bad_input_is_told_with_its_place_and_nothing_is_planned(
    store: Store,
    repository: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    told: tuple[str, str],
) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(f"description: d\n{text}\n", "utf-8")
    args = ("--repo", str(repository), "--data", str(MINIKIT), "--cache", str(store.root))
    written = tmp_path / "plan.json"
    code = compat("plan", str(file), *args, "--backend", "native", "--write", str(written))
    out, err = capsys.readouterr()
    assert (code, out, written.exists()) == (2, "", False)
    words, hint = told
    assert words in err
    assert f"hint: {hint}" in err


def test_a_name_that_is_no_matrix_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compat("plan", "nightli") == 2
    assert "there is no matrix 'nightli'; did you mean nightly?" in capsys.readouterr().err


# -- on another machine --------------------------------------------------------------------------


def _opened(origin: Path, store: Store, file: Path) -> Plan:
    ask = MatrixAsk(file=file, where=_where(origin))
    return open_matrix(ask, find_data(MINIKIT, {}), store, Expected(), nobody).plan


def _where(repository: Path) -> Where:
    return Where(str(repository), backend="native", runs=False)


def test_a_plan_is_taken_over_by_its_commits_though_branches_moved(
    repository: Path, tmp_path: Path
) -> None:
    origin = tmp_path / "origin"
    run(Request(["git", "clone", "--quiet", str(repository), str(origin)]))
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    file = MINIKIT / "matrices" / "demo.yaml"
    made = _opened(origin, here, file)
    clone = Origin.__new__(Origin)
    clone.path, clone._days = origin, 0
    clone.commit("later", {"later.txt": "later"})
    moved = _opened(origin, there, file)
    assert moved.digest != made.digest
    taken = open_plan(made, _where(origin), find_data(MINIKIT, {}), there, nobody)
    assert taken.plan == made
    cell = taken.cell(taken.plan.cells[0])
    assert cell.suite.commit == made.cells[0].pair.suite
    keys = {build.id: build.key for build in made.builds}
    assert taken.backend.find(Side.SUITE, cell.suite).key == keys[made.cells[0].suite]


def test_a_plan_of_other_data_is_refused(repository: Path, store: Store, tmp_path: Path) -> None:
    made = _opened(repository, store, MINIKIT / "matrices" / "demo.yaml")
    data = tmp_path / "data"
    shutil.copytree(MINIKIT, data)
    file = data / "skiplists" / "fileop.yaml"
    file.write_text(
        file.read_text("utf-8").replace("TestEmptyDestDir", "TestEmptyDestDi?"), "utf-8"
    )
    with pytest.raises(UsageError, match="run or judged otherwise") as caught:
        open_plan(made, _where(repository), find_data(data, {}), store, nobody)
    assert caught.value.hint == OTHER
    lines = data / "matrices" / "lines.yaml"
    lines.write_text(lines.read_text("utf-8").replace("seccomp]", "seccomp, more]"), "utf-8")
    with pytest.raises(UsageError, match=r"suite v0\.1\.1.* would be built otherwise"):
        open_plan(made, _where(repository), find_data(data, {}), store, nobody)


def test_a_plan_is_for_its_backend(repository: Path, store: Store) -> None:
    made = _opened(repository, store, MINIKIT / "matrices" / "demo.yaml")
    where = Where(str(repository), backend="docker", runs=False)
    with pytest.raises(UsageError, match="the plan demo is for the native backend"):
        open_plan(made, where, find_data(MINIKIT, {}), store, nobody)


# -- large ---------------------------------------------------------------------------------------


def test_fifty_by_fifty_cells_are_planned_in_two_seconds(tmp_path: Path) -> None:
    repository, data = big(tmp_path, lines=50, between=100)
    argv = [sys.executable, "-m", "harness.cli", "plan", "big", "--format", "json"]
    argv += ["--repo", str(repository), "--data", str(data), "--cache", str(tmp_path / "cache")]
    argv += ["--backend", "native", "--history", str(tmp_path / "none.sqlite")]

    def planned() -> tuple[float, Plan]:
        # Processor time, as other tests may run beside this one; git's is in it.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        subprocess.run(
            [*argv, "--write", str(tmp_path / "plan.json")],
            check=True,
            capture_output=True,
            env=environment,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return took, read_plan(tmp_path / "plan.json")

    _, first = planned()
    took, again = planned()
    assert (len(first.cells), len(first.builds)) == (2500, 50 + 100)
    assert again.digest == first.digest
    assert took < SECONDS
