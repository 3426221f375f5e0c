"""Asks the programs of a leg that is overdue for their goroutines, inside its namespaces."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.backends import goroutines
from harness.backends.base import Overdue
from harness.errors import Interrupted
from harness.tools.process import CommandFailed, Request, find, run

_log = logging.getLogger(__name__)


@dataclass
class Asking:
    """What is done while a leg runs."""

    overdue: Overdue
    folder: Path
    """The leg's."""
    asked: bool = False

    def tick(self, pid: int) -> float | None:
        """Look whether it is time; return the seconds that are left from then on.

        `pid` is the process that made the namespaces, whose child is their first one.
        """
        if self.asked or not self.overdue():
            return None
        self.asked = True
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        for first in children[:1]:
            argv = [str(find("nsenter")), "--target", first, "--mount", "--pid", "--"]
            (self.folder / goroutines.KEPT).write_bytes(_output_of([*argv, *goroutines.command()]))
        return goroutines.LAST_WORDS


def _output_of(argv: Sequence[str]) -> bytes:
    try:
        return run(Request(argv, timeout=goroutines.ASKING)).stdout
    except CommandFailed as error:
        # It ends with the namespaces, or they hang in a way that lets nobody in.
        _log.debug("a leg was not asked for its goroutines to the end: %s", error)
        return error.output.encode()
    except Interrupted:
        return b""
