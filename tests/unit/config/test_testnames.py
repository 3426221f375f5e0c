"""Names of tests in data files: the spellings that are read, and what is said of all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.config.schema import load
from harness.config.terms import PARAMETER
from harness.config.testnames import TestName
from harness.errors import ConfigError
from harness.gotest import names
from harness.model import Record

PARAMS = ("frontend", "fileop", "network.host")
INTO = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
TIMES = "\N{MULTIPLICATION SIGN}"
FULL = "TestIntegration/TestFoo/worker=oci"


class _File(Record, frozen=True, kw_only=True):
    test: TestName


def read(folder: Path, text: str) -> str:
    file = folder / "f.yaml"
    file.write_text(f"test: '{text}'\n", "utf-8")
    return load(file, _File, name="f", words={PARAMETER: PARAMS}).test


def hint_for(folder: Path, text: str) -> str:
    """Return what is said to write instead of a name that is refused."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    assert str(caught.value).startswith(f"f:1:7: test: {text!r} is not a test function")
    return caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        *("TestFoo", "TestFoo*", "Test?oo", "TestFoo/sub", "TestFoo/windows/amd64", "TestFoo/*"),
        *("TestFoo/warntype=progress#02", "TestFoo/a[0]", "TestFoo/a#01", "TestIntegrationOfAll"),
    ],
)
def test_a_function_and_a_subtest_are_read_as_written(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == text


INSTEAD = {
    "TestIntegration/TestFoo": "TestFoo",
    "TestIntegration/TestFoo/sub": "TestFoo/sub",
    FULL: "TestFoo, with worker: oci",
    f"{FULL}/frontend=gateway": "TestFoo, with worker: oci",
    f"{FULL}/frontend=gateway#01": "TestFoo, with worker: oci",
    f"{FULL}/fileop=false/frontend=gateway/sub/x": (
        'TestFoo/sub/x, with worker: oci, with params: {fileop: "false"}'
    ),
    f"{FULL}/frontend=gateway/warntype=progress#01": (
        "TestFoo/warntype=progress#01, with worker: oci"
    ),
    "TestIntegration/slice=1-4/TestFoo/worker=oci-rootless/frontend=gateway": (
        "TestFoo, with worker: oci-rootless"
    ),
    "TestFoo/worker=oci": "TestFoo, with worker: oci",
    "TestFoo/fileop=false": 'TestFoo, with params: {fileop: "false"}',
    "TestFoo/frontend=gateway/sub": "TestFoo/sub",
    "TestFoo[fileop=false]": 'TestFoo, with params: {fileop: "false"}',
    f"TestFoo[fileop=false,network.host=denied] {INTO} sub": (
        'TestFoo/sub, with params: {fileop: "false", network.host: "denied"}'
    ),
    f"TestFoo {INTO} windows/amd64": "TestFoo/windows/amd64",
    "TestFoo#01": "TestFoo",
    f"TestFoo#01 {INTO} sub": "TestFoo/sub",
    "TestFoo/a subtest": "TestFoo/a_subtest",
    "testFoo": "TestFoo",
    "--- FAIL: TestFoo (0.01s)": "TestFoo",
    f"    --- FAIL: {FULL}/frontend=gateway (12.01s)": "TestFoo, with worker: oci",
    f"=== RUN   {FULL}": "TestFoo, with worker: oci",
    f"v0.6.4 {TIMES} master.labs-oci.{FULL}": "TestFoo, with worker: oci",
    "TestIntegration/Test*/worker=oci": "Test*, with worker: oci",
}


@pytest.mark.parametrize(("text", "instead"), INSTEAD.items())
def test_another_spelling_is_refused_with_the_one_to_write(
    tmp_path: Path, text: str, instead: str
) -> None:
    assert hint_for(tmp_path, text) == f"write test: {instead}"
    name = instead.partition(",")[0]
    assert read(tmp_path, name) == name


@pytest.mark.parametrize("text", ["TestIntegration", "Foo", "TestFoo/", "./...", "TestFoo//", "ok"])
def test_what_is_no_name_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    assert hint_for(tmp_path, text) in {
        "write for example TestDefaultShellAndPath/windows/amd64",
        "write test: TestFoo",
    }


def test_a_name_that_was_cut_short_is_told_as_one(tmp_path: Path) -> None:
    assert "cut short" in hint_for(tmp_path, f"{FULL}/a…")


@pytest.mark.parametrize("below", ["", "/sub", "/sub/deep", "/k=v", "#01", "#01/sub"])
@pytest.mark.parametrize("params", ["/frontend=gateway", "/fileop=false/frontend=gateway"])
def test_every_spelling_of_a_report_leads_to_a_name_that_is_read(
    tmp_path: Path, params: str, below: str
) -> None:
    full = f"{FULL}{params}{below}"
    key = names.parse(full, full.partition("/sub")[0].partition("/k=")[0])
    wanted = "/".join(filter(None, [key.function, key.subtest]))
    for spelling in (full, names.display(full, {full.removesuffix(below)} if "=" in below else ())):
        if spelling == wanted:
            continue
        told = hint_for(tmp_path, spelling).removeprefix("write test: ")
        assert told.partition(",")[0] == wanted
        assert ("fileop" in told) is ("fileop" in params)
