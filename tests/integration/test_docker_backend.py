"""The demo on an engine of its own: the same verdicts as native's, and nothing left behind."""

from __future__ import annotations

import json
import signal

import pytest
import yaml

from harness.model import Leg, Outcome, Reason, Run
from tests.support.engine_program import HANGS, MINIKIT, Program, verdicts

pytestmark = pytest.mark.integration

HANG = (Outcome.HANG, Reason.TIMEOUT)


@pytest.fixture
def built(program: Program, seen: tuple[int, Run, str]) -> Run:
    """Have on the engine what the demo builds, whatever a test before has removed."""
    if not program.daemon.docker("images", "--quiet", "compat/pair"):
        program.demo("docker")
    return seen[1]


def test_every_verdict_is_the_native_one(
    seen: tuple[int, Run, str], native: tuple[int, Run, str]
) -> None:
    (code, run, _), (native_code, own, _) = seen, native
    assert (run.pair.backend, own.pair.backend) == ("docker", "native")
    assert verdicts(run) == verdicts(own)
    assert code == native_code == 0


def test_a_report_names_the_lock_at_which_the_daemon_waits(seen: tuple[int, Run, str]) -> None:
    (row,) = [row for row in seen[1].judgements if HANGS in row.name]
    assert [(it.outcome, it.reason) for it in row.candidate] == [HANG] * 2
    lock = " in example.com/minikit/solver.(*CacheMounts).acquire at solver/cachemounts.go:46\n"
    assert all(lock in it.error for it in row.candidate)


def test_the_run_records_the_engine(seen: tuple[int, Run, str]) -> None:
    tools = seen[1].host.tools
    assert tools["engine ServerVersion"]
    assert tools["engine Product"] == "Docker Engine"
    assert tools["image builder"]


@pytest.mark.usefixtures("built")
def test_a_second_run_builds_nothing_and_uses_the_control_again(program: Program) -> None:
    _, run, err = program.demo("docker")
    assert "  built" not in err
    assert [leg.cached for leg in run.legs if leg.leg is Leg.CONTROL and not leg.attempt] == [True]


@pytest.mark.usefixtures("seen")
def test_the_self_test_sees_what_is_planted(program: Program) -> None:
    words = ("selftest", "demo", "--backend", "docker", "--stage", "generic", "--json")
    with program.start(*words) as child:
        out, err = child.communicate(timeout=900)
    assert child.returncode == 0, err + out
    cases = json.loads(out)["cases"]
    tests = [test for case in cases for test in case["tests"]]
    assert [test for test in tests if test["sight"] != "seen"] == []
    planned = yaml.safe_load((MINIKIT / "matrices" / "selftest.yaml").read_text())["include"]
    rows = [row["test"] for case in planned for row in case["expect"]]
    asked = [name for row in rows for name in ([row] if isinstance(row, str) else row)]
    assert (len(cases), len(tests)) == (len(planned), len(asked))


@pytest.mark.usefixtures("built")
def test_an_image_that_was_removed_is_built_again(program: Program) -> None:
    for name in ("suite", "pair"):
        images = program.daemon.docker("images", "--quiet", f"compat/{name}").split()
        program.daemon.docker("rmi", "--force", *images)
    code, _, err = program.demo("docker")
    assert code == 0
    assert [line for line in err.splitlines() if line.endswith("  built")], err


@pytest.mark.usefixtures("built")
def test_everything_on_the_engine_bears_our_label(program: Program) -> None:
    ours = program.daemon.docker(
        "images", "--quiet", "--filter", "label=org.buildkit-compat.project"
    )
    named = program.daemon.docker("images", "--quiet", "compat/*")
    assert set(ours.split()) == set(named.split()) != set()
    assert program.daemon.containers() == []


@pytest.mark.usefixtures("seen")
def test_an_interrupted_run_leaves_no_container(program: Program) -> None:
    with program.demo_until("TestExportLabels") as child:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    assert child.returncode == 130
    assert program.latest().interrupted
    assert program.daemon.containers() == []


@pytest.mark.usefixtures("seen")
def test_what_a_killed_run_leaves_is_removed_by_the_next(program: Program) -> None:
    with program.demo_until("TestExportLabels") as child:
        child.kill()
    assert program.daemon.containers()
    code, _, _ = program.demo("docker")
    assert code == 0
    assert program.daemon.containers() == []
