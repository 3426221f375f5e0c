"""Why a registry did not give or take an image, told from what the engine says of it.

The engine's own HTTP status counts first. Most engines answer 500 to whatever a registry said,
or break off their stream with a text; then the text decides. The words are those of dockerd,
containerd, containers/image (Podman) and Go's net package.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import InfrastructureError
from harness.tools.redaction import redact

_SAID = 600
HUB = "docker.io"
"""The registry of names that name none."""


@dataclass(frozen=True)
class Cause:
    """One kind of refusal."""

    name: str
    """What the registry did, as the middle of a sentence about it."""
    advice: str
    statuses: frozenset[int]
    words: re.Pattern[str]
    passing: bool
    """Whether trying again can help."""


def _cause(
    name: str, advice: str, *words: str, statuses: Sequence[int] = (), passing: bool = True
) -> Cause:
    pattern = re.compile("|".join(words), re.IGNORECASE)
    return Cause(name, advice, frozenset(statuses), pattern, passing)


LIMITED = _cause(
    "limits the rate of requests",
    "docker login, which raises most limits, or give the engine a mirror (registry-mirrors)",
    r"toomanyrequests|too many requests|rate limit|\b429\b",
    statuses=[429],
)
UNTRUSTED = _cause(
    "has a certificate that is not trusted",
    "let the engine trust it: https://docs.docker.com/engine/security/certificates/",
    r"x509:|certificate (?:signed|has expired|is not valid)",
    passing=False,
)
PLAIN = _cause(
    "speaks no TLS",
    "name it under insecure-registries of the engine's daemon.json",
    r"HTTP response to HTTPS client|does not look like a TLS handshake",
    passing=False,
)
ABSENT = _cause(
    "has no such image",
    "see that the name is right; what is private needs docker login",
    r"manifest unknown|manifest for \S+ not found|name unknown|repository name not known",
    r"repository does not exist|: not found$|(?:status(?: code)?[^\n]*|HTTP )\b404\b",
    statuses=[404],
    passing=False,
)
DENIED = _cause(
    "denies access",
    "docker login, with an account that may do this",
    r"unauthorized|authentication required|access.{0,40}denied|\bdenied:|: denied$",
    r"no basic auth credentials|insufficient_scope|\b40[13] (?:Unauthorized|Forbidden)",
    r"(?:status(?: code)?[^\n]*|HTTP )\b40[13]\b|invalid username/password",
    statuses=[401, 403],
    passing=False,
)
ANSWERS_BADLY = _cause(
    "is out of order",
    "try again later",
    r"(?:status(?: code)?[^\n]*|HTTP )\b5\d\d\b|\b50[0234] (?:Internal|Bad|Service|Gateway)",
    r"Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out",
    statuses=[502, 503, 504],
)
UNNAMED = _cause(
    "cannot be found by its name",
    "see that the engine's machine can resolve names",
    r"no such host|server misbehaving|name resolution|name or service not known|\blookup \S+",
)
UNREACHABLE = _cause(
    "cannot be reached",
    "see that it runs, and that the engine's machine reaches it",
    r"connection refused|connection reset|connection timed out|broken pipe|i/o timeout|\bEOF\b",
    r"network is unreachable|no route to host|handshake (?:timeout|failure)|tls: |stream error",
    r"deadline exceeded|Client\.Timeout|timeout awaiting|operation timed out|GOAWAY|said nothing",
    statuses=[408],
)
OTHER = _cause("cannot be used", "see what the engine's log says of it", r"(?!)", passing=False)

# A limit can be told as a denial, and a denial as an absence: of two, the earlier one counts.
_CAUSES = (LIMITED, UNTRUSTED, PLAIN, ABSENT, DENIED, ANSWERS_BADLY, UNNAMED, UNREACHABLE)


class ImageRefused(InfrastructureError):  # noqa: N818 - an event, named as one
    """A registry did not give or take an image; no frontend is to blame."""

    def __init__(
        self, doing: str, image: str, cause: Cause, said: str, advice: str | None = None
    ) -> None:
        """Keep what was being done (`pull`, `push`) with which image, and what came of it.

        `advice` is for whoever is no engine; None for what an engine needs.
        """
        self.cause = cause
        server = registry_of(image)
        self.brief = f"{doing} {image}: {server} {cause.name}"
        super().__init__(
            f"{self.brief}: {redact(said.strip())[:_SAID]}",
            hint=cause.advice if advice is None else advice,
        )
        self.lacks = higher_limit(server) if cause is LIMITED else ""


def cause_of(text: str, status: int | None = None) -> Cause:
    """Render the cause from an HTTP status, else from a text."""
    for cause in _CAUSES:
        if status in cause.statuses:
            return cause
    return next((cause for cause in _CAUSES if cause.words.search(text)), OTHER)


def higher_limit(server: str) -> str:
    """Return what is lacking where a server limits the rate of requests."""
    return f"a higher rate limit of {server}"


def registry_of(image: str) -> str:
    """Return HOST or HOST:PORT of an image's name, as Docker reads names."""
    first, slash, _ = image.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return first if named else HUB
