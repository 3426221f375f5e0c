"""Credentials in the URL of a repository: git is told them for one command, and keeps none.

Git writes the URL that it clones into the clone's configuration and hands it to its helpers as an
argument, which every user of a machine can read. So git gets the URL without them, and asks a
helper that finds them in its environment (https://git-scm.com/docs/gitcredentials).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from harness.tools.inherited import REMOTE_GIT, inherited

_WITH = re.compile(
    r"(?P<scheme>https?://)(?P<user>[^/\s:@]*)(:(?P<password>[^/\s]*))?@(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_HELPER = (
    """!printf 'username=%s\\npassword=%s\\n' "$HARNESS_GIT_USER" "$HARNESS_GIT_PASSWORD"; :"""
)


@dataclass(frozen=True)
class Remote:
    """A repository elsewhere: a URL that may be shown and kept, and what git is told besides."""

    url: str
    environment: dict[str, str]


def remote_of(url: str) -> Remote:
    """Part a URL from the credentials in it; those of ssh are a user's name and stay."""
    match = _WITH.fullmatch(url)
    if match is None:
        return Remote(url, {})
    clean = match["scheme"].lower() + match["rest"]
    host = match["scheme"].lower() + match["rest"].partition("/")[0]
    environment = _settings(f"credential.{host}.helper", ("", _HELPER))
    environment["HARNESS_GIT_USER"] = _one_line(match["user"])
    environment["HARNESS_GIT_PASSWORD"] = _one_line(match["password"] or "")
    return Remote(clean, environment)


def _settings(key: str, values: tuple[str, ...]) -> dict[str, str]:
    """Add values of a key to those that our own environment gives to git."""
    first = inherited(REMOTE_GIT).get("GIT_CONFIG_COUNT", "")
    start = int(first) if first.isdecimal() else 0
    settings = {"GIT_CONFIG_COUNT": str(start + len(values))}
    for number, value in enumerate(values, start):
        settings |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return settings


def _one_line(text: str) -> str:
    """Decode what a URL encodes; a line feed would be a line of the helper's answer."""
    return "".join(unquote(text).splitlines())
