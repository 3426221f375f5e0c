from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.conditions import Condition, Facts, Versions
from harness.config.datadir import find_data
from harness.config.needs import Has
from harness.config.skiplists import (
    MAX_SIGNATURE,
    Entry,
    Signature,
    applicable,
    load_entries,
)
from harness.config.yamlfile import Complaint, Place
from harness.errors import ConfigError
from harness.model import Channel, Commit, Status

TODAY = date(2026, 11, 23)
ENTRY = """\
  - test: TestFoo
    status: expected-failure
    signature: 'no such \\w+'
    reason: because
    issue: https://github.com/moby/buildkit/issues/1
"""


def entry(
    *tests: str,
    worker: tuple[str, ...] = (),
    params: dict[str, str] | None = None,
    when: Condition | None = None,
) -> Entry:
    return Entry(
        place=Place("/data/skiplists/x.yaml", 7, 5),
        test=tests,
        status=Status.FLAKY,
        reason="because",
        issue="https://github.com/moby/buildkit/issues/1",
        worker=worker,
        params=params or {},
        when=when or Condition(),
    )


def write(folder: Path, name: str, *entries: str) -> None:
    (folder / name).write_text("entries:\n" + "".join(entries), encoding="utf-8")


def complaint(folder: Path, today: date = TODAY) -> str:
    with pytest.raises(ConfigError) as caught:
        load_entries(folder, today)
    return str(caught.value).removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("pattern", "function", "subtest", "wanted"),
    [
        ("TestFoo", "TestFoo", "", True),
        ("TestFoo", "TestFooBar", "", False),
        ("TestFoo", "TestFoo", "sub", False),
        ("TestFoo*", "TestFooBar", "", True),
        ("TestFoo?", "TestFoo", "", False),
        ("TestFoo/sub", "TestFoo", "sub", True),
        ("TestFoo/sub", "TestFoo", "", False),
        ("TestFoo/windows/amd64", "TestFoo", "windows/amd64", True),
        ("TestFoo/windows/amd64", "TestFoo", "windows/arm64", False),
        ("TestFoo/*", "TestFoo", "windows/amd64", True),
        ("TestFoo/*", "TestFoo", "", False),
        ("TestFoo/a[0]", "TestFoo", "a[0]", True),
        ("TestFoo/a[0]", "TestFoo", "a0", False),
        ("TestFoo/x#01", "TestFoo", "x#01", True),
        ("testfoo", "TestFoo", "", False),
    ],
)
def test_a_pattern_matches_function_and_subtest(
    *, pattern: str, function: str, subtest: str, wanted: bool
) -> None:
    assert entry(pattern).matches_test(function, "oci", {}, subtest) is wanted


def test_any_of_several_patterns_will_do() -> None:
    both = entry("TestFoo", "TestBar*")
    assert both.matches_test("TestBarrel", "oci", {}, "")
    assert not both.matches_test("TestFooled", "oci", {}, "")


def test_the_worker_must_be_one_of_those_named() -> None:
    assert entry("TestFoo", worker=("oci", "containerd")).matches_test("TestFoo", "oci", {}, "")
    assert not entry("TestFoo", worker=("containerd",)).matches_test("TestFoo", "oci", {}, "")


def test_named_parameters_must_be_so_and_others_do_not_matter() -> None:
    wanted = entry("TestFoo", params={"fileop": "false"})
    given = {"fileop": "false", "frontend": "gateway"}
    assert wanted.matches_test("TestFoo", "oci", given, "")
    assert not wanted.matches_test("TestFoo", "oci", {"fileop": "true"}, "")
    assert not wanted.matches_test("TestFoo", "oci", {}, "")


@settings(deadline=None)
@given(name=st.from_regex(r"\ATest\w{0,10}(/[^\s/]{1,5}){0,2}\Z"))
def test_a_name_without_wildcards_matches_itself(name: str) -> None:
    function, _, subtest = name.partition("/")
    assert entry(name).matches_test(function, "oci", {}, subtest)


def test_where_an_entry_stands_is_told_below_the_data_folder() -> None:
    assert entry("TestFoo").where == "skiplists/x.yaml:7"


def test_a_signature_is_searched_in_the_failure(tmp_path: Path) -> None:
    write(tmp_path, "x.yaml", ENTRY)
    (known,) = load_entries(tmp_path, TODAY)
    assert known.explains("line 1\nopen /x: no such file\n")
    assert not known.explains("connection refused")


def test_an_entry_without_signature_explains_any_failure() -> None:
    assert entry("TestFoo").explains("whatever")


def test_only_entries_whose_condition_holds_apply_and_keep_their_order() -> None:
    commit = Commit(
        asked="v",
        ref="v",
        sha="a" * 40,
        date="2020-01-01",
        line="v0.6",
        version="0.6.4",
        dockerfile="1.1.0",
    )
    facts = Facts(
        daemon=commit,
        frontend=commit,
        worker="oci",
        backend="native",
        channel=Channel.LABS,
        offline=True,
        contains=lambda _commit, _sha: False,
    )
    first, other, last = (
        entry("TestB"),
        entry("TestC", when=Condition(daemon=Versions(">=0.7"))),
        entry("TestA", when=Condition(daemon=Versions("<0.7"))),
    )
    assert applicable([first, other, last], facts, Has(network=True)) == (first, last)


