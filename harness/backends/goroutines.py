"""How the programs of a leg are made to write their goroutines, the same whatever runs it.

Go programs do so at SIGQUIT, and end. A daemon's words are printed by the sandbox of the test
that waits for it, or kept by the backend, or come from the script that asked (quit.sh).
"""

from __future__ import annotations

from pathlib import Path

from harness.backends.leg import BINARY, FRONTEND

ASKED = (FRONTEND, "buildkitd")
"""The programs that are asked before the test binary."""

ASKING = 15.0
"""Seconds for all of them to be asked."""

LAST_WORDS = 5.0
"""Seconds from there to the kill."""

KEPT = "goroutines.log"
"""File in a leg's folder with what the script read."""

SCRIPT = Path(__file__).with_name("quit.sh")


def command() -> list[str]:
    """Return the command that asks them, to be run inside a leg."""
    return ["/bin/sh", "-c", SCRIPT.read_text("utf-8"), "quit.sh", BINARY, *ASKED]
