"""Reads from a frontend's own Dockerfile what its image says about itself.

The labels tell a daemon what the frontend can do, so they must be those of the very commit:
an image with wrong labels gives wrong verdicts.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field

from harness.errors import BuildError

_INSTRUCTION = re.compile(r"(?P<word>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL)
_FROM = re.compile(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+[Aa][Ss]\s+(?P<name>\S+))?\s*$")
_HEREDOC = re.compile(r"<<-?[\"']?(?P<word>[A-Za-z_]\w*)[\"']?")


@dataclass
class _Stage:
    base: str
    labels: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()


@dataclass(frozen=True)
class Description:
    """Labels and entrypoint of the image that a Dockerfile's last stage makes."""

    labels: dict[str, str]
    entrypoint: tuple[str, ...]


def describe(text: str) -> Description:
    """Collect LABEL and ENTRYPOINT of the last stage and of the stages it is based on.

    Raises BuildError if there is no stage, or no entrypoint in its exec form.
    """
    stages: list[_Stage] = []
    names: dict[str, _Stage] = {}
    for word, rest in _instructions(text):
        if word == "FROM" and (match := _FROM.match(rest)):
            stages.append(_Stage(match["base"].lower()))
            if match["name"]:
                names[match["name"].lower()] = stages[-1]
        elif word == "LABEL" and stages:
            stages[-1].labels.update(_pairs(rest))
        elif word == "ENTRYPOINT" and stages:
            stages[-1].entrypoint = _exec_form(rest)
    if not stages:
        raise BuildError("the frontend's Dockerfile has no stage")
    return _flatten(stages[-1], names)


def _flatten(last: _Stage, names: dict[str, _Stage]) -> Description:
    chain = [last]
    while (base := names.get(chain[-1].base)) is not None and base not in chain:
        chain.append(base)
    labels: dict[str, str] = {}
    for stage in reversed(chain):
        labels.update(stage.labels)
    entrypoint = next((stage.entrypoint for stage in chain if stage.entrypoint), ())
    if not entrypoint:
        raise BuildError("the frontend's Dockerfile gives its image no ENTRYPOINT in exec form")
    return Description(labels, entrypoint)


def _instructions(text: str) -> list[tuple[str, str]]:
    """Split into (WORD, rest): comments out, continued lines joined, heredocs passed over."""
    found: list[tuple[str, str]] = []
    lines = iter(text.splitlines())
    for line in lines:
        whole = line
        if not whole.strip() or whole.lstrip().startswith("#"):
            continue
        while whole.rstrip().endswith("\\"):
            following = next(lines, "")
            if not following.lstrip().startswith("#"):
                whole = whole.rstrip()[:-1] + following
        for heredoc in _HEREDOC.finditer(whole):
            while next(lines, heredoc["word"]).strip() != heredoc["word"]:
                pass
        if match := _INSTRUCTION.match(whole.strip()):
            found.append((match["word"].upper(), match["rest"]))
    return found


def _pairs(rest: str) -> dict[str, str]:
    words = shlex.split(rest)
    if words and "=" not in words[0]:  # the old form: LABEL key value with blanks
        return {words[0]: " ".join(words[1:])}
    return dict(word.split("=", 1) for word in words if "=" in word)


def _exec_form(rest: str) -> tuple[str, ...]:
    try:
        words = json.loads(rest)
    except json.JSONDecodeError:
        return ()
    return tuple(map(str, words)) if isinstance(words, list) else ()
