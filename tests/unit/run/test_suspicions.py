"""What daemons say while tests pass: found, ignored with a reason, and laid at the right door."""

from __future__ import annotations

import io
import json
import tracemalloc
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from harness.backends.processes import PROCESSES, Process, processes
from harness.config.datadir import find_data
from harness.config.oracle import SILENT, Oracle, load_oracle
from harness.config.policy import Policy, Stance
from harness.errors import ConfigError
from harness.gotest.oracle import Found, suspicious
from harness.journal import write_run
from harness.model import Leg, Outcome, Suspicion, Verdict
from harness.reports.report import StoredRun
from harness.reports.summary import suspicions
from harness.reports.terminal import render
from harness.reports.write import write_reports
from harness.run.suspicions import Life, marked, owners
from harness.stored.gate import Kind
from tests.support.ctrf_schema import CTRF
from tests.support.factories import compatible_run, full_name, judgement, leg_run, result
from tests.support.gates import gate, kinds, ran
from tests.support.gates import suspicious as suspicious_row

ORACLE = load_oracle(find_data(None, {}).oracle_file)

FRONTEND = b"""\
time="2026-11-26T14:54:12Z" level=error msg="fatal error: support was removed"
panic: support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in BuildKit 0.11

goroutine 1 [running]:
main.main()
\tgithub.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend/main.go:32 +0x2f4
"""
DAEMON = b"""\
panic: assignment to entry in nil map

goroutine 77 [running]:
github.com/moby/buildkit/solver.(*edge).unpark(0xc0001)
\t/src/solver/edge.go:321 +0x1d2
"""
RACE = b"==================\nWARNING: DATA RACE\nWrite at 0x00c000 by goroutine 9:\n"
PANIC = Found("panic", "panic: assignment to entry in nil map")


def found(log: bytes, oracle: Oracle = ORACLE) -> list[Found]:
    return suspicious(io.BytesIO(log), oracle)


def test_a_frontend_that_ends_with_a_panic_is_no_daemon_that_does() -> None:
    assert found(FRONTEND) == []
    assert found(DAEMON) == [PANIC]
    assert found(b"level=info msg=fine\n" + RACE) == [Found("data-race", "WARNING: DATA RACE")]
    assert found(b'time=x level=error msg="leaked mountpoint for /a"')[0].kind == "leaked-mount"
    assert found(b"fatal error: concurrent map writes\n")[0].kind == "panic"


def test_what_is_ignored_hides_nothing_that_follows_it() -> None:
    assert found(FRONTEND + DAEMON) == [PANIC]
    assert found(DAEMON + FRONTEND) == [PANIC]
    assert found(FRONTEND + RACE)[0].kind == "data-race"


def test_the_same_is_told_once_and_not_without_end() -> None:
    assert found(DAEMON * 500) == [PANIC]
    many = b"".join(b"panic: number %d\n" % n for n in range(500))
    assert len(found(many)) == 20


