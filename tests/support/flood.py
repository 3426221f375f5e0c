"""Runs a pair whose legs print more than anybody reads, and tells how much memory that took.

    python -m tests.support.flood BINARY PATTERN SIZE FOLDER

BINARY is the module `hostile`, SIZE what it is told. The pair is run twice, the second time with
the stored control; then it is judged again from its output, and all reports are written.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.backends.base import LegExit, LegRequest, Sink
from harness.model import Run
from harness.plan.cell import Settings
from harness.reports.write import write_reports
from harness.stored.rejudge.reread import reread
from harness.tools.inherited import PLAIN, inherited
from harness.tools.process import Request, stream
from tests.support.played import Bench, Player

_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def peak() -> float:
    """Return the most memory that this process ever had, in MB, its parent's aside."""
    found = _PEAK.search(Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def main(argv: Sequence[str]) -> None:
    """Print the figures as JSON."""
    binary, pattern, size, folder = argv

    def flood(_leg: LegRequest, sink: Sink) -> LegExit:
        words = [binary, "-test.v=test2json", f"-test.run={pattern}", f"-test.parallel={size}"]
        environment = inherited(PLAIN, HOSTILE=size)
        ended = stream(Request(words, env=environment, timeout=3000), sink)
        return LegExit(ended.status, ended.timed_out, ended.seconds)

    figures = {"begin": peak()}
    player = Player({"TestFlood": ("fail", "fail")}, before=flood)
    bench = Bench(Path(folder), player, Settings(offline=True, reruns=0))
    verdicts = [told(bench.run())]
    figures["run"] = peak()
    again = bench.run()
    figures["stored control"] = peak()
    home = bench.folder / "runs" / again.id
    same = [reread(leg, home) == leg for leg in again.legs]
    figures["judged again"] = peak()
    write_reports(home)
    figures["reports"] = peak()
    outcome = {
        "megabytes": figures,
        "raw": min(path.stat().st_size for path in home.glob("*/raw.log")),
        "cached": [leg.cached for leg in again.legs],
        "verdicts": [*verdicts, told(again)],
        "same": same,
        "tests": len(again.judgements),
        "logs": sum(path.stat().st_size for path in home.glob("*/tests/*.log")),
        "daemon": sum(path.stat().st_size for path in home.glob("*/daemon/*.log")),
    }
    sys.stdout.write(json.dumps(outcome))


def told(run: Run) -> list[str]:
    """Return the verdicts of a run; the run itself need not be kept."""
    return sorted({row.verdict.value for row in run.judgements})


if __name__ == "__main__":
    main(sys.argv[1:])
