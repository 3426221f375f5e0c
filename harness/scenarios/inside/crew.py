"""Runs scenarios beside one another on one daemon, and finds out which of them it dies of."""

import selectors
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest

from harness.scenarios.inside.catalogue import full_name
from harness.scenarios.inside.child import FAIL, PASS, SKIP, Child, Told, work
from harness.scenarios.inside.events import Events, daemon_log, failure, skipped
from harness.scenarios.inside.flags import Flags

_AFTER_DEATH = 20.0
"""Seconds for the scenarios that were at work when the daemon died to notice."""


class Live(Protocol):
    """The daemon of a folder of scenarios, which its conftest starts."""

    @property
    def log(self) -> Path:
        """What it writes, over all its lives."""

    @property
    def command(self) -> str:
        """Its command line."""

    def alive(self) -> bool:
        """Return whether it runs."""

    def restart(self) -> None:
        """Start it again where it was."""


class Crew:
    """The scenarios of a leg: which wait, which are at work, which are to run alone."""

    def __init__(self, live: Live, flags: Flags, events: Events, worker: str) -> None:
        """Run on a daemon that is there."""
        self._live = live
        self._flags = flags
        self._events = events
        self._worker = worker
        self._running: dict[int, Child] = {}
        self._marks: dict[int, int] = {}
        """Size of the daemon's log when a scenario began, by its process."""
        self._suspects: list[pytest.Item] = []
        """Those that failed, were not alone, and may have killed the daemon."""
        self._selector = selectors.DefaultSelector()
        self.passed = True

    def run(self, items: Sequence[pytest.Item]) -> None:
        """Run all of them to their end."""
        waiting, alone = deque(items), deque[pytest.Item]()
        while waiting or alone or self._running:
            if not self._live.alive():
                suspects = self._after_death()
                alone.extend(suspects)
                self._live.restart()
            elif alone and not self._running:
                self._run_alone(alone.popleft())
            elif waiting and not alone and len(self._running) < self._flags.parallel:
                item = waiting.popleft()
                self._events.begin(self._name(item))
                self._begin(item)
            else:
                self._end_next()

    def kill(self) -> None:
        """Kill what is at work."""
        for child in self._running.values():
            child.kill()

    def _begin(self, item: pytest.Item) -> Child:
        child = Child(item, work)
        self._running[child.ended] = child
        self._marks[child.pid] = self._size()
        self._selector.register(child.ended, selectors.EVENT_READ)
        return child

    def _next(self, timeout: float | None = None) -> Child | None:
        for key, _ in self._selector.select(timeout):
            self._selector.unregister(key.fd)
            return self._running.pop(key.fd)
        return None

    def _end_next(self) -> None:
        """Wait for a scenario to end; it says how, unless the daemon has died meanwhile."""
        child = self._next()
        if child is None:
            return
        told, output, seconds = child.collect()
        if told.word == FAIL and not self._live.alive() and self._running:
            self._suspect(child)
            return
        self._report(child, told, output, seconds)

    def _after_death(self) -> list[pytest.Item]:
        """Let those that were at work when the daemon died end; return who may have done it."""
        suspects = list(self._suspects)
        self._suspects.clear()
        limit = time.monotonic() + _AFTER_DEATH
        while self._running:
            child = self._next(max(0.0, limit - time.monotonic()))
            if child is None:
                for stuck in self._running.values():
                    stuck.kill()
                limit = time.monotonic() + _AFTER_DEATH
                continue
            told, output, seconds = child.collect()
            if told.word == FAIL:
                self._events.wait(self._name(child.item))
                suspects.append(child.item)
            else:
                self._report(child, told, output, seconds)
        return suspects

    def _suspect(self, child: Child) -> None:
        self._events.wait(self._name(child.item))
        self._suspects.append(child.item)

    def _run_alone(self, item: pytest.Item) -> None:
        """Run one that may have killed the daemon: what comes of it now is its own."""
        self._events.go_on(self._name(item))
        self._begin(item)
        child = self._next()
        if child is not None:
            self._report(child, *child.collect())

    def _report(self, child: Child, told: Told, output: bytes, seconds: float) -> None:
        name = self._name(child.item)
        said = output
        if told.word == SKIP:
            said += skipped(told.where, told.text)
        elif told.word == FAIL:
            self.passed = False
            said += failure(name, told.where, told.headline, told.text)
            said += daemon_log(self._live.command, self._log_since(self._marks[child.pid]))
        for dockerfile in told.built:
            self._events.built(name, dockerfile)
        if told.word != PASS:
            self._events.log(name, said)
        self._events.end(name, told.word, seconds)

    def _name(self, item: pytest.Item) -> str:
        return full_name(item, self._worker)

    def _size(self) -> int:
        return self._live.log.stat().st_size if self._live.log.exists() else 0

    def _log_since(self, mark: int) -> bytes:
        if not self._live.log.exists():
            return b""
        with self._live.log.open("rb") as log:
            log.seek(mark)
            return log.read()
