"""`compat scenarios`: which features of a frontend work on a daemon, seen by building with them."""

from __future__ import annotations

from typing import Unpack

from harness.cli.planning import RunningOptions, Sources
from harness.cli.run import RunOptions, run_pair
from harness.cli.show import show
from harness.config.matrixfile import SCENARIOS
from harness.errors import UsageError
from harness.model import Scenario, Vary
from harness.scenarios.suite import make


class ScenarioOptions(RunningOptions):
    """The options of `compat scenarios`, by the names that click gives them."""

    daemon: str
    frontend: str
    channel: str | None
    worker: str
    timeout: float
    client: str


def scenarios(*, words: tuple[str, ...], as_json: bool, **options: Unpack[ScenarioOptions]) -> int:
    """Run the scenarios with FRONTEND on DAEMON, and on the daemon of FRONTEND's own commit."""
    asked: RunOptions = {
        **options,
        "tests": (*options["tests"], *_named(words, options)),
        "no_control": False,
        "no_cache": False,
        "tests_from": SCENARIOS,
        "vary": Vary.DAEMON,
        "baseline": None,
        "platform": None,
    }
    return show(*run_pair(asked), as_json=as_json)


def _named(words: tuple[str, ...], options: ScenarioOptions) -> tuple[str, ...]:
    """Return the scenarios that are about what was asked for. Raises UsageError if none is."""
    if not words:
        return ()
    sources = Sources.of("", options)
    _, found = make(sources.data.scenarios, sources.store)
    for word in words:
        if not any(_about(row, word) for row in found.rows):
            features = sorted({row.area for row in found.rows})
            raise UsageError(
                f"-k {word}: no scenario is about that",
                hint=f"there are areas: {', '.join(features)}; or name a feature, or a part of it",
            )
    return tuple(row.test for row in found.rows if any(_about(row, word) for word in words))


def _about(row: Scenario, word: str) -> bool:
    told = (row.test, row.area, row.feature, row.syntax)
    return any(word.casefold() in text.casefold() for text in told)
