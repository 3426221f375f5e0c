"""What a gate finds, and what follows from all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from harness.errors import ExitCode
from harness.model import EntryRef, Record, Verdict


class Kind(StrEnum):
    """What is the matter, in the order in which it is told: that of the verdicts.

    What keeps a cell or a release from a verdict stands with those that say nothing.
    """

    REGRESSED = "regressed"
    WRONG = "wrong"
    FLOOR_RISEN = "floor-risen"
    LOST = "lost"
    FAILED = "failed"
    INFRA = "infra"
    NOTHING_RAN = "nothing-ran"
    NOT_TESTED = "not-tested"
    OTHER_COMMIT = "other-commit"
    REQUIRED = "required"
    MISSING = "missing"
    INTERRUPTED = "interrupted"
    INDETERMINATE = "indeterminate"
    PARTIAL = "partial"
    TOO_OLD = "too-old"
    STALE_ENTRY = "stale-entry"
    UNMATCHED_ENTRY = "unmatched-entry"
    CHANGED_FAILURE = "changed-failure"
    FLAKY = "flaky"
    UNAVAILABLE = "unavailable"
    SUSPICIOUS = "suspicious"
    NO_FLOOR = "no-floor"
    FLOOR_FALLEN = "floor-fallen"
    REFUSED = "refused"


MEANINGS = {
    Kind.REGRESSED: "tests that pass in the control and fail in the candidate",
    Kind.WRONG: "features that build the wrong thing, and say nothing",
    Kind.FLOOR_RISEN: "tests that fail on daemons from which on they are to pass",
    Kind.LOST: "tests that run in the control and not in the candidate",
    Kind.FAILED: "cells that could not be built or run",
    Kind.INFRA: "tests that failed because of the machine or the network",
    Kind.NOTHING_RAN: "nothing was run",
    Kind.NOT_TESTED: "releases that no cell has tested",
    Kind.OTHER_COMMIT: "cells with other commits than those to be released",
    Kind.REQUIRED: "cells that the policy requires and that are not there",
    Kind.MISSING: "cells without a result",
    Kind.INTERRUPTED: "cells that were stopped",
    Kind.INDETERMINATE: "cells in which too little ran",
    Kind.PARTIAL: "cells of which only some tests were asked for",
    Kind.TOO_OLD: "cells whose results are too old",
    Kind.STALE_ENTRY: "expected failures that pass",
    Kind.UNMATCHED_ENTRY: "skip-list entries that matched no test in any cell",
    Kind.CHANGED_FAILURE: "tests that pass with neither frontend, in different ways",
    Kind.FLAKY: "tests that did not do the same in every attempt",
    Kind.UNAVAILABLE: "tests that were not run because something that they need was lacking",
    Kind.SUSPICIOUS: "tests that passed while their daemon said what it should not",
    Kind.NO_FLOOR: "tests that fail on an older daemon and have no floor yet",
    Kind.FLOOR_FALLEN: "tests that pass on daemons older than their floor",
    Kind.REFUSED: "tests that an older daemon refuses, and that have no floor yet",
}

CODES = {
    **dict.fromkeys(Kind, ExitCode.INDETERMINATE),
    Kind.REGRESSED: ExitCode.REGRESSION,
    Kind.WRONG: ExitCode.REGRESSION,
    Kind.FLOOR_RISEN: ExitCode.REGRESSION,
    Kind.LOST: ExitCode.REGRESSION,
    Kind.CHANGED_FAILURE: ExitCode.REGRESSION,
    Kind.STALE_ENTRY: ExitCode.REGRESSION,
    Kind.UNMATCHED_ENTRY: ExitCode.REGRESSION,
    Kind.FLAKY: ExitCode.REGRESSION,
    Kind.SUSPICIOUS: ExitCode.REGRESSION,
    **dict.fromkeys((Kind.NO_FLOOR, Kind.FLOOR_FALLEN, Kind.REFUSED), ExitCode.REGRESSION),
    Kind.FAILED: ExitCode.INFRASTRUCTURE,
    Kind.INFRA: ExitCode.INFRASTRUCTURE,
    Kind.UNAVAILABLE: ExitCode.INFRASTRUCTURE,
}
"""The exit code that each kind asks for if it stands in the way."""

_WORST_FIRST = (ExitCode.REGRESSION, ExitCode.INDETERMINATE, ExitCode.INFRASTRUCTURE)
"""Infrastructure comes last: 4 promises that to run the same again is all there is to do."""


class Release(Record, frozen=True, kw_only=True):
    """A commit that is to be released, and the names under which a run may have it."""

    name: str
    """As it was given: `v0.33.0`, `master`."""
    ref: str
    """The tag or branch that was meant, or the name itself."""
    sha: str
    """At least 7 hex digits, lower case."""

    def is_commit(self, sha: str) -> bool:
        """Return whether a full commit id is this one."""
        return sha.startswith(self.sha)


class Finding(Record, frozen=True, kw_only=True):
    """One thing that a release manager has to know."""

    kind: Kind
    refused: bool
    """Whether it keeps the gate from being clean."""
    says: str
    """A sentence with the names of `words` in braces."""
    words: dict[str, str]
    """What is filled in; harmless on a terminal, but written by anybody."""
    cell: str = ""
    """Its id; empty for what concerns no cell or many."""
    test: str = ""
    """Its full name."""
    cause: str = ""
    """What they have in common whose root is the same, where the test is the same too."""
    entry: EntryRef | None = None
    log: str = ""
    """The file to open, relative to the folder of the run."""
    reproduce: tuple[str, ...] = ()
    """A command."""

    def sentence(self, style: Callable[[str], str] = str) -> str:
        """Fill the words in, each as `style` writes it."""
        return self.says.format_map({key: style(word) for key, word in self.words.items()})


class Gate(Record, frozen=True, kw_only=True):
    """The answer, with everything that it rests on."""

    run: str
    """Id of the stored run."""
    matrix: str
    """Name of its matrix; `run` for a single run."""
    checked: str
    """When the gate was asked: UTC, ISO 8601."""
    releases: tuple[Release, ...]
    cells: int
    """How many were planned."""
    results: int
    """How many of them came to an end."""
    oldest: str
    """When the oldest of these began, or empty."""
    tests: dict[Verdict, int]
    """In all cells together."""
    findings: tuple[Finding, ...]
    """In the order of Kind, then of the plan."""

    @property
    def clean(self) -> bool:
        """Whether nothing stands in the way."""
        return not any(finding.refused for finding in self.findings)

    @property
    def exit_code(self) -> ExitCode:
        """0 if clean; else 1 for what was found, 3 for too little, 4 for infrastructure alone."""
        return worst(CODES[finding.kind] for finding in self.findings if finding.refused)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that outweighs the others; 0 if there are none."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), ExitCode.COMPATIBLE)
