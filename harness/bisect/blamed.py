"""What was found out about all causes of a run, for people and for programs."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from harness.bisect.hunt import CONFIDENCE
from harness.errors import ExitCode
from harness.model.culprits import Blame, Culprits
from harness.reports.culprits import links, suspect
from harness.reports.text import clip, plural, visible

_LINE = 200
_SUSPECTS = 10


def exit_code(culprits: Culprits) -> ExitCode:
    """Return 0 if there is one commit for each cause, else 3."""
    known = all(map(is_known, culprits.blames))
    return ExitCode.COMPATIBLE if known else ExitCode.INDETERMINATE


def is_known(blame: Blame) -> bool:
    """Return whether there is one commit, and likely enough."""
    likely = blame.probability is None or blame.probability >= CONFIDENCE
    return len(blame.suspects) == 1 and likely


def as_json(culprits: Culprits) -> dict[str, Any]:
    """Return all that is in culprits.json, and the exit code."""
    told: dict[str, Any] = msgspec.to_builtins(culprits)
    return {**told, "exit_code": int(exit_code(culprits))}


def render(culprits: Culprits, *, color: bool = False) -> str:
    """Return the causes with their commits as text, whose last line ends with a newline."""
    lines = []
    for blame in culprits.blames:
        tests = plural(sum(map(len, blame.tests.values())), "test")
        extent = f"{tests} in {plural(len(blame.tests), 'pair')}"
        said = clip(blame.cause or blame.tried, _LINE)
        lines.append(click.style(visible(f"{blame.verdict}, {extent}: {said}"), bold=True))
        lines += [f"  {text}{f'  {page}' if page else ''}" for text, page in links([blame])]
        lines += [f"    {suspect(one)}" for one in blame.suspects[1:_SUSPECTS]]
    known = sum(map(is_known, culprits.blames))
    number = plural(len(culprits.blames), "cause")
    lines.append(f"{known} of {number} found" if culprits.blames else "nothing regressed")
    text = "\n".join(lines) + "\n"
    return text if color else click.unstyle(text)
