"""The table of features as frozen types: what `compat features --json` prints, and all is made of.

`python -m harness.reports.features.document > docs/features.schema.json` writes its schema anew.
"""

from __future__ import annotations

import sys
from typing import Any

from harness.journal.schema import schema_of, schema_text
from harness.model import Channel, Commit, Count, Record, Scenario
from harness.verdict.answers import Answer

FEATURES_SCHEMA_VERSION = 1
"""Raised when a reader of the older version would misread a newer document."""


class Daemon(Record, frozen=True, kw_only=True):
    """A column: a daemon, and how it was run."""

    name: str
    """Its release, and what is not as usual: `v0.12.5`, `v0.12.5 containerd`."""
    commit: Commit
    worker: str
    backend: str
    client: str
    """Whose buildctl is not the daemon's own: `client tests`; of an engine its make and version;
    else empty."""
    usual: bool
    """Whether worker, backend and client are those of most columns; floors count these alone."""
    own: bool
    """Whether it is of the frontend's commit: what is not right there is not for want of age."""


class Seen(Record, frozen=True, kw_only=True):
    """What one scenario did on one daemon."""

    answer: Answer
    lacks: str = ""
    """What the daemon lacks, by the name that it gives it, where the answer is `refused`."""
    says: str = ""
    """The line that says most of what was seen."""
    error: str = ""
    """All that is kept of it."""
    alike: Count = 1
    """In how many attempts it did so."""
    attempts: Count = 1
    """Of how many that say anything."""


class Tried(Record, frozen=True, kw_only=True):
    """A scenario of a feature."""

    test: str
    """Names one of `scenarios`."""
    seen: tuple[Seen, ...]
    """One for each daemon."""
    built: tuple[str, ...]
    """The Dockerfiles that it built, as on the newest daemon that they are known of."""


class Mark(Record, frozen=True, kw_only=True):
    """What all scenarios of a feature come to on one daemon."""

    answer: Answer
    """The worst of them."""
    works: Count
    """How many of them work."""
    told: Count
    """How many say anything of the feature."""

    @property
    def partial(self) -> bool:
        """Whether some of the feature works and some does not."""
        return 0 < self.works < self.told


class Feature(Record, frozen=True, kw_only=True):
    """A row."""

    id: str
    """Its anchor on the page; unique in the table."""
    feature: str
    area: str
    docs: str
    """Link to the documentation; empty for what is no address of the web."""
    came: tuple[str, ...]
    """Dockerfile versions that its parts came with; `-labs` says that only this channel has it."""
    since: str
    """The oldest daemon from which on it works; empty if there is none."""
    without: str
    """The newest that is older and was tried; empty if there is none. What lies between is open."""
    doubt: str
    """Why the row may not say what it seems to: what its scenarios do on the frontend's own daemon.

    Empty where they all work there.
    """
    marks: tuple[Mark, ...]
    """One for each daemon."""
    tried: tuple[Tried, ...]


class Board(Record, frozen=True, kw_only=True):
    """The table of one frontend."""

    id: str
    """`master-labs`: its anchor on the page; unique."""
    frontend: Commit
    channel: Channel
    daemons: tuple[Daemon, ...]
    """From old to new."""
    features: tuple[Feature, ...]
    """By area and name."""


class Features(Record, frozen=True, kw_only=True):
    """Everything that stored runs say of features."""

    schema: int
    runs: tuple[str, ...]
    """Ids of the runs that it is made of."""
    boards: tuple[Board, ...]
    """One for each frontend and channel, the newest first."""
    scenarios: tuple[Scenario, ...]
    """Each that was run, once."""


def features_schema() -> dict[str, Any]:
    """Describe the document in JSON Schema 2020-12, field by field."""
    title = "compat features --json"
    return schema_of(Features, title, FEATURES_SCHEMA_VERSION, also=[sys.modules[__name__]])


if __name__ == "__main__":
    sys.stdout.write(schema_text(features_schema()))
