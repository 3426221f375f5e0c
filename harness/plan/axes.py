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
    client: str = Client.DAEMON
    """Whose buildctl: the `daemon`'s, the `tests`', or that of a name, which is `buildctl`."""
    buildctl: Source | None = None
    scenarios: bool = False
    """Whether scenarios are run in the place of the tests' own."""

    def idle(self, pair: Pair) -> bool:
        """Return whether the daemon varies and is the tests' own: control and candidate are one.

        They are not if the candidate calls another client.
        """
        varies = self._of_others(pair) or self._buildctl(pair)
        return self.vary is Vary.DAEMON and varies is None

    def _buildctl(self, pair: Pair) -> Source | None:
        """Return whose client is called, if it is not the daemon's own. Raises UsageError."""
        asked = self.buildctl
        if asked and asked.commit.image:
            raise UsageError(
                f"{asked.commit.ref} is an image: a client is named by its commit",
                hint=f"--client {asked.commit.built.ref}",
            )
        if self.scenarios and self.client == Client.TESTS:
            asked = self.tests
        if asked and (pair.engine or not self.scenarios):
            raise UsageError(
                f"--client {asked.commit.ref} has no say: scenarios call it, on a daemon",
                hint="leave it out, or ask for scenarios on a daemon",
            )
        return asked if asked and asked.commit.identity != pair.suite.identity else None

    def _of_others(self, pair: Pair) -> Source | None:
        """Return the tests if they are not those of the daemon; an engine has none, nor an image.

        Raises UsageError for an image in their place.
        """
        tests = self.tests
        if tests and tests.commit.image:
            raise UsageError(
                f"{tests.commit.ref} has no tests: it is an image",
                hint=f"name its commit, {tests.commit.built.ref}",
            )
        if tests is None and pair.suite.image:
            return Source(commit=pair.suite.built, channel=pair.suite_channel)
        own = tests and tests.commit.identity == pair.suite.identity and not pair.engine
        return None if own else tests

    def of(self, pair: Pair) -> Pair:
        """Return a pair with this; what is as usual anyway is left out of it.

        Raises UsageError if control and candidate would be the same, or a part has no say.
        """
        tests = self._of_others(pair)
        of_tests = tests and self.client == Client.TESTS and not self.scenarios
        found = replace(
            pair,
            tests=tests,
            vary=self.vary,
            client=Client.TESTS if of_tests else Client.DAEMON,
            buildctl=self._buildctl(pair),
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
    return (one.commit.identity, one.channel) == (other.commit.identity, other.channel)
