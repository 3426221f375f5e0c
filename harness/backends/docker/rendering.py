"""Our own Dockerfiles, as Jinja2 templates beside this file."""

from __future__ import annotations

import hashlib
import shlex
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

_FOLDER = files(__package__) / "templates"


def render(name: str, **values: object) -> str:
    """Fill in a template. What is undefined is an error, never an empty string."""
    return _environment().from_string(_text(name)).render(**values)


def digest(*names: str) -> str:
    """Return the digest of templates: a part of what an image is made of."""
    return hashlib.sha256("\0".join(map(_text, names)).encode()).hexdigest()


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.Dockerfile.j2").read_text("utf-8")


@cache
def _environment() -> Environment:
    # These are Dockerfiles, so HTML's escapes would break them; `quoted` and `words` escape.
    made = Environment(  # noqa: S701 - see above
        undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    made.filters |= {"quoted": _quoted, "words": shlex.join}
    return made


def _quoted(value: str) -> str:
    """Quote a value of ENV, LABEL or ARG so that nothing in it is expanded."""
    for special in '\\"$':
        value = value.replace(special, f"\\{special}")
    return f'"{value}"'
