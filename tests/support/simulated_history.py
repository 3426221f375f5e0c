"""A history of commits that is made up, for the tests of what searches one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.bisect.line import History, Step


@dataclass(frozen=True)
class Made:
    """One commit: its parents, and every file of its tree."""

    parents: tuple[str, ...]
    files: Mapping[str, str]


class Simulated(History):
    """Answers what a repository would; commits are added oldest first."""

    def __init__(self) -> None:
        self.commits: dict[str, Made] = {}

    def add(self, *parents: str, **changes: str) -> str:
        """Add a commit that changes files of its first parent: `a_b="1"` writes `a/b.go`."""
        files: dict[str, str] = dict(self.commits[parents[0]].files) if parents else {}
        for other in parents[1:]:
            base = self.merge_base(parents[0], other)
            before = self.commits[base].files if base else {}
            files |= {p: t for p, t in self.commits[other].files.items() if before.get(p) != t}
        files |= {f"{name.replace('_', '/')}.go": text for name, text in changes.items()}
        return self.put(parents, files)

    def put(self, parents: tuple[str, ...], files: Mapping[str, str]) -> str:
        sha = f"{len(self.commits) + 1:04x}" * 10
        self.commits[sha] = Made(parents, files)
        return sha

    def line(self, old: str, new: str) -> list[Step]:
        known, found, sha = self._reached(old), [], new
        while sha not in known:
            parents = self.commits[sha].parents
            before = self.commits[parents[0]].files if parents else {}
            found.append(Step(sha, tuple(sorted(self._changed(before, self.commits[sha].files)))))
            if not parents:
                break
            sha = parents[0]
        return found[::-1]

    def count(self, old: str, new: str) -> int:
        return len(self._reached(new) - self._reached(old))

    def parents(self, sha: str) -> list[str]:
        return list(self.commits[sha].parents)

    def is_ancestor(self, older: str, newer: str) -> bool:
        return older in self._reached(newer)

    def merge_base(self, one: str, other: str) -> str | None:
        return max(self._reached(one) & self._reached(other), default=None)

    def files(self, sha: str) -> Mapping[str, str]:
        return self.commits[sha].files

    def folders(self, shas: Iterable[str]) -> set[str]:
        return {str(PurePosixPath(path).parent) for sha in shas for path in self.files(sha)}

    def text(self, sha: str, path: str) -> str:
        return self.commits[sha].files.get(path, "")

    def look_ahead(self, shas: Iterable[str], paths: Iterable[str]) -> None:
        """Know everything already."""

    def _reached(self, sha: str) -> set[str]:
        found, due = set[str](), [sha]
        while due:
            if (one := due.pop()) not in found:
                found.add(one)
                due += self.commits[one].parents
        return found

    @staticmethod
    def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
        return {path for path in {*before, *after} if before.get(path) != after.get(path)}
