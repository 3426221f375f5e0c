"""Whether every entry of the skip lists can come to bear: on some test, with some pair.

A pair is a daemon, a frontend and the tests of a commit, mostly the daemon's. What commits a
condition asks for is known for each side alone, and the sources tell which tests a commit has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.config.conditions import ALWAYS, Condition
from harness.config.floors import Floor
from harness.config.lines import Lines
from harness.config.skiplists import Entry, names_test
from harness.lists.contrary import contrary
from harness.lists.kinds import Kind, Remark
from harness.model import Status

SIDES = ("daemon", "frontend", "tests")


@dataclass(frozen=True)
class _Reach:
    """For which kinds of commits, by their places, an entry holds on each side."""

    entry: Entry
    daemons: frozenset[int]
    frontends: frozenset[int]
    tests: frozenset[int]

    def covers(self, other: _Reach) -> bool:
        """Return whether it holds wherever another one does, tests aside."""
        one, two = self.entry, other.entry
        return (
            (one.status is Status.UNAVAILABLE) == (two.status is Status.UNAVAILABLE)
            and self.daemons >= other.daemons
            and self.frontends >= other.frontends
            and self.tests >= other.tests
            and _wider(one.worker, two.worker)
            and one.params.items() <= two.params.items()
            and all(
                _wider(getattr(one.when, key), getattr(two.when, key))
                for key in ("worker", "backend", "channel", "platform")
            )
            and one.when.offline in {None, two.when.offline}
            and one.when.engine in {None, two.when.engine}
        )


@dataclass(frozen=True)
class Reaching:
    """Looks for what entries are about."""

    lines: Lines
    kinds: Sequence[Kind]
    functions: Callable[[Sequence[str]], Iterator[Collection[str]]]
    """Yields names of scenarios and of test functions that these commits have, until stopped."""

    def unreached(self, entries: Sequence[Entry]) -> Iterator[Remark]:
        """Yield what of these entries comes to bear nowhere. Raises GitFailed."""
        before: list[_Reach] = []
        for entry in entries:
            reach = self._reach(entry)
            if told := self._without_commits(reach):
                yield told
            else:
                yield from self._names(reach, before)
            before.append(reach)

    def _reach(self, entry: Entry) -> _Reach:
        daemons, frontends, tests = (self._kinds(entry.when, side) for side in SIDES)
        workers = {*entry.worker} & {*entry.when.worker} or {*entry.worker, *entry.when.worker}
        if not _names_tests(entry.when):  # then they are the daemon's
            daemons = tests = daemons & tests
        return _Reach(
            entry,
            frozenset(it for it in daemons if self.kinds[it].suite),
            frozenset(it for it in frontends if self._released(it, entry.when)),
            frozenset(it for it in tests if self.kinds[it].suite and self._has(it, workers)),
        )

    def _kinds(self, when: Condition, side: str) -> frozenset[int]:
        asked = when.about(side)
        if (side, asked) not in self._found:
            meet = (at for at, kind in enumerate(self.kinds) if kind.meets(asked, side))
            self._found[side, asked] = frozenset(meet)
        return self._found[side, asked]

    @cached_property
    def _found(self) -> dict[tuple[str, Condition], frozenset[int]]:
        return {}

    def _released(self, at: int, when: Condition) -> bool:
        channels = {*self.kinds[at].channels}
        return bool(channels & {*when.channel} if when.channel else channels)

    def _has(self, at: int, workers: Collection[str]) -> bool:
        there = self.lines.line(self.kinds[at].commit.line).workers
        return not workers or bool({*there} & {*workers})

    def _without_commits(self, reach: _Reach) -> Remark | None:
        sides = (reach.daemons, reach.frontends, reach.tests)
        lacking = [side for side, there in zip(SIDES, sides, strict=True) if not there]
        if not lacking:
            return None
        found = (contrary(reach.entry.when, side, self.kinds) for side in lacking)
        why = next(filter(None, found), "")
        return Remark(
            where=spot(reach.entry),
            what=f"holds for no commit as {' or '.join(lacking)}{why and f': {why}'}",
            hint="see whether its `when` and `worker` can hold at once, or remove the entry",
        )

    def _names(self, reach: _Reach, before: Sequence[_Reach]) -> Iterator[Remark]:
        entry = reach.entry
        shas = [sha for at in reach.tests for sha in self.kinds[at].shas]
        wider = [it for it in before if it.covers(reach)]
        for pattern in entry.test:
            function = pattern.partition("/")[0]
            named = (names_test(function, it, "") for there in self.functions(shas) for it in there)
            first = next((it for it in wider if _takes(it.entry, pattern)), None)
            if not any(named):
                yield Remark(
                    where=spot(entry),
                    what=f"{pattern}: none of the tests that it can hold for has this name",
                    hint="mend the name; if the tests are not the daemon's (--tests-from), ask for "
                    "theirs in `when`; else remove it",
                )
            elif first:
                yield Remark(
                    where=spot(entry),
                    what=f"{pattern}: {spot(first.entry)} stands before it and holds for all of it",
                    hint="narrow that one, or remove this one",
                )


def spot(row: Entry | Floor) -> str:
    """Return where an entry or a floor stands: `skiplists/file.yaml:line:column`."""
    return f"{row.where}:{row.place.column}"


def _names_tests(when: Condition) -> bool:
    """Return whether a condition asks for the tests' commit apart from the daemon's."""
    return when.about("tests") != ALWAYS


def _wider(one: Collection[str], two: Collection[str]) -> bool:
    """Return whether all that the second allows is allowed by the first; nothing allows all."""
    return not one or (bool(two) and {*one} >= {*two})


def _takes(entry: Entry, pattern: str) -> bool:
    """Return whether an entry is about every test that a pattern names, as far as is plain."""
    function, _, below = pattern.partition("/")
    plain = not {*"*?"} & {*pattern}
    return any(one == pattern or (plain and names_test(one, function, below)) for one in entry.test)
