"""Started by ./compat-run as a file, with whatever Python there is."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from harness.start import start  # noqa: E402 - found by the line above


def _launch() -> int:
    from harness.launcher import launch  # noqa: PLC0415 - what fails to import is told by start

    launch(ROOT, sys.argv[1:])


start(_launch)
