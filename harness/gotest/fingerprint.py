"""Tells whether two failures are the same one: a digest of what does not change from run to run.

Both sides of a pair run the same suite with the same patches, so `file:line` of the test stays:
it tells two assertions with equal words apart. Machine paths before the file's name go, and so
do the words by which each layer hands an error on, which differ between frontends.
"""

from __future__ import annotations

import hashlib
import re

from harness.gotest.excerpts import without_wrappers

_RULES: tuple[tuple[str, str], ...] = (
    # registry digests, layer ids, commits
    (r"sha256:[0-9a-f]{6,64}\b", "<digest>"),
    (r"\b[0-9a-f]{40,64}\b", "<digest>"),
    # the name under which the sandbox pushes FRONTEND_GATEWAY_ONLY's archive
    (r"\bbuildkit_test/[0-9a-z]+(?::\w+)?", "<frontend>"),
    # identity.NewID: 25 characters of base 36
    (r"(?<![0-9A-Za-z])[0-9a-z]{25}(?![0-9A-Za-z])", "<id>"),
    (r"\b\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
    (r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b", "<time>"),
    # os.MkdirTemp and t.TempDir put a random number behind a name
    (r"/[^\s\"':,]*?/?(?:bktest|buildkit|containerd|Test)\w*?\d{6,}[^\s\"':,]*", "<tmp>"),
    (r"/tmp/[^\s\"':,]*", "<tmp>"),  # noqa: S108 - recognised, never written to
    (r"(?:/[\w.@+~-]+)+/(?=[\w.-]+\.go:\d+)", ""),
    (r"\b(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])(?::\d{1,5})\b", "<host>"),
    (r"\bdial (?:udp|tcp) [^\s:]+:\d+", "dial <host>"),
    (r"\b0x[0-9a-f]+\b", "<address>"),
    (r"\bgoroutine \d+ \[[^\]]*\]", "goroutine <n>"),
    (r"\bpid[ =:]+\d+", "pid <n>"),
    (r"\b(?:\d+(?:\.\d+)?(?:h|ms|m|s|µs|us|ns))+\b", "<duration>"),
    # process ids and random numbers without a name
    (r"(?<![\w.])\d{6,}\b", "<n>"),
)
"""What is replaced, in one pass, the earlier rule first; no rule matches a replacement."""

_REPLACE = re.compile("|".join(f"(?P<r{i}>{rule})" for i, (rule, _) in enumerate(_RULES)))
_SPACES = re.compile(r"[ \t]+")


def normalise(error: str) -> str:
    """Return the error without what changes between two runs; normalising twice is the same."""
    while True:
        text = _REPLACE.sub(_replacement, without_wrappers(error))
        text = "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n")).strip()
        if text == error:
            return text
        error = text


def fingerprint(error: str) -> str:
    """Return 16 hex digits that are equal for two runs of the same failure."""
    return hashlib.sha256(normalise(error).encode()).hexdigest()[:16]


def _replacement(match: re.Match[str]) -> str:
    return _RULES[int((match.lastgroup or "r0")[1:])][1]
