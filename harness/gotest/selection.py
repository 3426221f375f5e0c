"""Values for -test.run and -test.skip that select exactly what was asked for.

Go splits a pattern at unbracketed slashes, matches each part UNANCHORED against one element of
the test's name, and lets a pattern with fewer parts select all below (src/testing/match.go).
Each part is therefore quoted and anchored; parts joined by slashes are called a path here.
What differs between versions of Go:

- top-level `|` separates whole paths from Go 1.19 on;
- `-test.skip` exists from Go 1.20 on. Where one alternative matches a name only as far as the
  name goes (it has more parts), later alternatives are not looked at: the shorter come first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations

from harness.config.skiplists import names_test
from harness.config.testnames import ROOT
from harness.errors import UsageError
from harness.gotest.names import EVERY, parse, sandbox_name
from harness.model import Leg, Run

ALTERNATION = 19
"""Minor version of Go from which `|` separates paths."""
SKIP = 20
"""Minor version of Go from which -test.skip exists."""
ARGUMENT_LIMIT = 96 * 1024
"""Characters of one value; Linux takes 128 KiB per argument."""
MATRIX_KEYS = 4
"""Matrix keys that a sandbox's name may hold; upstream has used three at most."""

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_WILDCARD = re.compile(r"([*?])")
_WILDCARDS = {"*": ".*", "?": "."}
_PARTS = re.compile(r"scenario|[\W_]+")
_FREE = ".*"
_FREE_PARAM = ".+=.+"


def quote(element: str) -> str:
    """Return a pattern for exactly this element of a test's name.

    The element is written as Go prints it: spaces are underscores by then.
    """
    return f"^{_escaped(element)}$"


def select(tests: Sequence[str] = (), *, worker: str) -> str:
    """Return the -test.run value for some or all functions of a suite on one worker.

    `tests` are globs over the function's name, with `*` and `?`. Raises
    UsageError for a glob that is empty or holds a slash.
    """
    functions = f"^{_any_of([_glob(glob) for glob in tests])}$" if tests else _FREE
    return "/".join([quote(ROOT), functions, quote(f"worker={worker}")])


def check(tests: Iterable[str], functions: Collection[str], where: str) -> None:
    """Check that each glob names a test function of those that there are; `where` says whose.

    Raises UsageError. Where no function is known, any glob will do.
    """
    for glob in tests:
        if functions and not any(names_test(glob, function, "") for function in functions):
            bare = {_bare(function): function for function in sorted(functions)}
            near = get_close_matches(_bare(re.split(r"[\[#\s]", glob)[0]), bare, n=1, cutoff=0.5)
            some = f"one that there is: {min(functions)}; * is any text"
            raise UsageError(
                f"--tests: there is no test function {glob!r} in {where}",
                hint=f"did you mean {bare[near[0]]}?" if near else some,
            )


def _bare(name: str) -> str:
    """Return what a name says, as Go writes it (TestScenarioCopy) or pytest (test_copy)."""
    return _PARTS.sub("", name.casefold())


def asks_for_all(run: Run) -> bool:
    """Return whether a run's candidate was asked for every function of its suite."""
    everything = select(worker=run.pair.worker)
    return any(
        leg.selection == everything
        for leg in run.legs
        if leg.leg is Leg.CANDIDATE and leg.attempt == 0
    )


def select_names(names: Iterable[str], go_minor: int, known: Collection[str] = ()) -> list[str]:
    """Return -test.run values, to be run one after the other, for the sandboxes of these tests.

    A subtest runs again with its whole sandbox, for it may depend on what came before it;
    `known` (the names seen in a run) tells where the sandbox's name ends. There is one value
    unless Go is older than 1.19 or the names do not fit into one argument; none without names.
    """
    paths = paths_of(sandbox_name(name, known) for name in names)
    if go_minor < ALTERNATION:
        return paths
    values: list[str] = []
    for path in paths:
        if values and len(values[-1]) + len(path) < ARGUMENT_LIMIT:
            values[-1] += f"|{path}"
        else:
            values.append(path)
    return values


