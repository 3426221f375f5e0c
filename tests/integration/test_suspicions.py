"""A daemon that says what it should not while its test passes, in a real leg of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Overdue, Sink
from harness.backends.native.sandbox import run_leg
from harness.config.datadir import find_data
from harness.config.oracle import load_oracle
from harness.events import ignore
from harness.journal.folder import LegFolder
from harness.model import Leg
from harness.run.legs import LegRunner
from tests.support.container_legs import LEFT_OPEN, in_containers
from tests.support.fatal_suite import RunsLeg
from tests.support.shell_legs import leg_request

pytestmark = pytest.mark.integration

DAEMON = r"""#!/bin/sh
echo 'level=info msg="running server"' >&2
case "$1" in
panics) printf 'panic: nil map\n\ngoroutine 9 [running]:\nmain.main()\n' >&2 ;;
races) printf '==================\nWARNING: DATA RACE\nWrite at 0x1\n' >&2 ;;
frontend) printf 'panic: no such file\n\n\t/src/cmd/dockerfile-frontend/main.go:32\n' >&2 ;;
esac
"""

TESTS = r"""#!/bin/sh
test() {
    printf '\026=== RUN   TestIntegration/%s/worker=oci\n' "$1"
    buildkitd "$2" 2>/dev/null
    printf '\026--- %s: TestIntegration/%s/worker=oci (0.05s)\n' "$3" "$1"
    sleep 0.8
}
printf '\026=== RUN   TestIntegration\n'
test TestQuiet quiet PASS
test TestPanics panics PASS
test TestRaces races PASS
test TestFrontend frontend PASS
test TestFails panics FAIL
printf '\026--- FAIL: TestIntegration (0.10s)\n\026=== NAME  \n\026FAIL\n'
exit 1
"""


@dataclass
class Runner:
    """The part of a backend that runs a leg."""

    runs_leg: RunsLeg

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue) -> LegExit:
        return self.runs_leg(leg, sink, overdue)


@pytest.fixture(params=["native", pytest.param("docker", marks=LEFT_OPEN)])
def runs_leg(request: pytest.FixtureRequest) -> Iterator[RunsLeg]:
    """Return what runs a leg; the engine is not asked for where it is not needed."""
    if request.param == "native":
        yield run_leg
        return
    engine, daemon = (request.getfixturevalue(name) for name in ("engine", "daemon"))
    with in_containers(engine, daemon) as runs:
        yield runs


def test_it_is_found_under_the_test_that_it_belongs_to(runs_leg: RunsLeg, tmp_path: Path) -> None:
    for name in ("suite/bin", "suite/src", "frontend"):
        (tmp_path / name).mkdir(parents=True)
    for name, script in (("buildkitd", DAEMON), ("dockerfile.test", TESTS)):
        (tmp_path / "suite/bin" / name).write_text(script, "utf-8")
        (tmp_path / "suite/bin" / name).chmod(0o755)
    folder = LegFolder(tmp_path / "run/candidate", "candidate")
    request = leg_request(tmp_path, folder=folder.path)
    oracle = load_oracle(find_data(None, {}).oracle_file)
    runner = LegRunner(Runner(runs_leg), ignore, oracle)  # type: ignore[arg-type] # it builds nothing
    run = runner.run(request, folder, Leg.CANDIDATE, 0, None)
    said = {
        result.name.split("/")[1]: [(it.kind, it.words, it.tests) for it in result.suspicions]
        for result in run.results
    }
    assert said == {
        "TestQuiet": [],
        "TestPanics": [("panic", "panic: nil map", 1)],
        "TestRaces": [("data-race", "WARNING: DATA RACE", 1)],
        "TestFrontend": [],
        "TestFails": [],
    }
    (told,) = next(it for it in run.results if "Panics" in it.name).suspicions
    assert "panic: nil map" in (tmp_path / "run" / told.log).read_text("utf-8")
