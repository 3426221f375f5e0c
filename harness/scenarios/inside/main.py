"""What a folder of scenarios is started with: flags of a Go test binary, or `--catalogue FILE`."""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from harness.scenarios.inside.catalogue import MARKER, catalogue, full_name
from harness.scenarios.inside.child import Reasons
from harness.scenarios.inside.crew import Crew
from harness.scenarios.inside.events import Events, of_stdout
from harness.scenarios.inside.flags import Flags, parse

WORKER = "SCENARIO_WORKER"
NO_TESTS = "testing: warning: no tests to run"

FAILED, AT_FAULT = 1, 2
"""Exit statuses: of tests that failed, and of anything else, as Go's."""


class Collecting:
    """Keeps what pytest found, and what it could not import."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.items: list[pytest.Item] = []
        self.problems: list[str] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        """Declare the marker of scenarios."""
        config.addinivalue_line("markers", f"{MARKER}(**words): what a scenario is about")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what could not be imported."""
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longreprtext.strip()}")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep what was found."""
        self.items = list(session.items)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep why a conftest ended all of it (pytest.exit)."""
        self.problems.append(str(excinfo.value))

    def pytest_internalerror(self, excrepr: object) -> None:
        """Keep what went wrong around the scenarios."""
        self.problems.append(str(excrepr))


class Cataloguing(Collecting):
    """Describes the scenarios and runs none."""

    def __init__(self, file: Path, root: Path) -> None:
        """Write into `file`."""
        super().__init__()
        self._file, self._root = file, root

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write the catalogue."""
        super().pytest_collection_finish(session)
        try:
            found = catalogue(self.items, self._root)
        except ValueError as error:
            self.problems.append(str(error))
        else:
            self._file.write_text(json.dumps(found, indent=1), "utf-8")


class Running(Collecting):
    """Runs the scenarios that are selected, and tells of it as a Go test binary does."""

    def __init__(self, flags: Flags, events: Events, worker: str) -> None:
        """Run what the flags select."""
        super().__init__()
        self._flags, self._events, self._worker = flags, events, worker
        self.passed = True

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what is not selected."""
        items[:] = [it for it in items if self._flags.takes(full_name(it, self._worker))]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run them on the daemon that the folder's conftest has started around this."""
        live = getattr(session.config, "live", None)
        if live is None:
            pytest.exit("conftest.py has set no config.live", AT_FAULT)
        if not self.items:
            self._events.say(NO_TESTS)
        self._events.root()
        crew = Crew(live, self._flags, self._events, self._worker)
        _limit(self._flags, self._events, crew)
        crew.run(self.items)
        self.passed = crew.passed
        return True


def main(arguments: Sequence[str], folder: Path) -> int:
    """Do what the arguments say with the scenarios in `folder`; return the exit status."""
    if arguments[:1] == ["--catalogue"]:
        return _catalogue(Path(arguments[1]), folder)
    events = of_stdout()
    try:
        flags = parse(arguments)
    except ValueError as error:
        events.say(str(error))
        return AT_FAULT
    began = time.monotonic()
    running = Running(flags, events, os.environ.get(WORKER, "oci"))
    status = _pytest(folder, running)
    for problem in running.problems:
        events.say(problem)
    if running.problems or status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        return AT_FAULT
    events.over(passed=running.passed, seconds=time.monotonic() - began)
    return 0 if running.passed else FAILED


def _catalogue(file: Path, folder: Path) -> int:
    found = Cataloguing(file, folder)
    status = _pytest(folder, found, "--collect-only")
    for problem in found.problems:
        sys.stderr.write(f"{problem}\n")
    return 0 if status == 0 and not found.problems else FAILED


def _pytest(folder: Path, plugin: Collecting, *also: str) -> int:
    sys.path.insert(0, str(folder))
    argv = ["-c", os.devnull, f"--rootdir={folder}", "--import-mode=importlib", "--strict-markers"]
    argv += ["-p", "no:cacheprovider", "-p", "no:terminal", "-s", *also, str(folder)]
    return int(pytest.main(argv, plugins=[plugin, Reasons()]))


def _limit(flags: Flags, events: Events, crew: Crew) -> None:
    """End all at the time limit with Go's words; what conftest has started, it ends."""

    def over(_number: int, _frame: object) -> NoReturn:
        words = f"panic: test timed out after {flags.timeout:g}s"
        events.say(words)
        crew.kill()
        pytest.exit(words, AT_FAULT)

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, flags.timeout)
