"""`compat demo`: every verdict on a miniature of BuildKit, in under a minute."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from harness import minikit
from harness.cli.declared import execution
from harness.cli.options import argv_of, parsed
from harness.cli.run import RunOptions, run_pair
from harness.cli.show import run_of_pair, show_demo
from harness.config.datadir import find_data
from harness.config.matrixfile import find_matrix, load_matrix
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
    options = cast("RunOptions", parsed(execution.run, argv_of(execution.run, given)))
    data = find_data(source, {})
    planted = [load_matrix(find_matrix(data, name)) for name in ("selftest", "planted")]
    made, folder = run_pair(options)
    judged = run_of_pair(made, folder)
    expected = [it for matrix in planted for it in expected_of(matrix, judged.pair)]
    return show_demo(of_demo(judged, expected), judged, folder, as_json=as_json)
