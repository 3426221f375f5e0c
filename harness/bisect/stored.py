"""Runs that somebody made already: what they say of a commit need not be run again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import harness
from harness.bisect.answers import Answer, Kind, Prints, answer_of
from harness.errors import UsageError
from harness.journal import MATRIX_FILE, cells
from harness.model import Pair, Run

_SHA = re.compile(rb"\b[0-9a-f]{40}\b")
_LATEST = "latest"


@dataclass(frozen=True)
class Wanted:
    """What a run must have been, to say what a run of today would say."""

    pair: Pair
    offline: bool
    patches: frozenset[str]
    """Digests of all that are applied."""
    prints: Prints = Prints.AS_THEY_ARE

    def takes(self, run: Run) -> bool:
        """Return whether a run was of the same commits, with the same patches, by this version."""
        return (
            run.pair.identity == self.pair.identity
            and run.offline == self.offline
            and {patch.sha256 for patch in run.patches} == self.patches
            and run.harness == harness.__version__
            and run.control
            and not run.interrupted
        )


class Shelf:
    """The stored runs directly below a folder, by the commits that they name."""

    def __init__(self, runs: Path) -> None:
        """Look at every run once, the newest first; no run.json is read yet."""
        self._found: defaultdict[str, list[Path]] = defaultdict(list)
        folders = sorted(runs.iterdir(), reverse=True) if runs.is_dir() else []
        for folder in folders:
            file = folder / MATRIX_FILE
            if folder.name == _LATEST or not file.is_file():
                continue
            for sha in {found.decode() for found in _SHA.findall(file.read_bytes())}:
                self._found[sha].append(folder)

    def __contains__(self, sha: str) -> bool:
        """Return whether a run names this commit, so that it was built once."""
        return sha in self._found

    def find(
        self, commits: Iterable[str], wanted: Callable[[str], Wanted | None], test: str
    ) -> Answer | None:
        """Return what the newest stored run says of one of these commits; None if none can tell.

        `wanted` says what it must have been of each of them; None if there can be none.
        """
        for sha in commits:
            asked = wanted(sha) if sha in self._found else None
            for folder in self._found.get(sha, ()):
                if asked and (answer := _told(folder, asked, sha, test)):
                    return answer
        return None


def _told(folder: Path, wanted: Wanted, sha: str, test: str) -> Answer | None:
    try:
        for row, run in cells(folder):
            if run and wanted.takes(run):
                answer = answer_of(run, test, sha, folder / row.run, wanted.prints)
                return None if answer.kind is Kind.UNCLEAR else answer
    except UsageError:
        return None  # of a run that is damaged
    return None
