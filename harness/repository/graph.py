"""The commits behind a repository's tags and branches, read once, for many questions of ancestry.

Git takes a process for each question, 20 to 100 ms on BuildKit's history, and reads all of it in
200 ms. Commits that no tag or branch reaches are asked of git as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property

from harness.repository.git import Git


class Graph:
    """Answers what git would; reads nothing before the first question."""

    def __init__(self, git: Git) -> None:
        """Take a repository."""
        self._git = git
        self._reach: dict[int, int] = {}

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether `older` is `newer` or an ancestor of it; what is not here is neither."""
        one, other = self._number.get(older), self._number.get(newer)
        if one is None or other is None:
            return self._git.is_ancestor(older, newer)
        return bool(self._reached(other) >> one & 1)

    def merge_base(self, one: str, other: str) -> str | None:
        """Best common ancestor of two commits, or None if they share no history."""
        numbers = self._number.get(one), self._number.get(other)
        if numbers[0] is None or numbers[1] is None:
            return self._git.merge_base(one, other)
        common = self._reached(numbers[0]) & self._reached(numbers[1])
        # No commit comes before one that it is an ancestor of, so the first is a best one.
        first = (common & -common).bit_length() - 1
        return self._commits[first][0] if common else None

    def commits(self) -> list[str]:
        """Return every commit behind a tag or branch, parents before children."""
        return [sha for sha, _, _ in reversed(self._commits)]

    def held(self, others: Iterable[str]) -> Callable[[str], frozenset[str]]:
        """Return a function: which of the others one of these commits has in its history, or is.

        It is quickest where it is asked of parents before their children.
        """
        places = {self._number[it]: it for it in others if it in self._number}
        marks = sum(1 << number for number in places)
        seen: dict[int, frozenset[str]] = {}

        def held(sha: str) -> frozenset[str]:
            found = self._reached(self._number[sha]) & marks
            if found not in seen:
                seen[found] = frozenset(it for number, it in places.items() if found >> number & 1)
            return seen[found]

        return held

    def size(self, sha: str) -> int:
        """Count the commits in the history of a tag's or branch's commit, itself among them."""
        return self._reached(self._number[sha]).bit_count()

    def date(self, sha: str) -> str:
        """Committer date of a commit as YYYY-MM-DD in UTC."""
        number = self._number.get(sha)
        if number is None:
            return self._git.date(sha)
        return datetime.fromtimestamp(self._commits[number][1], UTC).strftime("%Y-%m-%d")

    @cached_property
    def _commits(self) -> list[tuple[str, int, list[str]]]:
        """Every commit with its time and parents, children before parents."""
        rows = (row.split(" ") for row in self._git.history())
        return [(sha, int(time), parents) for time, sha, *parents in rows]

    @cached_property
    def _number(self) -> dict[str, int]:
        return {sha: number for number, (sha, _, _) in enumerate(self._commits)}

    @cached_property
    def _parents(self) -> list[list[int]]:
        # A graft or a shallow border may name parents that are not here.
        number = self._number
        return [[number[p] for p in parents if p in number] for _, _, parents in self._commits]

    def _reached(self, start: int) -> int:
        """Return the commits that one reaches, itself among them, as a set of bits."""
        if start not in self._reach:
            reached, due = 0, [start]
            while due:
                number = due.pop()
                if known := self._reach.get(number):
                    reached |= known
                elif not reached >> number & 1:
                    reached |= 1 << number
                    due += self._parents[number]
            self._reach[start] = reached
        return self._reach[start]
