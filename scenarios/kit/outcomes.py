"""What a scenario raises where the feature does not work."""

from __future__ import annotations

_LINES = 24
"""Last lines of a log that an outcome shows; what a step printed stands above the client's own."""


class WrongError(AssertionError):
    """The build succeeded, and its result is not what was asked for."""


class BuildFailedError(Exception):
    """The build failed; says what the client printed last."""

    build_failed = True
    """Known to the harness, which reads the words."""

    def __init__(self, log: str) -> None:
        """Show the error that a client's output has, and the lines that it ends with.

        buildctl begins an error so that it can be told; docker's is its last line.
        """
        self.words = log
        lines = log.strip().splitlines()
        errors = [line for line in lines if line.startswith("error: ")] or lines
        super().__init__("\n".join([*errors[-1:], tail(log)]) or "the client said nothing")


class CannotAskError(Exception):
    """The client has no way to ask for it."""

    build_failed = True
    """Known to the harness, which reads the words."""

    def __init__(self, what: str) -> None:
        """Name what `docker build` has no flag for."""
        super().__init__(f"error: docker build cannot ask for {what}")


def tail(log: str) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.splitlines()[-_LINES:])


def same(what: str, seen: object, expected: object) -> None:
    """Raise WrongError unless what was seen of a result is what was expected of it."""
    if seen != expected:
        raise WrongError(f"{what}: expected {expected!r}, got {seen!r}")


def holds(what: str, fact: object, seen: object) -> None:
    """Raise WrongError unless a statement about what was seen is true."""
    if not fact:
        raise WrongError(f"expected {what}, got {seen!r}")
