"""`compat demo`: every verdict on a miniature of BuildKit, in under a minute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from harness.cli.options import CACHE, CACHE_REPO, JSON, OUT, argv_of, parsed

if TYPE_CHECKING:
    from harness.cli.pairsession import RunOptions

TEST_SECONDS = 4.0
"""Limit of each test. All of MiniKit's but the one that hangs end within a second."""

LEG_SECONDS = 120.0


@click.command(
    epilog="""\b
    Examples:
      compat demo
      compat demo --json
      COMPAT_BASE_IMAGE=golang:1.21-bookworm compat demo --backend docker --stage generic
    """
)
@click.option(
    "--backend",
    type=click.Choice(["auto", "docker", "native"]),
    default="native",
    show_default=True,
    help="What builds and runs; native needs no image from anywhere.",
)
@click.option(
    "--stage",
    type=click.Choice(["upstream", "generic"]),
    help="Whose Dockerfiles docker builds (default: MiniKit's own).",
)
@CACHE_REPO
@JSON
@OUT
@CACHE
def demo(
    backend: str,
    stage: str | None,
    cache_repo: str | None,
    as_json: bool,  # noqa: FBT001 - click's
    out: Path | None,
    cache: Path | None,
) -> int:
    """Run the main job on MiniKit, a miniature of BuildKit that is part of this project.

    Its newest frontend breaks its oldest daemon in every way there is: a regression, a removal
    by design that a skip list explains, a hang, a crash of the daemon, a flake, and a test that
    is broken on both sides. A real run that saw this would end with 1.

    Exit codes: 0 all that is planted was seen and nothing else, 3 something was not, which is
    named, 4 infrastructure or build failure, 130 interrupted.
    """
    from harness import minikit  # noqa: PLC0415 - keeps --help quick
    from harness.cli.pairsession import run_pair  # noqa: PLC0415
    from harness.cli.run import run  # noqa: PLC0415
    from harness.cli.show import run_of_pair, show_demo  # noqa: PLC0415
    from harness.config.datadir import find_data  # noqa: PLC0415
    from harness.config.matrixfile import find_matrix, load_matrix  # noqa: PLC0415
    from harness.store import Store, default_cache  # noqa: PLC0415
    from harness.stored.selftest import expected_of, of_demo  # noqa: PLC0415

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
    options = cast("RunOptions", parsed(run, argv_of(run, given)))
    data = find_data(source, {})
    planted = [load_matrix(find_matrix(data, name)) for name in ("selftest", "planted")]
    made, folder = run_pair(options)
    judged = run_of_pair(made, folder)
    expected = [it for matrix in planted for it in expected_of(matrix, judged.pair)]
    return show_demo(of_demo(judged, expected), judged, folder, as_json=as_json)
