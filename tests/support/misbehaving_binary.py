"""A Go binary that misbehaves on purpose, in the forms in which it can be told to print."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model import Format
from tests.support.go_binaries import DEBIAN, NEW, OLD, Binary
from tests.support.streams import Heard

CASES = [(DEBIAN, "true"), (OLD, "true"), (OLD, "test2json"), (NEW, "true"), (NEW, "test2json")]


@dataclass(frozen=True)
class Living:
    """A binary and the form in which it is told to print."""

    binary: Binary
    form: str

    @property
    def marked(self) -> bool:
        return self.form == "test2json"

    @property
    def escaped(self) -> bool:
        return self.binary.framing(self.form) is Format.ESCAPED

    def run(self, pattern: str, *flags: str, hostile: str = "") -> tuple[Heard, int]:
        return self.binary.run(pattern, *flags, form=self.form, hostile=hostile)
