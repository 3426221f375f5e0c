"""Floors (skiplists/floors/*.yaml): from which daemon on a test passes with the newest frontend.

    floors:
      - {test: TestWorkdir, since: v0.3}                # nobody has seen an older daemon fail it
      - test: TestSecretAsEnviron                       # function, or function/subtest
        since: v0.12                                    # a line of lines.yaml
        below: refused                                  # or wrong, or crash
        cause: exec.secretenv                           # the capability, or what somebody found
        issue: https://github.com/moby/buildkit/pull/1  # optional
      - {test: TestCopyChmod, params: {fileop: "true"}, since: v0.17, below: wrong, cause: ...}
      - test: TestReservedStageName
        since: v0.17
        below: wrong                                    # on any older line
        dies: [v0.12]                                   # on this one the daemon may die, too
        cause: ...

      - {test: TestWorkdir, since: v0.13, platform: windows/amd64}   # there, and not the above

One row for each test, and one more for each platform on which it is another. What is wrong below a
floor is worse than what fails, so it needs a cause that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from msgspec import field

from harness.config.known import ANYTHING, Known
from harness.config.schema import load
from harness.config.series import Link
from harness.config.terms import Parameter, PlatformName
from harness.config.testnames import TestName
from harness.config.yamlfile import Complaint, Place, Problems
from harness.errors import ConfigError
from harness.model import Below, Record
from harness.model.platforms import USUAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Floor(Record, frozen=True, kw_only=True):
    """The oldest line on which one test passes, and what it does below."""

    place: Place
    test: TestName
    since: str
    params: dict[Parameter, str] = field(default_factory=dict)
    below: Below | None = None
    """None if no older daemon was seen to fail it."""
    cause: str = ""
    """The capability that older daemons lack, or why they are wrong or die."""
    issue: Link | None = None
    dies: tuple[str, ...] = ()
    """Lines whose daemon dies of it, or on which it hangs, where it is wrong on others."""
    platform: PlatformName | None = None
    """The only one that it holds on; None for every one that has no floor of its own."""

    def __post_init__(self) -> None:
        """Hold `below` and `cause` together. Raises: Complaint."""
        if "*" in self.test or "?" in self.test:
            raise Complaint("a floor is one test's", key="test", hint="write its whole name")
        if self.below is Below.WRONG and not self.cause.strip():
            what = "a test that is wrong below its floor needs a cause that somebody wrote"
            hint = "find out why those daemons build the wrong thing, and say so"
            raise Complaint(what, key="cause" if self.cause else "below", hint=hint)
        if self.below is None and self.cause:
            hint = "say what the test does below: refused, wrong or crash"
            raise Complaint("nothing is said to happen below", key="cause", hint=hint)
        if self.dies and self.below is not Below.WRONG:
            hint = "remove it, or write `below: crash` alone, which is said of every older line"
            raise Complaint("only what is wrong below may die on some lines", key="dies", hint=hint)

    @property
    def where(self) -> str:
        """`floors/file.yaml:line`: the same on every machine."""
        return f"{'/'.join(PurePath(self.place.file).parts[-2:])}:{self.place.line}"

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...], str]:
        """What tells it from other floors; they are written in this order."""
        return self.test, tuple(sorted(self.params.items())), self.platform or ""


class _File(Record, frozen=True, kw_only=True):
    floors: tuple[Floor, ...]


@dataclass(frozen=True)
class Floors:
    """All floors, and the lines that they are told by."""

    rows: tuple[Floor, ...] = ()
    lines: tuple[str, ...] = ()
    """From old to new."""

    def find(self, test: str, params: Mapping[str, str], platform: str = USUAL) -> Floor | None:
        """Find the floor of a test by its name and matrix values, that of its platform first."""
        alike = (it for it in self._by_test.get(test, ()) if it.platform in {None, platform})
        found = (it for it in alike if it.params.items() <= params.items())
        return max(found, key=lambda it: (it.platform is not None, len(it.params)), default=None)

    def older(self, line: str, other: str) -> bool:
        """Return whether a line is older than another."""
        return self.lines.index(line) < self.lines.index(other)

    @cached_property
    def _by_test(self) -> dict[str, list[Floor]]:
        found: dict[str, list[Floor]] = {}
        for row in self.rows:
            found.setdefault(row.test, []).append(row)
        return found


NO_FLOORS = Floors()
"""For pairs and runs of which none is known."""


def load_floors(folder: Path, lines: Sequence[str], known: Known = ANYTHING) -> Floors:
    """Read the floors of a folder, by file name; none if it is not there.

    Raises:
        ConfigError: A file is wrong, names a line that there is not, or two floors are of one test.

    """
    files = floor_files(folder)
    rows = tuple(row for file in files for row in load(file, _File, words=known.words).floors)
    problems = Problems()
    _check(rows, lines, problems)
    for row in rows:
        known.check_params(row.params, row.place, problems)
    problems.raise_any()
    return Floors(rows, tuple(lines))


def floor_files(folder: Path) -> list[Path]:
    """Return the files of a folder of floors, by name. Raises ConfigError."""
    try:
        found = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read: {error.strerror}") from error
    return [path for path in found if path.suffix in {".yaml", ".yml"}]


def _check(rows: Iterable[Floor], lines: Sequence[str], problems: Problems) -> None:
    seen: dict[object, Floor] = {}
    for row in rows:
        if row.since not in lines:
            hint = f"write one of: {', '.join(lines)}"
            problems.add(row.place, "since", f"there is no line {row.since[:60]!r}", hint)
        elif row.below and row.since == lines[0]:
            what = f"no line is older than {row.since}"
            problems.add(row.place, "below", what, "remove it, or mend `since`")
        else:
            older = lines[: lines.index(row.since)]
            for line in (it for it in row.dies if it not in older):
                what = f"there is no line {line[:60]!r} below {row.since}"
                problems.add(row.place, "dies", what, f"write some of: {', '.join(older)}")
        first = seen.setdefault(row.key, row)
        if first is not row:
            says = "says the same" if first.since == row.since else f"says {first.since}"
            what = f"{row.test} has a floor already: {first.where} {says}"
            problems.add(row.place, "test", what, "remove one of them")
