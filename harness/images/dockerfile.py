"""Reads from a frontend's own Dockerfile what its image says about itself.

The labels tell a daemon what the frontend can do, so they must be those of the very commit:
an image with wrong labels gives wrong verdicts.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.errors import BuildError

_INSTRUCTION = re.compile(r"(?P<word>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL)
_FROM = re.compile(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+[Aa][Ss]\s+(?P<name>\S+))?\s*$")
_HEREDOC = re.compile(
    r"(?:^|\s)\d*<<(?P<dash>-?)(?P<quote>[\"']?)(?P<word>[A-Za-z_]\w*)(?P=quote)(?=\s|$)"
)
_TAKE_HEREDOCS = ("RUN", "COPY", "ADD")


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

    Raises BuildError if there is no stage, no entrypoint in its exec form, or a heredoc or a
    label's quotation that does not end.
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


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Split into (WORD, rest): comments out, continued lines joined, heredocs passed over."""
    lines = iter(text.splitlines())
    for line in lines:
        if _is_blank(line):
            continue
        whole = line
        while whole.rstrip().endswith("\\"):
            whole = whole.rstrip()[:-1] + next((line for line in lines if not _is_blank(line)), "")
        if match := _INSTRUCTION.match(whole.strip()):
            word = match["word"].upper()
            if word in _TAKE_HEREDOCS:
                _pass_heredocs(match["rest"], lines)
            yield word, match["rest"]


def _is_blank(line: str) -> bool:
    """Return whether a line counts for nothing, even inside a continued instruction."""
    return not line.strip() or line.lstrip().startswith("#")


def _pass_heredocs(rest: str, lines: Iterator[str]) -> None:
    for found in _HEREDOC.finditer(rest):
        for line in lines:
            if (line.lstrip("\t") if found["dash"] else line) == found["word"]:
                break
        else:
            raise BuildError(f"the frontend's Dockerfile has no end of <<{found['word']}")


def _pairs(rest: str) -> dict[str, str]:
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise BuildError(f"the frontend's Dockerfile has a LABEL with {error}: {rest}") from error
    if words and "=" not in words[0]:  # the old form: LABEL key value with blanks
        return {words[0]: " ".join(words[1:])}
    return dict(word.split("=", 1) for word in words if "=" in word)


def _exec_form(rest: str) -> tuple[str, ...]:
    try:
        words = json.loads(rest)
    except (ValueError, RecursionError):  # no JSON, absurd numbers, absurd depth
        return ()
    return tuple(map(str, words)) if isinstance(words, list) else ()
