"""The words of this project as frozen types (docs/architecture.md explains them).

Everything here can be written to and read from JSON by msgspec, which is how run.json gets
its schema. Nothing here imports anything of ours.
"""

from __future__ import annotations

from harness.model.legs import (
    Cut,
    Fault,
    Leaked,
    LegRun,
    Result,
    Suspicion,
    came_to_end,
)
from harness.model.pairs import (
    Commit,
    Host,
    Pair,
    PatchRef,
)
from harness.model.run import (
    SCHEMA_VERSION,
    Company,
    EntryRef,
    Evidence,
    Judgement,
    Recent,
    Run,
    Tally,
)
from harness.model.words import (
    MOST_SECONDS,
    Bytes,
    Channel,
    Count,
    ExitStatus,
    Format,
    Inside,
    Leg,
    Outcome,
    Program,
    Reason,
    Record,
    Release,
    Seconds,
    Sha,
    Share,
    Side,
    Status,
    Vary,
    Verdict,
)

__all__ = [
    "MOST_SECONDS",
    "SCHEMA_VERSION",
    "Bytes",
    "Channel",
    "Commit",
    "Company",
    "Count",
    "Cut",
    "EntryRef",
    "Evidence",
    "ExitStatus",
    "Fault",
    "Format",
    "Host",
    "Inside",
    "Judgement",
    "Leaked",
    "Leg",
    "LegRun",
    "Outcome",
    "Pair",
    "PatchRef",
    "Program",
    "Reason",
    "Recent",
    "Record",
    "Release",
    "Result",
    "Run",
    "Seconds",
    "Sha",
    "Share",
    "Side",
    "Status",
    "Suspicion",
    "Tally",
    "Vary",
    "Verdict",
    "came_to_end",
]
