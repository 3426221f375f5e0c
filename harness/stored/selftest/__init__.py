"""Whether the harness still sees what is known: breakages, and repairs that it must not blame.

A matrix whose cells say what is expected of them is run without skip lists; here its stored
cells are held against that. Pure; nothing is executed.
"""

from harness.stored.selftest.evaluate import (
    CODES_OF_DEMO,
    Case,
    Finding,
    SelfTest,
    Sight,
    evaluate,
    of_demo,
)
from harness.stored.selftest.expected import expectations, expected_of

__all__ = [
    "CODES_OF_DEMO",
    "Case",
    "Finding",
    "SelfTest",
    "Sight",
    "evaluate",
    "expectations",
    "expected_of",
    "of_demo",
]
