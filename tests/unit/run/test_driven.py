"""Tests whose command line a daemon does not know: one sentence, not hundreds of failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.backends.base import Artefact, LegRequest
from harness.errors import UsageError
from harness.model import Leg, Outcome
from harness.run.driven import check_driven
from tests.support.factories import full_name, leg_run, result
from tests.support.shell_legs import leg_request

REFUSED = (
    "Incorrect Usage: flag provided but not defined: -otel-socket-path\n\nNAME:\n   buildkitd\n"
)


def _request(folder: Path, tests: str = "t") -> LegRequest:
    own = Artefact(tests, folder, cached=True, go_minor=21)
    return leg_request(folder, folder=folder, tests=own)


def _kept(folder: Path, *logs: str) -> None:
    there = folder / "processes"
    there.mkdir()
    for number, log in enumerate(logs, 1):
        (there / f"buildkitd.{number}.life").write_text("began 1\nended 2\n", "utf-8")
        (there / f"buildkitd.{number}.log").write_text(log, "utf-8")


FAILED = leg_run(Leg.CANDIDATE, [result(full_name("TestCopy"), Outcome.FAIL, "no daemon")])


def test_the_flag_that_every_daemon_refuses_is_named(tmp_path: Path) -> None:
    _kept(tmp_path, REFUSED, REFUSED)
    with pytest.raises(UsageError) as refused:
        check_driven(_request(tmp_path), FAILED)
    assert str(refused.value) == (
        "candidate: these tests cannot drive this daemon: buildkitd does not know -otel-socket-path"
    )
    assert "--tests-from" in refused.value.hint


def test_what_else_keeps_every_daemon_from_serving_is_told(tmp_path: Path) -> None:
    _kept(tmp_path, *["time=… level=warning\nbuildkitd: no worker found, rebuild it\n"] * 2)
    with pytest.raises(UsageError, match=r"this daemon: buildkitd: no worker found, rebuild it$"):
        check_driven(_request(tmp_path), FAILED)


def test_the_last_words_of_a_daemon_that_served_are_no_reason(tmp_path: Path) -> None:
    served = 'level=info msg="running server on /run/b.sock"\nbuildkitd: context canceled\n'
    _kept(tmp_path, served)
    check_driven(_request(tmp_path), FAILED)


@pytest.mark.parametrize(("number", "refused"), [(8, True), (7, False)])
def test_where_each_of_many_tests_fails_alike_the_failure_is_told(
    tmp_path: Path, number: int, *, refused: bool
) -> None:
    _kept(tmp_path, 'level=info msg="running server on /run/b.sock"\n')
    words = "failed to list workers: unknown service moby.buildkit.v2.Control"
    names = [full_name(f"Test{n}") for n in range(number)]
    failed = leg_run(Leg.CANDIDATE, [result(name, Outcome.FAIL, words) for name in names])
    if not refused:
        check_driven(_request(tmp_path), failed)
        return
    with pytest.raises(UsageError, match=f"each of 8 fails alike: {words}$"):
        check_driven(_request(tmp_path), failed)


def test_many_tests_that_fail_for_more_than_one_cause_are_shown(tmp_path: Path) -> None:
    _kept(tmp_path, "")
    failed = [result(full_name(f"Test{n}"), Outcome.FAIL, "no" * n) for n in range(1, 12)]
    check_driven(_request(tmp_path), leg_run(Leg.CANDIDATE, failed))


def test_one_daemon_that_started_is_enough(tmp_path: Path) -> None:
    _kept(tmp_path, REFUSED, "found worker\n")
    check_driven(_request(tmp_path), FAILED)


def test_what_passed_needed_a_daemon(tmp_path: Path) -> None:
    _kept(tmp_path, REFUSED)
    check_driven(_request(tmp_path), leg_run(Leg.CANDIDATE, [result(full_name("TestCopy"))]))


def test_a_daemon_s_own_tests_are_shown_as_they_fail(tmp_path: Path) -> None:
    _kept(tmp_path, REFUSED)
    check_driven(_request(tmp_path, tests="s"), FAILED)
