"""What was seen of that which was expected. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec.structs import replace

from harness.config.expectations import Expectation
from harness.errors import ExitCode
from harness.gotest.excerpts import error_line
from harness.gotest.names import TestKey
from harness.model import Judgement, Pair, Reason, Record, Run, Verdict
from harness.model.matrix import CellResult, PlannedCell
from harness.verdict.collate import key_of_test, known_names
from harness.verdict.table import first_said


class Sight(StrEnum):
    """How something that was expected came out."""

    SEEN = "seen"
    MISSED = "missed"
    """The harness says something else: it does not see what is known."""
    UNWANTED = "unwanted"
    """It sees a breakage that nothing expects."""
    UNTOLD = "untold"
    """Too little ran to say."""
    INFRA = "infra"
    """The machine or the network failed."""


CODES = {
    Sight.SEEN: ExitCode.COMPATIBLE,
    Sight.MISSED: ExitCode.REGRESSION,
    Sight.UNWANTED: ExitCode.REGRESSION,
    Sight.UNTOLD: ExitCode.INDETERMINATE,
    Sight.INFRA: ExitCode.INFRASTRUCTURE,
}

CODES_OF_DEMO = CODES | {
    Sight.MISSED: ExitCode.INDETERMINATE,
    Sight.UNWANTED: ExitCode.INDETERMINATE,
}
"""1 is what a frontend did, and in a demo the frontend is to do it."""

WORST_FIRST = (Sight.MISSED, Sight.UNWANTED, Sight.INFRA, Sight.UNTOLD, Sight.SEEN)


class Finding(Record, frozen=True, kw_only=True):
    """One thing that was expected, or a breakage that was not."""

    sight: Sight
    test: str
    """As the expectation names it; a full name if nothing expected it."""
    wanted: Verdict | None
    """None for what nothing expected."""
    got: tuple[Verdict, ...]
    """Each verdict of the tests that the name matched."""
    why: str
    """In a clause, what is wrong; of what was seen, the failure if there is one."""


class Case(Record, frozen=True, kw_only=True):
    """One cell with everything that was expected of it."""

    id: str
    pair: Pair
    run: str
    """Its folder relative to that of the matrix run; empty if it has none."""
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def sight(self) -> Sight:
        """The worst of its findings."""
        return next(it for it in WORST_FIRST if it in {found.sight for found in self.findings})


class SelfTest(Record, frozen=True, kw_only=True):
    """Every case of a self-test."""

    cases: tuple[Case, ...]
    interrupted: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """Return 1 before 4 before 3 before 0, as for a matrix."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        sights = {case.sight for case in self.cases}
        return CODES[next((it for it in WORST_FIRST if it in sights), Sight.UNTOLD)]


Expected = Mapping[str, Sequence[Expectation]]
Cells = Iterable[tuple[CellResult, Run | None]]


def evaluate(
    planned: Sequence[PlannedCell], expected: Expected, cells: Cells, *, interrupted: bool = False
) -> SelfTest:
    """Hold stored cells against what is expected of them, by their ids."""
    pairs = {cell.id: cell.pair for cell in planned}
    cases = tuple(_case(row, run, pairs[row.id], expected[row.id]) for row, run in cells)
    return SelfTest(cases=cases, interrupted=interrupted)


def of_demo(run: Run, wanted: Sequence[Expectation]) -> Case:
    """Hold a whole run with its skip lists against what is planted, and nothing else is to be.

    A failure that a list explains is `known`; it counts as the one that is expected.
    """
    listed = [replace(row, verdict=_unlisted(row)) for row in run.judgements]
    found = tuple(_of_run(replace(run, judgements=tuple(listed)), wanted, all_told=True))
    return Case(id="demo", pair=run.pair, run="", seconds=run.seconds, findings=found)


def _unlisted(row: Judgement) -> Verdict:
    return Verdict.REGRESSED if row.verdict is Verdict.KNOWN else row.verdict


def _case(row: CellResult, run: Run | None, pair: Pair, wanted: Sequence[Expectation]) -> Case:
    found = _without_run(row, wanted) if run is None else _of_run(run, wanted)
    return Case(id=row.id, pair=pair, run=row.run, seconds=row.seconds, findings=tuple(found))


def _without_run(row: CellResult, wanted: Sequence[Expectation]) -> Iterator[Finding]:
    sight = Sight.INFRA if row.verdict is Verdict.INFRA else Sight.UNTOLD
    why = row.error.strip().partition("\n")[0] or f"nothing ran: the cell is {row.state}"
    for one in wanted:
        for test in one.test:
            yield Finding(sight=sight, test=test, wanted=one.verdict, got=(), why=why)


def _of_run(
    run: Run, wanted: Sequence[Expectation], *, all_told: bool = False
) -> Iterator[Finding]:
    known = known_names(run.legs)
    keys = {row.name: key_of_test(row.name, known) for row in run.judgements}
    named: set[str] = set()
    for one in wanted:
        for pattern in one.test:
            rows = [row for row in run.judgements if _matches(one, pattern, keys[row.name])]
            named |= {row.name for row in rows}
            yield _finding(one, pattern, rows)
    for row in run.judgements:
        telling = not row.verdict.plain if all_told else row.verdict.blames_frontend
        if row.name not in named and telling:
            yield Finding(
                sight=Sight.UNWANTED,
                test=row.name,
                wanted=None,
                got=(row.verdict,),
                why=_failure(row) or "it did not run",
            )


def _matches(one: Expectation, pattern: str, key: TestKey) -> bool:
    return one.matches(pattern, key.function, dict(key.params), key.subtest)


def _finding(one: Expectation, pattern: str, rows: Sequence[Judgement]) -> Finding:
    told = [_compare(one, row) for row in rows] or [(Sight.UNTOLD, "no test of this name ran")]
    sight, why = min(told, key=lambda it: WORST_FIRST.index(it[0]))
    got = tuple(dict.fromkeys(row.verdict for row in rows))
    shown = pattern + "".join(f"[{key}={value}]" for key, value in sorted(one.params.items()))
    return Finding(sight=sight, test=shown, wanted=one.verdict, got=got, why=why)


def _compare(one: Expectation, row: Judgement) -> tuple[Sight, str]:
    code = row.verdict.exit_code
    failure = _failure(row)
    if row.verdict is one.verdict:
        failing = [it for it in row.candidate if it.outcome.failing]
        # What was cut off says nothing where the test has come to an end since.
        ended = [it for it in failing if it.reason is not Reason.INCOMPLETE] or failing
        errors = [it.error for it in ended]
        if one.error is None or (errors and all(map(one.error.found_in, errors))):
            return Sight.SEEN, failure if one.verdict.fails_anew else ""
        return Sight.MISSED, f"it fails in another way: {failure}"
    if code is ExitCode.INFRASTRUCTURE:
        return Sight.INFRA, failure
    if code is ExitCode.INDETERMINATE:
        return Sight.UNTOLD, "it ran on neither side"
    both = one.verdict.fails_anew and row.verdict is Verdict.SAME_FAILURE
    return Sight.MISSED, f"it fails in the control too: {failure}" if both else failure


def _failure(row: Judgement) -> str:
    """Return the first failure of the candidate, else of the control, in a line."""
    for side, word in ((row.candidate, ""), (row.control, "in the control: ")):
        failing = [it for it in side if it.outcome.failing]
        if failing:
            return word + error_line(first_said(failing).error)
    return ""
