"""What to make of stored runs: today, what changed between two of them."""

from harness.triage.diff import CellChange, Diff, TestChange, compare

__all__ = ["CellChange", "Diff", "TestChange", "compare"]
