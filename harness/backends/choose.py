"""Which backend runs a pair: the one that was named, or the first that can run here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.backends.base import Backend, Problem
from harness.backends.docker import Docker
from harness.backends.docker.container import Privileges
from harness.backends.native import Native
from harness.config.lines import Lines
from harness.errors import MissingToolError
from harness.events import Listener, Said
from harness.repository.refs import Repository
from harness.store import Store

AUTO = "auto"


@dataclass(frozen=True)
class Place:
    """What every backend is made for."""

    store: Store
    repository: Repository
    lines: Lines
    privileges: Privileges = Privileges.AUTO
    cache_repo: str = ""

    def docker(self) -> Backend:
        """Make the backend with an engine."""
        return Docker(self.store, self.repository.git, self.lines, self.privileges, self.cache_repo)

    def native(self) -> Backend:
        """Make the backend without one."""
        return Native(self.store, self.repository.git, self.lines)


BACKENDS: dict[str, Callable[[Place], Backend]] = {"docker": Place.docker, "native": Place.native}
"""Every backend by name, in the order in which `auto` tries them."""


def choose(name: str, place: Place, listener: Listener) -> Backend:
    """Return a backend that can run here; for `auto`, say which and why.

    Raises MissingToolError with what is missing.
    """
    passed_over: list[str] = []
    problems: list[Problem] = []
    for candidate in BACKENDS if name == AUTO else (name,):
        backend = BACKENDS[candidate](place)
        problems = [problem for problem in backend.problems() if problem.fatal]
        if not problems:
            if name == AUTO:
                why = f" ({'; '.join(passed_over)})" if passed_over else ""
                listener(Said(f"backend: {candidate}{why}"))
            if candidate == "native" and place.cache_repo:
                listener(Said(f"{place.cache_repo} is not used: native builds no images"))
            return backend
        passed_over.append(f"not {candidate}: {'; '.join(problem.what for problem in problems)}")
    what = "; ".join(passed_over).removeprefix(f"not {name}: ")
    which = "no backend" if name == AUTO else f"the {name} backend"
    raise MissingToolError(
        f"{which} can{'' if name == AUTO else 'not'} run here: {what}",
        hint="; ".join(dict.fromkeys(problem.fix for problem in problems)),
    )
