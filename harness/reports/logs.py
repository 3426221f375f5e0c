"""Which file of a run folder to open about one side of a test."""

from __future__ import annotations

from harness.journal import daemon_log_of_test, leg_path, log_of_test
from harness.journal.folder import RAW_LOG
from harness.model import Judgement, Leg, Run


class Logs:
    """The logs of a run by test and side. Paths are only named, relative to the run folder."""

    def __init__(self, run: Run) -> None:
        """Note in which attempt each test failed first."""
        self._main = {leg: leg_path(leg, 0) for leg in Leg}
        self._failed: dict[tuple[Leg, str], str] = {}
        for record in run.legs:
            if record.attempt == 0:
                self._main[record.leg] = record.folder
            for result in record.results:
                if result.outcome.failing:
                    self._failed.setdefault((record.leg, result.name), record.folder)

    def path(self, judgement: Judgement, leg: Leg) -> str:
        """Name the file to open about one side of a judgement.

        A failing test has a log of its own, in the attempt that failed first; for any other the
        leg's whole output is the evidence.
        """
        folder = self._failed.get((leg, judgement.name))
        return log_of_test(folder, judgement.name) if folder else f"{self._main[leg]}/{RAW_LOG}"

    def daemon(self, judgement: Judgement, leg: Leg) -> str:
        """Name what the daemon wrote while this side failed, or give an empty text."""
        folder = self._failed.get((leg, judgement.name))
        return daemon_log_of_test(folder, judgement.name) if folder else ""
