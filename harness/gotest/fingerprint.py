"""Tells whether two failures are the same one: a digest of what does not change from run to run.

Both sides of a pair run the same suite with the same patches, so `file:line` of the test stays:
it tells two assertions with equal words apart. Where commits with other tests are compared, it
goes. So do machine paths before a file's name, and the words by which each layer hands an error
on, which differ between frontends.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from harness.gotest.excerpts import without_wrappers

_DATE = r"\d{4}[-/]\d\d[-/]\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(?:\.\d+)?"
_ZONE = r"Z|[+-]\d\d:?\d\d"

_PLACE = re.compile(r"[^\s:/]+\.(?:go|s):\d+")

_NUMBERED = re.compile(r"(?:bktest|buildkit|containerd|Test)\w*?\d{6,}")


def _without_number(path: re.Match[str]) -> str:
    """Replace a path that has such a name in it; asked of it apart, so that it takes no time."""
    return "<tmp>" if _NUMBERED.search(path[0]) else path[0]


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(rule), replacement)
    for rule, replacement in (
        # registry digests, layer ids, commits
        (r"sha256:[0-9a-f]{6,64}(?!\w)", "<digest>"),
        (r"(?<!\w)[0-9a-f]{40,64}(?!\w)", "<digest>"),
        # the name under which the sandbox pushes FRONTEND_GATEWAY_ONLY's archive
        (r"buildkit_test/[0-9a-z]+(?::\w+)?", "<frontend>"),
        # identity.NewID: 25 characters of base 36
        (r"(?<![0-9A-Za-z])[0-9a-z]{25}(?![0-9A-Za-z])", "<id>"),
        # os.MkdirTemp and t.TempDir put a random number behind a name
        (r"/[^\s\"':,]*", _without_number),
        (r"/tmp/[^\s\"':,]*", "<tmp>"),  # noqa: S108 - recognised, never written to
        # where a source lies on this machine
        (r"(?:/[\w.@+~-]+)+/(?=[\w.-]+\.go:\d+)", ""),
        (r"dial (?:udp|tcp) [^\s:]+:\d+", "dial <host>"),
        (r"(?<!\w)(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\]):\d{1,5}(?!\w)", "<host>"),
        (r"0x[0-9a-f]+(?!\w)", "<address>"),
        (r"goroutine \d+ \[[^\]]*\]", "goroutine <n>"),
        (r"pid[ =:]+\d+", "pid <n>"),
        (rf"(?<!\w)(?:{_DATE}[T ])?{_CLOCK}(?:{_ZONE})?(?!\w)", "<time>"),
        (r"(?<!\w)(?:\d+(?:\.\d+)?(?:h|ms|m|s|\N{MICRO SIGN}s|us|ns))+(?!\w)", "<duration>"),
        # process ids and random numbers without a name
        (r"(?<![\w.])\d{6,}(?!\w)", "<n>"),
    )
)
"""What is replaced by what, in this order; no rule matches a replacement."""


def normalise(error: str) -> str:
    """Return the error without what changes between two runs; normalising twice is the same."""
    while True:
        text = without_wrappers(error)
        for rule, replacement in _RULES:
            text = rule.sub(replacement, text)
        text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
        if text == error:
            return text
        error = text


def anywhere(error: str) -> str:
    """Return the fingerprint of a failure wherever in the sources it is: between commits they move.

    Two assertions with equal words are one then.
    """
    return fingerprint(_PLACE.sub("<place>", error))


def fingerprint(error: str) -> str:
    """Return 16 hex digits that are equal for two runs of the same failure."""
    return hashlib.sha256(normalise(error).encode()).hexdigest()[:16]
