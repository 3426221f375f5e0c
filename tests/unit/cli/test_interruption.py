"""One Ctrl-C ends a run well, a second one at once; outside of runs they are what they were."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

import pytest

from harness.cli import interruption, run
from harness.cli.interruption import interruptible
from harness.cli.program import execute
from harness.cli.umbrella import short_form
from harness.errors import BuildError, ExitCode

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


class Left(BaseException):
    """Stands for the end of the process, which nothing catches."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the process not end; return what was done before it would."""
    done: list[str] = []

    def leave(code: int) -> NoReturn:
        done.append(f"exit {code}")
        raise Left

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(interruption, "kill_all", lambda: done.append("killed"))
    return done


@pytest.mark.parametrize("number", SIGNALS)
def test_a_first_signal_is_an_interruption(number: signal.Signals, killed: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)
    assert killed == []


@pytest.mark.parametrize("second", SIGNALS)
def test_a_second_signal_kills_what_runs_and_leaves(
    second: signal.Signals, killed: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    def twice() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            signal.raise_signal(second)

    with pytest.raises(Left), interruptible():
        twice()
    assert killed == ["killed", "exit 130"]
    assert capfd.readouterr().err.strip().startswith("error: interrupted again")


def test_what_is_ignored_stays_so_and_handlers_come_back(killed: list[str]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert killed == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_cancel_a_closed_terminal_and_ctrl_c_are_the_same(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    monkeypatch.setattr(run, "open_pair", lambda *_: signal.raise_signal(number))
    assert execute("compat-run", short_form, ["v0.6", "master"]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"
    assert signal.getsignal(number) is before


def test_under_nohup_a_closed_terminal_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_pair(*_: object) -> NoReturn:
        signal.raise_signal(signal.SIGHUP)
        raise BuildError("it went on")

    monkeypatch.setattr(run, "open_pair", open_pair)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert execute("compat-run", short_form, ["v0.6", "master"]) == ExitCode.INFRASTRUCTURE
    finally:
        signal.signal(signal.SIGHUP, before)
