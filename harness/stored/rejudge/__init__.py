"""Judges a stored run again: today's skip lists, today's rules, yesterday's output.

Nothing is executed. Of every leg whose raw output is stored, outcomes, reasons and fingerprints
are read anew; then the run is concluded as it would be now.
"""

from harness.stored.rejudge.changes import CellChange, Change
from harness.stored.rejudge.lists import Lists
from harness.stored.rejudge.stored import Reclassified, reclassify, reclassify_into

__all__ = ["CellChange", "Change", "Lists", "Reclassified", "reclassify", "reclassify_into"]
