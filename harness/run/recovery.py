"""Cuts one side of an attempt into processes, so that a crash or a hang costs its own test. Pure.

A test that kills the test binary takes all others of its process along. They go on in a further
process, on the side where that happened, and so forth until every test has come to an end. There
run

- together, what a cut kept from its end or from its beginning;
- one at a time, the tests of which one killed a binary where nothing tells which: the next end
  has one culprit;
- each by itself, those that are known to kill it.

No number of processes is the limit. But each must bring a test to its end, find a culprit or learn
whom to suspect: of the tests of one that did nothing of this, half are taken, and a test that does
not begin even by itself is given up. So there are at most some three processes for each test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from harness.gotest import selection
from harness.gotest.names import parse, sandbox_name
from harness.model import LegRun, Outcome, Reason, Result
from harness.reports.text import plural
from harness.verdict.collate import known_names

_WORTH_TELLING = 2
"""Further processes from which on a reader is told of them in a word, beside each leg's note."""


@dataclass(frozen=True)
class Rest:
    """A further process for tests that have not come to their end."""

    select: str
    skip: tuple[str, ...]
    """Paths, beside those that the pair skips anyway."""
    alone: bool
    """One test at a time: then it is known which one ends the binary."""
    expected: int | None
    """How many tests it will run, if that is known."""
    tests: tuple[str, ...] = ()
    """Sandboxes that it is for, if it is for some and not for whatever is left."""


