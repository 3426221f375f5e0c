"""Hides credentials in whatever is shown or written down: by their shape, and by their value."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote, urlsplit

HIDDEN = "***"

_SHAPES = re.compile(
    r"(?i)"
    # the user and the password of a URL, also of one that was taken for a path
    r"(?P<url>\w:/{1,2})[^/\s]+@"
    # headers, variables, JSON
    r"|(?P<word>(?:token|passwo?r?d|passphrase|secret|authorization"
    r"|(?:api|access|auth|private)[ _-]?key|[?&][\w-]*signature)"
    r"[\"']?\s*[=:]\s*)(?:(?:basic|bearer)\s+)?\S+"
    # GitHub's and GitLab's tokens, and JSON Web Tokens, which registries give
    r"|\b(?:gh[opsur]_\w{16,}|github_pat_\w{20,}|glpat-[\w-]{16,})"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
)
_NAMES = re.compile(r"(?i)(?:token|passwo?r?d|secret|credentials?|(?:api|access|private)_?key)$")
_PASSWORD = re.compile(r"://[^:/@\s]*:(?P<password>\S+)@")

_SHORTEST = 8
"""Characters; what is shorter may well be an ordinary word."""


def redact(text: str) -> str:
    """Hide credentials in URLs, in `token=…` words, and those that our environment holds."""
    for secret in known_secrets(os.environ):
        text = text.replace(secret, HIDDEN)
    return _SHAPES.sub(_hide, text)


def known_secrets(environment: Mapping[str, str]) -> list[str]:
    """Return what an environment says by its names to be secret, and the passwords in its URLs.

    The longest come first, so that none is left half of another.
    """
    values = [value for name, value in environment.items() if _NAMES.search(name)]
    for value in environment.values():
        if "@" in value and "://" in value:
            values += passwords(value)
    return _sorted(value for value in values if len(value) >= _SHORTEST)


def passwords(url: str) -> list[str]:
    """Return the password of a URL as it stands there and as it is meant.

    One with a bare slash is no URL to some readers, and up to its last @ one to others.
    """
    found = _PASSWORD.search(url)
    try:
        read = [urlsplit(url).password or "", found["password"] if found else ""]
    except ValueError:  # no URL, only much like one
        return []
    return _sorted(filter(None, (*read, *map(unquote, read))))


class Mask:
    """Takes secrets out of a stream, whatever the pieces are in which it comes."""

    def __init__(self, sink: Callable[[bytes], None], secrets: Iterable[str]) -> None:
        """Hand to `sink` what is left of the stream."""
        self._sink = sink
        self._secrets = [secret.encode("utf-8", "surrogateescape") for secret in _sorted(secrets)]
        self._kept = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next piece; an end that may be the beginning of a secret waits for more."""
        data = self._kept + chunk
        for secret in self._secrets:
            data = data.replace(secret, HIDDEN.encode())
        waits = max((_begun(secret, data) for secret in self._secrets), default=0)
        self._kept = data[len(data) - waits :]
        if len(data) > waits:
            self._sink(data[: len(data) - waits])

    def finish(self) -> None:
        """Hand on what waited: the stream has ended."""
        kept, self._kept = self._kept, b""
        if kept:
            self._sink(kept)


def _begun(secret: bytes, data: bytes) -> int:
    """Return how many bytes at the end are the beginning of a secret."""
    lengths = range(min(len(secret) - 1, len(data)), 0, -1)
    return next((length for length in lengths if data.endswith(secret[:length])), 0)


def _sorted(secrets: Iterable[str]) -> list[str]:
    return sorted(set(secrets), key=lambda it: (-len(it), it))


def _hide(match: re.Match[str]) -> str:
    if match["url"]:
        return f"{match['url']}{HIDDEN}@"
    return f"{match['word'] or ''}{HIDDEN}"