def paths_of(names: Iterable[str]) -> list[str]:
    """Return paths that match exactly these tests and what is below them, the shorter first.

    Names that differ in the test function alone become one path.
    """
    groups: defaultdict[tuple[int, tuple[str, ...], tuple[str, ...]], list[str]]
    groups = defaultdict(list)
    for name in dict.fromkeys(names):
        at = _function_at(name)
        elements = tuple(name.split("/"))
        groups[at, elements[:at], elements[at + 1 :]].append(_escaped(elements[at]))
    return sorted(
        (
            "/".join([*_fixed(before), f"^{_any_of(functions)}$", *map(quote, behind)])
            for (_, before, behind), functions in groups.items()
        ),
        key=_length,
    )


def paths_of_entry(
    function: str,
    *,
    worker: str = "",
    params: Mapping[str, str] | None = None,
    subtest: str = "",
) -> list[str]:
    """Return paths for what an entry of a skip list describes, without knowing any name.

    Which other matrix keys a name holds is not known, so each place where the given ones can
    stand is an alternative; upstream sorts them by key. `function` and the elements of `subtest`
    may be globs; here, unlike in the list's own matching, a `*` does not cross a slash. A
    subtest stands behind up to four matrix values.
    """
    head = [quote(ROOT), f"^{_glob(function)}$"]
    head.append(quote(f"worker={worker}") if worker else _FREE_PARAM)
    wanted = [quote(f"{key}={value}") for key, value in sorted((params or {}).items())]
    below = [f"^{_glob(element)}$" for element in subtest.split("/")] if subtest else []
    paths = set()
    for places in combinations(range(max(MATRIX_KEYS, len(wanted))), len(wanted)):
        matrix = [_FREE_PARAM] * (places[-1] + 1 if places else 0)
        for place, pattern in zip(places, wanted, strict=True):
            matrix[place] = pattern
        lengths = range(len(matrix), MATRIX_KEYS + 1) if below else [len(matrix)]
        for length in lengths:
            free = [_FREE_PARAM] * (length - len(matrix))
            paths.add("/".join([*head, *matrix, *free, *below]))
    return sorted(paths, key=_length)


def name_of_entry(function: str, worker: str, params: Mapping[str, str], subtest: str) -> str:
    """Return the full name of a test that an entry describes, with the matrix values it gives."""
    matrix = sorted({**params, **EVERY}.items())
    told = [ROOT, function, f"worker={worker}", *(f"{key}={value}" for key, value in matrix)]
    return "/".join([*told, *([subtest] if subtest else [])])


def skip(paths: Iterable[str], go_minor: int) -> str:
    """Join paths into the value of -test.skip; empty if there are none.

    Raises UsageError if Go has no -test.skip (then run what is left by `select_names`) or if
    the value does not fit into one argument.
    """
    joined = "|".join(sorted(set(paths), key=_length))
    if joined and go_minor < SKIP:
        raise UsageError(
            f"Go 1.{go_minor} has no -test.skip, which came with 1.{SKIP}",
            hint="Give the line a Go toolchain of 1.20 or newer in matrices/lines.yaml.",
        )
    if len(joined) > ARGUMENT_LIMIT:
        raise UsageError(
            f"what is to be skipped takes {len(joined)} characters, more than the"
            f" {ARGUMENT_LIMIT} that fit into one argument",
            hint="Skip whole functions instead of single subtests.",
        )
    return joined


def _fixed(before: tuple[str, ...]) -> list[str]:
    return [e if e.startswith("slice=") else quote(e) for e in before]


def _function_at(name: str) -> int:
    key = parse(name)
    if not key.function:
        return 0
    return 2 if key.slice else 1


def _any_of(patterns: list[str]) -> str:
    return patterns[0] if len(patterns) == 1 else f"(?:{'|'.join(patterns)})"


def _glob(glob: str) -> str:
    if "/" in glob or not glob:
        raise UsageError(
            f"{glob!r} is no pattern for a test function",
            hint="Write the function alone, with * for any text: 'TestCopy*'.",
        )
    return "".join(_WILDCARDS.get(part) or _escaped(part) for part in _WILDCARD.split(glob))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: "\\" + match[0], text)


def _length(path: str) -> tuple[int, str]:
    return path.count("/"), path
