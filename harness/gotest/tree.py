"""Which test is whose parent: what a stream shows, never what a name looks like.

Go lets a subtest be called `linux/arm` and its sibling `linux/arm/v7`. What tells a parent:

- it runs when its child begins: one that has ended, or waits for its turn, begins nothing;
- its end comes after its child's;
- in a plain stream a child's end stands indented below its parent's. There the ends come late, so
  this outweighs the others;
- in a marked stream `=== NAME  parent` follows when t.Run returns (Go 1.20 and newer).

Two tests that run side by side, the name of one a prefix of the other's, may both be a third's
parent. Then it is said of neither, so that both are judged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from harness.gotest.logs import BoundedLog
from harness.gotest.names import prefixes
from harness.gotest.reasons import Explanation
from harness.model import Outcome


class Test:
    """One test as far as the stream has told; small, for there are as many as tests."""

    __slots__ = (
        *("above", "built", "inner", "log", "name", "open", "outcome", "parallel", "paused"),
        *("placed", "rivals", "seconds", "why"),
    )
    __test__ = False  # not a pytest class

    def __init__(self, name: str, above: Test | None = None, rivals: tuple[Test, ...] = ()) -> None:
        """Begin a test that has said nothing yet, at the place that `place` found for it."""
        self.name = name
        self.above = above
        """The innermost test that is certainly above it."""
        self.rivals = rivals
        """Tests of which one is its parent, where that could not be told when it began."""
        self.placed = False
        """Its parent was seen from where its end stands."""
        self.inner = False
        """A test that is certainly below it has ended."""
        self.open = True
        self.paused = False
        self.parallel = False
        self.outcome: Outcome | None = None
        self.seconds: float | None = None
        self.log: BoundedLog | None = None
        self.why: Explanation | None = None
        self.built: tuple[str, ...] = ()
        """The Dockerfiles that it says to have built."""

    @property
    def ancestors(self) -> Iterator[Test]:
        """The tests that are certainly above it, innermost first."""
        above = self.above
        while above is not None:
            yield above
            above = above.above

    def put_below(self, parent: Test) -> None:
        """Take a parent for certain: this test's end stands indented below the parent's."""
        self.above, self.rivals, self.placed = parent, (), True
        parent.inner = True

    def returned_to(self, test: Test) -> None:
        """Take in to which test control returned when this one ended or began to wait."""
        if not self.placed and test in self.ancestors:
            self.above = test

    def settle_place(self) -> None:
        """Draw from which tests are over by now, for this one has ended, or the stream has."""
        if self.placed:
            return
        left = [rival for rival in self.rivals if rival.open]
        if len(left) == 1:
            self.above = left[0]
        self.rivals = ()
        # A function's name holds no slash, so that it is above all its subtests, lost ends or not.
        self.above = next((it for it in self.ancestors if it.open or "/" not in it.name), None)
        if self.above is not None:
            self.above.inner = True


def place(name: str, tests: Mapping[str, Test]) -> Test:
    """Make the test that begins now, below the one that began it as far as that is certain."""
    running = [
        test
        for prefix in prefixes(name)
        if (test := tests.get(prefix)) is not None and test.open and not test.paused
    ]
    candidates = bottom(reversed(running))
    if len(candidates) <= 1:
        return Test(name, candidates[0] if candidates else None)
    lines = [(test, *test.ancestors) for test in candidates]
    shared = set(lines[0]).intersection(*lines[1:])
    above = next((test for test in lines[0] if test in shared), None)
    return Test(name, above, tuple(candidates))


def bottom(tests: Iterable[Test]) -> list[Test]:
    """Return those tests, in their order, that are above none of the others."""
    ordered = list(tests)
    inner = above(ordered)
    return [test for test in ordered if test not in inner]


def above(tests: Iterable[Test]) -> Collection[Test]:
    """Return every test that is certainly above one of these."""
    found: set[Test] = set()
    for test in tests:
        for ancestor in test.ancestors:
            if ancestor in found:
                break
            found.add(ancestor)
    return found
