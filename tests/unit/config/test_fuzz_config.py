"""Whatever stands in the files that people edit, each is read or refused with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

import pytest
import yaml

from harness.config.conditions import ALWAYS, Condition, Facts
from harness.config.engines import load_engines
from harness.config.floors import load_floors
from harness.config.lines import load_lines
from harness.config.matrixfile import load_matrix
from harness.config.oracle import load_oracle
from harness.config.schema import load
from harness.config.series import load_series
from harness.config.skiplists import load_entries
from harness.config.yamlfile import MAX_BYTES
from harness.errors import ConfigError
from harness.images.recipes import load_recipes
from harness.minikit import History
from harness.model import Channel, Record
from tests.support.factories import FRONTEND, SUITE
from tests.support.fuzzing import anything, batches, bounded, hold, spoiled, spoiled_tree

MARKS = (
    *("!%1b%5b2J ", "%TAG ! %1b\n---\n", '"\\e[2J"', "%0a"),
    *("!!python/object/apply:os.system ['id']", "!x ", "&a ", "*a", "<<: *a", "? ", ": ", "- "),
    *("---\n", "...\n", "%YAML 9.9\n", "|\n", ">-\n", "[", "]", "{", "}", '"', "'", "#", ", "),
    *("[" * 60, "{a: " * 60, "- " * 60, "? " * 60, '"\\ud800"', '"\\U00110000"', '"\\x00"'),
    *("worker", "daemon", "frontend", "contains", "when", "lines", '">=0.6,<0.9"', '"==0.*"'),
)
"""What means something to YAML, or to these files."""

LINES = """\
toolchains: ["1.21.13"]
image_sets: {none: {}}
workers: {oci: {rootless: false, needs: [program runc]}}
defaults:
  go: "1.21"
  module: true
  channel: labs
  stage: {dockerfile: Dockerfile, target: tests, source: upstream}
  workers: [oci]
  images: none
  daemon_tags: [netgo]
  environment: {A: "1"}
ranges: [{lines: "<0.2", channel: experimental}]
lines:
  - {name: v0.1, dockerfile: "1.0"}
  - {name: master, dockerfile: "1.1"}
"""
MATRIX = """\
description: some
pairs:
  - daemons: [{lines: {since: v0.6}}, {lines: {last: 3}}]
    frontends: [{dockerfile: {since: "1.1"}}, {branches: [master]}]
    workers: [oci]
    channels: [labs]
    timeout: 5s
    memory: 512MiB
exclude:
  - {when: {daemon: ">=0.17"}, reason: broken, issue: "https://example.com/1"}
include:
  - daemon: v0.4.0
    frontend: dockerfile/1.1.0
    expect:
      - {test: TestUser, params: {fileop: "false"}, verdict: regressed, error: 'not .* by'}
"""
POLICY = f"""{MATRIX}policy:
  max_age: 24h
  flaky_budget: 0
  changed_failures: refuse
  stale_entries: tell
  suspicious: tell
  unavailable: tell
  require: ["v0.6.*_master_*", "*"]
"""
SERIES = """\
patches:
  - file: a.patch
    side: suite
    when: {daemon: "<0.2"}
    reason: it is needed
    link: https://example.com/1
"""
FLOORS = """\
floors:
  - test: TestSecret/env
    since: v0.12
    params: {fileop: "false"}
    below: refused
    cause: exec.secretenv
    issue: https://example.com/1
  - {test: TestCopyWildcards, since: v0.3}
"""
ENTRIES = """\
entries:
  - test: [TestCopyWildcards, "TestUser/*"]
    worker: oci
    params: {fileop: "false"}
    when: {daemon: ">=0.6", lacks: {daemon: c6a33d2ef10207832e9aa13831011772c1d6e0fd}}
    status: expected-failure
    signature: 'removed in .* 0\\.3'
    reason: dropped on purpose
    issue: https://example.com/1
    expires: 2027-01-01
  - test: TestUser
    status: unavailable
    needs: [network, capability CAP_SYS_PTRACE]
    reason: it asks the network
    issue: https://example.com/1
"""
RECIPES = """\
parts:
  base: {applets: hard, folders: {tmp: "1777"}, files: {etc/x: {text: "x"}}, links: {a: b}}
recipes:
  one: {stands_for: busybox, differs: much, parts: [base], cmd: [sh], workdir: /x}
"""
ORACLE = """\
suspect:
  - {kind: data-race, pattern: '^WARNING: DATA RACE'}
ignore:
  - {pattern: 'main\\.go', reason: it ends so, issue: "https://example.com/1"}
"""
ENGINES = """\
engines:
  - {since: "20.10.21", buildkit: eeb7b65ab7d651770a5ec52a06ea7c96eb97a249}
  - {since: "23.0.0", buildkit: 0c9b5aeb269c740650786ba77d882b0259415ec7}
"""
HISTORY = """\
author: Somebody <some@example.com>
commits:
  - {subject: Begin, day: 2020-01-02, branch: master, overlay: base, tags: [v0.1.0, dockerfile/1.0]}
  - {subject: Go on, day: 2020-01-03, branch: v0.1, begins: v0.1.0, delete: [a/b], body: why}
forget: [v0.1]
"""
CONDITION = """\
when:
  daemon: ">=0.6,<0.9"
  frontend: ">=0.11"
  dockerfile: ">=1.5"
  contains: {frontend: 73ed6825c4b7569379ef89df0aedcdbe64473d31}
  lacks: {daemon: [73ed6825c4b7569379ef89df0aedcdbe64473d31]}
  worker: [oci, containerd]
  backend: native
  channel: labs
  offline: true
