"""What a leg's daemons say on stderr, kept for every one of them and not only where a test fails.

Upstream's sandbox prints its daemons' logs for failing tests alone, and for none if the test
binary is killed. So a script (kept.sh) stands on a leg's PATH in the place of each daemon.
"""

from __future__ import annotations

from pathlib import Path

PROCESSES = "processes"
"""Folder below a leg's: NAME.PID.log is what a process said on stderr, 16 MiB of it at most;
NAME.PID.life says `began SECONDS`, `ended SECONDS` (since the boot) and one `argument` a line."""

KEPT = ("buildkitd",)
"""Programs whose stderr is kept."""

WRAPPER = Path(__file__).with_name("kept.sh")
