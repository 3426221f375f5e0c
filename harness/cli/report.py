"""`compat report`: the reports of a stored run, written again."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import FOLDER, JSON


@click.command(
    epilog="""\b
    Examples:
      compat report latest
      compat report runs/20261123-015907-5a17 --out site
      compat report latest --annotations
    """
)
@click.argument("run")
@click.option("--out", type=FOLDER, help="Folder for the reports (default: the run's own).")
@click.option(
    "--history",
    type=click.Path(path_type=Path, dir_okay=False),
    help="History of earlier runs (default: COMPAT_HISTORY, else the user's, if there is one).",
)
@click.option(
    "--annotations",
    is_flag=True,
    help="Print GitHub's annotations too: at most 10 errors and 10 warnings.",
)
@JSON
def report(
    run: str,
    *,
    out: Path | None,
    history: Path | None,
    annotations: bool,
    as_json: bool,
) -> None:
    """Write the page, summary.md, junit.xml, ctrf.json and badge.svg of RUN again.

    RUN is the folder of a run, of a matrix or of one pair, or its name below the folder of runs.
    Nothing is run; the same run gives the same files, byte by byte. Ends with code 0 whatever
    came of the run.
    """
    import secrets  # noqa: PLC0415 - keeps --help quick

    from harness.cli.stored import find_run, past_of  # noqa: PLC0415 - the same
    from harness.errors import UsageError  # noqa: PLC0415 - the same
    from harness.reports.annotations import fence  # noqa: PLC0415 - the same
    from harness.reports.text import json_text, obeyed_by_nobody, visible  # noqa: PLC0415 - the same
    from harness.reports.write import write_reports  # noqa: PLC0415 - the same

    if annotations and as_json:
        raise UsageError("--annotations and --json cannot both have standard output")
    folder = find_run(run)
    written = write_reports(folder, past_of(folder, history), out=out.absolute() if out else None)
    if as_json:
        told = {"headline": written.headline, "files": [str(path) for path in written.files]}
        click.echo(json_text(told))
        return
    lines = [
        obeyed_by_nobody(visible(line)) for line in (written.headline, *map(str, written.files))
    ]
    if annotations:
        lines = [*fence(secrets.token_hex(16), lines), *written.annotations]
    click.echo("\n".join(lines))
