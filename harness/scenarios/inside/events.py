"""Writes what happens as a Go test binary does that was told `-test.v=test2json`."""

import json
import os
import re
import sys
from typing import BinaryIO

ROOT = "TestIntegration"
"""The Go test that all of BuildKit's integration tests are part of."""

SCENARIO = "TestScenario"
"""What the names of all scenarios begin with."""

_MARK = b"\x16"
_LABELS = ("Error Trace", "Error", "Test", "Messages")
_SHOWN = 12_000
"""Characters of a failure's text."""
_LOG = 256 * 1024
"""Bytes of a daemon's log that are shown, from its end."""
_DOCKERFILE = 1200
"""Characters of a Dockerfile that are kept; written as JSON they may be six times as many."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


class Events:
    """A stream of events, each written as it happens."""

    def __init__(self, out: BinaryIO) -> None:
        """Write to `out`."""
        self._out = out

    def root(self) -> None:
        """Begin the test that all others are part of."""
        self._event(f"=== RUN   {ROOT}")

    def begin(self, name: str) -> None:
        """Say that a test begins."""
        self._event(f"=== RUN   {name}")

    def wait(self, name: str) -> None:
        """Say that a test waits for its turn."""
        self._event(f"=== PAUSE {name}")

    def go_on(self, name: str) -> None:
        """Say that a test that waited has its turn."""
        self._event(f"=== CONT  {name}")

    def log(self, name: str, output: bytes) -> None:
        """Write what a test printed."""
        if output:
            self._event(f"=== NAME  {name}")
            self._raw(output if output.endswith(b"\n") else output + b"\n")

    def built(self, name: str, dockerfile: str) -> None:
        """Write a Dockerfile that a test built, as t.Attr of Go writes what a test says of itself.

        A line that is longer than an event may be would be output.
        """
        text = dockerfile[:_DOCKERFILE] + ("…" if len(dockerfile) > _DOCKERFILE else "")
        self._event(f"=== ATTR  {name} dockerfile {json.dumps(text)}")

    def end(self, name: str, word: str, seconds: float) -> None:
        """Say how a test ended: PASS, FAIL or SKIP."""
        self._event(f"--- {word}: {name} ({seconds:.2f}s)")

    def over(self, *, passed: bool, seconds: float) -> None:
        """Say how all of it ended."""
        word = "PASS" if passed else "FAIL"
        self.end(ROOT, word, seconds)
        self._event(word)

    def say(self, text: str) -> None:
        """Write words that belong to no test."""
        self._raw(f"{text}\n".encode("utf-8", "replace"))

    def _event(self, line: str) -> None:
        self._write(_MARK + line.encode("utf-8", "replace") + b"\n")

    def _raw(self, output: bytes) -> None:
        self._write(output.replace(_MARK, b"?"))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._out.flush()


def failure(test: str, where: str, headline: str, text: str) -> bytes:
    """Lay out why a test failed as testify does; `where` is `file.py:line`."""
    shown = _CONTROL.sub("?", text[:_SHOWN])
    labels = {
        "Error Trace": [where],
        "Error": [headline, *shown.splitlines()],
        "Test": [test],
    }
    lines = [f"    {where}: "]
    for label in _LABELS:
        for index, line in enumerate(labels.get(label, ())):
            head = f"{label}:" if index == 0 else ""
            lines.append(f"        \t{head:<12}\t{line}")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def skipped(where: str, text: str) -> bytes:
    """Lay out why a test did not run."""
    return f"    {where}: {_CONTROL.sub('?', text)}\n".encode("utf-8", "replace")


def daemon_log(command: str, log: bytes) -> bytes:
    """Lay out what a daemon wrote as upstream's sandbox does for a test that failed."""
    head = f"stderr: {command}".encode("utf-8", "replace")
    lines = [head, *log[-_LOG:].splitlines()]
    return b"".join(b"    sandbox.go:1: %s\n" % line for line in lines)


def of_stdout() -> Events:
    """Take standard output for events; what prints there from now on goes to standard error."""
    kept = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return Events(os.fdopen(kept, "wb", buffering=0))
