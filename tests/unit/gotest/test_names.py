"""Names as upstream builds them, and names that only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gotest.names import TestKey, display, parse, prefixes, sandbox_name

FN = "TestIntegration/TestFn/worker=oci"
ELEMENT = st.one_of(
    st.sampled_from(["TestIntegration", "TestFn", "worker=oci", "frontend=gateway", "slice=1-4"]),
    st.text(alphabet="ab=#01/-", max_size=6),
)
NAMES = st.lists(ELEMENT, max_size=7).map("/".join)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (
            f"{FN}/fileop=false/frontend=gateway/windows/amd64",
            TestKey(
                root="TestIntegration",
                function="TestFn",
                worker="oci",
                params=(("fileop", "false"), ("frontend", "gateway")),
                subtest="windows/amd64",
            ),
        ),
        (
            "TestIntegration/slice=2-4/TestFn/worker=oci-rootless/frontend=gateway#01/sub",
            TestKey(
                root="TestIntegration",
                function="TestFn",
                worker="oci-rootless",
                params=(("frontend", "gateway"),),
                repeat="#01",
                subtest="sub",
                slice="2-4",
            ),
        ),
        (f"{FN}#01", TestKey("TestIntegration", "TestFn", "oci", repeat="#01")),
        ("TestIntegration", TestKey("TestIntegration")),
        ("TestUnit/case/a=b", TestKey("TestUnit", subtest="case/a=b")),
        ("TestUnit/TestFn/not-a-worker", TestKey("TestUnit", subtest="TestFn/not-a-worker")),
        ("", TestKey("")),
    ],
)
def test_a_name_is_taken_apart(name: str, key: TestKey) -> None:
    assert parse(name) == key


def test_a_subtest_that_looks_like_a_matrix_value_is_told_by_the_known_names() -> None:
    sandbox = "TestIntegration/TestCopyIgnoredFiles/worker=oci/frontend=gateway"
    name = f"{sandbox}/warntype=progress#02"
    assert sandbox_name(name, {sandbox, name}) == sandbox
    assert parse(name, sandbox).subtest == "warntype=progress#02"
    assert parse(name, sandbox).params == (("frontend", "gateway"),)
    assert sandbox_name(name) == name
    assert parse(name).params == (("frontend", "gateway"), ("warntype", "progress"))


def test_the_known_sandbox_holds_in_a_sliced_run_as_well() -> None:
    sandbox = "TestIntegration/slice=1-4/TestFn/worker=oci/frontend=gateway"
    name = f"{sandbox}/warntype=progress"
    assert sandbox_name(name, {sandbox}) == sandbox
    assert parse(name, sandbox).subtest == "warntype=progress"


def test_the_root_is_no_sandbox_although_it_is_a_known_prefix() -> None:
    assert sandbox_name(f"{FN}/frontend=gateway", {"TestIntegration"}) == f"{FN}/frontend=gateway"


def test_every_slash_of_a_name_may_end_a_parent() -> None:
    assert list(prefixes("TestA/x//y/")) == ["TestA", "TestA/x", "TestA/x/", "TestA/x//y"]
    assert list(prefixes("TestA")) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (f"{FN}/frontend=gateway", "TestFn"),
        (f"{FN}/fileop=false/frontend=gateway/a/b", "TestFn[fileop=false] \u203a a/b"),
        (f"{FN}/frontend=builtin", "TestFn[frontend=builtin]"),
        (f"{FN}/frontend=gateway#01", "TestFn#01"),
        ("TestIntegration", "TestIntegration"),
        ("TestUnit/case", "TestUnit/case"),
    ],
)
def test_people_read_what_tells_tests_apart(name: str, shown: str) -> None:
    assert display(name) == shown


@settings(deadline=None, max_examples=60)
@given(NAMES)
def test_any_name_is_accepted_and_a_sandbox_is_a_path_prefix_of_its_test(name: str) -> None:
    sandbox = sandbox_name(name)
    assert (name + "/").startswith(sandbox + "/")
    assert sandbox_name(sandbox) == sandbox
    assert parse(name).root == name.split("/", maxsplit=1)[0]
    assert display(name) or not name


def test_a_name_of_a_million_elements_is_taken_apart_at_once() -> None:
    name = f"{FN}/{'a=b/' * 1_000_000}"
    assert parse(name) == TestKey(root="TestIntegration", subtest=name.partition("/")[2])
    assert sandbox_name(name) == display(name) == name
