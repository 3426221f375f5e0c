"""What suites left behind, in words."""

from __future__ import annotations

from collections import Counter

from harness.model import Leaked, Leg, Run

_WORDS = {
    "processes": ("process", "processes"),
    "mounts": ("mount", "mounts"),
    "namespaces": ("network namespace", "network namespaces"),
    "groups": ("control group", "control groups"),
    "temporary": ("temporary file", "temporary files"),
    "state": ("file of state", "files of state"),
}
"""Kind → one, several."""


def left_behind(run: Run) -> str:
    """Return what the legs of a run left, reruns included; empty if nothing, as far as is known."""
    told = {leg: _words(run, leg) for leg in Leg}
    if told[Leg.CONTROL] == told[Leg.CANDIDATE]:
        return told[Leg.CONTROL] and f"{told[Leg.CONTROL]} by each side, removed"
    return ", ".join(f"{words} by the {leg}" for leg, words in told.items() if words) + ", removed"


def _words(run: Run, side: Leg) -> str:
    counts: Counter[str] = Counter()
    for leg in run.legs:
        if leg.leg is side and leg.leaked is not None:
            counts.update({kind: getattr(leg.leaked, kind) for kind in Leaked.__struct_fields__})
    return ", ".join(
        f"{counts[kind]} {several if counts[kind] > 1 else one}"
        for kind, (one, several) in _WORDS.items()
        if counts[kind]
    )
