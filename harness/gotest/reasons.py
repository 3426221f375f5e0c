"""Why a test failed: the part of its log that says so, and what kind of cause that is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.gotest.daemons import lived, panic_of
from harness.gotest.excerpts import (
    blocks,
    error_line,
    from_daemon,
    last_log,
    last_words,
    with_panic,
)
from harness.gotest.logs import daemon_lines
from harness.model import Reason

__all__ = ["Explanation", "classify", "error_line", "explain", "skip_reason"]


@dataclass(frozen=True)
class Explanation:
    """The cause of a failing outcome and its evidence."""

    reason: Reason
    error: str
    """What a maintainer wants on one screen; at most 4 KiB, safe to print."""
    stable: str = ""
    """What two runs of the same failure have in common, if that is not `error` as a whole."""
    own: bool = False
    """True if the test itself reported an assertion: a testify block stands in its log."""
    foreign: dict[str, str] = field(default_factory=dict)
    """Assertion blocks that name another test; output of parallel tests gets mixed up."""
    died: bool = False
    """True if the daemon died under the test, as far as anything tells."""


_DAEMON_GONE = re.compile(
    # Seen when a v0.6 buildkitd was killed under a running solve.
    r"transport is closing"
    r"|error reading from server: (?:read .*: )?(?:EOF|connection reset by peer)"
    r"|(?m:: EOF$)"
    # The socket is still there, its owner is not.
    r"|buildkitd?[\w-]*\.sock: connect: (?:connection refused|no such file or directory)"
    r"|dial unix \S*buildkitd\S*: connect: "
)

_REMOTE = r"(?!127\.|\[::1\]|localhost)\S+"

_SPURIOUS: tuple[tuple[Reason, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(pattern))
    for reason, pattern in (
        # A full disk shows under any other failure, so it is asked for first.
        (Reason.DISK, r"no space left on device|disk quota exceeded"),
        # The kernel says so, or a fork fails for want of memory.
        (Reason.OOM, r"cannot allocate memory|out of memory|oom-kill|OOMKilled"),
        # Offline stand-ins cannot have a pinned digest: v0.6.4's dockerfile-copy:v0.1.9@sha256:….
        (Reason.IMAGE_PULL, r"\S+@sha256:[0-9a-f]{64}:? not found"),
        # containerd's resolver: `docker.io/library/x:latest: not found`, v0.3 to master.
        (Reason.IMAGE_PULL, r"\b(?:docker\.io|gcr\.io|ghcr\.io|quay\.io)/\S+: not found"),
        # Docker Hub's rate limit and its outages.
        (
            Reason.IMAGE_PULL,
            r"toomanyrequests|too many requests|429 Too Many Requests|manifest unknown",
        ),
        (
            Reason.IMAGE_PULL,
            r"(?:unexpected|invalid) status(?: code| from \w+ request to)? .*\b5\d\d\b",
        ),
        # v0.12.5's mirror of amd64/debian without a network; git and http sources alike.
        (Reason.NETWORK, r"dial tcp: lookup \S+|Temporary failure in name resolution"),
        (Reason.NETWORK, r"[Cc]ould not resolve host|no such host|server misbehaving"),
        (Reason.NETWORK, r"network is unreachable|no route to host"),
        (Reason.NETWORK, r"x509: |tls: (?:failed to verify|bad|unknown) certificate"),
        (
            Reason.NETWORK,
            r"server gave HTTP response to HTTPS client|tls: handshake failure|not look like a TLS",
        ),
        (Reason.NETWORK, r"TLS handshake timeout|net/http: request canceled while waiting"),
        # Not on loopback: there it is a server of the test, or the daemon, that is gone.
        (Reason.NETWORK, rf"dial tcp {_REMOTE}: connect: connection (?:refused|timed out)"),
        (Reason.NETWORK, rf"dial tcp {_REMOTE}: i/o timeout"),
    )
)
"""What the machine or the network did, in the order it is looked for."""


def explain(log: bytes, *, test: str = "") -> Explanation:
    """Find the cause in a failing test's log; `test` is its full name.

    A machine's fault is believed only where a call that should have succeeded returned it
    (testify's `Received unexpected error`, a plain t.Fatal): a test that compares two texts
    and got the wrong one has failed by itself, whatever words stand in them.
    """
    said, daemon = daemon_lines(log)
    found, foreign = blocks(said, test)
    error = from_daemon(found, daemon) or last_log(said)
    if not error:
        return Explanation(Reason.UNKNOWN, last_words(said), foreign=foreign)
    panic = panic_of(daemon)
    reason = _reason(error, panic)
    if reason is not Reason.DAEMON_GONE:
        return Explanation(reason, error, own=bool(found), foreign=foreign)
    return Explanation(
        reason,
        with_panic(error, panic),
        # Addresses and goroutines' numbers are others each time.
        stable="\n".join((error, panic.partition("\n")[0])).strip(),
        own=bool(found),
        foreign=foreign,
        died=not lived(daemon),
    )


def _reason(error: str, panic: str) -> Reason:
    if "Error Trace:" in error and "Received unexpected error" not in error:
        return Reason.ASSERTION
    for reason, pattern in _SPURIOUS:
        if pattern.search(error):
            return reason
    return Reason.DAEMON_GONE if panic or _DAEMON_GONE.search(error) else Reason.ASSERTION


def classify(error: str) -> Explanation:
    """Find the cause in an excerpt alone, where its log is gone."""
    reason = _reason(error, "")
    return Explanation(reason, error, died=reason is Reason.DAEMON_GONE)


def skip_reason(log: bytes) -> Explanation:
    """Return what a skipping test gave as its reason; the cause is no failure's."""
    return Explanation(Reason.UNKNOWN, last_log(log))
