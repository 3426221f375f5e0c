"""What the fuzz tests share: their inputs, and what is promised of any of them.

An input is a number: it is the seed of all that is random about it, so that it is all that is
needed to see it again (COMPAT_FUZZ=NUMBER makes each test begin there). Nothing is kept from one
input to the next, so that a million take no more memory than one.

A fuzz test begins with files as they should be and spoils them in a few places, since what is
nonsense from the first byte is refused by the first line of a reader. COMPAT_THOROUGH=1 gives each
reader 100,000 inputs.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.support import disk_writes

THOROUGH = bool(os.environ.get("COMPAT_THOROUGH"))
FIRST = int(os.environ.get("COMPAT_FUZZ") or 0)
BATCHES = 10 if THOROUGH else 1

CPU_SECONDS = 10.0
"""Of one input; none takes a tenth. Of the processor: a busy machine may wait."""
MEMORY = 64 << 20
"""Bytes that one input may add to the most that the process ever had."""

batches = pytest.mark.parametrize("batch", range(BATCHES))

_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)
_CHANGES = (1, 1, 1, 2, 3, 6)
_CHARACTERS = (0x80, 0x800, 0x3000, 0x110000)

WORDS = (
    *("", "\x00", "\x1b[2J", "\u202e", "\u2028", "\ufeff", "\ud7ff", "\x85", "\t", "\r", "\n"),
    *("..", "../../etc/passwd", "/etc/passwd", "~", ".git", "a//b", "x" * 5000, "a/" * 3000),
    *("::error::x", "##[error]x", "<script>", "%0A", "${HOME}", "--upload-pack=x", "-x"),
    *("0", "-1", "1e308", "1e999", "9" * 25, "9" * 5000, "0x1F", "0o17", ".inf", ".nan", "\u0663"),
    *("null", "true", "yes", "~", "2026-13-45", "2026-11-23", "9999-12-31T23:59:59-23:59"),
)
"""Texts that some reader somewhere has stumbled over."""

NUMBERS = (-1, 0, 1, 255, 256, 2**31, 2**53, 2**63, 2**64, 10**30, 1e-320, 1e308, -1e308, 0.5)
_SHAPES: tuple[Any, ...] = (None, True, [], {}, [[]], {"": {}}, [1, "x"], {"a": None})


def hold(
    promise: Callable[[random.Random], object],
    batch: int,
    *,
    place: Path,
    quick: int = 300,
    thorough: int = 100_000,
) -> None:
    """Hold a promise against every input of a batch, and what is promised of all of them.

    Each is over in bounded time and memory, and writes nothing outside of `place`.
    """
    size = (thorough if THOROUGH else quick) // BATCHES
    slowest = 0.0, 0
    for number in range(FIRST + batch * size, FIRST + (batch + 1) * size):
        try:
            with bounded(), disk_writes.only_below(place):
                began = time.process_time()
                promise(random.Random(number))  # noqa: S311 - it has to be the same again
                slowest = max(slowest, (time.process_time() - began, number))
        except BaseException as error:
            error.add_note(f"COMPAT_FUZZ={number}")
            raise
    seconds, number = slowest
    peak = _peak() >> 20
    print(f"{size} inputs; slowest {seconds:.3f} s (input {number}); peak {peak} MB")  # noqa: T201


@contextmanager
def bounded() -> Iterator[None]:
    """Hold what is done to one input against the time and the memory that it may take."""
    began, peak = time.process_time(), _peak()
    yield
    assert time.process_time() - began < CPU_SECONDS
    assert _peak() - peak < MEMORY


def _peak() -> int:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def anything(chance: random.Random) -> bytes:
    """Make up to 200 bytes that mean nothing, half of the time as UTF-8."""
    length = chance.randrange(200)
    return chance.randbytes(length) if chance.random() < 0.5 else _encoded(_text(chance, length))


def spoiled(chance: random.Random, text: str, pieces: Sequence[str]) -> bytes:
    """Change a text between its tokens; `pieces` are what its readers may stumble over."""
    tokens = _TOKEN.findall(text)
    for _ in range(chance.choice(_CHANGES)):
        at = chance.randint(0, len(tokens))
        tokens[at : at + chance.randrange(3)] = _piece(chance, tokens, pieces)
    data = bytearray(_encoded("".join(tokens)))
    for _ in range(chance.randint(1, 4) if data and chance.random() < 0.1 else 0):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _piece(chance: random.Random, tokens: list[str], pieces: Sequence[str]) -> list[str]:
    how = chance.randrange(4)
    if how == 0:
        return [_text(chance, chance.randrange(9))]
    if how == 1:  # once more what stands elsewhere
        at = chance.randint(0, len(tokens))
        return tokens[at : at + chance.randrange(30)]
    return [chance.choice(WORDS if how == 2 else pieces)]


def _text(chance: random.Random, length: int) -> str:
    return "".join(chr(chance.randrange(chance.choice(_CHARACTERS))) for _ in range(length))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def spoiled_tree(
    chance: random.Random, content: str | bytes, pieces: Sequence[str] = WORDS
) -> bytes:
    """Change values of a JSON document, take some away, put some in twice or under a new key."""
    root = json.loads(content)
    for _ in range(chance.choice(_CHANGES)):
        nodes = [node for node in _nodes(root) if node]
        if not nodes:
            break
        node = chance.choice(nodes)
        key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        how = chance.randrange(4)
        if how == 0:
            del node[key]
        elif how == 1 and isinstance(node, list):
            node.append(node[key])
        elif how == 1:
            node[str(_value(chance, nodes, pieces))] = node[key]
        else:
            node[key] = _value(chance, nodes, pieces)
    return json.dumps(root).encode()


def _value(chance: random.Random, nodes: list[Any], pieces: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    how = chance.randrange(6)
    if how == 0:
        return _text(chance, chance.randrange(9))
    known = (WORDS, pieces, NUMBERS, _SHAPES, nodes)[how - 1]
    return deepcopy(chance.choice(known))


def _nodes(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    found, waiting = [], [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            found.append(node)
            waiting += node.values() if isinstance(node, dict) else node
    return found
