"""Entries of skip lists that were in force in a run and touched no test. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harness.config.skiplists import Entry, names_test
from harness.gotest.names import TestKey
from harness.model import EntryRef, Judgement, Status
from harness.verdict.collate import key_of_test, matches, ref


@dataclass(frozen=True)
class Seen:
    """What is known of the tests of a pair."""

    names: frozenset[str]
    """Full names that this run has seen, parents too."""
    past: Collection[str]
    """Full names that recent runs of the pair have seen."""
    functions: frozenset[str]
    """Test functions that the suite's sources have; empty if that is not known."""
    worker: str


def unmatched(
    entries: Iterable[Entry], judged: Iterable[Judgement], seen: Seen
) -> tuple[EntryRef, ...]:
    """Return the entries in force that no test of a whole run matched, and none was skipped for.

    What a skip took out is in no output of a run: the suite's sources and recent runs say what
    there was to take out. Where neither can tell, the entry counts as one that did.
    """
    keys = [key_of_test(row.name, seen.names) for row in judged]
    skips = _Skips(seen)
    return tuple(
        ref(entry)
        for entry in entries
        if entry.on_worker(seen.worker)
        and not (
            any(map(skips.takes, [entry] * len(entry.test), entry.test))
            if entry.status is Status.SKIP
            else any(matches(entry, key) for key in keys)
        )
    )


class _Skips:
    """Tells whether the entries of a run that say `skip` took something out of it."""

    def __init__(self, seen: Seen) -> None:
        self._functions = seen.functions
        self._ran = _keys(seen.names)
        self._past = _keys(seen.past)

    def takes(self, entry: Entry, pattern: str) -> bool:
        """Return whether one of an entry's names took a test out, as far as can be known."""
        function, _, below = pattern.partition("/")
        named = {one for one in self._functions if names_test(function, one, "")}
        if self._functions and not named:
            return False
        ran = [key for key in self._ran if names_test(function, key.function, "")]
        if below:
            past = [key for key in self._past if names_test(function, key.function, "")]
            subtests = [key for key in past if key.subtest]
            return not subtests or any(names_test(pattern, k.function, k.subtest) for k in subtests)
        if not ran or named - {key.function for key in ran}:
            return True
        # A sandbox that ran beside those that were taken out has the same matrix keys.
        return bool(entry.params) and any(
            entry.params.keys() <= dict(key.params).keys() for key in ran
        )


def _keys(names: Collection[str]) -> list[TestKey]:
    known = frozenset(names)
    return [key for name in names if (key := key_of_test(name, known)).function]