def test_a_line_without_end_is_read_in_bounded_memory_and_told_harmlessly() -> None:
    log = io.BytesIO(b"panic: \x1b[31m" + b"x" * 5_000_000 + b"panic: inside\n" + DAEMON)
    tracemalloc.start()
    said = suspicious(log, ORACLE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [it.words[:10] for it in said] == ["panic: xxx", "panic: ass"]
    assert all(len(it.words) <= 300 for it in said)
    assert peak < 1_000_000


def test_without_suspects_nothing_is_found() -> None:
    assert found(DAEMON, SILENT) == []
    assert load_oracle(Path("/is/not/there.yaml")) is SILENT


def test_what_is_ignored_needs_a_reason_and_a_link(tmp_path: Path) -> None:
    file = tmp_path / "oracle.yaml"
    file.write_text("ignore:\n  - pattern: x\n", "utf-8")
    with pytest.raises(ConfigError, match=r"oracle\.yaml:2:5: .*reason") as caught:
        load_oracle(file)
    assert "issue" in str(caught.value)


# -- whose daemon it was -------------------------------------------------------------------------


def process(began: float, ended: float | None) -> Process:
    return Process("buildkitd.7", began, ended, Path("/no/log"))


LIVES = (Life("A", 100, 110), Life("B", 100, 120), Life("C", 112, 120.08), Life("D", 130, 131))


@pytest.mark.parametrize(
    ("began", "ended", "tests"),
    [
        (100.1, 109.9, ("A",)),
        (100.1, 119.9, ("B",)),
        (112.1, 119.9, ("B", "C")),
        (130.1, 130.9, ("D",)),
        (99.1, 110.04, ("A",)),
        (121.0, 122.0, ()),
        (100.1, None, ()),
    ],
)
def test_a_daemon_belongs_to_the_test_around_it_that_ends_next(
    began: float, ended: float | None, tests: tuple[str, ...]
) -> None:
    assert owners(process(began, ended), LIVES) == tests


def test_only_tests_that_passed_are_marked(tmp_path: Path) -> None:
    names = [full_name(name) for name in ("TestCopy", "TestMount", "TestRun")]
    log = tmp_path / PROCESSES / "buildkitd.7.log"
    log.parent.mkdir()
    log.write_bytes(DAEMON)
    lives = [Life(name, 10.0 * n, 10.0 * n + 5) for n, name in enumerate(names)]
    lives.append(Life("TestIntegration", 0, 26))
    run = leg_run(
        Leg.CANDIDATE, [result(names[0]), result(names[1], Outcome.FAIL, "x"), result(names[2])]
    )
    kept = [Process(f"buildkitd.{n}", 10.0 * n + 1, 10.0 * n + 4, log) for n in range(2)]
    said = [it.suspicions for it in marked(run, lives, kept, ORACLE).results]
    told = Suspicion(kind="panic", words=PANIC.words, log="candidate/processes/buildkitd.7.log")
    assert said == [(told,), (), ()]


def test_subtests_share_the_daemon_of_their_test(tmp_path: Path) -> None:
    log = tmp_path / PROCESSES / "buildkitd.7.log"
    log.parent.mkdir()
    log.write_bytes(DAEMON)
    parent, other = full_name("TestExportMultiPlatform"), full_name("TestOther")
    below = [f"{parent}/linux/arm/v6", f"{parent}/windows/amd64"]
    lives = [
        *(Life(name, 12, 12.01) for name in below),
        *(Life(parent, 10, 12.5), Life(other, 10, 20), Life("TestIntegration", 0, 20.1)),
    ]
    run = leg_run(Leg.CONTROL, map(result, (*below, other)))
    run = marked(run, lives, [Process("buildkitd.7", 10.1, 12.4, log)], ORACLE)
    assert [len(it.suspicions) for it in run.results] == [1, 1, 0]


def test_what_was_kept_of_processes_is_read_with_suspicion(tmp_path: Path) -> None:
    folder = tmp_path / PROCESSES
    folder.mkdir()
    lives = {
        "buildkitd.2": "began 7.25\nargument ended 1\nended 9.5\n",
        "buildkitd.1": "began 3.5\n",
        "buildkitd.3": "began soon\nended 1e999\n",
        "buildkitd.4": "",
    }
    for name, life in lives.items():
        (folder / f"{name}.life").write_text(life, "utf-8")
        (folder / f"{name}.log").touch()
    (folder / "buildkitd.5.life").write_text("began 1\nended 2\n", "utf-8")
    assert [(it.name, it.began, it.ended) for it in processes(tmp_path)] == [
        ("buildkitd.1", 3.5, None),
        ("buildkitd.2", 7.25, 9.5),
    ]
    assert processes(tmp_path / "docker") == []


# -- how it is told ------------------------------------------------------------------------------

SAID = Suspicion(kind="panic", words="panic: nil map", log="candidate/processes/buildkitd.7.log")


def test_the_terminal_tells_it_and_the_verdict_stays() -> None:
    run = compatible_run()
    first, *others = run.judgements
    candidate = tuple(
        replace(it, suspicions=(SAID, replace(SAID, tests=2))) for it in first.candidate
    )
    first = replace(first, candidate=candidate)
    assert suspicions(first) == [(Leg.CANDIDATE, replace(SAID, tests=2))]
    text = render(replace(run, judgements=(first, *others)), Path("/runs/1"))
    assert "suspicious, although passed (1)" in text
    assert "panic in the candidate's daemon, or that of another of 2 tests: panic: nil map" in (
        " ".join(text.split())
    )
    assert "candidate/processes/buildkitd.7.log" in text
    assert "COMPATIBLE" in text
    assert "suspicious" not in render(run, Path("/runs/1"))


TOLD = "panic in the candidate's daemon: panic: nil map"


def suspicious_run(folder: Path) -> Path:
    """Store a run with a suspicious test, and one that flaked and is suspicious."""
    first = suspicious_row("TestFoo", SAID)
    flaked = judgement("TestBar", Verdict.FLAKY, [Outcome.PASS], [Outcome.FAIL, Outcome.PASS])
    again = replace(flaked.candidate[1], suspicions=(SAID,))
    flaked = replace(flaked, candidate=(flaked.candidate[0], again))
    write_run(folder, ran(first, flaked)[1])
    write_reports(folder)
    return folder


def test_junit_tells_it_with_the_test(tmp_path: Path) -> None:
    root = ET.parse(suspicious_run(tmp_path) / "junit.xml").getroot()  # noqa: S314 - ours
    told = {
        case.attrib["name"].split("/")[1]: (
            [p.attrib["value"] for p in case.iter("property") if p.attrib["name"] == "suspicious"],
            (case.findtext("system-out") or "").splitlines()[-1:],
            case.find("failure") is None and case.find("error") is None,
        )
        for case in root.iter("testcase")
    }
    assert told == {
        "TestFoo": (["panic"], [TOLD], True),
        "TestBar": (["panic"], [TOLD], True),
        "TestCmdShell": ([], [], True),
    }


def test_ctrf_tells_it_with_the_test(tmp_path: Path) -> None:
    report = json.loads((suspicious_run(tmp_path) / "ctrf.json").read_bytes())
    jsonschema.validate(report, CTRF)
    told = {it["name"].split("/")[1]: it.get("extra") for it in report["results"]["tests"]}
    extra = {"suspicious": [TOLD]}
    assert told == {"TestFoo": extra, "TestBar": extra, "TestCmdShell": None}


def test_of_very_many_tests_a_suspicious_one_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoredRun, "brief", True)
    report = json.loads((suspicious_run(tmp_path) / "ctrf.json").read_bytes())["results"]
    assert [it["status"] for it in report["tests"]] == ["passed", "skipped"]
    assert (report["summary"]["tests"], report["summary"]["passed"]) == (3, 2)


@pytest.mark.parametrize("stance", list(Stance))
@pytest.mark.parametrize("both", [False, True])
def test_a_gate_looks_at_what_the_frontend_under_test_brings(stance: Stance, both: bool) -> None:  # noqa: FBT001 - a case
    row = suspicious_row("TestFoo", SAID)
    if both:
        row = replace(row, control=(replace(row.control[0], suspicions=(SAID,)),))
    answer = gate(ran(row), policy=Policy(suspicious=stance))
    assert kinds(answer, refused=True) == [Kind.SUSPICIOUS] * (stance is Stance.REFUSE and not both)
    assert kinds(answer, refused=False) == [Kind.SUSPICIOUS] * (stance is Stance.TELL and not both)
