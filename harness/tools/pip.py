"""pip, for whichever Python: it may reach the package index as this machine says, and no more.

Where an index is and how it is reached is the machine's business: `PIP_*` variables and pip.conf
say it, and that is kept. What else they can say changes where or how something is installed
(target, prefix, user, constraint, no-binary, require-hashes, …), and none of it reaches pip.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.tools.inherited import PIP, inherited
from harness.tools.process import Request, run

_REACH = frozenset(
    {
        "cache-dir",
        "cert",
        "client-cert",
        "default-timeout",
        "extra-index-url",
        "find-links",
        "index-url",
        "keyring-provider",
        "no-cache-dir",
        "no-index",
        "proxy",
        "resume-retries",
        "retries",
        "timeout",
        "trusted-host",
    }
)
"""Options of pip that only say how to reach an index (pip's cmdoptions.py)."""

_TLS = {"use-feature": {"truststore"}, "use-deprecated": {"legacy-certs"}}
"""Options with many values, of which these say how to reach one."""

_SETTING = re.compile(r"(global|install|index)\.([a-z-]+)=(.+)")
"""A line of `pip config list`."""


def pip(
    python: Path,
    *words: str,
    timeout: float = 900.0,
    keep: tuple[int, ...] = (),
    unpack: Path | None = None,
) -> Request:
    """Return the request for `python -m pip WORDS`; the first word is one of pip's commands.

    It unpacks in the folder `unpack`. Raises as `environment` does.
    """
    argv = [str(python), "-P", "-m", "pip", *words, "--no-input", "--disable-pip-version-check"]
    env = environment(python, words[0]) | ({"TMPDIR": str(unpack)} if unpack else {})
    return Request(argv, env=env, timeout=timeout, keep=keep)


def environment(python: Path, command: str = "install") -> dict[str, str]:
    """Return the environment for one of pip's commands: how an index is reached, nothing else.

    Raises InfrastructureError if `python` has no pip or pip cannot read its configuration.
    """
    ours = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {**inherited(PIP), **_kept(_files(python, command, ours.get("PIP_CONFIG_FILE")), ours)}


def _files(python: Path, command: str, own: str | None) -> dict[str, str]:
    """Return what pip's configuration files say for a command, by option."""
    # A file can silence pip, or send it to another Python; a variable wins over it.
    env = {**inherited(PIP), "PIP_QUIET": "0", "PIP_PYTHON": str(python)}
    env |= {"PIP_CONFIG_FILE": own} if own else {}
    listed = run(Request([str(python), "-P", "-m", "pip", "config", "list"], env=env)).text
    return read_settings(listed.splitlines(), command)


def read_settings(lines: Iterable[str], command: str) -> dict[str, str]:
    """Return the value of each option in the lines of `pip config list`; a command's own wins."""
    by_section: dict[str, dict[str, str]] = {}
    for line in lines:
        if match := _SETTING.fullmatch(line.strip()):
            section, option, value = match.groups()
            by_section.setdefault(section, {})[option] = str(ast.literal_eval(value))
    return {**by_section.get("global", {}), **by_section.get(command, {})}


def _kept(files: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return the PIP_* variables that say what files and variables say of reaching an index."""
    said = {**files, **{_option(name): value for name, value in variables.items() if value}}
    kept = {}
    for option, value in said.items():
        words = [word for word in value.split() if word in _TLS.get(option, ())]
        if option in _REACH or words:
            name = "PIP_" + option.upper().replace("-", "_")
            kept[name] = " ".join(words or value.split())
    return {**kept, "PIP_CONFIG_FILE": os.devnull}


def _option(variable: str) -> str:
    return variable.removeprefix("PIP_").lower().replace("_", "-")