@dataclass
class Recovery:
    """What the processes of one side of an attempt have done, and what is to be run next.

    All but culprits are sandboxes here: a test runs again with its whole sandbox, and without the
    subtests of it that killed the binary.
    """

    first: LegRun
    """The leg that was to run everything."""
    go_minor: int
    own: bool = False
    """Whether daemon and tests are of one commit: then a failure hides what comes behind it."""
    chain: list[LegRun] = field(default_factory=list)
    culprits: frozenset[str] = frozenset()
    """Tests that ended a process before the others had ended."""
    _ended: frozenset[str] = frozenset()
    _open: tuple[str, ...] = ()
    """Tests that a cut kept from their end, in the order of their beginning."""
    _suspects: frozenset[str] = frozenset()
    _unheard: bool = False
    """Whether there may be tests that never began."""
    _given_up: set[str] = field(default_factory=set)
    _all_given_up: bool = False
    _most: int | None = None
    """The most tests that the next process may have, after one that came to nothing."""

    def __post_init__(self) -> None:
        """Take the first leg in."""
        self.chain.append(self.first)
        self._read()

    def took(self, run: LegRun, rest: Rest | None = None) -> None:
        """Take in what a process did; `rest` is what it was to run, if that is known."""
        before = self._settled
        self.chain.append(run)
        self._read()
        if rest is None or _stopped(run):
            return
        came_to_nothing = self._settled <= before
        tests = rest.tests
        self._most = (len(tests) + 1) // 2 if came_to_nothing and len(tests) > 1 else None
        if came_to_nothing and len(tests) == 1:
            self._given_up |= set(tests)
        self._all_given_up |= came_to_nothing and not tests

    def rest(self, elsewhere: Collection[str] | None) -> Rest | None:
        """Return what is to be run next; None if nothing is left, or the leg's time is over.

        `elsewhere` are the names that the other side's leg has seen, or None if it does not know
        them all either.
        """
        if self.go_minor < selection.SKIP or _out_of_time(self.chain[-1]):
            return None
        known = known_names(self.chain) | frozenset(elsewhere or ())
        done = {*self._ended, *self.culprits, *self._given_up}
        unheard = [
            name
            for name in dict.fromkeys(_sandboxes(sorted(known), known))
            if self._unheard and name not in {*done, *self._open}
        ]
        if self._unheard and not self._all_given_up and (elsewhere is None or unheard):
            return self._of_all(known, elsewhere)
        left = [name for name in (*self._open, *unheard) if name not in done]
        if together := [name for name in left if name not in self._suspects]:
            return self._of(together, known, alone=self._most is not None)
        return self._of(left, known, alone=True) if left else None

    def story(self) -> str:
        """Say in a sentence why there were several further processes; empty if there were not."""
        further = len(self.chain) - 1
        if further < _WORTH_TELLING:
            return ""
        number = plural(len(self.culprits), "test")
        given_up = plural(len(self._given_up - self._ended), "test")
        lost = f"; {given_up} did not begin even by themselves" if self._given_up else ""
        return (
            f"{number} kept others from their end, which ran in {further} further processes{lost}"
        )

    def _of(self, names: Sequence[str], known: Collection[str], *, alone: bool) -> Rest:
        tests = tuple(names[: self._most])
        # What does not fit into one value is still left afterwards.
        select = selection.select_names(tests, self.go_minor, known)[0]
        skip = selection.paths_of(sorted(self.culprits))
        return Rest(select, tuple(skip), alone, len(tests), tests)

    def _of_all(self, known: frozenset[str], elsewhere: Collection[str] | None) -> Rest:
        """Return a process for all that was selected and has not ended, begun or not."""
        out = {*self._ended, *self.culprits, *self._suspects, *self._given_up}
        skip = selection.paths_of(sorted(out))
        expected = len({*_sandboxes(known, known)} - out) if elsewhere is not None else None
        return Rest(self.first.selection, tuple(skip), alone=False, expected=expected)

    @property
    def _settled(self) -> int:
        return 2 * len(self._ended) + 2 * len(self.culprits) + len(self._suspects)

    def _read(self) -> None:
        """Draw everything from all processes anew: later ones may tell what a sandbox is."""
        known = known_names(self.chain)
        ended, culprits, suspects = set[str](), set[str](), set[str]()
        open_: dict[str, None] = {}
        for run in self.chain:
            cut = None if _stopped(run) else run.cut
            guilty = [name for name in (cut.culprits if cut else ()) if parse(name).function]
            culprits.update(guilty)
            left = [it for it in run.results if _cut_off(it)]
            # Of a culprit that is a subtest, nobody knows what its sandbox had still to begin.
            inner = (name for name in guilty if sandbox_name(name, known) != name)
            cut_off = dict.fromkeys(_sandboxes((*(it.name for it in left), *inner), known))
            names = (*(it.name for it in run.results), *run.parents)
            ended.update(it for it in _sandboxes(names, known) if it not in cut_off)
            open_ = {it: None for it in (*open_, *cut_off) if it not in ended | culprits}
            if cut and not guilty:
                began = (it.name for it in left if it.outcome is not Outcome.MISSING)
                suspects.update(_sandboxes(began, known))
            if run.selection == self.first.selection and (run.cut or run.whole):
                hidden = cut is not None and cut.failed and self.own
                self._unheard = cut is not None and not (cut.began or hidden)
        self._ended, self.culprits = frozenset(ended), frozenset(culprits)
        self._open, self._suspects = tuple(open_), frozenset(suspects & open_.keys())


def goes_on(run: LegRun, rest: Rest) -> str:
    """Say what comes after a process, in a clause."""
    ended = f"{run.cut.words}; " if run.cut else ""
    number = "what it cut off" if rest.expected is None else plural(rest.expected, "test")
    how = " one at a time" if rest.alone and rest.expected != 1 else ""
    return f"{ended}{number} in a further process{how}"


def _sandboxes(names: Iterable[str], known: Collection[str]) -> list[str]:
    return [sandbox_name(name, known) for name in names if parse(name).function]


def _cut_off(result: Result) -> bool:
    return result.outcome is Outcome.MISSING or result.reason is Reason.INCOMPLETE


def _out_of_time(run: LegRun) -> bool:
    """Return whether the leg's own limit ended it, and no test that hangs: more would need more."""
    return run.timed_out and run.cut is None


def _stopped(run: LegRun) -> bool:
    """Return whether a leg was ended from outside: then nobody in it is to blame."""
    return run.exit_status is None and not run.timed_out
