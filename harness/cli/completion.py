"""`compat completion SHELL`: the script that makes a shell complete both programs."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from harness.errors import UsageError


def completion(shell: str) -> None:
    """Print the script that makes a shell complete `compat` and `compat-run`."""
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"this version of click cannot complete {shell}")
    for prog in ("compat", "compat-run"):
        variable = f"_{prog}_COMPLETE".replace("-", "_").upper()
        script = kind(click.Command(prog), {}, prog, variable)
        # source() would start a bash to look at its version; the template needs no process.
        click.echo(script.source_template % script.source_vars())
