"""A second daemon beside the one that scenarios run on, for what one daemon hands to another.

Where the client is of another commit than the daemon (`--client`), so is the second daemon, and it
is asked with that client: together they are another installation. Else both daemons are alike.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from kit.builds import Builds
from kit.live import Live

CLIENTS_DAEMON = "client-buildkitd"
"""The daemon of the client's commit; on PATH where that is another than the daemon's."""

DAEMONS_CLIENT = "daemon-buildctl"
"""The daemon's own client; there as well."""


class Other(Live):
    """A daemon of the client's commit, with the registry of the one beside which it runs."""

    def __init__(self, beside: Live) -> None:
        """Choose names; nothing is started yet."""
        super().__init__()
        self._beside = beside
        self.program = CLIENTS_DAEMON if shutil.which(CLIENTS_DAEMON) else beside.program

    def serve(self) -> None:
        """Take what the registry has already."""
        self._registry = self._beside.registry

    def stop(self) -> None:
        """End the daemon; the registry is not its own."""
        self._registry = None
        super().stop()


class Own(Builds):
    """Builds on the daemon with its own client, whosever client is called by others."""

    def __init__(self, live: Live, folder: Path) -> None:
        """Build on a daemon, and keep files in a folder."""
        super().__init__(live, folder)
        self.buildctl = DAEMONS_CLIENT if shutil.which(DAEMONS_CLIENT) else live.client
