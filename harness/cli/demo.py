"""`compat demo`: every verdict and every answer on a miniature of BuildKit, in under a minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from harness import minikit
from harness.backends.docker import Docker
from harness.cli.declared import execution
from harness.cli.options import argv_of, parsed
from harness.cli.run import RunOptions, run_pair
from harness.cli.show import Act, run_of_pair, show_demo
from harness.config.datadir import find_data
from harness.config.matrixfile import SCENARIOS, Matrix, find_matrix, load_matrix
from harness.model import Vary
from harness.store import Store, default_cache
from harness.stored.selftest import expected_of, of_demo

TEST_SECONDS = 4.0
"""Limit of each test. All of MiniKit's but the one that hangs end within a second."""

LEG_SECONDS = 120.0


def demo(
    backend: str,
    stage: str | None,
    cache_repo: str | None,
    as_json: bool,  # noqa: FBT001 - click's
    out: Path | None,
    cache: Path | None,
) -> int:
    """Run the main job on MiniKit, a miniature of BuildKit that is part of this project."""
    source = find_data(None, {}).examples / "minikit"
    store = Store(cache or default_cache())
    given = {
        "daemon": minikit.DAEMON,
        "frontend": minikit.FRONTEND,
        "repo": minikit.materialise(source, store),
        "backend": backend,
        "stage": stage,
        "cache_repo": cache_repo,
        "timeout": LEG_SECONDS,
        "test_timeout": TEST_SECONDS,
        "reruns": 1,
        "most_reruns": 1,
        "offline": True,
        "out": out,
        "cache": cache,
        "data": source,
    }
    data = find_data(source, {})
    selftest, planted = (load_matrix(find_matrix(data, name)) for name in ("selftest", "planted"))
    acts = []
    # The pair comes last: it is the newest run, and what the demo is about.
    if backend != Docker.name:
        acts.append(_act({**given, **_scenarios(planted)}, (planted,)))
    if not any(act.run.interrupted for act in acts):
        acts.append(_act(given, (selftest, planted)))
    return show_demo(acts, as_json=as_json)


def _act(given: Mapping[str, object], matrices: Iterable[Matrix]) -> Act:
    """Run the pair, and hold it against what the matrices say is planted."""
    options = cast("RunOptions", parsed(execution.run, argv_of(execution.run, given)))
    made, folder = run_pair(options)
    run = run_of_pair(made, folder)
    expected = [it for matrix in matrices for it in expected_of(matrix, run.pair)]
    return Act(of_demo(run, expected), run, folder)


def _scenarios(planted: Matrix) -> dict[str, object]:
    """Return the options that have the planted scenarios run, each on its frontend's daemon too.

    The one that hangs is left to `compat selftest demo`: the pair's own tests have one as well.
    """
    cells = (cell for cell in planted.include if cell.tests == SCENARIOS)
    tests = tuple(test for cell in cells for one in cell.expect for test in one.test)
    return {"tests_from": SCENARIOS, "vary": Vary.DAEMON.value, "tests": tests}
