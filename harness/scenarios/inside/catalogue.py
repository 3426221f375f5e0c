"""What each scenario says of itself, and what it is called among Go's tests."""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import pytest

from harness.scenarios.inside.events import ROOT, SCENARIO

MARKER = "scenario"
FIELDS = ("feature", "area", "syntax", "docs", "since")
SOURCE_LIMIT = 6000
"""Characters of a scenario's source that are kept."""

_CASE = re.compile(r"\[([A-Za-z0-9]+)\]$")
_DECORATORS = re.compile(r"\A(?:@.*\n(?:[ \t)].*\n)*)*")


class Scenario(TypedDict):
    """A line of the catalogue; the words of its marker, and what pytest knows."""

    test: str
    title: str
    feature: str
    area: str
    syntax: str
    docs: str
    since: str
    file: str
    source: str


def test_name(item: pytest.Item) -> str:
    """Return a scenario's function as Go would call it. Raises ValueError.

    `test_copy_chmod[aRx]` is `TestScenarioCopyChmod_aRx`.
    """
    base, bracket, _ = item.name.partition("[")
    case = _CASE.search(item.name) if bracket else None
    if bracket and not case:
        raise ValueError("the ids of its parameters must be letters and digits: pytest.param(id=)")
    words = base.removeprefix("test_").split("_")
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return f"{SCENARIO}{name}" + (f"_{case[1]}" if case else "")


def full_name(item: pytest.Item, worker: str) -> str:
    """Return a scenario's whole name."""
    return f"{ROOT}/{test_name(item)}/worker={worker}"


def catalogue(items: Sequence[pytest.Item], root: Path) -> list[Scenario]:
    """Describe all scenarios, by name. Raises ValueError that names each faulty one."""
    problems: list[str] = []
    found: dict[str, Scenario] = {}
    for item in items:
        try:
            said = _scenario(item, root)
        except ValueError as error:
            problems.append(f"{item.nodeid}: {error}")
            continue
        if said["test"] in found:
            problems.append(f"{item.nodeid}: {found[said['test']]['file']} has that name too")
        found[said["test"]] = said
    if problems:
        raise ValueError("\n".join(problems))
    return [found[name] for name in sorted(found)]


def _scenario(item: pytest.Item, root: Path) -> Scenario:
    marker = item.get_closest_marker(MARKER)
    said = dict(marker.kwargs) if marker else {}
    lacking = [name for name in FIELDS if not isinstance(said.get(name), str)]
    if lacking or said.keys() - set(FIELDS):
        raise ValueError(f"needs @pytest.mark.{MARKER}({', '.join(f'{it}=…' for it in FIELDS)})")
    function = getattr(item, "function", None)
    title = inspect.getdoc(function) or ""
    if not title:
        raise ValueError("needs a docstring that says what is looked at")
    source = _DECORATORS.sub("", inspect.getsource(function)) if function else ""
    return Scenario(
        test=test_name(item),
        title=" ".join(title.partition("\n\n")[0].split()),
        feature=said["feature"],
        area=said["area"],
        syntax=said["syntax"],
        docs=said["docs"],
        since=said["since"],
        file=item.path.relative_to(root).as_posix(),
        source=source[:SOURCE_LIMIT],
    )
