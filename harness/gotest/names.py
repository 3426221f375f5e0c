"""Names of BuildKit's integration tests, taken apart.

Upstream registers one t.Run per test, worker and matrix value, and puts slashes into its name
(util/testutil/integration/run.go, `Run` and `functionSuffix`):

    TestIntegration[/slice=i-N]/TestFn/worker=W[/key=value…][#NN][/subtest…]

So `TestIntegration/TestFn` is no test by itself, and no name tells who is whose parent (tree.py
does). A subtest may itself be called `key=value` (TestCopyIgnoredFiles has
`warntype=progress`): where the known names hold the sandbox's own, that decides; otherwise
every `key=value` behind the worker counts as part of the matrix.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

_SLICE = re.compile(r"slice=\d+-\d+")
_WORKER = re.compile(r"worker=")

_DEEPEST = 64
"""Elements of a name; one with more has not the shape of a sandbox's, whatever it begins with."""
_REPEAT = re.compile(r"#\d{2,}$")
_INTO = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"

EVERY = {"frontend": "gateway"}
"""Matrix values that every test of ours has, so that people need not read them."""


@dataclass(frozen=True)
class TestKey:
    """The parts of a test's full name; skip lists and selections are written in these."""

    __test__ = False  # not a pytest class

    root: str
    """The top-level Go test: TestIntegration."""
    function: str = ""
    """BuildKit's own test function; empty if the name does not have a sandbox's shape."""
    worker: str = ""
    params: tuple[tuple[str, str], ...] = ()
    """The matrix values, sorted by key."""
    repeat: str = ""
    """`#01` where upstream runs the same test twice in one process; depends on order."""
    subtest: str = ""
    """What follows the sandbox's name; may hold slashes."""
    slice: str = ""
    """`i-N` if the suite was run in slices."""


@lru_cache(maxsize=16384)
def parse(name: str, sandbox: str | None = None) -> TestKey:
    """Take a full name apart; any text is accepted.

    `sandbox` is the name of the t.Run that the test belongs to, where it is known (see
    `sandbox_name`): it settles whether a `key=value` is a matrix value or a subtest.
    """
    if name.count("/") > _DEEPEST:
        root, _, below = name.partition("/")
        return TestKey(root=root, subtest=below)
    root, *rest = name.split("/")
    cut = rest[0][len("slice=") :] if rest and _SLICE.fullmatch(rest[0]) else ""
    if cut:
        rest = rest[1:]
    match rest:
        case [function, worker, *tail] if function.startswith("Test") and _WORKER.match(worker):
            rest = tail
        case _:
            return TestKey(root=root, subtest="/".join(rest), slice=cut)
    worker, repeat = _without_repeat(worker.removeprefix("worker="))
    limit = len(rest)
    if sandbox is not None:
        limit = sandbox.count("/") - (3 if cut else 2)
    params: list[tuple[str, str]] = []
    while rest and len(params) < limit and not repeat and _is_param(rest[0]):
        key, _, value = rest.pop(0).partition("=")
        value, repeat = _without_repeat(value)
        params.append((key, value))
    return TestKey(
        root=root,
        function=function,
        worker=worker,
        params=tuple(sorted(params)),
        repeat=repeat,
        subtest="/".join(rest),
        slice=cut,
    )


def sandbox_name(name: str, known: Collection[str] = ()) -> str:
    """Return the part of `name` that upstream registers in one t.Run.

    `known` holds the names seen in a run. Without it, each `key=value` behind the worker is
    taken for a matrix value. A name without a sandbox's shape is returned whole.
    """
    key = parse(name)
    if not key.function:
        return name
    elements = name.split("/")
    start = 4 if key.slice else 3
    end = len(elements) - (key.subtest.count("/") + 1 if key.subtest else 0)
    for stop in range(start, end):
        shorter = "/".join(elements[:stop])
        if shorter in known:
            return shorter
    return "/".join(elements[:end])


def prefixes(name: str) -> Iterator[str]:
    """Yield what stands before each slash of a name, the shortest first: it may be a parent."""
    at = name.find("/")
    while at >= 0:
        yield name[:at]
        at = name.find("/", at + 1)


def display(name: str, known: Collection[str] = ()) -> str:
    """Return the short form for people: `TestFn[fileop=false]`, then the subtest.

    The worker and `frontend=gateway` are left out: every test of a run shares them.
    """
    key = parse(name, sandbox_name(name, known))
    if not key.function:
        return name
    shown = ",".join(f"{k}={v}" for k, v in key.params if EVERY.get(k) != v)
    short = f"{key.function}[{shown}]" if shown else key.function
    short += key.repeat
    return f"{short} {_INTO} {key.subtest}" if key.subtest else short


def _is_param(element: str) -> bool:
    key, equals, _ = element.partition("=")
    return bool(key and equals)


def _without_repeat(value: str) -> tuple[str, str]:
    found = _REPEAT.search(value)
    return (value[: found.start()], found.group()) if found else (value, "")
