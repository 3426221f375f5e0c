"""What of the caller's environment reaches the programs that are started here, by their kind.

The one file that reads the environment as a whole to hand it on: a variable that no kind names
reaches no program. So what is built, checked out and run does not depend on who calls; what may
reach a program says where it finds other programs, where its files go, and how it gets to others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""How tests and builds reach the network; these can hold credentials."""

_PLACES = ("PATH", "TMPDIR")
_USER = ("HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")
_NETWORK = (*PROXIES, "ALL_PROXY", "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
_SSH = ("SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE")

_HELPERS = (
    *("AWS_*", "AZURE_*", "CLOUDSDK_*", "GOOGLE_APPLICATION_CREDENTIALS"),
    *("GH_*", "GITHUB_TOKEN", "GITLAB_TOKEN", "GCM_*", "KRB5*", "NETRC"),
    *("DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME", "PASSWORD_STORE_DIR"),
)
"""What programs read that git, ssh and docker ask for credentials, as their users set them up."""

_GIT_PROGRAMS = ("GIT_EXEC_PATH", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT")
_GIT_REMOTES = (
    *("GIT_ALLOW_PROTOCOL", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"),
    *("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_*", "GIT_CONFIG_VALUE_*"),
    *("GIT_HTTP_PROXY_AUTHMETHOD", "GIT_PROXY_SSL_*", "GIT_SSL_*", "CURL_CA_BUNDLE"),
)

_ENGLISH = {"LC_ALL": "C.UTF-8"}
"""What programs say is read here."""

_ISOLATED = str(Path(__file__).with_name("isolated.gitconfig"))

_GIT_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    # What is found out is kept by commit ids: neither replacements nor grafts count. (Git advises
    # against an empty graft file, not against one that is not there.)
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": f"{os.devnull}/none",
    # What a new repository is.
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_TEMPLATE_DIR": "",
}


@dataclass(frozen=True)
class Kind:
    """A kind of program: which variables of the caller reach it, and which are always set."""

    names: tuple[str, ...]
    """Variables; `*` is wild."""
    fixed: Mapping[str, str] = field(default_factory=lambda: _ENGLISH)


PLAIN = Kind((*_PLACES, *_USER))
"""Any program that no other kind is meant for."""

PYTHON = Kind((*_PLACES, *_USER, "LD_LIBRARY_PATH"))
"""The interpreter that this program runs in, which may have its own library in a strange place."""

ITSELF = Kind(("*",), {})
"""This program, as its user would call it from where we were started."""

PIP = Kind(
    (
        *(*PYTHON.names, *_NETWORK, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_DIRS"),
    )
)
"""pip; what its own variables and files say of reaching an index is added by pip.py."""

DEBIAN = Kind((*_PLACES, *_USER, *_NETWORK), {**_ENGLISH, "DEBIAN_FRONTEND": "noninteractive"})
"""apt-get and dpkg."""

GO = Kind(_PLACES)
"""Go has no home: no `go env -w`, no telemetry. What it is to do, it is told on purpose."""

GIT = Kind(
    (*_PLACES, *_NETWORK, *_SSH, *_GIT_PROGRAMS),
    {
        **_ENGLISH,
        **_GIT_QUIET,
        # The user's configuration and attributes, by these and by being without a home; and
        # as they must not change what a tree holds, nor do the machine's.
        "GIT_CONFIG_GLOBAL": _ISOLATED,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
    },
)
"""Git that reads and writes what is here."""

REMOTE_GIT = Kind(
    (*_PLACES, *_USER, *_NETWORK, *_SSH, *_HELPERS, *_GIT_PROGRAMS, *_GIT_REMOTES),
    {**_ENGLISH, **_GIT_QUIET},
)
"""Git that copies a repository from elsewhere, by the ways that its user has set up."""

SSH = Kind((*_PLACES, *_USER, *_NETWORK, *_SSH, *_HELPERS))
"""ssh, with the programs that its configuration names."""

BUILDER = Kind(
    (
        *(*_PLACES, *_USER, *_NETWORK, *_SSH, *_HELPERS),
        *("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "BUILDX_CONFIG"),
    )
)
"""Docker's and Podman's client programs: credentials for registries. Which engine, and which
builder on it, they are told on purpose."""

CONTAINER = Kind(PROXIES, {})
"""The tests of a leg in a container; all else is the image's."""

LEG = Kind(("USER", *CONTAINER.names), {})
"""The tests of a leg on this machine; BuildKit asks for the user's name."""


def inherited(kind: Kind, **extra: str) -> dict[str, str]:
    """Return the environment of a program: what the caller's holds for it, and `extra`."""
    ours = {name: value for name, value in os.environ.items() if reaches(name, kind)}
    return {**ours, **kind.fixed, **extra}


def reaches(name: str, kind: Kind) -> bool:
    """Return whether a variable of the caller's environment reaches a kind of program."""
    return any(fnmatchcase(name, pattern) for pattern in kind.names)
