"""Which backend runs a pair: the one that was named, or the first that can run here."""

from __future__ import annotations

from pkgutil import resolve_name

from harness.backends import BACKENDS
from harness.backends.base import Backend, Place, Problem
from harness.errors import MissingToolError
from harness.events import Listener, Said

AUTO = "auto"


def make(name: str, place: Place) -> Backend:
    """Return the backend of this name, whether it can run here or not."""
    backend: Backend = resolve_name(BACKENDS[name])(place)
    return backend


def choose(name: str, place: Place, listener: Listener) -> Backend:
    """Return a backend that can run here; for `auto`, say which and why.

    Raises MissingToolError with what is missing.
    """
    passed_over: list[str] = []
    fatal: list[Problem] = []
    for candidate in BACKENDS if name == AUTO else (name,):
        backend = make(candidate, place)
        problems = backend.problems()
        fatal = [problem for problem in problems if problem.fatal]
        if not fatal:
            if name == AUTO:
                why = f" ({'; '.join(passed_over)})" if passed_over else ""
                listener(Said(f"backend: {candidate}{why}"))
            for problem in problems:
                listener(Said(problem.what))
            return backend
        passed_over.append(f"not {candidate}: {'; '.join(problem.what for problem in fatal)}")
    what = "; ".join(passed_over).removeprefix(f"not {name}: ")
    which = "no backend" if name == AUTO else f"the {name} backend"
    raise MissingToolError(
        f"{which} can{'' if name == AUTO else 'not'} run here: {what}",
        hint="; ".join(dict.fromkeys(problem.fix for problem in fatal)),
    )
