r"""Skip lists (skiplists/*.yaml): tests whose outcome is known, and why.

    entries:
      - test: [TestWorkdir*, TestFoo]  # function, or function/subtest; * and ? are wild
        params: {fileop: "false"}      # each must be as given; others do not matter
        worker: [oci, containerd]      # one of these; absent: any
        when: {frontend: ">=0.11"}
        status: expected-failure       # or skip, flaky, unavailable
        signature: 'build-arg was removed in BuildKit 0\.11'
        reason: The frontend dropped the switch; the daemon's tests still set it.
        issue: https://github.com/moby/buildkit/pull/3394
        expires: 2027-06-30            # optional; an expired entry is an error

      - test: TestRace
        status: flaky
        budget: 0.25                   # share of a side's attempts that may fail

      - test: TestReproSourceDateEpoch
        status: unavailable            # not run where one of these is lacking
        needs: ["image docker.io/library/debian:12@sha256:…"]

The key (test, worker, params) finds tests; the signature must be found in the failure's text, so
that a known failure does not hide a new one. Where several entries match a test, the first in
the order of file names and of the file decides.
"""

from __future__ import annotations

import re
import warnings
from datetime import date
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Self

from msgspec import Meta, field
from msgspec.structs import replace

from harness.config.conditions import ALWAYS, Condition, Facts
from harness.config.known import ANYTHING, Known
from harness.config.needs import Has, Need
from harness.config.schema import load
from harness.config.series import Link
from harness.config.terms import Parameter, Worker
from harness.config.testnames import TestName
from harness.config.yamlfile import Complaint, Place, Problems
from harness.errors import ConfigError
from harness.model import Record, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAX_SIGNATURE = 300
"""Characters of a signature; what it is searched in is bounded where failures are read."""


class Signature:
    """A regular expression that the text of a known failure matches somewhere."""

    def __init__(self, text: str) -> None:
        """Check the expression. Raises: Complaint."""
        if len(text) > MAX_SIGNATURE:
            hint = "keep the telling words"
            raise Complaint(f"is longer than {MAX_SIGNATURE} characters", hint=hint)
        try:
            with warnings.catch_warnings():  # re warns of what it will read differently one day
                warnings.simplefilter("error")
                self._pattern = re.compile(text)
        except (re.error, RecursionError, OverflowError, Warning) as error:
            hint = "write a Python regular expression"
            raise Complaint(f"is no regular expression: {error}", hint=hint) from error
        if self._pattern.search(""):
            hint = "name the words that make this failure known"
            raise Complaint("matches any failure at all", hint=hint)
        self.text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a signature. Raises: Complaint."""
        return cls(text)

    def found_in(self, failure: str) -> bool:
        """Return whether a failure's text is the known one."""
        return self._pattern.search(failure) is not None

    def __eq__(self, other: object) -> bool:
        """Compare as written."""
        return isinstance(other, Signature) and self.text == other.text

    def __hash__(self) -> int:
        """Hash to match equality."""
        return hash(self.text)

    def __repr__(self) -> str:
        """`Signature('no such file')`."""
        return f"Signature({self.text!r})"


