"""The demo from its command line to its reports: every verdict, and nothing left behind."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.errors import ExitCode
from harness.gotest.names import display
from harness.journal import read_plan, read_run
from harness.model import Leg, Run, Verdict
from tests.support.demo_program import ROOT, Program
from tests.support.leftovers import mounts, tagged
from tests.support.torture import PATIENCE
from tests.support.watched_processes import eventually

pytestmark = pytest.mark.e2e

SUFFIX = "/worker=oci/frontend=gateway"

EXPECTED = {
    "TestExportLabels": Verdict.REGRESSED,
    "TestCacheMountTwoTargets": Verdict.REGRESSED,
    "TestMountContextNoParallel": Verdict.REGRESSED,
    "TestMountTmpfs": Verdict.LOST,
    "TestBaseImageMoved": Verdict.FLAKY,
    "TestQuotedMetaArgs": Verdict.FIXED,
    "TestCopyWildcards[fileop=false]": Verdict.KNOWN,
    "TestEmptyDestDir[fileop=false]": Verdict.KNOWN,
    "TestWorkdirCopyRelative[fileop=false]": Verdict.KNOWN,
}
"""Verdicts that are planted in MiniKit; every other test is compatible, skipped or broken alike."""


@dataclass(frozen=True)
class Demo:
    """A demo that has run."""

    program: Program
    code: int
    out: str
    folder: Path
    run: Run

    def verdicts(self) -> dict[str, Verdict]:
        names = [row.name for row in self.run.judgements]
        return {display(row.name, names): row.verdict for row in self.run.judgements}


@pytest.fixture(scope="module")
def demo(program: Program) -> Demo:
    code, out, err = program.run("demo")
    assert (program.runs / "latest").exists(), err
    folder = program.latest()
    return Demo(program, code, out, folder, read_run(folder))


def test_every_planted_verdict_is_seen(demo: Demo) -> None:
    seen = demo.verdicts()
    assert {name: seen.get(name) for name in EXPECTED} == EXPECTED
    rest = {verdict for name, verdict in seen.items() if name not in EXPECTED}
    assert rest == {Verdict.COMPATIBLE, Verdict.SKIPPED, Verdict.SAME_FAILURE}
    assert demo.run.verdict is Verdict.REGRESSED
    assert (demo.code, demo.run.exit_code) == (0, 1)
    assert "The demo saw what is planted in MiniKit" in demo.out
    assert demo.out.endswith("ends with 0; a real run that saw this would have ended with 1.\n")


def test_a_lie_a_refusal_and_a_crash_are_shown(demo: Demo) -> None:
    told = " ".join(demo.out.split())
    assert "COPY, symbolic links W Y" in told
    assert "wrong: expected /l to be a link, got a file" in told
    assert "refused: requested experimental feature exec.mount.propagation is not" in told
    assert "crash: panic: assignment to entry in nil map" in told
    assert "1 works, 1 refused, 1 wrong, 1 crash" in told


def test_the_report_names_each_regression_and_the_command_that_reruns_it(demo: Demo) -> None:
    for name, verdict in EXPECTED.items():
        if verdict is Verdict.REGRESSED:
            assert name in demo.out
    assert "exec.mount.propagation is not supported by" in demo.out
    assert "panic: assignment to entry in nil map" in demo.out
    told = " ".join(demo.out.split())
    assert "in example.com/minikit/solver.(*CacheMounts).acquire at solver/cachemounts.go:" in told
    assert str(demo.folder) in demo.out
    words = demo.run.rerun
    assert words[:3] == ("compat-run", "v0.1", "master")
    code, out, _ = demo.program.run("run", *words[1:])
    assert code == 1, out
    again = read_run(demo.program.latest())
    assert {row.verdict for row in again.judgements} >= {Verdict.REGRESSED, Verdict.FIXED}
    assert len(again.judgements) < len(demo.run.judgements)


def test_a_pair_has_all_the_reports_of_a_matrix(demo: Demo) -> None:
    made = {"page/index.html", "summary.md", "junit.xml", "ctrf.json", "badge.svg"}
    kept = {"run.json", "matrix.json", "plan.json"}
    assert {name for name in made | kept if (demo.folder / name).is_file()} == made | kept
    assert "regressed" in (demo.folder / "badge.svg").read_text("utf-8").lower()
    assert "TestExportLabels" in (demo.folder / "summary.md").read_text("utf-8")


def test_what_reads_stored_runs_reads_a_pair(demo: Demo, tmp_path: Path) -> None:
    folder = str(demo.folder)

    def said(*words: str) -> tuple[int, str, str]:
        return demo.program.run(*words, cache=False, out=False)

    code, out, err = said("report", folder, "--out", str(tmp_path / "site"))
    assert (code, (tmp_path / "site" / "page" / "index.html").is_file()) == (0, True), err + out
    code, out, err = said("gate", folder)
    assert code == ExitCode.REGRESSION, err
    assert "TestExportLabels" in out
    assert said("diff", folder, folder, "--exit-code")[0] == ExitCode.COMPATIBLE
    code, out, err = demo.program.run("reclassify", folder, out=False)
    assert (code, out) == (1, "regressed, as before: nothing changed in 1 cell\n"), err
    code, out, err = said("merge", folder, "--out", str(tmp_path / "merged"))
    assert code == ExitCode.USAGE, err + out
    assert "is the run of one pair, not the shard of a matrix" in err
    assert not (tmp_path / "merged").exists()


def test_run_json_follows_its_schema(demo: Demo) -> None:
    schema = json.loads((ROOT / "docs" / "run.schema.json").read_text())
    stored = json.loads((demo.folder / "run.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(stored)


def test_junit_is_red_for_what_the_frontend_did_and_nothing_else(demo: Demo) -> None:
    root = ET.parse(demo.folder / "junit.xml").getroot()  # noqa: S314 - our own file
    failed = {
        case.get("name") for case in root.iter("testcase") if case.find("failure") is not None
    }
    broken = {
        row.name for row in demo.run.judgements if row.verdict in {Verdict.REGRESSED, Verdict.LOST}
    }
    assert failed == broken


def test_a_failing_test_has_its_log_and_its_daemons_log(demo: Demo) -> None:
    leg = demo.folder / "candidate"
    (log,) = (leg / "tests").glob("*TestMountContextNoParallel*")
    assert "exec.mount.propagation" in log.read_text()
    (daemon,) = (leg / "daemon").glob("*TestExportLabels*")
    assert "assignment to entry in nil map" in daemon.read_text()


def test_a_second_run_builds_nothing_and_uses_the_control_again(demo: Demo) -> None:
    code, out, err = demo.program.run("demo", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["exit_code"], told["demo"]["exit_code"], told["demo"]["sight"]) == (1, 0, "seen")
    assert {test["sight"] for test in told["demo"]["tests"]} == {"seen"}
    again = read_run(demo.program.latest())
    (control,) = [run for run in again.legs if run.leg is Leg.CONTROL and run.attempt == 0]
    assert control.cached
    assert "built" not in err
    assert {row.name: row.verdict for row in again.judgements} == {
        row.name: row.verdict for row in demo.run.judgements
    }


def test_another_frontend_builds_that_frontend_alone(demo: Demo) -> None:
    demo.program.pair("v0.1", "v0.2")
    (cell,) = (plan := read_plan(demo.program.latest())).cells
    (key,) = (build.key for build in plan.builds if build.id == cell.candidate)
    shutil.rmtree(demo.program.cache / "frontend" / key)  # whoever built it before
    before = _artefacts(demo.program.cache)
    code, out, err = demo.program.pair("v0.1", "v0.2")
    new = _artefacts(demo.program.cache) - before
    assert code in {0, 1}, err + out
    assert {it for it in new if it[0] in {"suite", "frontend"}} == {("frontend", key)}


def test_a_frontend_on_its_own_daemon_is_compatible(demo: Demo) -> None:
    code, out, err = demo.program.pair("v0.2", "v0.2", "--json")
    assert code == 0, err + out
    told = json.loads(out)
    assert told["verdict"] == "compatible"


def test_a_selection_that_matches_nothing_is_never_green(demo: Demo) -> None:
    code, out, err = demo.program.pair("v0.2", "v0.2", "--tests", "TestNoSuch")
    assert code == ExitCode.USAGE, err + out
    assert "there is no test function 'TestNoSuch' in v0.2" in err


def _artefacts(cache: Path) -> set[tuple[str, str]]:
    return {(path.parent.name, path.name) for path in cache.glob("*/*")}


@pytest.mark.parametrize(
    ("daemon", "frontend", "words"),
    [
        ("v0.9", "master", "no release"),
        ("v0.1", "masster", "near: master"),
        ("--upload-pack=touch", "master", "No such option"),
        ("v0.1\n", "master", "is not a ref"),
        ("v0.1", "master..v0.1", "is not a ref"),
    ],
)
def test_a_ref_that_is_none_is_exit_2(demo: Demo, daemon: str, frontend: str, words: str) -> None:
    code, _, err = demo.program.pair(daemon, frontend)
    assert code == 2
    assert words in err
    assert "Traceback" not in err


def test_an_interrupted_run_keeps_what_it_has_and_leaves_nothing(demo: Demo) -> None:
    with demo.program.start("demo") as child:
        assert child.stderr
        for line in child.stderr:
            if "TestExportLabels" in line:
                break
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=PATIENCE)  # how long it takes: test_interrupt.py
    assert child.returncode == 130
    run = read_run(demo.program.latest())
    assert run.interrupted
    assert run.judgements
    assert eventually(lambda: not _ours(demo))


def test_a_killed_run_leaves_nothing_and_the_next_one_succeeds(demo: Demo) -> None:
    with demo.program.start("demo") as child:
        assert child.stderr
        for line in child.stderr:
            if "TestExportLabels" in line:
                break
        child.kill()
    assert eventually(lambda: not _ours(demo))
    code, _, err = demo.program.run("demo", "--json")
    assert code == 0, err


def _ours(demo: Demo) -> list[str]:
    """Processes and mounts that the demo has, whatever else runs on this machine."""
    found = tagged(demo.program.environment["USER"])
    return [*found, *mounts(demo.program.cache.parent)]
