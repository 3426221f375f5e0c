"""The commands of the how-to for runs of other machines, with recordings that were made up."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from harness import minikit
from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.config.datadir import find_data
from harness.config.matrixfile import load_matrix
from harness.config.skiplists import load_entries
from harness.journal import cells
from harness.model import Verdict
from harness.store import Store
from tests.support import factories, stored_matrices, windows_streams
from tests.support.data_keys import TODAY
from tests.support.project_docs import DOCS

PAGE = (DOCS / "how-to" / "judge-what-ran-elsewhere.md").read_text("utf-8")
PASSED = {"TestCmdShell": "pass", "TestExportLabels": "pass"}
FAILED = {"TestCmdShell": "pass", "TestExportLabels": "fail"}


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines]


def compat(words: list[str]) -> int:
    return execute("compat", lambda _: umbrella, words)


@pytest.fixture
def place(tmp_path: Path, go_store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the page begins with: two recordings, and a run of a matrix."""
    source = find_data(None, {}).examples / "minikit"
    repository = minikit.materialise(source, go_store)
    for name, value in (
        ("COMPAT_REPO", repository),
        ("COMPAT_DATA", source),
        ("COMPAT_CACHE", tmp_path / "cache"),
        ("COMPAT_HISTORY", tmp_path / "history.sqlite"),
    ):
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path)
    for name, tests in (("own", PASSED), ("master", FAILED)):
        (tmp_path / f"{name}.json").write_bytes(windows_streams.recording(tests))
    plan = stored_matrices.plan(("v0.6.4",), ("master",))
    stored_matrices.store(tmp_path / "linux", plan, {plan.cells[0].id: factories.compatible_run()})
    return tmp_path


def test_the_commands_do_what_the_page_says(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adopt, merge = commands()
    assert compat(adopt) == 1
    assert compat(merge) == 1
    shown = capsys.readouterr().out
    assert "v0.1.1 (containerd, windows/amd64)" in shown
    found = [row.verdict for row, _ in cells(place / "both")]
    assert found == [Verdict.COMPATIBLE, Verdict.REGRESSED]
    page = (place / "both" / "page" / "index.html").read_text("utf-8")
    assert 'data-worker="containerd, windows/amd64' in page
    assert compat(["gate", "both"]) == 1
    assert compat(["rerun", "windows"]) == 2
    assert "was run elsewhere" in capsys.readouterr().err


def test_the_client_of_other_tests_is_that_of_the_pair(place: Path) -> None:
    del place
    own = "--control own.json --candidate master.json --worker containerd --platform windows/amd64"
    line = f"adopt v0.1 master --tests-from v0.2 --client tests --out windows {own}"
    assert compat(line.split()) == 1
    ((_, run),) = cells(Path("windows"))
    assert run
    assert (run.pair.client, run.pair.axes[:1]) == ("tests", ("tests v0.2",))


def test_its_data_files_are_understood(tmp_path: Path) -> None:
    policy, entries = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "m.yaml").write_text(policy)
    assert load_matrix(tmp_path / "m.yaml").policy.platforms == ("linux/amd64", "windows/amd64")
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "a.yaml").write_text(entries)
    (entry,) = load_entries(lists, TODAY)
    assert entry.when.platform == ("windows/amd64",)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--control own.json --candidate own.json", "is given twice"),
        ("--control own.json --candidate none.json", "none.json cannot be read"),
        ("--control own.json", "Missing option '--candidate'"),
        ("--control own.json --candidate history.sqlite", "cannot be read"),
        ("--control own.json --candidate master.json --worker oci", "no test on the worker oci"),
        ("--control own.json --candidate master.json --client tests", "--client tests has no say"),
        ("--control own.json --candidate master.json --client v0.1", "scenarios call it"),
        (
            "--control own.json --candidate master.json --platform beos/ppc",
            "--platform: there is no",
        ),
    ],
)
def test_what_cannot_be_adopted_is_refused(
    place: Path, words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(place.iterdir())
    line = f"adopt v0.1 master --worker containerd --out windows {words}"
    assert compat(line.split()) == 2
    assert said in capsys.readouterr().err
    assert {it.name for it in set(place.iterdir()) - before} <= {"cache"}
