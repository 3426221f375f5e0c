"""The miniature of BuildKit (examples/minikit) as a git repository with the same ids everywhere.

Its files lie in the tree as overlays, one folder per commit, and history.yaml says which commit
takes what. They become one stream for `git fast-import`, which depends on nothing but them:
https://git-scm.com/docs/git-fast-import.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from harness.config.lines import Below
from harness.config.schema import load
from harness.config.yamlfile import Complaint, Place
from harness.errors import ConfigError
from harness.model import Record
from harness.store import Store
from harness.tools.inherited import GIT, inherited
from harness.tools.process import Request, find, run

# The pair that shows every verdict but `infra`; examples/minikit/README.md says what and why.
DAEMON = "v0.1"
FRONTEND = "master"

HISTORY = "history.yaml"
_NOTHING = "0" * 40
_NOON = time(12, tzinfo=UTC)

Ref = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9][a-z0-9.-]*(/[0-9][a-z0-9.-]*)?\Z",
        description="the name of a tag or branch",
        examples=["v0.1.0"],
    ),
]
Author = Annotated[
    str,
    Meta(
        pattern=r"\A[^<>\n]+ <[^<>\s]+>\Z",
        description="a name and an address",
        examples=["MiniKit Authors <minikit@example.com>"],
    ),
]


class Change(Record, frozen=True, kw_only=True):
    """One commit of the history."""

    place: Place
    subject: str
    day: date
    branch: Ref
    body: str = ""
    begins: Ref = ""
    """The tag at which a new branch leaves; empty for a branch that is there, and the first."""
    overlay: Below = ""
    """Folder whose files are laid over the parent's."""
    delete: tuple[Below, ...] = ()
    tags: tuple[Ref, ...] = ()


class History(Record, frozen=True, kw_only=True):
    """The content of history.yaml."""

    author: Author
    commits: tuple[Change, ...]
    forget: tuple[Ref, ...] = ()
    """Branches that are gone in the end, as those of BuildKit's oldest lines are."""

    def __post_init__(self) -> None:
        """Hold that every branch has a beginning. Raises: Complaint."""
        known: set[str] = set()
        for number, change in enumerate(self.commits):
            if change.begins:
                if change.begins not in known:
                    raise Complaint(f"{change.place}: no commit above has the tag {change.begins}")
            elif number and change.branch not in known:
                hint = "add `begins:` with the tag at which it leaves"
                raise Complaint(f"{change.place}: branch {change.branch} is new", hint=hint)
            known |= {change.branch, *change.tags}


def materialise(source: Path, store: Store) -> Path:
    """Make the bare repository of the miniature in `source`, or find it; gives its folder.

    Raises ConfigError if the history or an overlay is wrong, MissingToolError without git.
    """
    stream = b"".join(fast_import(source, load(source / HISTORY, History)))

    def make(folder: Path) -> None:
        environment = inherited(GIT)
        git = [str(find("git")), "-C", str(folder)]
        begin = ["init", "--quiet", "--bare", "--template=", "--object-format=sha1"]
        run(Request([*git, *begin, "--initial-branch=master"], env=environment))
        run(Request([*git, "fast-import", "--quiet"], env=environment, stdin=stream))

    return store.publish("minikit", hashlib.sha256(stream).hexdigest()[:24], make).path


def fast_import(source: Path, history: History) -> Iterator[bytes]:
    """Write the history as `git fast-import` reads it. Raises ConfigError for a bad overlay."""
    marks: dict[str, int] = {}
    for mark, change in enumerate(history.commits, 1):
        parent = marks.get(change.begins or change.branch)
        yield b"".join(_commit(source, history.author, change, mark, parent))
        marks |= dict.fromkeys((change.branch, *change.tags), mark)
        for tag in change.tags:
            yield f"reset refs/tags/{tag}\nfrom :{mark}\n\n".encode()
    for branch in history.forget:
        yield f"reset refs/heads/{branch}\nfrom {_NOTHING}\n\n".encode()


def _commit(
    source: Path, author: str, change: Change, mark: int, parent: int | None
) -> Iterator[bytes]:
    seconds = int(datetime.combine(change.day, _NOON).timestamp())
    body = change.body.strip()
    message = f"{change.subject}\n\n{body}\n" if body else f"{change.subject}\n"
    yield f"commit refs/heads/{change.branch}\nmark :{mark}\n".encode()
    for role in ("author", "committer"):
        yield f"{role} {author} {seconds} +0000\n".encode()
    yield _data(message.encode())
    if parent:
        yield f"from :{parent}\n".encode()
    for path in change.delete:
        yield f"D {path}\n".encode()
    if change.overlay:
        yield from _files(source / change.overlay, change.place)
    yield b"\n"


def _files(overlay: Path, place: Place) -> Iterator[bytes]:
    # Modes are not kept by every way in which this package is installed, so none is executable.
    paths = sorted(path for path in overlay.rglob("*") if path.is_file())
    if not paths:
        raise ConfigError(f"{place}: overlay: there is no file below {overlay}")
    for path in paths:
        yield f"M 100644 inline {path.relative_to(overlay).as_posix()}\n".encode()
        yield _data(path.read_bytes())


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