"""
PATCH = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"


class _Conditional(Record, frozen=True, kw_only=True):
    when: Condition = ALWAYS


FACTS = Facts(
    daemon=SUITE,
    frontend=FRONTEND,
    worker="oci",
    backend="native",
    channel=Channel.LABS,
    offline=True,
    contains=lambda _commit, sha: sha.startswith("7"),
)


def _read_condition(folder: Path) -> object:
    """Read a condition, and ask it: whatever was read has an answer."""
    return load(folder / "when.yaml", _Conditional).when.matches(FACTS)


READERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "lines": ("lines.yaml", LINES, lambda folder: load_lines(folder / "lines.yaml")),
    "matrix": ("some.yaml", MATRIX, lambda folder: load_matrix(folder / "some.yaml")),
    "policy": ("some.yaml", POLICY, lambda folder: load_matrix(folder / "some.yaml")),
    "series": ("need/series.yaml", SERIES, load_series),
    "skip list": ("list.yaml", ENTRIES, lambda folder: load_entries(folder, date(2026, 11, 23))),
    "floors": (
        "v0.12.yaml",
        FLOORS,
        lambda folder: load_floors(folder, ("v0.3", "v0.12", "master")),
    ),
    "recipes": ("images.yaml", RECIPES, lambda folder: load_recipes(folder / "images.yaml")),
    "oracle": ("oracle.yaml", ORACLE, lambda folder: load_oracle(folder / "oracle.yaml")),
    "engines": ("engines.yaml", ENGINES, lambda folder: load_engines(folder / "engines.yaml")),
    "history": ("h.yaml", HISTORY, lambda folder: load(folder / "h.yaml", History)),
    "condition": ("when.yaml", CONDITION, _read_condition),
}
"""For each: the file, one that is as it should be, and who reads it."""

kinds = pytest.mark.parametrize("kind", READERS)


def refused_in_place(kind: str, folder: Path, content: bytes) -> bool:
    """Read a file: tell whether it was refused; any complaint says where, and nothing else comes.

    Of a series, a complaint may be about a patch that it names.
    """
    name, _, read = READERS[kind]
    file = folder / name
    file.write_bytes(content)
    try:
        read(folder)
    except ConfigError as error:
        text = str(error)
    else:
        return False
    place = rf"{re.escape(str(file))}:(\d+:\d+:)? ."
    assert all(re.match(place, line) for line in text.splitlines()), text
    assert text.replace("\n", "").isprintable()
    assert len(text) < 40_000
    return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    (made / "need").mkdir(parents=True)
    (made / "need" / "a.patch").write_bytes(PATCH)
    return made


@kinds
def test_what_the_spoiling_begins_with_is_read(kind: str, folder: Path) -> None:
    assert not refused_in_place(kind, folder, READERS[kind][1].encode())


@kinds
@batches
def test_a_spoiled_file_is_read_or_refused_in_its_place(
    kind: str, batch: int, folder: Path
) -> None:
    good = READERS[kind][1]
    tree = json.dumps(yaml.safe_load(good), default=str)  # which is YAML

    def promise(chance: Random) -> None:
        change, begin = chance.choice(((spoiled, good), (spoiled_tree, tree)))
        refused_in_place(kind, folder, change(chance, begin, MARKS))

    hold(promise, batch, place=folder)


@kinds
def test_a_complaint_is_one_line_whatever_stands_in_a_key(kind: str, folder: Path) -> None:
    for key in (r"a\nb", r"\u2028", r"\e[2J", r"\u202e", r"\r\n::error::"):
        text = READERS[kind][1] + f'"{key}": 1\n'
        assert refused_in_place(kind, folder, text.encode())
        assert refused_in_place(kind, folder, f'"{key}": 1\n"{key}": 1\n'.encode())


@kinds
@batches
def test_bytes_that_are_anything_are_refused(kind: str, batch: int, folder: Path) -> None:
    def promise(chance: Random) -> None:
        refused_in_place(kind, folder, anything(chance))

    hold(promise, batch, place=folder, quick=50, thorough=20_000)


BOMBS = {
    "billion laughs": "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(40)),
    "deep flow": "[" * (MAX_BYTES // 2),
    "deep mapping": "{a: " * (MAX_BYTES // 8),
    "deep list": "- " * (MAX_BYTES // 4),
    "deep keys": "? " * (MAX_BYTES // 4),
    "one number": f"a: {'9' * (MAX_BYTES - 100)}",
    "a sexagesimal number": f"a: 1{':59' * (MAX_BYTES // 4)}",
    "one float": f"a: 1.{'0' * (MAX_BYTES - 100)}e9",
    "one key": f"? {'k' * (MAX_BYTES - 100)}",
    "the same key": "a: 1\n" * (MAX_BYTES // 8),
    "many keys": "".join(f"k{number}: 1\n" for number in range(MAX_BYTES // 16)),
    "many documents": "---\n" * (MAX_BYTES // 8),
    "blank": " " * (MAX_BYTES - 100),
    "a quotation": '"' + "\\n" * (MAX_BYTES // 3),
    "tags": "!a " * (MAX_BYTES // 8),
    "too large": "a" * (MAX_BYTES + 1),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_does_not_go_off(bomb: str, folder: Path) -> None:
    with bounded():
        assert refused_in_place("skip list", folder, BOMBS[bomb].encode())
