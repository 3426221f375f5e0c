"""The release gate: whether a stored run lets a release out, and if not, why not.

It executes nothing and changes nothing; the same run, policy and time give the same answer.
"""

from harness.stored.gate.evaluate import Results, evaluate
from harness.stored.gate.findings import CODES, Finding, Gate, Kind, Release

__all__ = ["CODES", "Finding", "Gate", "Kind", "Release", "Results", "evaluate"]
