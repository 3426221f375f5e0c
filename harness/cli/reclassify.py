"""`compat reclassify`: a stored run, judged by today's skip lists and rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from harness.cli.options import CACHE, DATA, FETCH, FOLDER, HISTORY, JSON, REPO

if TYPE_CHECKING:
    from harness.config.datadir import Data
    from harness.store import Store
    from harness.stored.rejudge import Lists, Reclassified


class ReclassifyOptions(TypedDict):
    """The options of `compat reclassify`, by the names that click gives them."""

    out: Path | None
    repo: str | None
    fetch: bool
    history: Path | None
    cache: Path | None
    data: Path | None


@click.command(
    epilog="""\b
    Examples:
      compat reclassify latest
      compat reclassify runs/20261123-031700-ab12 --out judged && compat gate judged
      compat reclassify latest --data my-lists --json
    """
)
@click.argument("run")
@click.option("--out", type=FOLDER, help="Keep the run as it is judged now in this new folder.")
@REPO
@FETCH
@HISTORY
@JSON
@CACHE
@DATA
def reclassify(run: str, *, as_json: bool, **options: Unpack[ReclassifyOptions]) -> int:
    """Judge RUN again by today's skip lists and rules, and say what changed and why.

    RUN is the folder of a run, of a matrix or of one pair, or its name below the folder of runs.
    Nothing is executed: the stored output of each leg is read anew. The run itself is never
    changed; --out makes a new folder, with its reports, whole or not at all.

    Ends with the exit code of the verdict as it is now. A repository is asked only for what the
    cache does not know of the commits that conditions name.
    """
    from harness.cli.show import present  # noqa: PLC0415 - keeps --help quick
    from harness.cli.stored import find_run  # noqa: PLC0415 - the same
    from harness.stored.rejudge import report  # noqa: PLC0415 - the same

    found = _reclassify(find_run(run), options)
    present(
        lambda: report.as_json(found),
        lambda terminal: report.render(found, color=terminal.color),
        as_json=as_json,
    )
    return found.after.exit_code


def _reclassify(folder: Path, options: ReclassifyOptions) -> Reclassified:
    from harness.cli.stored import past_of  # noqa: PLC0415 - keeps --help quick
    from harness.reports.write import write_reports  # noqa: PLC0415 - the same
    from harness.stored.rejudge import reclassify as judge  # noqa: PLC0415 - the same
    from harness.stored.rejudge import reclassify_into  # noqa: PLC0415 - the same

    lists = _lists(folder, options)
    if options["out"] is None:
        return judge(folder, lists)
    out = options["out"].absolute()
    found = reclassify_into(folder, lists, out)
    write_reports(out, past_of(out, options["history"]))
    return found


def _lists(folder: Path, options: ReclassifyOptions) -> Lists:
    """Read the skip lists; those of MiniKit for a run of MiniKit, unless others are named."""
    import os  # noqa: PLC0415 - keeps --help quick
    import sys  # noqa: PLC0415 - the same
    from datetime import UTC, datetime  # noqa: PLC0415 - the same

    from harness.config.datadir import find_data  # noqa: PLC0415 - the same
    from harness.config.known import Known  # noqa: PLC0415 - the same
    from harness.config.lines import load_lines  # noqa: PLC0415 - the same
    from harness.config.skiplists import load_entries  # noqa: PLC0415 - the same
    from harness.reports.live import display  # noqa: PLC0415 - the same
    from harness.repository.refs import DEFAULT_REPOSITORY, Repository, find  # noqa: PLC0415 - the same
    from harness.store import Store, default_cache  # noqa: PLC0415 - the same
    from harness.stored.rejudge import Lists  # noqa: PLC0415 - the same

    store = Store(options["cache"] or default_cache())
    own = None if options["data"] or options["repo"] else _minikit(folder)
    data = own or find_data(options["data"], os.environ)
    asked = options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY

    def opened() -> Repository:
        where = _materialised(own, store) if own else asked
        with display(sys.stderr) as listener:
            found, _ = find(where, [], cache=store.root, fetch=options["fetch"], listener=listener)
        return found

    known = Known.of(load_lines(data.lines_file))
    return Lists(load_entries(data.skiplists, datetime.now(UTC).date(), known), store, opened)


def _materialised(data: Data, store: Store) -> str:
    from harness import minikit  # noqa: PLC0415 - keeps --help quick

    return str(minikit.materialise(data.root, store))


def _minikit(folder: Path) -> Data | None:
    """Return MiniKit's data for a run of MiniKit by this very installation.

    A run says in its command which data it had. That is compared, never used: anybody could have
    written it.
    """
    from itertools import pairwise  # noqa: PLC0415 - keeps --help quick

    from harness.config.datadir import find_data  # noqa: PLC0415 - the same
    from harness.journal import cells  # noqa: PLC0415 - the same

    own = find_data(None, {}).examples / "minikit"
    given = ("--data", str(own))
    for _, run in cells(folder):
        if run is not None:
            return find_data(own, {}) if given in pairwise(run.command) else None
    return None
