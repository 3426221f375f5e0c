"""What scenarios say of themselves, as a run keeps it: a table of features is made from this."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.model.words import Record

Words = Annotated[str, Meta(max_length=2000)]
"""A line or two."""


class Scenario(Record, frozen=True, kw_only=True):
    """One scenario: a short test that builds a Dockerfile and looks at what came out."""

    test: Annotated[str, Meta(max_length=300)]
    """Its test function, as results name it."""
    title: Words
    """What is looked at."""
    feature: Words
    """The row of the table; several scenarios may share it."""
    area: Words
    """The group of rows."""
    syntax: Words
    docs: Words
    """Link to the documentation."""
    since: Words
    """Version of the Dockerfile frontend that it came with; empty if it was always there."""
    file: Words
    """Below the folder of scenarios."""
    source: Annotated[str, Meta(max_length=6000)]
    """With the Dockerfile that is built, and what is expected of the result."""


class Scenarios(Record, frozen=True, kw_only=True):
    """The folder of scenarios that a run was made with."""

    key: Annotated[str, Meta(max_length=100)]
    """Digest of its content, and of what runs it."""
    rows: tuple[Scenario, ...]
