"""The history as others use it: record stored runs, then ask."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from platformdirs import user_state_path

from harness.history import database, questions, recent
from harness.history.batch import Batch, kept_name, utc
from harness.history.cellpast import CellPast, Observed
from harness.history.durations import Count, Durations, summarise
from harness.history.expected import LAST, Expected, name_of
from harness.history.recent import RunTallies
from harness.history.record import write
from harness.history.streak import Before, Flakiness, Mark, Since, since
from harness.journal import cells, read_matrix
from harness.model import Commit, Pair, Recent, Record, Run, Tally, Verdict
from harness.model.culprits import KeptBlame
from harness.model.matrix import CellResult, MatrixRun
from harness.tools.homes import expanded

FILE = "history.sqlite"

ENOUGH = 5
"""Times that a test must have passed before anything is said of how long it may take."""
# Of how long a test may be at work: how many times what it took, and at least, in seconds.
BUDGET_FACTOR = 4.0
BUDGET_LEAST = 30.0

_Row: TypeAlias = tuple[Any, ...]

_MARK = ("run", "started", "suite", "frontend", "state", "verdict", "seconds")
"""What questions about marks answer, in their order."""


class Story(Record, frozen=True, kw_only=True):
    """One test in one cell over time."""

    cell: str
    test: str
    marks: tuple[Mark, ...]
    """What each run said of it that said anything, oldest first."""
    since: Since | None
    flakiness: Flakiness
    durations: Durations | None
    """Of the test in every cell of this suite's line, on the same worker and backend."""


def default_history() -> Path:
    """Return COMPAT_HISTORY, else a file in the user's state folder, beside the runs."""
    if named := os.environ.get("COMPAT_HISTORY"):
        return expanded(named).absolute()
    return Path(user_state_path("buildkit-compat")) / FILE


def expected_by(file: Path, *, backend: str | None = None) -> Expected:
    """Return what a history lets one expect; nothing if there is no such file yet.

    Raises HistoryError if there is one that cannot be used.
    """
    if not file.exists():
        return Expected()
    with History.open(file) as history:
        return history.expected(backend=backend)


