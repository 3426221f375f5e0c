"""What the fuzz tests share: how many inputs they take, and how a good file becomes a bad one.

A fuzz test begins with files as they should be and spoils them in a few places, since what is
nonsense from the first byte is refused by the first line of a reader. COMPAT_THOROUGH=1 gives each
reader 100,000 inputs.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

THOROUGH = bool(os.environ.get("COMPAT_THOROUGH"))

Edit: TypeAlias = tuple[int, int, Any]
"""Where, how much of what is there goes, and what comes instead."""

_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)
_PLACES = st.integers(0, 1 << 20)

WORDS = (
    *("", "\x00", "\x1b[2J", "\u202e", "\u2028", "\ufeff", "\ud7ff", "\x85", "\t", "\r", "\n"),
    *("..", "../../etc/passwd", "/etc/passwd", "~", ".git", "a//b", "x" * 5000, "a/" * 3000),
    *("::error::x", "##[error]x", "<script>", "%0A", "${HOME}", "--upload-pack=x", "-x"),
    *("0", "-1", "1e308", "1e999", "9" * 25, "9" * 5000, "0x1F", "0o17", ".inf", ".nan", "\u0663"),
    *("null", "true", "yes", "~", "2026-13-45", "2026-11-23", "9999-12-31T23:59:59-23:59"),
)
"""Texts that some reader somewhere has stumbled over."""

NUMBERS = (-1, 0, 1, 255, 256, 2**31, 2**53, 2**63, 2**64, 10**30, 1e-320, 1e308, -1e308, 0.5)


def inputs(quick: int = 300, thorough: int = 100_000) -> settings:
    """Say how many inputs a test takes. It may use fixtures: nothing is left in them."""
    return settings(
        max_examples=thorough if THOROUGH else quick,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def edits(pieces: Sequence[str]) -> st.SearchStrategy[list[Edit]]:
    """Choose how a text is spoiled; `pieces` are what its readers may stumble over."""
    piece = st.one_of(st.sampled_from((*WORDS, *pieces)), st.text(max_size=8))
    return st.lists(st.tuples(_PLACES, st.integers(0, 4), piece), max_size=5)


def spoiled(text: str, changes: Sequence[Edit]) -> bytes:
    """Change a text between its tokens."""
    tokens = _TOKEN.findall(text)
    for place, cut, piece in changes:
        at = place % (len(tokens) + 1)
        tokens[at : at + cut] = [piece]
    return "".join(tokens).encode("utf-8", "surrogatepass")


_VALUES = st.one_of(
    st.sampled_from((*WORDS, *NUMBERS)),
    st.sampled_from((None, True, [], {}, [[]], {"": {}}, [1, "x"], {"a": None})),
    st.text(max_size=8),
)
tree_edits = st.lists(st.tuples(_PLACES, st.integers(0, 3), _VALUES), min_size=1, max_size=4)
"""How a JSON tree is spoiled."""


def spoiled_tree(content: bytes, changes: Sequence[Edit]) -> bytes:
    """Change values of a JSON document, take some away, put some in twice or under a new key."""
    root = json.loads(content)
    for place, how, value in changes:
        nodes = [node for node in _nodes(root) if node]
        if not nodes:
            break
        node = nodes[place % len(nodes)]
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = keys[place // 7 % len(keys)]
        if how == 0:
            del node[key]
        elif how == 1 and isinstance(node, list):
            node.append(node[key])
        elif how == 1:
            node[str(value)] = node[key]
        else:
            node[key] = deepcopy(value)  # else a later change would change the strategy's own
    return json.dumps(root).encode()


def _nodes(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    found, waiting = [], [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            found.append(node)
            waiting += node.values() if isinstance(node, dict) else node
    return found
