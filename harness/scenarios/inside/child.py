"""One scenario in a process of its own: what it did, and what it said."""

import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import BinaryIO

import pytest
from _pytest.runner import runtestprotocol

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"

WRONG = "The result is not right:"
BUILD_FAILED = "The build failed:"
AT_FAULT = "The scenario failed:"

_KEY = pytest.StashKey[tuple[str, pytest.ExceptionInfo[BaseException]]]()
_TEXT = 12_000

_BUILT = "dockerfile"
"""The property by which a scenario tells each Dockerfile that it built."""
_MANY = 8


@dataclass(frozen=True)
class Told:
    """What a process says of its scenario."""

    word: str
    """PASS, FAIL or SKIP."""
    where: str = ""
    """`file.py:line`."""
    headline: str = ""
    text: str = ""
    built: tuple[str, ...] = ()
    """The Dockerfiles that it built."""


class Child:
    """A scenario that runs in a process of its own, the first of its group."""

    def __init__(self, item: pytest.Item, work: Callable[[pytest.Item], Told]) -> None:
        """Begin."""
        self.item = item
        self.began = time.monotonic()
        self._output: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        self._told: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the same
        self.pid = os.fork()
        if self.pid == 0:
            self._run(work)
        self.ended = os.pidfd_open(self.pid)
        """Readable once the process has ended."""

    def _run(self, work: Callable[[pytest.Item], Told]) -> None:
        try:
            os.setpgid(0, 0)
            for descriptor in (1, 2):
                os.dup2(self._output.fileno(), descriptor)
            self._told.write(json.dumps(asdict(work(self.item))).encode())
            self._told.flush()
        except BaseException:  # noqa: BLE001 - nobody else could tell
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)

    def collect(self) -> tuple[Told, bytes, float]:
        """Take what came of it once it has ended, with what it printed and its seconds."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.ended)
        self.kill()  # what it left running
        self._told.seek(0)
        said = self._told.read()
        self._output.seek(0)
        output = self._output.read()
        self._told.close()
        self._output.close()
        code = os.waitstatus_to_exitcode(status)
        died = Told(FAIL, f"{self.item.path.name}:1", AT_FAULT, f"its process ended with {code}")
        return (Told(**json.loads(said)) if said else died), output, time.monotonic() - self.began

    def kill(self) -> None:
        """Kill what is left of its group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


class Reasons:
    """Notes with which exception a scenario ended, and when."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Keep the first exception of a scenario; others make the report."""
        if call.excinfo is not None and _KEY not in item.stash:
            item.stash[_KEY] = (call.when, call.excinfo)


def work(item: pytest.Item) -> Told:
    """Run a scenario from its set-up to its end, in this process."""
    reports = runtestprotocol(item, log=False, nextitem=None)
    built = [str(value) for name, value in item.user_properties if name == _BUILT]
    return replace(_came(item, reports), built=tuple(built[:_MANY]))


def _came(item: pytest.Item, reports: list[pytest.TestReport]) -> Told:
    when, raised = item.stash.get(_KEY, ("", None))
    if raised is None:
        return Told(PASS)
    where = _where(item, raised)
    if raised.errisinstance(pytest.skip.Exception):
        return Told(SKIP, where, "", str(raised.value)[:_TEXT])
    text = str(raised.value)
    if getattr(raised.type, "build_failed", False):
        return Told(FAIL, where, BUILD_FAILED, text[:_TEXT])
    if when == "call" and raised.errisinstance(AssertionError):
        return Told(FAIL, where, WRONG, text[:_TEXT])
    told = next((it.longreprtext for it in reports if it.failed), text)
    return Told(FAIL, where, AT_FAULT, told[-_TEXT:])


def _where(item: pytest.Item, raised: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the line of the scenario's own file at which it ended."""
    own = [it for it in raised.traceback if str(it.path) == str(item.path)]
    return f"{item.path.name}:{own[-1].lineno + 1 if own else item.location[1] or 0}"
