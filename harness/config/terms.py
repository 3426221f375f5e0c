"""Words that a data file takes from elsewhere: workers, backends, keys of matrix values.

A word that nothing else knows would hold for nothing, silently, so the reader is given what
there is (`schema.load(words=…)`); of what it is not given, any plain name will do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta

from harness.config.yamlfile import Complaint
from harness.model.platforms import WRITE, unknown

TERM = "term"
"""Key of a type's `Meta(extra=…)` that holds its Term."""
WORKER, BACKEND, PARAMETER, PLATFORM = "worker", "backend", "parameter", "platform"

Words = Mapping[str, Collection[str]]
"""What there is, by kind: `{"worker": ("oci", "containerd")}`."""
NO_WORDS: Words = MappingProxyType({})

_PLAIN = re.compile(r"[a-z0-9][a-z0-9+._-]*")
_SHOWN = 60


@dataclass(frozen=True)
class Term:
    """How a text is read that depends on what there is."""

    kind: str
    """Of the words that it depends on."""
    read: Callable[[str, Collection[str]], str]
    """Given the text and those words; raises Complaint."""


def _one_of(kind: str, text: str, known: Collection[str]) -> str:
    shown = repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")
    if not _PLAIN.fullmatch(text):
        hint = f"write for example {next(iter(known), 'oci')}"
        raise Complaint(f"{shown} is not a plain name", hint=hint)
    if known and text not in known:
        near = get_close_matches(text[:_SHOWN], known, n=1)
        guess = f"; did you mean `{near[0]}`?" if near else ""
        hint = f"there are: {', '.join(known)}"
        raise Complaint(f"there is no {kind} {shown}{guess}", hint=hint)
    return text


def _platform(text: str, _known: Collection[str]) -> str:
    if wrong := unknown(text):
        raise Complaint(wrong, hint=WRITE)
    return text


Worker = Annotated[str, Meta(extra={TERM: Term(WORKER, partial(_one_of, WORKER))})]
"""A worker that some line's tests have."""
Backend = Annotated[str, Meta(extra={TERM: Term(BACKEND, partial(_one_of, BACKEND))})]
"""A backend of this program."""
Parameter = Annotated[str, Meta(extra={TERM: Term(PARAMETER, partial(_one_of, PARAMETER))})]
"""The key of a matrix value that some line's tests have."""
PlatformName = Annotated[str, Meta(extra={TERM: Term(PLATFORM, _platform)})]
"""A platform that releases of BuildKit have a daemon for."""
