"""What the release lines know, for data files that speak of it: what can hold, and what cannot.

An entry about a worker, a matrix value or a version that no line has would hold for nothing,
and nothing would tell of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

from harness.config.terms import BACKEND, PARAMETER, WORKER, Words

if TYPE_CHECKING:
    from harness.config.conditions import Condition
    from harness.config.lines import Lines
    from harness.config.yamlfile import Place, Problems


@dataclass(frozen=True)
class Known:
    """What there is; where a part is empty, anything may be."""

    workers: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Key of a matrix value → the values that tests have."""
    versions: tuple[str, ...] = ()
    """MAJOR.MINOR of every line."""
    dockerfiles: tuple[str, ...] = ()
    """MAJOR.MINOR of every Dockerfile frontend that was released with a line."""

    @classmethod
    def of(cls, lines: Lines, backends: Iterable[str]) -> Known:
        """Take what release lines say of their tests and releases, and what can run them."""
        return cls(
            backends=tuple(backends),
            workers=tuple(dict.fromkeys(name for line in lines.lines for name in line.workers)),
            params=lines.params,
            versions=tuple(line.version for line in lines.lines),
            dockerfiles=tuple(dict.fromkeys(line.dockerfile for line in lines.lines)),
        )

    @cached_property
    def words(self) -> Words:
        """The words that data files may use."""
        return {WORKER: self.workers, BACKEND: self.backends, PARAMETER: tuple(self.params)}

    def check(self, when: Condition, place: Place, path: str, problems: Problems) -> None:
        """Add to `problems` each range of a condition that no line's releases lie in."""
        for key, lines in (
            ("daemon", self.versions),
            ("frontend", self.versions),
            ("tests", self.versions),
            ("dockerfile", self.dockerfiles),
        ):
            wanted = getattr(when, key)
            if wanted is not None and lines and not any(map(wanted.meets, lines)):
                what = f"no line has a release in {wanted.text!r}"
                hint = f"lines are from {lines[0]} to {lines[-1]}: mend the range"
                problems.add(place, f"{path}.{key}", what, hint)

    def check_params(
        self, params: Mapping[str, str], place: Place, problems: Problems, path: str = ""
    ) -> None:
        """Add to `problems` each matrix value that no test has."""
        for key, value in params.items():
            values = self.params.get(key, ())
            if values and value not in values:
                near = get_close_matches(value, values, n=1)
                guess = f"; did you mean `{near[0]}`?" if near else ""
                what = f"no test has the value {value[:60]!r}{guess}"
                key_path = f"{path}.params.{key}" if path else f"params.{key}"
                problems.add(place, key_path, what, f"write one of: {', '.join(values)}")


ANYTHING = Known()
"""For readers that know no lines."""
