"""Streams that nobody would print: made of real ones and of the parts that readers stumble over.

The same seed makes the same streams, so that a number is all that is needed to see one again.
"""

from __future__ import annotations

import gzip
import random
from functools import cache

from harness.model import Format
from tests.support.streams import RECORDINGS, recording

_WINDOW = 6000
_TESTS = ["TestA", "TestA/x", "TestI/TestFn/worker=oci", "TestA/x#01"]
_TOKENS: list[bytes] = [
    *(b"\x16", b"\x1b", b"\x0e", b"\x0f", b"\x1b\x16", b"\n", b"\r\n", b"\r", b"\xff\x00", b"    "),
    *(f"=== {verb} {name}\n".encode() for verb in ("RUN  ", "NAME ", "PAUSE") for name in _TESTS),
    *(f"--- {end}: {name} (0.01s)\n".encode() for end in ("PASS", "FAIL") for name in _TESTS),
    *(b"    --- PASS: TestA/x (0.00s)\n", b"PASS\n", b"FAIL\n", b"=== ATTR  TestA key value\n"),
    *(
        b"\npanic: boom\n",
        b"\nfatal error: all\n",
        b"\nSIGQUIT: quit\nPC=0x1\n",
        b"\ngoroutine 1 [x]:",
    ),
    *(b"\nx.TestA.func1(0x1)\n\t/x_test.go:3\n", b"\npanic: test timed out after 2s\n"),
    *(b"running tests:\n\tTestA/x (2s)\n", b"*** Test I/O incomplete 5s after exiting.\n"),
    b"    a_test.go:3: \n        \tError Trace:\ta.go:3\n        \tTest:       \tTestA/x\n",
    b"    sandbox.go:3: stderr: /buildkitd\n    sandbox.go:6: panic: x\n",
    b'{"Action":"run","Test":"TestA"}\n',
    b'{"Action":"output","Test":"TestA","Output":"--- PASS: TestA (0.00s)\\n"}\n',
    b'{"Action":"pass","Test":"TestA","Elapsed":1}\n',
    *(b'{"Action":', b'"Output":"\\ud800"}\n', b"a/" * 900, b"x" * 9000, b".test.func" * 400),
]


@cache
def seeds() -> list[bytes]:
    """Return what to begin with: BuildKit's suites, and the module `hostile` under each Go."""
    real = [recording(path.name.removesuffix(".log.gz")) for path in RECORDINGS.glob("*.log.gz")]
    made = [gzip.decompress(path.read_bytes()) for path in (RECORDINGS / "hostile").glob("*.gz")]
    return sorted([*real, *made])


def stream(number: int) -> tuple[bytes, Format]:
    """Make a stream and say as what it is to be read."""
    chance = random.Random(number)  # noqa: S311 - it has to be the same again
    data = _window(chance)
    for _ in range(chance.randrange(12)):
        data = _MUTATIONS[chance.randrange(len(_MUTATIONS))](chance, data)
    return data, chance.choice(list(Format))


def cut(number: int, data: bytes) -> list[bytes]:
    """Cut a stream into chunks, of one byte to some thousand."""
    chance = random.Random(number)  # noqa: S311
    longest = chance.choice([3, 40, 700, 5000])
    chunks = []
    while data:
        length = chance.randint(1, longest)
        chunks.append(data[:length])
        data = data[length:]
    return chunks


def _window(chance: random.Random) -> bytes:
    seed = chance.choice(seeds())
    start = chance.randrange(max(1, len(seed) - _WINDOW))
    return seed[start : start + chance.randrange(_WINDOW)]


def _drop(chance: random.Random, data: bytes) -> bytes:
    start, end = _range(chance, data)
    return data[:start] + data[end:]


def _repeat(chance: random.Random, data: bytes) -> bytes:
    start, end = _range(chance, data)
    at = chance.randint(0, len(data))
    return data[:at] + data[start:end] + data[at:]


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + b"".join(chance.choices(_TOKENS, k=chance.randint(1, 4))) + data[at:]


def _flip(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8) if data else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _splice(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randint(0, len(data))] + _window(chance)[:1500]


def _range(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.randint(1, 400))


_MUTATIONS = (_drop, _repeat, _insert, _insert, _flip, _splice)