class History:
    """An open history. Every method raises HistoryError if the file is damaged or locked."""

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        """Take a connection that `database.connect` made."""
        self.file = file
        self._connection = connection
        self._rosters: dict[int, frozenset[int]] = {}
        self._names: dict[int, str] = {}
        self._last: tuple[tuple[str, int], CellPast] | None = None

    @classmethod
    @contextmanager
    def open(
        cls, file: Path, *, create: bool = False, patience: float = database.PATIENCE
    ) -> Iterator[History]:
        """Open a history; with `create`, make it if it is missing.

        `patience` is how many seconds any wait for another process may last. Raises
        HistoryError if there is none, or it cannot be used; the file is then as it was.
        """
        connection = database.connect(file, create=create, patience=patience)
        with closing(connection), database.history_errors(file, patience):
            yield cls(file, connection)

    def record(self, folder: Path) -> int:
        """Add a stored run, of a matrix or of one pair; return how many results were new.

        Raises UsageError if the folder holds none, and otherwise as `keep` does.
        """
        return self.keep(read_matrix(folder), cells(folder))

    def keep(self, matrix: MatrixRun, cells: Iterable[tuple[CellResult, Run | None]]) -> int:
        """Add what came of every cell; return how many results were new.

        What is known already changes nothing, so a run may be recorded any number of times, by
        itself and merged with others. All of it is written or nothing. Raises UsageError for
        times that cannot be read.
        """
        batch = Batch(matrix)
        for result, run in cells:
            batch.add(result, run)
        database.check(self.file, self._connection)
        return write(self._connection, batch)

    # -- causes ------------------------------------------------------------------------------

    def told(self) -> dict[str, str]:
        """Return which run told of each root cause first, by the cause's digest."""
        return dict(self._ask("SELECT digest, run FROM causes"))

    def tell(self, matrix: MatrixRun, causes: Iterable[str]) -> None:
        """Keep that a run tells of root causes; of several runs the one that began first does."""
        rows = [(digest, matrix.id, utc(matrix.started)) for digest in causes]
        with database.writing(self._connection):
            self._connection.executemany(questions.TELL, rows)

    def culprit(self, digest: str) -> KeptBlame | None:
        """Return what a search for a cause found, by the digest of what was sought; None if none.

        Raises HistoryError if it cannot be read.
        """
        rows = self._ask("SELECT kept FROM culprits WHERE digest = :digest", digest=digest)
        try:
            return msgspec.json.decode(rows[0][0], type=KeptBlame) if rows else None
        except msgspec.DecodeError as error:
            raise database.damaged(self.file, f"a culprit cannot be read: {error}") from error

    def keep_culprit(self, digest: str, kept: KeptBlame) -> None:
        """Keep what a search for a cause found, in the place of what an earlier one did."""
        row = digest, msgspec.json.encode(kept).decode()
        with database.writing(self._connection):
            self._connection.execute("INSERT OR REPLACE INTO culprits VALUES (?, ?)", row)

    # -- cells -------------------------------------------------------------------------------

    def strips(self, last: int = 30) -> dict[str, tuple[Mark, ...]]:
        """Return cells' newest verdicts, oldest first; runs of a few tests alone do not count."""
        rows = self._ask(questions.STRIPS, last=last)
        return {
            cell: tuple(_mark(row[1:]) for row in group)
            for cell, group in groupby(rows, key=lambda row: str(row[0]))
        }

    def expected(self, *, backend: str | None = None) -> Expected:
        """Return what cells and builds will take; builds of one backend alone if it is named."""
        cells = self._ask(questions.CELL_SECONDS, last=LAST)
        builds = self._ask(questions.BUILD_SECONDS, backend=backend)
        return Expected(
            [(row[:-1], row[-1]) for row in cells], [(row[:-1], row[-1]) for row in builds]
        )

    # -- tests -------------------------------------------------------------------------------

    def tests(self) -> list[str]:
        """Name every test that was ever recorded."""
        return [name for (name,) in self._ask("SELECT name FROM tests ORDER BY name")]

    def cells(self, test: str) -> list[str]:
        """Name the cells in which a test ever said anything."""
        number = self._number(test)
        return [] if number is None else [c for (c,) in self._ask(questions.CELLS, test=number)]

    def sinces(self, cell: str) -> dict[str, Since]:
        """Return since when those tests fail that did not simply pass in a cell's newest run."""
        found = self._past(cell).sinces()
        return {self._name(test): told for test, told in found.items()}

    def before(self, cell: str, run: str, started: str) -> Before | None:
        """Return what a cell's tests did in the newest whole run before one; None without any."""
        found = self._past(cell).before(run, utc(started))
        if found is None:
            return None
        ran, failed = (frozenset(map(self._name, tests)) for tests in found)
        return Before(ran=ran, failed=failed)

    def flakes(self, cell: str) -> dict[str, float]:
        """Return the flake rates of a cell's tests, where they are not 0."""
        found = self._past(cell).flakes()
        return {self._name(test): rate for test, rate in found.items()}

    def story(self, cell: str, test: str) -> Story | None:
        """Return all there is about a test in a cell; None if it never said anything there."""
        told = self._marks(cell, test)
        if not told:
            return None
        marks = tuple(mark for mark, _ in told)
        (place,) = self._ask(questions.PLACE, cell=cell)
        return Story(
            cell=cell,
            test=test,
            marks=marks,
            since=since(marks),
            flakiness=_flakiness(told),
            durations=self._durations(test, *place),
        )

    def test_budgets(self, suite: Commit, worker: str, backend: str) -> dict[str, float]:
        """Return the seconds after which tests can be said to hang, by the names they are kept by.

        Four times the longest that one ever passed in, and at least half a minute; a test that has
        not passed often enough is left out.
        """
        place = {"line": suite.line, "worker": worker, "backend": backend}
        rows = self._ask(questions.LONGEST, **place, enough=ENOUGH)
        return {name: max(BUDGET_LEAST, BUDGET_FACTOR * longest) for name, longest in rows}

    def recents(self, pair: Pair, before: str) -> dict[str, Recent]:
        """Return what each test did in the newest runs of a pair that began before a time.

        A pair is known by the names of its commits, so that a branch stays one. A test of which
        too little is known, or only what is too old, is left out.
        """
        rows = self._ask(
            questions.RECENT,
            suite=name_of(pair),
            frontend=pair.frontend.ref,
            channel=pair.frontend_channel,
            worker=pair.worker,
            backend=pair.backend,
            since=recent.since(before),
            before=utc(before),
            last=recent.LAST,
        )
        found = recent.recents(
            RunTallies(started, bool(control), self._roster(roster), self._tallies(number))
            for number, started, control, roster in rows
        )
        return {self._name(test): told for test, told in found.items()}

    def _tallies(self, observation: int) -> dict[int, tuple[Tally, Tally] | None]:
        return {
            test: (Tally(failed=f1, attempts=n1), Tally(failed=f2, attempts=n2)) if known else None
            for test, known, f1, n1, f2, n2 in self._ask(questions.TALLIES, observation=observation)
        }

    def _durations(self, test: str, line: str, worker: str, backend: str) -> Durations | None:
        rows = self._ask(
            questions.DURATIONS, name=kept_name(test), line=line, worker=worker, backend=backend
        )
        return summarise(Count(bucket=b, count=n, longest=longest) for b, n, longest in rows)

    def _past(self, cell: str) -> CellPast:
        """Load a cell; the last is kept, as its failures and its flakes are asked in turn."""
        state = (cell, self._connection.total_changes)
        if self._last is None or self._last[0] != state:
            self._last = state, self._load(cell)
        return self._last[1]

    def _load(self, cell: str) -> CellPast:
        observations = [
            Observed(number, self._roster(roster), bool(whole), partial(_marked, tuple(row)))
            for number, roster, whole, *row in self._ask(questions.OBSERVATIONS, cell=cell)
        ]
        return CellPast(observations, self._ask(questions.OUTCOMES, cell=cell))

    def _roster(self, number: int) -> frozenset[int]:
        if number not in self._rosters:
            rows = self._ask(questions.ROSTER, roster=number)
            self._rosters[number] = frozenset(test for (test,) in rows)
        return self._rosters[number]

    def _name(self, test: int) -> str:
        if test not in self._names:
            self._names.update(self._ask("SELECT id, name FROM tests"))
        return self._names[test]

    def _marks(self, cell: str, test: str) -> list[tuple[Mark, bool]]:
        number = self._number(test)
        return [] if number is None else self._marks_of(cell, number)

    def _marks_of(self, cell: str, test: int) -> list[tuple[Mark, bool]]:
        rows = self._ask(questions.OF_TEST, cell=cell, test=test)
        return [(_mark(row[:-1]), bool(row[-1])) for row in rows]

    def _number(self, test: str) -> int | None:
        rows = self._ask("SELECT id FROM tests WHERE name = :name", name=kept_name(test))
        return int(rows[0][0]) if rows else None

    def _ask(self, question: str, **values: object) -> list[_Row]:
        return self._connection.execute(question, values).fetchall()


def _flakiness(told: Sequence[tuple[Mark, bool]]) -> Flakiness:
    return Flakiness(flaky=sum(mixed for _, mixed in told), runs=len(told))


def _marked(row: _Row, verdict: Verdict) -> Mark:
    return _mark((*row, verdict))


def _mark(row: _Row) -> Mark:
    return msgspec.convert(dict(zip(_MARK, row, strict=False)), Mark)