def test_files_are_read_by_name_and_other_files_left_alone(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml"):
        write(tmp_path, name, ENTRY.replace("TestFoo", f"Test{name[0].upper()}"))
    (tmp_path / "README.md").touch()
    assert [known.test for known in load_entries(tmp_path, TODAY)] == [("TestA",), ("TestB",)]


WRONG = [
    ("    reason: because\n", "", "x.yaml:2:5: entries[0]: the key `reason` is missing"),
    ("    issue: https:", "    # ", "x.yaml:2:5: entries[0]: the key `issue` is missing"),
    ("https://github.com", "github.com", "x.yaml:6:12: entries[0].issue: 'github.com/moby/"),
    ("    signature: 'no such \\w+'\n", "", "x.yaml:2:5: entries[0]: an expected failure needs"),
    ("expected-failure", "skip", "x.yaml:4:16: entries[0].signature: a test that is not run"),
    ("expected-failure", "xfail", "x.yaml:3:13: entries[0].status: 'xfail' is not known here"),
    ("'no such \\w+'", "'('", "x.yaml:4:16: entries[0].signature: is no regular expression"),
    ("'no such \\w+'", "'[[a]'", "x.yaml:4:16: entries[0].signature: is no regular expression"),
    ("'no such \\w+'", "'.*'", "x.yaml:4:16: entries[0].signature: matches any failure at all"),
    ("'no such \\w+'", "x" * (MAX_SIGNATURE + 1), "x.yaml:4:16: entries[0].signature: is longer"),
    ("test: TestFoo", "test: Foo", "x.yaml:2:11: entries[0].test: 'Foo' is not a test function"),
    ("test: TestFoo", "test: []", "x.yaml:2:11: entries[0].test: is an empty list"),
    (
        "test: TestFoo",
        "test: TestIntegration/TestFoo bar",
        "x.yaml:2:11: entries[0].test: 'TestIntegration/TestFoo bar' is not a test function",
    ),
    (
        "status:",
        "params: {fileop: false}\n    status:",
        "x.yaml:3:22: entries[0].params.fileop: 'false' is a boolean to YAML, not a text",
    ),
    (
        "status:",
        "expires: 2026-11-22\n    status:",
        "x.yaml:2:5: expires: the entry expired on 2026-11-22",
    ),
    ("status:", "expires: soon\n    status:", "x.yaml:3:14: entries[0].expires: 'soon' is no date"),
]


@pytest.mark.parametrize(("old", "new", "wanted"), WRONG)
def test_a_wrong_entry_is_told_with_its_place(
    old: str, new: str, wanted: str, tmp_path: Path
) -> None:
    assert old in ENTRY
    write(tmp_path, "x.yaml", ENTRY.replace(old, new, 1))
    assert complaint(tmp_path).startswith(wanted)


def test_an_entry_holds_through_its_last_day(tmp_path: Path) -> None:
    write(tmp_path, "x.yaml", ENTRY.replace("status:", "expires: 2026-11-23\n    status:"))
    assert load_entries(tmp_path, TODAY)[0].expires == TODAY


def test_the_same_case_twice_is_told_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", ENTRY)
    write(tmp_path, "b.yaml", ENTRY.replace("TestFoo", "[TestBar, TestFoo]"))
    message = complaint(tmp_path)
    assert message.startswith("b.yaml:2:5: test: TestFoo stands in ")
    assert message.endswith("a.yaml:2 already, for the same case")


def test_one_test_twice_in_one_entry_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", ENTRY.replace("TestFoo", "[TestFoo, TestFoo]"))
    assert "a.yaml:2:5: test: TestFoo stands in " in complaint(tmp_path)


def test_the_same_test_under_another_condition_is_another_case(tmp_path: Path) -> None:
    other = ENTRY.replace("status:", "when: {offline: true}\n    status:")
    write(tmp_path, "a.yaml", ENTRY, other)
    assert len(load_entries(tmp_path, TODAY)) == 2


FLAKY = ENTRY.replace("expected-failure", "flaky")


def test_a_budget_is_read_from_a_file(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", FLAKY.replace("status:", "budget: 0.25\n    status:"))
    (known,) = load_entries(tmp_path, TODAY)
    assert known.budget == 0.25
    assert known.affords(2, 8)
    assert not known.affords(3, 8)


def test_a_budget_of_anything_but_a_flaky_test_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", ENTRY.replace("status:", "budget: 0.25\n    status:"))
    told = "a.yaml:3:13: entries[0].budget: only a flaky test has a budget"
    assert complaint(tmp_path) == told


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_entries(tmp_path / "none", TODAY)


@settings(deadline=None)
@given(text=st.text(max_size=20) | st.text("()[]{}*+?|^$\\,0123456789ab:", max_size=20))
def test_any_text_is_a_signature_or_complained_about(text: str) -> None:
    try:
        signature = Signature(text)
    except Complaint as caught:
        assert caught.hint  # noqa: PT017 - either outcome is right
    else:
        assert not signature.found_in("")
        assert signature == Signature(text)
        assert hash(signature) == hash(Signature(text))


def test_the_shipped_lists_know_both_wordings_of_the_fileop_refusal() -> None:
    entries = load_entries(find_data(None, {}).skiplists, TODAY)
    (known,) = [e for e in entries if e.matches_test("TestWorkdirUser", "oci", FILEOP, "")]
    for wording in (
        'support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in BuildKit 0.11',
        'support for "build-arg:BUILDKIT_DISABLE_FILEOP" was removed in BuildKit 0.11',
    ):
        assert known.explains(f"failed to solve: rpc error: {wording}\n")
    assert not known.explains("failed to solve: BUILDKIT_DISABLE_FILEOP")
    for function in ("TestCopySymlinks", "TestCacheMountUser", "TestTarContextExternalDockerfile"):
        assert known.matches_test(function, "containerd", FILEOP, "")
    assert not known.matches_test("TestAddURLChmod", "oci", FILEOP, "")
    assert not known.matches_test("TestWorkdirUser", "oci", {"fileop": "true"}, "")


FILEOP = {"fileop": "false", "frontend": "gateway"}
