"""`compat lists` on MiniKit: what holds, and what does not."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.demo_program import MINIKIT, Program

pytestmark = pytest.mark.e2e

ENTRY = """
  - test: [{test}]
    status: flaky
    reason: planted
    issue: https://example.com/1
"""
PATCH = """
  - file: planted.patch
    side: suite
    reason: planted
    link: https://example.com/1
"""
DIFF = """\
--- a/version/toolchain.go
+++ b/version/toolchain.go
@@ -1,2 +1,2 @@
-//go:build go1.20
+//go:build planted
\x20
"""


def _check(program: Program, data: Path, *words: str) -> tuple[int, str, str]:
    repository = program.words("v0.1", "master")[4]
    given = ("--repo", repository, "--data", str(data), *words)
    return program.run("lists", "check", *given, out=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MINIKIT, tmp_path / "data"))


def _add(file: Path, text: str) -> None:
    file.write_text(file.read_text("utf-8") + text, "utf-8")


def test_what_holds_is_counted(program: Program) -> None:
    code, out, err = _check(program, MINIKIT)
    assert code == 0, err
    assert out.endswith("1 entry with 3 names of tests\n2 floors\nall of it holds\n")


def test_an_entry_may_be_about_a_scenario(program: Program, data: Path) -> None:
    lists = data / "skiplists" / "fileop.yaml"
    _add(lists, ENTRY.format(test="TestScenarioCopyLinks, TestScenarioNoSuch"))
    code, out, err = _check(program, data, "--json")
    assert code == 2, err
    (told,) = json.loads(out)["wrong"]
    assert told["what"].startswith("TestScenarioNoSuch: none of the tests")


def test_all_that_does_not_hold_is_told_at_once(program: Program, data: Path) -> None:
    lists = data / "skiplists" / "fileop.yaml"
    nowhere = "0123456789" * 4
    _add(lists, ENTRY.format(test="TestExportLabels, TestNoSuch"))
    _add(lists, ENTRY.format(test="TestExportLabels") + "    when: {daemon: '>=0.1'}\n")
    lacking = f"    when: {{lacks: {{daemon: {nowhere}}}}}\n"
    _add(lists, ENTRY.format(test="TestCopySymlinks") + lacking)
    _add(data / "patches" / "v0.1" / "series.yaml", PATCH)
    (data / "patches" / "v0.1" / "planted.patch").write_text(DIFF, "utf-8")
    code, out, err = _check(program, data, "--json")
    assert code == 2, err
    told = json.loads(out)
    where = [it["where"].rpartition("/")[2] for it in told["wrong"]]
    lines = [f"fileop.yaml:{line}:5" for line in (30, 19, 24)]
    assert where == [lines[0], "series.yaml:11:5", "series.yaml:11:5", *lines[1:]]
    strange, old, new, name, behind = (it["what"] for it in told["wrong"])
    assert strange == f"no tag or branch leads to a commit {nowhere}"
    assert re.fullmatch(r"v0\.1/planted\.patch does not apply to 2 commits, .*hunk at line 1", old)
    assert new.endswith("version/toolchain.go is not in this tree")
    assert name.startswith("TestNoSuch: none of the tests")
    assert behind.startswith("TestExportLabels: skiplists/fileop.yaml:19:5 stands before it")
    code, out, _ = _check(program, data)
    assert (code, out.splitlines()[-1]) == (2, "5 things to mend")


def test_what_has_expired_is_told_with_its_place(program: Program, data: Path) -> None:
    _add(data / "skiplists" / "fileop.yaml", "    expires: 2024-02-29\n")
    code, out, err = _check(program, data)
    assert (code, out) == (2, "")
    assert "fileop.yaml:" in err
    assert "the entry expired on 2024-02-29" in err


EXPECTED = """
  - test: [TestExportLabels, TestEmptyDestDir]
    when: {daemon: '>=0.2'}
    status: expected-failure
    signature: planted
    reason: planted
    issue: https://example.com/1
  - test: [TestNoSuch]
    status: skip
    reason: planted
    issue: https://example.com/1
"""


def test_what_is_stale_is_found_by_running_it(program: Program, data: Path) -> None:
    """Three names without fileop are needed; one passes, one fails otherwise, one is none."""
    _add(data / "skiplists" / "fileop.yaml", EXPECTED)
    words = program.words("v0.2", "master", "--tests", "TestExportLabels", "--reruns", "0")
    words[words.index(str(MINIKIT))] = str(data)
    code, _, err = program.run(*words)
    assert code == 0, err
    given = ("--repo", words[words.index("--repo") + 1], "--data", str(data))
    code, out, err = program.run("lists", "audit", str(program.latest()), *given, "--json")
    assert code == 2, err
    found = [(it["test"], it["finding"]) for it in json.loads(out)["names"]]
    fileop = ("TestCopyWildcards", "TestEmptyDestDir", "TestWorkdirCopyRelative")
    planted = [
        ("TestExportLabels", "passes"),
        ("TestEmptyDestDir", "fails otherwise"),
        ("TestNoSuch", "does nothing"),
    ]
    assert found == [*((name, "needed") for name in fileop), *planted]
