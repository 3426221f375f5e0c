"""What a pair is asked beside daemon and frontend: whose tests, what varies, whose buildctl."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from harness.errors import UsageError
from harness.model import Client, Pair, Source, Vary


@dataclass(frozen=True)
class Axes:
    """What was asked for, found in the repository."""

    tests: Source | None = None
    """None for those of the daemon's commit."""
    vary: Vary = Vary.FRONTEND
    baseline: Source | None = None
    """None for the frontend of the tests' commit."""
    client: Client = Client.DAEMON
    scenarios: bool = False
    """Whether scenarios are run in the place of the tests' own."""

    def idle(self, pair: Pair) -> bool:
        """Return whether the daemon varies and is the tests' own: control and candidate are one."""
        return self.vary is Vary.DAEMON and self._of_others(pair) is None

    def _of_others(self, pair: Pair) -> Source | None:
        """Return the tests if they are not those of the daemon; an engine has none."""
        own = self.tests and self.tests.commit.sha == pair.suite.sha and not pair.engine
        return None if own else self.tests

    def of(self, pair: Pair) -> Pair:
        """Return a pair with this; what is as usual anyway is left out of it.

        Raises UsageError if control and candidate would be the same, or a part has no say.
        """
        tests = self._of_others(pair)
        found = replace(
            pair,
            tests=tests,
            vary=self.vary,
            client=self.client if tests else Client.DAEMON,
            scenarios=self.scenarios,
        )
        if self.vary is Vary.FRONTEND:
            usual = self.baseline is None or _same(self.baseline, found.tested)
            return replace(found, baseline=None if usual else self.baseline)
        if self.baseline is not None:
            raise UsageError(
                "a baseline has no say where the daemon varies: both legs have one frontend",
                hint="leave it out, or vary the frontend",
            )
        if self.idle(pair):
            raise UsageError(
                f"nothing varies: {pair.suite.ref} is the tests' own daemon",
                hint="take tests of another commit, or vary the frontend",
            )
        return found


def _same(one: Source, other: Source) -> bool:
    return (one.commit.sha, one.channel) == (other.commit.sha, other.channel)
