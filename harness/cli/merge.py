"""`compat merge`: the shards of a matrix run become one."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import FOLDER, HISTORY, JSON


@click.command(
    epilog="""\b
    Examples:
      compat merge shards/* --out merged
      compat merge artefacts
    """
)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=FOLDER)
@click.option("--out", type=FOLDER, help="New folder (default: one among the user's runs).")
@HISTORY
@JSON
def merge(
    folders: tuple[Path, ...], *, out: Path | None, history: Path | None, as_json: bool
) -> int:
    """Join what `compat matrix --shard` left in or below each DIR into one matrix run.

    All of them must have run one plan. A shard or a cell that is not there is missing, which is
    never taken for compatible. Nothing is overwritten: the folder becomes whole or not at all.

    Ends as `compat matrix` does, with the worst of all cells.
    """
    from harness.cli.session import default_runs, publish  # noqa: PLC0415 - keeps --help quick
    from harness.cli.show import show_matrix  # noqa: PLC0415 - the same
    from harness.history import default_history  # noqa: PLC0415 - the same
    from harness.matrix.merge import merge as join  # noqa: PLC0415 - the same
    from harness.matrix.merge import merged_id  # noqa: PLC0415 - the same
    from harness.matrix.parts import read_parts  # noqa: PLC0415 - the same

    parts = read_parts(folder.absolute() for folder in folders)
    where = (out or default_runs() / merged_id(parts)).absolute()
    made = publish(where, join(parts, where), history or default_history())
    return show_matrix(made, where, {}, as_json=as_json)
