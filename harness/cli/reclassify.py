"""`compat reclassify`: a stored run, judged by today's skip lists and rules."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TypedDict, Unpack

from harness import minikit
from harness.backends import BACKENDS
from harness.cli.show import present
from harness.cli.stored import find_run, past_of, told_of
from harness.config.datadir import Data, find_data
from harness.config.floors import load_floors
from harness.config.known import Known
from harness.config.lines import load_lines
from harness.config.skiplists import load_entries
from harness.journal import cells
from harness.reports.live import display
from harness.reports.write import write_reports
from harness.repository.clones import DEFAULT_REPOSITORY, find
from harness.repository.refs import Repository
from harness.store import Store, default_cache
from harness.stored.rejudge import Lists, Reclassified, reclassify_into, report
from harness.stored.rejudge import reclassify as judge


class ReclassifyOptions(TypedDict):
    """The options of `compat reclassify`, by the names that click gives them."""

    out: Path | None
    repo: str | None
    fetch: bool
    history: Path | None
    cache: Path | None
    data: Path | None


def reclassify(run: str, *, as_json: bool, **options: Unpack[ReclassifyOptions]) -> int:
    """Judge RUN again by today's skip lists and rules, and say what changed and why."""
    found = _reclassify(find_run(run), options)
    present(
        lambda: report.as_json(found),
        lambda terminal: report.render(found, color=terminal.color),
        as_json=as_json,
    )
    return found.after.exit_code


def _reclassify(folder: Path, options: ReclassifyOptions) -> Reclassified:
    lists = _lists(folder, options)
    if options["out"] is None:
        return judge(folder, lists)
    out = options["out"].absolute()
    found = reclassify_into(folder, lists, out)
    write_reports(out, past_of(out, options["history"]), told=told_of(options["history"]))
    return found


def _lists(folder: Path, options: ReclassifyOptions) -> Lists:
    """Read the skip lists; those of MiniKit for a run of MiniKit, unless others are named."""
    store = Store(options["cache"] or default_cache())
    own = None if options["data"] or options["repo"] else _minikit(folder)
    data = own or find_data(options["data"], os.environ)
    asked = options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY

    def opened() -> Repository:
        where = _materialised(own, store) if own else asked
        with display(sys.stderr) as listener:
            found, _ = find(where, [], cache=store.root, fetch=options["fetch"], listener=listener)
        return found

    lines = load_lines(data.lines_file)
    known = Known.of(lines, BACKENDS)
    entries = load_entries(data.skiplists, datetime.now(UTC).date(), known)
    floors = load_floors(data.floors, lines.names, known)
    return Lists(entries, store, opened, floors)


def _materialised(data: Data, store: Store) -> str:
    return str(minikit.materialise(data.root, store))


def _minikit(folder: Path) -> Data | None:
    """Return MiniKit's data for a run of MiniKit by this very installation.

    A run says in its command which data it had. That is compared, never used: anybody could have
    written it.
    """
    own = find_data(None, {}).examples / "minikit"
    given = ("--data", str(own))
    for _, run in cells(folder):
        if run is not None:
            return find_data(own, {}) if given in pairwise(run.command) else None
    return None
