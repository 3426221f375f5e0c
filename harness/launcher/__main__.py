"""Started by ./compat-run as a file, with whatever Python there is."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from harness.launcher import launch  # noqa: E402 - found by the line above

launch(ROOT, sys.argv[1:])
