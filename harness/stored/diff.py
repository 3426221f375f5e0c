"""What changed between two stored runs: cells and tests, with both sides; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness.gotest.fingerprint import normalise
from harness.model import Judgement, Leg, Pair, Record, Run, Verdict
from harness.model.matrix import CellResult, CellState, MatrixRun
from harness.reports.summary import attempts, side_error
from harness.reports.text import one_line

_ERROR = 400

Cells = Iterable[tuple[CellResult, Run | None]]


class TestSide(Record, frozen=True, kw_only=True):
    """What one run says of a test."""

    __test__ = False  # not a pytest class

    verdict: Verdict
    control: str
    """Outcomes of its attempts: `pass`, `fail, pass`; empty if it did not run."""
    candidate: str
    error: str
    """One harmless line."""
    fingerprint: str
    """Of the candidate's first failure, or empty."""


class TestChange(Record, frozen=True, kw_only=True):
    """A test that the runs do not say the same of; one side is None where it is not there."""

    __test__ = False  # not a pytest class

    name: str
    before: TestSide | None
    after: TestSide | None

    @property
    def differently(self) -> bool:
        """Whether it fails in both runs with one verdict, but not in the same way."""
        old, new = self.before, self.after
        return old is not None and new is not None and old.verdict is new.verdict


class CellSide(Record, frozen=True, kw_only=True):
    """What one run says of a cell."""

    pair: Pair
    state: CellState
    verdict: Verdict
    error: str
    """One harmless line about a cell that failed, or empty."""


class CellChange(Record, frozen=True, kw_only=True):
    """A cell that the runs do not say the same of; one side is None where it is not there."""

    id: str
    """In the later run, if it is there."""
    before: CellSide | None
    after: CellSide | None
    tests: tuple[TestChange, ...]
    """Empty where one of the sides has no run."""


class Head(Record, frozen=True, kw_only=True):
    """Which run it is."""

    id: str
    matrix: str
    started: str


class Diff(Record, frozen=True, kw_only=True):
    """Everything that changed."""

    before: Head
    after: Head
    commits: dict[str, tuple[str, str]]
    """Names of commits that mean others now: the commit before and after."""
    cells: tuple[CellChange, ...]
    """In the order of the later run; those that vanished are last."""
    compared: int
    """Cells that either run has."""

    @property
    def changed(self) -> bool:
        """Whether any cell or test did."""
        return bool(self.cells)


_Tests = Mapping[str, TestSide]


def compare(before: MatrixRun, cells: Cells, after: MatrixRun, later: Cells) -> Diff:
    """Compare two runs; cells are the same by their ids, or if each run has but one.

    Holds what the earlier run's tests did and one cell of the later.
    """
    earlier = dict(_sides(before, cells))
    seen: set[str] = set()
    changes: list[CellChange] = []
    alone = len(earlier) == len(after.cells) == 1
    for name, (side, tests) in _sides(after, later):
        known = next(iter(earlier)) if alone else name
        seen.add(known)
        old, old_tests = earlier.get(known, (None, None))
        rows = _tests_between(old_tests, tests)
        if rows or old is None or (old.verdict, old.state) != (side.verdict, side.state):
            changes.append(CellChange(id=name, before=old, after=side, tests=rows))
    changes += [
        CellChange(id=name, before=side, after=None, tests=())
        for name, (side, _) in earlier.items()
        if name not in seen
    ]
    return Diff(
        before=_head(before),
        after=_head(after),
        commits=_commits(before, after),
        cells=tuple(changes),
        compared=len(after.cells) + sum(change.after is None for change in changes),
    )


def _sides(matrix: MatrixRun, cells: Cells) -> Iterator[tuple[str, tuple[CellSide, _Tests | None]]]:
    pairs = {cell.id: cell.pair for cell in matrix.plan.cells}
    # A million tests are mostly the same few thousand names, and most of them just pass.
    names: dict[str, str] = {}
    sides: dict[TestSide, TestSide] = {}
    for result, run in cells:
        tests = None
        if run is not None:
            told = ((row.name, _side(row)) for row in run.judgements)
            tests = {names.setdefault(n, n): sides.setdefault(side, side) for n, side in told}
        side = CellSide(
            pair=pairs[result.id],
            state=result.state,
            verdict=result.verdict,
            error=one_line(result.error.strip(), _ERROR),
        )
        yield result.id, (side, tests)


def _side(row: Judgement) -> TestSide:
    failed = next((it for it in row.candidate if it.outcome.failing), None)
    return TestSide(
        verdict=row.verdict,
        control=_outcomes(row, Leg.CONTROL),
        candidate=_outcomes(row, Leg.CANDIDATE),
        error=side_error(row, Leg.CANDIDATE) or side_error(row, Leg.CONTROL),
        fingerprint=failed.fingerprint if failed else "",
    )


def _outcomes(row: Judgement, leg: Leg) -> str:
    return ", ".join(result.outcome.value for result in attempts(row, leg))


def _tests_between(before: _Tests | None, after: _Tests | None) -> tuple[TestChange, ...]:
    if before is None or after is None:
        return ()
    names = [*after, *(name for name in before if name not in after)]
    rows = ((name, before.get(name), after.get(name)) for name in names)
    return tuple(
        TestChange(name=name, before=old, after=new) for name, old, new in rows if _differ(old, new)
    )


def _differ(old: TestSide | None, new: TestSide | None) -> bool:
    if old is None or new is None:
        return True
    return old.verdict is not new.verdict or _otherwise(old, new)


def _otherwise(old: TestSide, new: TestSide) -> bool:
    """Return whether a test fails in another way.

    A fingerprint holds the place in the test's source, which moves; an error line alone may be
    that of many assertions. So both have to differ.
    """
    prints = {old.fingerprint, new.fingerprint}
    if "" in prints or len(prints) == 1:
        return False
    return normalise(old.error) != normalise(new.error)


def _commits(before: MatrixRun, after: MatrixRun) -> dict[str, tuple[str, str]]:
    """Find names that moved."""
    old, new = _named(before), _named(after)
    return {name: (old[name], sha) for name, sha in new.items() if old.get(name, sha) != sha}


def _named(matrix: MatrixRun) -> dict[str, str]:
    pairs = [cell.pair for cell in matrix.plan.cells]
    return {commit.ref: commit.sha for it in pairs for commit in (it.suite, it.frontend)}


def _head(matrix: MatrixRun) -> Head:
    return Head(id=matrix.id, matrix=matrix.plan.matrix, started=matrix.started)
