"""Trees of t.Run, run as package testing runs them, and printed as each Go prints them.

The scheduler is Go's: a serial child holds its parent up, a parallel one waits until its parent's
function is over, and then runs beside its siblings in any order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from harness.model import Format, Outcome

WORDS = {Outcome.PASS: "PASS", Outcome.FAIL: "FAIL", Outcome.SKIP: "SKIP"}


@dataclass(eq=False)
class Spec:
    """A call of t.Run."""

    called: str
    parallel: bool = False
    own: Outcome = Outcome.PASS
    """What the function itself says, whatever its subtests do."""
    below: list[Spec] = field(default_factory=list)


@dataclass(eq=False)
class Ran:
    """A test of one run."""

    name: str
    spec: Spec
    parent: Ran | None
    below: list[Ran] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """Fails if any test below it does."""
        if any(child.outcome is Outcome.FAIL for child in self.below):
            return Outcome.FAIL
        return self.spec.own

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1

    def everything(self) -> Iterator[Ran]:
        yield self
        for child in self.below:
            yield from child.everything()


Event = tuple[str, Ran]
Goroutine = Iterator[None]


class Go:
    """One run of one top-level test."""

    def __init__(self, spec: Spec, seed: int) -> None:
        random = Random(seed)  # noqa: S311 - turns, no secrets
        self.events: list[Event] = []
        self.root = Ran(spec.called, spec, None)
        self._used: Counter[str] = Counter()
        self._runnable: list[Goroutine] = []
        self.events.append(("RUN", self.root))
        self._runnable.append(self._function(self.root))
        while self._runnable:
            goroutine = random.choice(self._runnable)
            if next(goroutine, self) is self:
                self._runnable.remove(goroutine)

    def _function(self, test: Ran) -> Goroutine:
        """Run a test from behind its begin, or its CONT, to its end."""
        waiting: list[Ran] = []
        for spec in test.spec.below:
            yield
            child = Ran(self._unique(test.name, spec.called), spec, test)
            test.below.append(child)
            self.events.append(("RUN", child))
            if spec.parallel:
                self.events.append(("PAUSE", child))
                waiting.append(child)
            else:
                yield from self._function(child)
            self.events.append(("NAME", test))
        yield  # said or not, so that two runs with the same `random` take the same turns
        if test.spec.own is not Outcome.PASS:
            self.events.append(("LOG", test))
        yield
        over: list[Ran] = []
        self._runnable += [self._parallel(child, over) for child in waiting]
        while len(over) < len(waiting):
            yield
        self.events.append(("END", test))
        if test.parent is None:
            self.events.append(("OVER", test))

    def _parallel(self, test: Ran, over: list[Ran]) -> Goroutine:
        self.events.append(("CONT", test))
        yield from self._function(test)
        over.append(test)

    def _unique(self, parent: str, called: str) -> str:
        """After matcher.unique of src/testing/match.go."""
        base = f"{parent}/{called}"
        while True:
            number = self._used[base]
            self._used[base] += 1
            if called and not number:
                if self._is_of_another(base):
                    continue
                return base
            name = f"{base}#{number:02d}"
            if not self._used[name]:
                return name

    def _is_of_another(self, name: str) -> bool:
        """Return whether a test that is called `a#01` would have the name of the second `a`."""
        numbered = re.fullmatch(r"(.*)#(\d\d|[1-9]\d{2,})", name)
        if numbered is None or (numbered[2] == "00" and not numbered[1].endswith("/")):
            return False
        return int(numbered[2]) < self._used[numbered[1]]


def printed(go: Go, form: Format) -> bytes:
    """Write a run as a binary of some Go does."""
    if form is Format.PLAIN:
        return "".join(_plain(go)).encode()
    return "".join(_marked(go, escaped=form is Format.ESCAPED)).encode()


def _report(test: Ran) -> str:
    return f"--- {WORDS[test.outcome]}: {test.name} (0.00s)\n"


def _last(go: Go) -> str:
    return "FAIL\n" if go.root.outcome is Outcome.FAIL else "PASS\n"


def _marked(go: Go, *, escaped: bool) -> Iterator[str]:
    for what, test in go.events:
        if what == "LOG":
            said = f"    x_test.go:1: words of {test.name}"
            opened, closed = ("\x0e", "\x0f") if escaped else ("", "")
            yield f"\x16=== NAME  {test.name}\n{opened}{said}{closed}\n"
        elif what == "END":
            yield f"\x16{_report(test)}"
        elif what == "OVER":
            yield f"\x16=== NAME  \n{_last(go)}"
        else:
            yield f"\x16=== {what:5} {test.name}\n"


def _nested(test: Ran) -> Iterator[tuple[Ran, str]]:
    indent = " " * 4 * test.depth
    yield test, f"{indent}{_report(test)}"
    if test.spec.own is not Outcome.PASS:
        yield test, f"{indent}    x_test.go:1: words of {test.name}\n"
    for child in test.below:
        yield from _nested(child)


def _plain(go: Go) -> Iterator[str]:
    for what, test in go.events:
        if what in {"RUN", "PAUSE", "CONT"}:
            yield f"=== {what:5} {test.name}\n"
        elif what == "OVER":
            yield from (text for _, text in _nested(go.root))
            yield _last(go)
