"""Selections, checked against a model of Go's own matching."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.gotest import selection
from harness.gotest.selection import paths_of, paths_of_entry, quote, select, select_names, skip
from tests.support.go_matching import runs, split

HOSTILE = "ab1=#.*+?()[]{}^$|\\/_-\u65e5"
ELEMENTS = st.text(alphabet=HOSTILE.replace("/", ""), max_size=5)
SANDBOXES = st.builds(
    "TestIntegration/{}Test{}/worker={}{}".format,
    st.sampled_from(["", "", "slice=1-4/"]),
    st.text(alphabet="AbC1", max_size=3),
    st.sampled_from(["oci", "oci-rootless", "containerd"]),
    st.sampled_from(["", "/frontend=gateway", "/fileop=false/frontend=gateway", "/a=b#01"]),
)
NAMES = st.one_of(
    SANDBOXES,
    st.builds("{}/{}".format, SANDBOXES, ELEMENTS),
    st.builds("Test{}/{}/{}".format, st.text(alphabet="Ab", max_size=2), ELEMENTS, ELEMENTS),
)


def below(name: str, chosen: set[str]) -> bool:
    return any((name + "/").startswith(top + "/") for top in chosen)


@settings(deadline=None, max_examples=40)
@given(ELEMENTS, ELEMENTS)
def test_a_quoted_element_matches_itself_alone(element: str, other: str) -> None:
    assert runs(element, quote(element))
    assert runs(other, quote(element)) == (other == element)
    assert split(quote(element)) == [[quote(element)]]


@settings(deadline=None, max_examples=40)
@given(st.sets(NAMES, max_size=8), st.sets(NAMES, min_size=1, max_size=4))
def test_paths_skip_the_named_tests_and_what_is_below_and_nothing_else(
    others: set[str], chosen: set[str]
) -> None:
    value = skip(paths_of(chosen), 20)
    for name in others | chosen | {f"{name}/sub" for name in chosen}:
        assert runs(name, "", value) != below(name, chosen)


@settings(deadline=None, max_examples=40)
@given(st.sets(SANDBOXES, max_size=8), st.sets(SANDBOXES, min_size=1, max_size=4))
@pytest.mark.parametrize("go_minor", [18, 19, 26])
def test_selecting_names_runs_them_all_once_and_no_other(
    go_minor: int, others: set[str], chosen: set[str]
) -> None:
    values = select_names(chosen, go_minor)
    assert len(values) == 1 or go_minor < 19
    for name in others | chosen:
        times = sum(runs(name, value) for value in values)
        ancestor = any(top.startswith(name + "/") for top in chosen)
        if ancestor:
            continue  # Go runs a parent to reach what is below it
        assert (times > 0) == below(name, chosen)
        assert times <= 1 + sum(below(name, {top}) for top in chosen)


def test_before_go_1_19_no_bar_stands_between_paths() -> None:
    names = [f"TestIntegration/Test{c}/worker=oci{rest}" for c in "AB" for rest in ("", "/x=1")]
    values = select_names(names, 18)
    assert len(values) == 2
    assert all(len(split(value)) == 1 for value in values)


def test_a_subtest_is_run_again_with_its_sandbox() -> None:
    sandbox = "TestIntegration/TestFn/worker=oci/frontend=gateway"
    assert select_names([f"{sandbox}/windows/amd64"], 26) == select_names([sandbox], 26)
    subtest = f"{sandbox}/warntype=progress#02"
    assert select_names([subtest], 26, {sandbox, subtest}) == select_names([sandbox], 26)


def test_nothing_selects_nothing() -> None:
    assert select_names([], 26) == []
    assert skip([], 18) == ""


def test_tests_that_differ_in_the_function_alone_share_a_path() -> None:
    names = [f"TestIntegration/Test{c}/worker=oci/frontend=gateway" for c in "ABC"]
    assert select_names(names, 26) == [
        "^TestIntegration$/^(?:TestA|TestB|TestC)$/^worker=oci$/^frontend=gateway$"
    ]


def test_a_thousand_tests_fit_and_more_than_fit_come_in_batches() -> None:
    names = [f"TestIntegration/Test{n}/worker=oci/key={n}/frontend=gateway" for n in range(4_000)]
    values = select_names(names, 26)
    assert 1 < len(values) < 10
    assert all(len(value) <= selection.ARGUMENT_LIMIT for value in values)
    assert sum(len(split(value)) for value in values) == len(names)
    assert len(select_names(names[:1_000], 26)) == 1
    with pytest.raises(UsageError, match="one argument"):
        skip(paths_of(names), 26)


WORKERS = ["oci", "oci-rootless", "containerd", "containerd-rootless"]
FUNCTIONS = ["TestCopy", "TestCopyChown", "TestXCopy", "TestAddGit"]
ALL = [
    f"TestIntegration/{function}/worker={worker}/frontend=gateway"
    for function in FUNCTIONS
    for worker in WORKERS
]


@pytest.mark.parametrize(
    ("tests", "functions"),
    [
        ([], FUNCTIONS),
        (["TestCopy*"], ["TestCopy", "TestCopyChown"]),
        (["TestCopy"], ["TestCopy"]),
        (["TestCopy", "*Git"], ["TestCopy", "TestAddGit"]),
        (["Test?Copy"], ["TestXCopy"]),
        (["Test[A-Z]*"], []),
        (["TestCopy|TestAddGit"], []),
        ([".*"], []),
    ],
)
def test_globs_choose_functions_on_the_one_worker(tests: list[str], functions: list[str]) -> None:
    value = select(tests, worker="oci")
    chosen = [name for name in ALL if runs(name, value)]
    assert chosen == [f"TestIntegration/{fn}/worker=oci/frontend=gateway" for fn in functions]
    assert runs("TestIntegration", value)
    assert not runs("TestIntegrationMore", value)


def test_a_suite_is_selected_by_the_value_that_works_on_every_line() -> None:
    assert select(worker="oci") == "^TestIntegration$/.*/^worker=oci$"


def test_a_slice_stands_where_upstream_reads_it() -> None:
    name = "TestIntegration/slice=1-4/TestCopy/worker=oci"
    (value,) = select_names([name], 26)
    assert value.split("/")[1] == "slice=1-4"
    assert runs("TestIntegration/slice=1-4/TestCopy/worker=oci/frontend=gateway", value)
    assert not runs("TestIntegration/slice=2-4/TestCopy/worker=oci/frontend=gateway", value)


@pytest.mark.parametrize("glob", ["TestCopy/windows", ""])
def test_a_glob_is_about_a_function(glob: str) -> None:
    with pytest.raises(UsageError, match="no pattern for a test function"):
        select([glob], worker="oci")


@pytest.mark.parametrize(
    ("params", "subtest", "skipped"),
    [
        ({}, "", ["", "/frontend=gateway", "/fileop=false/frontend=gateway", "/a=1/b=2/sub"]),
        ({"fileop": "false"}, "", ["/fileop=false", "/env=x/fileop=false/frontend=gateway/sub"]),
        ({"frontend": "gateway", "fileop": "false"}, "", ["/fileop=false/frontend=gateway"]),
        ({}, "windows/amd64", ["/windows/amd64", "/a=1/b=2/windows/amd64/x"]),
        ({"a": "1"}, "win*", ["/a=1/windows", "/a=1/b=2/windows/amd64"]),
    ],
)
def test_an_entry_is_skipped_wherever_its_values_stand(
    params: dict[str, str], subtest: str, skipped: list[str]
) -> None:
    value = skip(paths_of_entry("TestFn", worker="oci", params=params, subtest=subtest), 26)
    for rest in skipped:
        assert not runs(f"TestIntegration/TestFn/worker=oci{rest}", "", value), rest
        assert runs(f"TestIntegration/TestFnMore/worker=oci{rest}", "", value)
        assert runs(f"TestIntegration/TestFn/worker=oci-rootless{rest}", "", value)
    assert runs("TestIntegration", "", value)
    if params or subtest:
        for rest in ("", "/frontend=gateway", "/fileop=true/frontend=gateway", "/a=2/windows/x"):
            if params or "windows/amd64" in subtest:
                assert runs(f"TestIntegration/TestFn/worker=oci{rest}", "", value), rest


def test_an_entry_for_every_worker_skips_on_each() -> None:
    value = skip(paths_of_entry("TestCopy*"), 26)
    assert [name for name in ALL if runs(name, "", value)] == [
        name for name in ALL if "/TestCopy" not in name
    ]


def test_a_longer_alternative_does_not_hide_a_shorter_one() -> None:
    whole = "TestIntegration/TestFn/worker=oci/frontend=gateway"
    value = skip([*paths_of([f"{whole}/a/sub"]), *paths_of([whole])], 26)
    assert not runs(whole, "", value)
    hidden = "|".join([*paths_of([f"{whole}/a/sub"]), *paths_of([whole])])
    assert runs(whole, "", hidden), "Go stops at the first alternative that matches so far"


def test_before_go_1_20_there_is_no_skip() -> None:
    with pytest.raises(UsageError, match=r"Go 1\.19 has no -test\.skip") as caught:
        skip(paths_of(ALL), 19)
    assert "lines.yaml" in caught.value.hint


THERE = frozenset({"TestCopy", "TestCopyWildcards", "TestMount"})


@pytest.mark.parametrize("glob", ["TestCopy", "TestCopy*", "Test?ount", "*"])
def test_a_glob_that_names_functions_may_be_asked_for(glob: str) -> None:
    selection.check([glob], THERE, "v0.6.4")


@pytest.mark.parametrize(
    ("glob", "hint"),
    [
        ("TestMuont", "did you mean TestMount?"),
        ("testCopy", "did you mean TestCopy?"),
        ("TestMount[fileop=false]", "did you mean TestMount?"),
        ("TestMount#01", "did you mean TestMount?"),
        ("Nothing*", "one that there is: TestCopy; * is any text"),
    ],
)
def test_a_glob_that_names_no_function_is_refused(glob: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        selection.check(["TestCopy", glob], THERE, "v0.6.4")
    assert str(caught.value) == f"--tests: there is no test function {glob!r} in v0.6.4"
    assert caught.value.hint == hint


@pytest.mark.parametrize("glob", ["test_check_*", "test_check_errors", "TestCheckError"])
def test_a_scenario_by_its_name_in_pytest_is_told_its_name_here(glob: str) -> None:
    there = {"TestScenarioAdd", "TestScenarioCheckError", "TestScenarioMountCache_id"}
    with pytest.raises(UsageError) as caught:
        selection.check([glob], there, "v0.6.4")
    assert caught.value.hint == "did you mean TestScenarioCheckError?"


def test_where_no_function_is_known_any_glob_will_do() -> None:
    selection.check(["TestNoSuch"], (), "v0.6.4")
