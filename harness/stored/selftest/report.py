"""A self-test in words, and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from harness.reports.summary import title
from harness.reports.text import duration, escape_ci_commands, one_line, plural
from harness.stored.selftest.evaluate import Case, Finding, SelfTest, Sight

_COLOURS = {Sight.SEEN: "green", Sight.UNTOLD: "yellow", Sight.INFRA: "yellow"}
_MEANS = {
    Sight.MISSED: "this harness no longer sees what is known: do not trust its verdicts",
    Sight.UNWANTED: "this harness sees a breakage that must not be there",
    Sight.INFRA: "the machine or the network failed, so nothing is said of the harness",
    Sight.UNTOLD: "too little ran to say whether this harness sees what is known",
}


def render(test: SelfTest, *, color: bool = False) -> str:
    """Return all cases as text that ends in a line feed."""
    text = escape_ci_commands("\n".join(_lines(test))) + "\n"
    return text if color else click.unstyle(text)


def headline(test: SelfTest) -> str:
    """Return how many cases came out as expected."""
    seen = sum(case.sight is Sight.SEEN for case in test.cases)
    return f"{seen} of {plural(len(test.cases), 'case')} seen as expected"


def as_json(test: SelfTest) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "headline": headline(test),
        "exit_code": int(test.exit_code),
        "interrupted": test.interrupted,
        "cases": [
            {
                "cell": case.id,
                "suite": {"ref": case.pair.suite.ref, "sha": case.pair.suite.sha},
                "frontend": {"ref": case.pair.frontend.ref, "sha": case.pair.frontend.sha},
                "sight": case.sight.value,
                "seconds": round(case.seconds, 3),
                "run": case.run,
                "tests": _tests(case),
            }
            for case in test.cases
        ],
    }


def render_demo(case: Case, code: int, real: int, *, color: bool = False) -> str:
    """Return whether a demo saw what is planted, and what a real run would have ended with."""
    wanted = [found for found in case.findings if found.wanted is not None]
    seen = sum(found.sight is Sight.SEEN for found in wanted)
    lines = [""]
    for found in case.findings:
        if found.sight is not Sight.SEEN:
            lines += _finding(found)
    good = f"The demo saw what is planted in MiniKit, {plural(seen, 'test')}, and nothing else."
    bad = f"The demo saw {seen} of {plural(len(wanted), 'test')} as planted in MiniKit: see above."
    means = "" if case.sight is Sight.SEEN else f" {_MEANS[case.sight].capitalize()}."
    lines.append(click.style(bad if means else good, fg=_colour(case.sight)) + means)
    lines.append(f"It ends with {code}; a real run that saw this would have ended with {real}.")
    text = escape_ci_commands("\n".join(lines)) + "\n"
    return text if color else click.unstyle(text)


def demo_json(case: Case, code: int) -> dict[str, Any]:
    """Return what `--json` adds for a demo."""
    return {"exit_code": code, "sight": case.sight.value, "tests": _tests(case)}


def _tests(case: Case) -> list[dict[str, Any]]:
    return [
        {
            "test": found.test,
            "sight": found.sight.value,
            "wanted": found.wanted.value if found.wanted else None,
            "got": [verdict.value for verdict in found.got],
            "why": found.why,
        }
        for found in case.findings
    ]


def _lines(test: SelfTest) -> Iterator[str]:
    for case in test.cases:
        yield click.style(f"{one_line(title(case.pair))}: {_state(case)}", bold=True)
        for found in case.findings:
            yield from _finding(found)
        yield ""
    yield click.style(headline(test), bold=True)
    sights = {case.sight for case in test.cases}
    for sight, words in _MEANS.items():
        if sight in sights:
            yield click.style(words, fg=_colour(sight))


def _state(case: Case) -> str:
    return f"{case.sight.value}, {duration(case.seconds)}"


def _finding(found: Finding) -> Iterator[str]:
    word = click.style(f"{found.sight.value:<8}", fg=_colour(found.sight))
    got = ", ".join(verdict.value for verdict in found.got) or "nothing"
    if found.sight is Sight.SEEN:
        said = got
    elif found.wanted is None:
        said = f"{got}, which nothing expects"
    else:
        said = f"{got} instead of {found.wanted.value}" if got != found.wanted else got
    yield f"  {word} {one_line(found.test)}: {said}"
    if found.why:
        yield f"           {one_line(found.why)}"


def _colour(sight: Sight) -> str:
    return _COLOURS.get(sight, "red")
