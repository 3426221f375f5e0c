"""`compat merge`: the shards of a matrix run become one."""

from __future__ import annotations

from pathlib import Path

from harness.cli.session import default_runs, publish
from harness.cli.show import show_matrix
from harness.history import default_history
from harness.matrix.merge import merge as join
from harness.matrix.merge import merged_id
from harness.matrix.parts import read_parts


def merge(
    folders: tuple[Path, ...], *, out: Path | None, history: Path | None, as_json: bool
) -> int:
    """Join what `compat matrix --shard` left in or below each DIR into one matrix run."""
    parts = read_parts(folder.absolute() for folder in folders)
    where = (out or default_runs() / merged_id(parts)).absolute()
    made = publish(where, join(parts, where), history or default_history())
    return show_matrix(made, where, {}, as_json=as_json)
