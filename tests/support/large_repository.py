"""A repository as large as a matrix may grow, with BuildKit's shape, made in a second.

trunk ── … ── v0.1 branch point ── … ── v0.2 branch point ── … ── master
                └─ v0.1.0 … v0.1.2         └─ v0.2.0 … v0.2.2
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.tools.inherited import GIT, inherited
from harness.tools.process import Request, run
from tests.support.small_repositories import TESTS

PATCHES = 3
"""Releases of each line."""

_FILES = {
    TESTS: "package dockerfile\n",
    "frontend/dockerfile/release/labs/tags": "labs\n",
    "frontend/dockerfile/release/mainline/tags": "\n",
    "go.mod": "module example.com/big\n\ngo 1.21\n",
}
_LINES = """\
toolchains: ["1.21.13"]
image_sets: {none: {}}
defaults:
  go: "1.21"
  module: true
  channel: labs
  stage: {dockerfile: Dockerfile, target: integration-tests, source: upstream}
  workers: [oci]
  images: none
  daemon_tags: [seccomp]
  environment: {}
ranges:
  - {lines: ">=0", module: true}
lines:
"""
MATRIX = """\
description: every line with every frontend
pairs:
  - {daemons: [{lines: {since: v0.1}}], frontends: [{dockerfile: {since: "1.1"}}]}
exclude:
  - {when: {daemon: ">=0.1", backend: docker}, reason: never so on the native backend}
"""


def big(folder: Path, *, lines: int, between: int) -> tuple[Path, Path]:
    """Make a bare repository and a data folder with the matrix `big`.

    Each line has releases of daemon and frontend on commits of their own; `between` commits of
    the trunk lie between two lines.
    """
    repository, data = folder / "repository", folder / "data"
    environment = inherited(GIT)
    argv = ["git", "init", "--quiet", "--bare", "--template=", "--initial-branch=master"]
    run(Request([*argv, str(repository)], env=environment))
    stream = "".join(_history(lines, between)).encode()
    run(Request(["git", "fast-import", "--quiet"], cwd=repository, env=environment, stdin=stream))
    names = [f'  - {{name: v0.{n}, dockerfile: "1.{n}"}}\n' for n in range(1, lines + 1)]
    names.append(f'  - {{name: master, dockerfile: "1.{lines + 1}"}}\n')
    for name, text in (
        ("matrices/lines.yaml", _LINES + "".join(names)),
        ("matrices/big.yaml", MATRIX),
        ("patches/.keep", ""),
        ("skiplists/.keep", ""),
    ):
        file = data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return repository, data


def _history(lines: int, between: int) -> Iterator[str]:
    files = "".join(f"M 100644 inline {path}\n{_data(text)}" for path, text in _FILES.items())
    mark = trunk = 1
    yield _commit("master", mark, 0) + files
    for line in range(1, lines + 1):
        for _ in range(between):
            mark += 1
            yield _commit("master", mark, trunk)
            trunk = mark
        before = trunk
        for patch in range(PATCHES):
            for tag in (f"v0.{line}.{patch}", f"dockerfile/1.{line}.{patch}"):
                mark += 1
                yield _commit(f"v0.{line}", mark, before)
                yield f"reset refs/tags/{tag}\nfrom :{mark}\n\n"
                before = mark


def _commit(branch: str, mark: int, parent: int) -> str:
    when = 1_500_000_000 + 3600 * mark
    head = f"commit refs/heads/{branch}\nmark :{mark}\ncommitter N <n@example.com> {when} +0000\n"
    return head + _data(f"commit {mark}\n") + (f"from :{parent}\n" if parent else "")


def _data(text: str) -> str:
    return f"data {len(text)}\n{text}\n"
