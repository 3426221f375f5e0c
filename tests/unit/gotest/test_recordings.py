"""Recorded runs of BuildKit's own suites, read whole; the figures are those of the real runs."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.gotest.logs import split_daemon_log
from harness.gotest.names import display
from harness.gotest.reasons import error_line
from harness.model import Outcome, Reason
from tests.support import streams

ALL = {
    "v0.3.3-own.test2json": (7, 32, 5),
    "v0.6.4-own.test2json": (75, 18, 7),
    "v0.6.4-master.test2json": (72, 21, 7),
    "v0.6.4-own.plain-v": (68, 25, 7),
    "v0.12.5-own.test2json": (148, 4, 24),
    "v0.12.5-master.test2json": (145, 7, 24),
    "v0.16.0-own.test2json": (321, 7, 24),
}
"""Leaves that passed, failed, skipped."""


def failing(heard: streams.Heard) -> set[str]:
    names = heard.leaves
    return {display(name, names) for name in names if heard.outcomes[name].failing}


@pytest.mark.parametrize(("name", "counts"), ALL.items())
def test_the_leaves_are_counted_as_in_the_real_run(name: str, counts: tuple[int, ...]) -> None:
    heard = streams.read(streams.recording(name))
    seen = Counter(heard.outcomes[leaf] for leaf in heard.leaves)
    assert (seen[Outcome.PASS], seen[Outcome.FAIL], seen[Outcome.SKIP]) == counts
    assert sum(seen.values()) == sum(counts)
    assert not heard.parsed.broken


@pytest.mark.parametrize("name", ALL)
def test_a_stream_that_ends_anywhere_never_gains_a_pass(name: str) -> None:
    data = streams.recording(name)
    whole = streams.read(data).outcomes
    for fifth in range(5):
        cut = streams.read(data[: len(data) * fifth // 5], None).outcomes
        passed = {test for test, outcome in cut.items() if outcome is Outcome.PASS}
        assert {whole[test] for test in passed if test in whole} <= {Outcome.PASS}


def test_what_flips_between_control_and_candidate_is_what_flipped() -> None:
    old = failing(streams.read(streams.recording("v0.12.5-own.test2json")))
    new = failing(streams.read(streams.recording("v0.12.5-master.test2json")))
    assert new - old == {
        "TestDefaultShellAndPath \u203a windows/amd64",
        "TestMountInvalid",
        "TestMultiPlatformWarnings",
    }
    assert old <= new
    old = failing(streams.read(streams.recording("v0.6.4-own.test2json")))
    new = failing(streams.read(streams.recording("v0.6.4-master.test2json")))
    assert new - old == {
        "TestCacheMountUser[fileop=false]",
        "TestWorkdirExists[fileop=false]",
        "TestWorkdirUser[fileop=false]",
    }


def test_a_mirror_that_fails_is_the_parents_own_failure_and_ends_the_enumeration() -> None:
    heard = streams.read(streams.recording("v0.12.5-own.test2json"))
    assert "TestIntegration" not in heard.leaves
    root = heard.result("TestIntegration")
    assert (root.outcome, root.reason) == (Outcome.FAIL, Reason.NETWORK)
    assert "amd64/debian" in root.error
    assert any("had not begun" in note for note in heard.parsed.notes)
    assert heard.parsed.parents["TestIntegration"] is Outcome.FAIL


def test_a_parent_that_fails_with_its_children_is_not_judged() -> None:
    heard = streams.read(streams.recording("v0.6.4-master.test2json"))
    assert "TestIntegration" not in heard.outcomes
    assert heard.parsed.parents["TestIntegration"] is Outcome.FAIL
    assert set(heard.outcomes) == set(heard.leaves)
    assert heard.parsed.notes == ()


@pytest.mark.parametrize(
    ("name", "test", "line"),
    [
        (
            "v0.6.4-master.test2json",
            "TestCacheMountUser[fileop=false]",
            'support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in BuildKit 0.11',
        ),
        (
            "v0.12.5-master.test2json",
            "TestMountInvalid",
            (
                '"dockerfile parse error on line 3: unknown flag: --mont (did you mean mount?)"'
                ' does not contain "unknown flag: mont"'
            ),
        ),
        (
            "v0.12.5-master.test2json",
            "TestDefaultShellAndPath \u203a windows/amd64",
            (
                r'Not equal: expected: []string{"PATH=c:\\Windows\\System32;c:\\Windows"}'
                " actual  : []string(nil)"
            ),
        ),
        (
            "v0.3.3-own.test2json",
            "TestDockerfileDirs",
            (
                "docker.io/docker/dockerfile-copy:v0.1.9@sha256:e8f159d3f00786604b93c675ee2783f8dc194bb"
                "565e61ca5788f6a6e9d304061 not found"
            ),
        ),
    ],
)
def test_the_most_telling_line_is_found(name: str, test: str, line: str) -> None:
    heard = streams.read(streams.recording(name))
    names = heard.leaves
    found = next(r for r in heard.parsed.results if display(r.name, names) == test)
    assert error_line(found.error) == line


@pytest.mark.parametrize(
    ("own", "other", "same"),
    [
        ("v0.12.5-own.test2json", "v0.12.5-master.test2json", 5),
        # 17 more fail on both sides, but for want of an image here and by design there.
        ("v0.6.4-own.test2json", "v0.6.4-master.test2json", 1),
    ],
)
def test_a_failure_of_both_sides_has_one_fingerprint(own: str, other: str, same: int) -> None:
    left = {r.name: r for r in streams.read(streams.recording(own)).parsed.results}
    right = {r.name: r for r in streams.read(streams.recording(other)).parsed.results}
    both = [name for name, result in left.items() if result.fingerprint]
    equal = [name for name in both if left[name].fingerprint == right[name].fingerprint]
    assert len(equal) == same
    for name in set(both) - set(equal):
        assert left[name].reason is Reason.IMAGE_PULL
        assert "BUILDKIT_DISABLE_FILEOP" in right[name].error


def test_failures_for_want_of_an_image_are_not_the_frontends() -> None:
    heard = streams.read(streams.recording("v0.3.3-own.test2json"))
    reasons = Counter(r.reason for r in heard.parsed.results if r.outcome.failing)
    assert reasons == {Reason.IMAGE_PULL: 32}


@pytest.mark.parametrize("name", ALL)
def test_every_failing_test_hands_its_log_on_and_the_daemons_stands_apart(name: str) -> None:
    heard = streams.read(streams.recording(name))
    failed = {end[0] for end in heard.ends if end[1] is Outcome.FAIL}
    assert set(heard.logs) == failed
    for test, log in heard.logs.items():
        said, daemon = split_daemon_log(log)
        assert b"level=debug" not in said, test
        assert not re.search(rb"(?m)^ +\w+\.go:\d+: ", daemon), test
        assert len(said) + len(daemon) <= len(log)
        if test in heard.leaves and b"buildkitd" in log:
            assert daemon.startswith((b"stdout: ", b"stderr: ")), test


@pytest.mark.parametrize("name", ALL)
def test_ends_are_told_once_each_with_their_seconds(name: str) -> None:
    heard = streams.read(streams.recording(name))
    names = [end[0] for end in heard.ends]
    assert len(names) == len(set(names))
    assert set(names) == set(heard.leaves) | set(heard.parsed.parents)
    assert all(seconds is not None for _, _, seconds in heard.ends)
