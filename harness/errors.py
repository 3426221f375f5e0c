"""One tree of errors; each class carries the exit code that ends the process.

Exit codes: 0 compatible, 1 regression, 2 usage or configuration, 3 too little ran to say,
4 infrastructure or build failure, 130 interrupted (128 + SIGINT, as POSIX shells report it).
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller."""

    COMPATIBLE = 0
    REGRESSION = 1
    USAGE = 2
    INDETERMINATE = 3
    INFRASTRUCTURE = 4
    INTERRUPTED = 130


class CompatError(Exception):
    """Base of every error that a user is meant to read: what, where, and what to do.

    `hint` is one sentence that says what to do about it, or empty.
    """

    exit_code = ExitCode.INFRASTRUCTURE

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the message for `str()` and the hint apart, so that the CLI can set it off."""
        super().__init__(message)
        self.hint = hint
        self.lacks = ""
        """What a server withholds for a while, if that is all: then a cell is unavailable."""
        self._context = ""

    def __str__(self) -> str:
        """Return the message behind what was being done."""
        return self._context + super().__str__()

    def add_context(self, doing: str) -> None:
        """Put in front of the message what was being done: `build suite v0.6.4`."""
        self._context = f"{doing}: {self._context}"


class UsageError(CompatError):
    """The command line asks for something that cannot be: an unknown ref, a bad option."""

    exit_code = ExitCode.USAGE


class ConfigError(CompatError):
    """A file that people edit is wrong; the message begins with file:line:column."""

    exit_code = ExitCode.USAGE


class InfrastructureError(CompatError):
    """The machine, the network, the disk or a tool failed; no frontend is to blame."""

    lasting = False
    """Whether it will be so again, however often it is tried."""


class DiskFull(InfrastructureError):  # noqa: N818 - a state, named as one
    """There is no space left: in the cache, in the folder of runs, or on the engine."""


class MissingToolError(InfrastructureError):
    """A program that is needed is not installed; the hint is the command that installs it."""

    lasting = True


class PatchError(InfrastructureError):
    """A patch of a series does not apply; the message names patch, file and hunk."""

    lasting = True


class BuildError(InfrastructureError):
    """A commit did not build; the message ends with the last lines of the compiler."""

    lasting = True


class Interrupted(CompatError):  # noqa: N818 - named after what happened, not after a fault
    """The user asked to stop; what was done so far has been journaled."""

    exit_code = ExitCode.INTERRUPTED
