"""The commands that read stored runs: gate, diff, history."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.journal import write_run
from harness.model import Judgement, Verdict
from tests.support import factories, nights
from tests.support.floors import refused, varied
from tests.support.gates import PAIR, judged, run_of

POLICY = """\
description: What may be released
include: [{daemon: v0.6.4, frontend: master}]
policy: {max_age: 365d, changed_failures: tell, flaky_budget: 1}
"""


def store(folder: Path, *judgements: Judgement, age: float = 0) -> Path:
    """Store a run of one pair that began so many seconds ago."""
    began = datetime.fromtimestamp(datetime.now(UTC).timestamp() - age, UTC)
    folder.mkdir(parents=True)
    run = replace(run_of(PAIR, *judgements), started=began.isoformat(), id=folder.name)
    write_run(folder, run)
    return folder


def compat(*args: object) -> int:
    return execute("compat", lambda _: umbrella, [str(arg) for arg in args])


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "gate.yaml"
    file.write_text(POLICY)
    return file


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.COMPATIBLE, 0),
        (Verdict.KNOWN, 0),
        (Verdict.REGRESSED, 1),
        (Verdict.STALE_ENTRY, 1),
        (Verdict.INFRA, 4),
    ],
)
def test_the_gate_ends_with_the_code_of_what_it_found(
    tmp_path: Path, verdict: Verdict, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store(tmp_path / "run", judged("TestFoo", verdict))
    assert compat("gate", folder) == code
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("CLEAN" if code == 0 else "NOT CLEAN")
    assert err == ""


def test_the_policy_of_a_matrix_file_decides(tmp_path: Path, policy: Path) -> None:
    rows = [judged("TestFoo", Verdict.CHANGED_FAILURE), judged("TestBar", Verdict.FLAKY)]
    folder = store(tmp_path / "run", *rows, age=7 * 24 * 3600)
    assert compat("gate", folder) == 1
    assert compat("gate", folder, "--policy", policy) == 0


def test_old_results_are_too_little(tmp_path: Path) -> None:
    assert compat("gate", store(tmp_path / "run", age=25 * 3600)) == 3


def test_a_run_goes_by_its_name_in_the_runs_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store(tmp_path / "runs" / "20261123-180607-ab12")
    (tmp_path / "runs" / "latest").symlink_to("20261123-180607-ab12")
    monkeypatch.setenv("COMPAT_RUNS", str(tmp_path / "runs"))
    assert compat("gate", "latest") == 0
    assert compat("diff", "latest", "20261123-180607-ab12") == 0
    capsys.readouterr()
    assert compat("gate", "earliest") == 2
    assert "there is no run 'earliest'" in capsys.readouterr().err


def test_the_gate_answers_programs_and_pastes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store(tmp_path / "run", judged("TestFoo", Verdict.LOST))
    assert compat("gate", folder, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["clean"], told["exit_code"]) == (False, 1)
    assert [finding["kind"] for finding in told["findings"]] == ["lost"]
    assert compat("gate", folder, "--markdown") == 1
    assert capsys.readouterr().out.startswith("### Not clean: `run`\n")
    assert compat("gate", folder, "--markdown", "--json") == 2


def test_the_gate_compares_commits_that_are_named_with_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store(tmp_path / "run")
    short = factories.FRONTEND.sha[:7].upper()
    assert compat("gate", folder, "--release", f"master={short}") == 0
    assert compat("gate", folder, "--release", "master=abcdef0") == 3
    capsys.readouterr()
    assert compat("gate", folder, "--release", "master=short") == 2
    assert "'short' is not a commit" in capsys.readouterr().err
    assert compat("gate", folder, "--release", "--upload-pack=abcdef0") == 2
    assert compat("gate", folder, "--release", "mas ter=abcdef0") == 2


def test_the_gate_changes_nothing(tmp_path: Path) -> None:
    folder = store(tmp_path / "run", judged("TestFoo", Verdict.LOST))
    before = {path: path.read_bytes() for path in folder.rglob("*")}
    compat("gate", folder)
    assert {path: path.read_bytes() for path in folder.rglob("*")} == before


@pytest.mark.parametrize("command", ["gate", "diff"])
def test_a_damaged_run_is_code_2(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store(tmp_path / "run")
    file = folder / "run.json"
    file.write_bytes(file.read_bytes()[:-99])
    assert compat(command, *[folder] * (2 if command == "diff" else 1)) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {file}: not readable as JSON")


def test_a_mistake_in_a_policy_has_its_place(
    tmp_path: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.write_text(POLICY.replace("flaky_budget: 1", "flaky_buget: 1"))
    assert compat("gate", store(tmp_path / "run"), "--policy", policy) == 2
    assert f"{policy}:3:49: policy.flaky_buget: there is no such key" in capsys.readouterr().err
    policy.write_text(POLICY.replace("365d", "400d"))
    assert compat("gate", tmp_path / "run", "--policy", policy) == 2
    assert "policy.max_age" in capsys.readouterr().err
    policy.write_text(POLICY.replace("tell", "ignore"))
    assert compat("gate", tmp_path / "run", "--policy", policy) == 2
    assert "write one of: refuse, tell" in capsys.readouterr().err


def test_a_difference_is_no_error_unless_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = store(tmp_path / "one", judged("TestFoo", Verdict.COMPATIBLE))
    other = store(tmp_path / "other", judged("TestFoo", Verdict.REGRESSED))
    assert compat("diff", one, other) == 0
    assert "TestFoo: compatible → regressed" in capsys.readouterr().out
    assert compat("diff", one, other, "--exit-code") == 1
    assert compat("diff", one, one, "--exit-code") == 0
    capsys.readouterr()
    assert compat("diff", one, other, "--json") == 0
    assert json.loads(capsys.readouterr().out)["changed"] is True


def test_a_run_is_recorded_and_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store(tmp_path / "run", judged("TestFoo", Verdict.REGRESSED))
    file = tmp_path / "state" / "history.sqlite"
    given = ("--history", file)
    assert compat("history", "TestFoo", *given) == 2
    assert "there is no history" in capsys.readouterr().err
    assert compat("history", "--record", folder, *given) == 0
    assert capsys.readouterr() == ("", f"{folder}: 1 new\n")
    assert compat("history", "TestFoo", "--record", folder, *given) == 0
    out, err = capsys.readouterr()
    assert err == f"{folder}: 0 new\n"
    assert "newest  regressed" in out
    assert compat("history", *given) == 0
    assert capsys.readouterr().out == "R  v0.6.4_master_labs_oci\n"
    assert compat("history", "TestFoo", "--json", *given) == 0
    (story,) = json.loads(capsys.readouterr().out)
    assert story["since"]["frontend"] == factories.FRONTEND.sha
    assert compat("history", "--cell", "v0.7*", "--json", *given) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_history_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "elsewhere.sqlite"
    monkeypatch.setenv("COMPAT_HISTORY", str(file))
    assert compat("history", "--record", store(tmp_path / "run")) == 0
    assert file.exists()
    file.write_bytes(b"to do\n" * 100)
    capsys.readouterr()
    assert compat("history") == 2
    assert f"{file}: damaged, or no history at all" in capsys.readouterr().err
    assert compat("history", "--record", tmp_path / "run") == 2
    assert file.read_bytes() == b"to do\n" * 100


def test_floors_are_proposed_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    pair = varied(PAIR, nights.commit("master"))
    run = run_of(pair, judged("TestFoo", Verdict.COMPATIBLE), refused("TestBar"))
    write_run(folder, replace(run, id="run"))
    assert compat("floors", "propose", folder, "--out", tmp_path / "floors") == 0
    printed = capsys.readouterr().out
    assert "# v0.6.yaml\nfloors:\n" in printed
    assert "  - {test: TestFoo, since: v0.6}\n" in printed
    written = (tmp_path / "floors" / "v0.6.yaml").read_text()
    assert written in printed
    bar = "{test: TestBar, since: master, below: refused, cause: exec.secretenv}"
    assert bar in (tmp_path / "floors" / "master.yaml").read_text()
    assert compat("floors", "propose", folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["v0.6.yaml"] == written


def test_a_folder_of_floors_is_brought_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "run", tmp_path / "floors"
    folder.mkdir()
    out.mkdir()
    (out / "of-mine.yml").write_text(
        "floors:\n  - {test: TestFoo, since: v0.17}\n"
        '  - {test: TestOther, since: v0.12, below: wrong, cause: "mode 0000"}\n'
    )
    (out / "README.md").write_text("why")
    write_run(folder, replace(run_of(varied(PAIR), judged("TestFoo", Verdict.COMPATIBLE)), id="r"))
    assert compat("floors", "propose", folder, "--out", out) == 0
    assert {it.name for it in out.iterdir()} == {"README.md", "v0.6.yaml", "v0.12.yaml"}
    assert "{test: TestFoo, since: v0.6}" in (out / "v0.6.yaml").read_text()
    assert 'below: wrong, cause: "mode 0000"' in (out / "v0.12.yaml").read_text()
    before = {it.name: it.read_bytes() for it in out.iterdir()}
    capsys.readouterr()
    assert compat("floors", "propose", folder, "--out", out) == 0
    assert {it.name: it.read_bytes() for it in out.iterdir()} == before
    said = f"warning: {out}/v0.12.yaml: no pair of this run has the test TestOther\n"
    assert capsys.readouterr().err == said


def test_a_folder_of_other_data_is_no_folder_of_floors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store(tmp_path / "run", judged("TestFoo", Verdict.COMPATIBLE))
    file = tmp_path / "skiplists" / "v0.6.yaml"
    file.parent.mkdir()
    file.write_text("entries: []\n")
    assert compat("floors", "propose", folder, "--out", file.parent) == 2
    assert f"{file}:1:1: " in capsys.readouterr().err
    assert file.read_text() == "entries: []\n"