class Entry(Record, frozen=True, kw_only=True):
    """One known outcome."""

    place: Place
    test: tuple[TestName, ...]
    status: Status
    reason: str
    issue: Link
    worker: tuple[Worker, ...] = ()
    params: dict[Parameter, str] = field(default_factory=dict)
    when: Condition = ALWAYS
    signature: Signature | None = None
    """Required for an expected failure."""
    budget: Annotated[float, Meta(ge=0, lt=1)] | None = None
    """Of a flaky test: the share of a side's attempts that may fail; None for any."""
    needs: tuple[Need, ...] = ()
    """What the tests cannot do without, where they are `unavailable`; of an entry that applies to
    a pair, what of that is lacking."""
    expires: date | None = None
    """The last day on which the entry holds."""

    def __post_init__(self) -> None:
        """Hold status and signature together. Raises: Complaint."""
        if self.status is Status.EXPECTED_FAILURE and self.signature is None:
            hint = "add the words of the failure that make it this one"
            raise Complaint("an expected failure needs a `signature`", hint=hint)
        left_out = self.status in {Status.SKIP, Status.UNAVAILABLE}
        if left_out and self.signature is not None:
            hint = "remove it, or make the entry an expected-failure"
            what = "a test that is not run has no failure to match"
            raise Complaint(what, key="signature", hint=hint)
        if self.budget is not None and self.status is not Status.FLAKY:
            hint = "remove it, or make the entry flaky"
            raise Complaint("only a flaky test has a budget", key="budget", hint=hint)
        if self.status is Status.UNAVAILABLE and not self.needs:
            hint = "add what the tests cannot do without: `needs: [network]`"
            raise Complaint("what is unavailable `needs` something", hint=hint)
        if self.needs and self.status is not Status.UNAVAILABLE:
            hint = "remove it, or make the entry unavailable"
            raise Complaint("only an unavailable test needs anything", key="needs", hint=hint)
        if self.worker and self.when.worker and not {*self.worker} & {*self.when.worker}:
            hint = "leave one of the two out"
            what = "none of these is a worker that `when` asks for"
            raise Complaint(what, key="worker", hint=hint)

    @property
    def where(self) -> str:
        """`skiplists/file.yaml:line`: the same on every machine."""
        return f"{'/'.join(PurePath(self.place.file).parts[-2:])}:{self.place.line}"

    def matches_test(
        self, function: str, worker: str, params: Mapping[str, str], subtest: str
    ) -> bool:
        """Return whether the entry is about a test.

        A pattern without a subtest is about the function itself, one with `/*` about everything
        below it; `*` crosses slashes. `subtest` is empty for the function itself.
        """
        return (
            any(names_test(pattern, function, subtest) for pattern in self.test)
            and self.on_worker(worker)
            and all(params.get(key) == value for key, value in self.params.items())
        )

    def on_worker(self, worker: str) -> bool:
        """Return whether the entry is about tests on this worker."""
        return not self.worker or worker in self.worker

    def affords(self, failed: int, attempts: int) -> bool:
        """Return whether so many failures are within the budget; of few attempts one always is."""
        return self.budget is None or failed <= max(1, self.budget * attempts)

    def explains(self, failure: str) -> bool:
        """Return whether a failure's text is the one this entry knows; any, without a signature."""
        return self.signature is None or self.signature.found_in(failure)


class _File(Record, frozen=True, kw_only=True):
    entries: tuple[Entry, ...]


def load_entries(folder: Path, today: date, known: Known = ANYTHING) -> tuple[Entry, ...]:
    """Read every skip list of a folder, by file name; `known` is what entries can hold for.

    Raises:
        ConfigError: A list is wrong, an entry has expired or can hold for nothing, or two
            entries say the same.

    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read: {error.strerror}") from error
    entries = tuple(
        entry for file in files for entry in load(file, _File, words=known.words).entries
    )
    problems = Problems()
    for entry in entries:
        known.check(entry.when, entry.place, "when", problems)
        known.check_params(entry.params, entry.place, problems)
    _check(entries, today, problems)
    problems.raise_any()
    return entries


def applicable(entries: Iterable[Entry], facts: Facts, has: Has) -> tuple[Entry, ...]:
    """Choose the entries whose condition holds, in their order.

    Of those that name what tests need, the ones for which something is lacking, with that alone.
    """
    holding = (entry for entry in entries if entry.when.matches(facts))
    lacking = ((entry, has.lacking(entry.needs)) for entry in holding)
    return tuple(
        replace(entry, needs=lacks) if entry.needs else entry
        for entry, lacks in lacking
        if lacks or not entry.needs
    )


def names_test(pattern: str, function: str, subtest: str) -> bool:
    """Return whether a pattern names a test; * and ? are wild, brackets are letters."""
    wanted, _, below = pattern.replace("[", "[[]").partition("/")
    same_depth = bool(subtest) == bool(below)
    return same_depth and fnmatchcase(function, wanted) and fnmatchcase(subtest, below)


def _check(entries: tuple[Entry, ...], today: date, problems: Problems) -> None:
    seen: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        if entry.expires is not None and entry.expires < today:
            hint = "see whether the issue is solved: remove the entry, or set a later day"
            what = f"the entry expired on {entry.expires}"
            problems.add(entry.place, "expires", what, hint)
        for test in entry.test:
            needs = entry.status is Status.UNAVAILABLE  # beside what is known where it runs
            key = (test, entry.worker, tuple(sorted(entry.params.items())), entry.when, needs)
            first = seen.setdefault(key, entry)
            if first is not entry or entry.test.count(test) > 1:
                what = f"{test} stands in {first.where} already, for the same case"
                problems.add(entry.place, "test", what, "remove it from one of them")
