"""`compat adopt`: output of tests that were run elsewhere becomes a stored run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

from harness.cli.declared import results
from harness.cli.options import argv_of
from harness.cli.planning import check_client
from harness.cli.session import default_runs, publish
from harness.cli.show import show_matrix
from harness.config.datadir import find_data
from harness.config.matrixfile import SCENARIOS
from harness.errors import UsageError
from harness.gotest.selection import select
from harness.history import default_history
from harness.journal.folder import run_name
from harness.model import Channel, Leg, Vary
from harness.model.platforms import WRITE, unknown
from harness.plan.asks import PairAsk, Where
from harness.plan.opening import adopted_pair
from harness.plan.workspace import Workspace
from harness.reports.live import display
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.store import Store, default_cache
from harness.stored.adopted import Legs
from harness.stored.adopted import adopt as make
from harness.stored.rejudge import Lists


class AdoptOptions(TypedDict):
    """The options of `compat adopt`, by the names that click gives them."""

    daemon: str
    frontend: str
    control: tuple[Path, ...]
    candidate: tuple[Path, ...]
    platform: str | None
    channel: str | None
    worker: str
    tests: tuple[str, ...]
    tests_from: str | None
    vary: str
    baseline: str | None
    client: str
    offline: bool
    out: Path | None
    repo: str | None
    fetch: bool
    history: Path | None
    cache: Path | None
    data: Path | None


def adopt(*, as_json: bool, **options: Unpack[AdoptOptions]) -> int:
    """Judge the tests of DAEMON with the frontend of FRONTEND that were run elsewhere."""
    if options["tests_from"] == SCENARIOS:
        raise UsageError(
            "scenarios are run by this program alone", hint="compat scenarios DAEMON FRONTEND"
        )
    if options["platform"] and (wrong := unknown(options["platform"])):
        raise UsageError(f"--platform: {wrong}", hint=WRITE)
    _check_apart(options["control"], options["candidate"])
    select(options["tests"], worker=options["worker"])  # refuses a bad glob
    store = Store(options["cache"] or default_cache())
    ask = _ask(options)
    with display(sys.stderr) as listener:
        workspace, meant = Workspace.open(
            find_data(options["data"], os.environ),
            store,
            ask.where,
            [*ask.names.values()],
            listener,
            ask.platform,
        )
        legs = Legs(
            pair=adopted_pair(ask, workspace, meant),
            recordings={Leg.CONTROL: options["control"], Leg.CANDIDATE: options["candidate"]},
            tests=options["tests"],
            offline=options["offline"],
            command=("compat", "adopt", *argv_of(results.adopt, options)),
        )
        lists = Lists(workspace.entries, store, lambda: workspace.repository, workspace.floors)
        out = (options["out"] or default_runs() / run_name(datetime.now(UTC))).absolute()
        made = make(legs, lists, out)
    made = publish(out, made, options["history"] or default_history())
    return show_matrix(made, out, {}, as_json=as_json)


def _ask(options: AdoptOptions) -> PairAsk:
    check_client(options["client"], options["tests_from"])
    repository = options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY
    return PairAsk(
        where=Where(repository, fetch=options["fetch"]),
        offline=options["offline"],
        tests=options["tests"],
        daemon=options["daemon"],
        frontend=options["frontend"],
        channel=Channel(options["channel"]) if options["channel"] else None,
        worker=options["worker"],
        platform=options["platform"] or "",
        tests_from=options["tests_from"],
        vary=Vary(options["vary"]),
        baseline=options["baseline"],
        client=options["client"],
    )


def _check_apart(control: Sequence[Path], candidate: Sequence[Path]) -> None:
    """Check that no recording is given twice. Raises UsageError."""
    given = [path.resolve() for path in (*control, *candidate)]
    twice = [path for path in given if given.count(path) > 1]
    if twice:
        raise UsageError(
            f"{twice[0]} is given twice", hint="every leg, and every attempt, has its own recording"
        )
