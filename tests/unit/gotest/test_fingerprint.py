"""Two runs of one failure have one fingerprint, two failures have two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gotest.fingerprint import fingerprint, normalise
from harness.gotest.reasons import explain
from tests.support.streams import read, recording

FRAGMENTS = st.sampled_from(
    [
        "sha256:" + "ab12" * 16,
        "0123456789abcdef" * 4,
        "hemzoujb712021sjhrd390yiv",
        "buildkit_test/pjuey4d12siivyo8eg92mfhsa:latest",
        "/t/bktest_buildkitd217676943/buildkitd.sock",
        "/t/TestIntegration123456789/001",
        "/src/frontend/dockerfile/dockerfile_test.go:947",
        "localhost:46531",
        "dial tcp 10.1.2.3:443",
        "2026-11-23T16:01:16.123Z",
        "16:01:16",
        "goroutine 17 [chan receive, 2 minutes]:",
        "0xc00013c4e0",
        "pid 4711",
        "1m0.5s",
        "123456789",
        "rpc error: code = Unknown desc = ",
        "failed to solve: ",
        "<id>",
        "\n",
        " ",
        ":",
        "/",
        "expected",
    ]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(FRAGMENTS).map("".join), st.lists(FRAGMENTS).map(" ".join)))
def test_normalising_twice_is_normalising_once(error: str) -> None:
    assert normalise(normalise(error)) == normalise(error)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"image@sha256:{'a1' * 32} not found", f"image@sha256:{'b2' * 32} not found"),
        ("of ref hemzoujb712021sjhrd390yiv::x", "of ref nttqg8xcrurwgqk8aigsmhkdx::x"),
        (
            "localhost:46531/buildkit_test/djg6caw682zgbejmudx2o6qm1:latest",
            "localhost:36113/buildkit_test/pjuey4d12siivyo8eg92mfhsa:latest",
        ),
        ("open /tmp/buildkit-state/x: no", "open /tmp/other/y: no"),
        ("/src/t/bktest_buildkitd217676943/b.sock: no", "/t/bktest_buildkitd1023461/b.sock: no"),
        ("/build/a/run.go:173", "/home/me/buildkit/run.go:173"),
        ("at 2026-11-23T16:01:16Z", "at 2027-01-02T03:04:05.678+01:00"),
        ("2026/11/23 16:01:34 http2: error", "2026/11/24 00:00:00 http2: error"),
        ("after 1.5s", "after 2m3s"),
        ("goroutine 8 [select]: x(0xc000)", "goroutine 99 [chan receive, 3 minutes]: x(0xd1)"),
        ("signal: killed, pid=12", "signal: killed, pid=4711"),
        ("dial tcp 10.0.0.1:80: no", "dial tcp 10.255.255.53:53: no"),
        ("[::1]:5000 refused", "127.0.0.1:41234 refused"),
        ("a  b\n   c", "a b\nc"),
        (
            "rpc error: code = Unknown desc = failed to solve with frontend gateway.v0: boom",
            "failed to solve: boom",
        ),
    ],
)
def test_what_changes_from_run_to_run_is_left_out(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Error Trace: dockerfile_test.go:944", "Error Trace: dockerfile_test.go:945"),
        ("exit code: 1", "exit code: 127"),
        ('"/hellofs": not found', '"/other": not found'),
        ("line 3: unknown flag", "line 4: unknown flag"),
        ("removed in BuildKit 0.11", "removed in BuildKit 0.12"),
        ("NoEmptyContinuation", "Empty continuation line"),
        ("", "anything"),
    ],
)
def test_what_tells_two_failures_apart_is_kept(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_nothing_of_the_run_is_left_in_a_real_failure() -> None:
    heard = read(recording("v0.12.5-own.test2json"))
    devices = next(r for r in heard.parsed.results if "TestInsecureDevices" in r.name and r.error)
    assert normalise(devices.error) == (
        "Error Trace: dockerfile_runsecurity_test.go:81\n"
        "run.go:90\n"
        "run.go:204\n"
        "Error: Received unexpected error:\n"
        "failed to compute cache key: failed to calculate checksum of ref <id>::<id>:"
        ' "/hellofs": not found\n'
        "failed to solve"
    )
    assert devices.fingerprint == fingerprint(devices.error)


def test_both_of_testifys_layouts_give_one_fingerprint() -> None:
    old = b"    x.go:237: \r    \r\tError Trace:\ta_test.go:9\n        \r\tError:\t\tno\n"
    new = b"    x.go:7: \n        \tError Trace:\t/src/a_test.go:9\n        \tError:      \tno\n"
    assert fingerprint(explain(old).error) == fingerprint(explain(new).error)
    assert normalise(explain(old).error) == "Error Trace: a_test.go:9\nError: no"
