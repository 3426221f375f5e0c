r"""What some tests of a cell are known to do: the section `expect` of a matrix's `include`.

    include:
      - daemon: v0.4.0
        frontend: dockerfile/1.1.0-experimental
        expect:
          - test: TestMountContext          # as in skip lists: function, or function/subtest
            params: {fileop: "false"}       # each must be as given; others do not matter
            verdict: regressed
            error: 'exec\.meta\.security is not supported by build server'

Such a cell runs the functions that are named, and no others. `compat selftest` holds what they
did against this, with no skip list applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import field

from harness.config.skiplists import Signature, names_test
from harness.config.terms import Parameter
from harness.config.testnames import TestName
from harness.config.yamlfile import Complaint, Place
from harness.model import Record, Verdict


class Expectation(Record, frozen=True, kw_only=True):
    """The verdict that every test of these names must get."""

    place: Place
    test: tuple[TestName, ...]
    verdict: Verdict
    params: dict[Parameter, str] = field(default_factory=dict)
    error: Signature | None = None
    """Found in the text of the failure; required where one is expected."""

    def __post_init__(self) -> None:
        """Hold verdict and error together. Raises: Complaint."""
        if self.verdict.of_lists:
            what = f"{self.verdict} comes from a skip list, and none is applied here"
            raise Complaint(what, key="verdict", hint="say what the test does without one")
        if self.verdict.fails_anew and self.error is None:
            hint = "add the words of the failure, so that another one does not pass for it"
            raise Complaint(f"a test that is {self.verdict} needs an `error`", hint=hint)
        if not self.verdict.fails_anew and self.error is not None:
            what = f"a test that is {self.verdict} has no failure to match"
            raise Complaint(what, key="error", hint="remove it")

    def matches(self, pattern: str, function: str, params: Mapping[str, str], subtest: str) -> bool:
        """Return whether a test is one that `pattern`, one of `test`, is about."""
        alike = names_test(pattern, function, subtest)
        return alike and all(params.get(key) == value for key, value in self.params.items())


def functions_of(expectations: Iterable[Expectation]) -> tuple[str, ...]:
    """Return the test functions that decide, as globs, each once."""
    named = (test.partition("/")[0] for one in expectations for test in one.test)
    return tuple(dict.fromkeys(named))
