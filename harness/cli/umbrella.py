"""The umbrella command `compat` and the one list of the commands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import harness
from harness.cli.lazy import Lazy, LazyGroup, share_options

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: dict[str, Lazy] = {
    "run": Lazy("execution", "Run one pair: an old daemon, a new frontend."),
    "scenarios": Lazy("features", "See which features work on a daemon."),
    "plan": Lazy("execution", "Show what a matrix would build and run."),
    "matrix": Lazy("execution", "Run many pairs, each build and control once."),
    "merge": Lazy("results", "Join the shards of a matrix run."),
    "adopt": Lazy("results", "Judge what was run elsewhere, as on Windows."),
    "report": Lazy("results", "Write the reports of a stored run again."),
    "reclassify": Lazy("results", "Judge a stored run by today's skip lists."),
    "demo": Lazy("execution", "See every verdict on a miniature of BuildKit."),
    "gate": Lazy("results", "Say whether a stored run lets a release out."),
    "floors": Lazy("results", "Propose from which daemon on each test passes."),
    "features": Lazy("features", "Say what works on which daemon, feature by feature."),
    "diff": Lazy("results", "List what changed between two stored runs."),
    "selftest": Lazy("execution", "See whether known breakages are seen."),
    "rerun": Lazy("causes", "Run again what was not compatible."),
    "bisect": Lazy("causes", "Find the commit that turned a verdict."),
    "blame": Lazy("causes", "Find the commits that broke a stored run."),
    "lists": Lazy("lists", "Check patches and skip lists, and suggest entries."),
    "history": Lazy("results", "Say since when a test fails."),
    "images": Lazy("upkeep", "Make stand-ins for the images that tests pull."),
    "gc": Lazy("upkeep", "Remove what has not been used for a while."),
    "doctor": Lazy("upkeep", "Say what this machine lacks and how to mend it."),
    "completion": Lazy("upkeep", "Print the completion of a shell."),
}
"""Every command of `compat`, in the order of its help."""

umbrella = LazyGroup(
    "compat",
    lazy=COMMANDS,
    help="""Run an old BuildKit daemon's own Dockerfile tests against a new Dockerfile frontend.

    Every command has its own --help. `compat-run DAEMON FRONTEND` is short for
    `compat run DAEMON FRONTEND`.
    """,
    epilog="""\b
    Examples:
      compat demo
      compat run v0.6 master
      compat completion bash
    """,
)
share_options(umbrella)
click.version_option(harness.__version__, package_name="buildkit-compat")(umbrella)


def short_form(args: Sequence[str]) -> click.Command:
    """Choose what `compat-run` means: a command that is named first, or nearly so, else `run`."""
    named = not args or args[0] == "--version" or umbrella.near(args[0])
    return umbrella if named or "run" not in COMMANDS else umbrella.load("run")
