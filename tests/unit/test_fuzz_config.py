"""Whatever stands in the files that people edit, each is read or refused with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.config.conditions import ALWAYS, Condition
from harness.config.diffs import check_diff
from harness.config.lines import load_lines
from harness.config.matrixfile import load_matrix
from harness.config.schema import load
from harness.config.series import load_series
from harness.config.skiplists import load_entries
from harness.config.yamlfile import MAX_BYTES, Complaint
from harness.errors import ConfigError
from harness.images.recipes import load_recipes
from harness.model import Record
from tests.unit.fuzzing import Edit, edits, inputs, spoiled

MARKS = (
    *("!!python/object/apply:os.system ['id']", "!x ", "&a ", "*a", "<<: *a", "? ", ": ", "- "),
    *("---\n", "...\n", "%YAML 9.9\n", "|\n", ">-\n", "[", "]", "{", "}", '"', "'", "#", ", "),
    *("[" * 60, "{a: " * 60, "- " * 60, "? " * 60, '"\\ud800"', '"\\U00110000"', '"\\x00"'),
    *("worker", "daemon", "frontend", "contains", "when", "lines", '">=0.6,<0.9"', '"==0.*"'),
)
"""What means something to YAML, or to these files."""

LINES = """\
toolchains: ["1.21.13"]
image_sets: {none: {}}
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
    timeout: 5s
    memory: 512MiB
exclude:
  - {when: {daemon: ">=0.17"}, reason: broken, issue: "https://example.com/1"}
policy: {max_age: 24h, flaky_budget: 0}
"""
SERIES = """\
patches:
  - file: a.patch
    side: suite
    when: {daemon: "<0.2"}
    reason: it is needed
    link: https://example.com/1
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
"""
RECIPES = """\
parts:
  base: {applets: hard, folders: {tmp: "1777"}, files: {etc/x: {text: "x"}}, links: {a: b}}
recipes:
  one: {stands_for: busybox, differs: much, parts: [base], cmd: [sh], workdir: /x}
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
DIFF = """\
diff --git a/dir/run.go b/dir/run.go
index c3c459c..8707636 100644
--- a/dir/run.go
+++ b/dir/run.go
@@ -200,2 +200,3 @@ func run() {
 before
+added
 after
--- a/other.go
+++ b/other.go
@@ -1 +1 @@
-old
+new
"""
DIFF_MARKS = (
    *("/dev/null", "a/../x", "b/.git/config", '"a/\\056\\056/x"', "new file mode 120000\n"),
    *("rename from x\n", "copy to y\n", "GIT binary patch\n", "old mode 100644\n", "@@ -1 +1 @@\n"),
    *("@@ -0,0 +1 @@\n", "\\ No newline at end of file\n", "--- a/x\n", "+++ b/x\n", " ", "+", "-"),
)


class _Conditional(Record, frozen=True, kw_only=True):
    when: Condition = ALWAYS


def _read_condition(folder: Path) -> object:
    return load(folder / "when.yaml", _Conditional)


READERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "lines": ("lines.yaml", LINES, lambda folder: load_lines(folder / "lines.yaml")),
    "matrix": ("some.yaml", MATRIX, lambda folder: load_matrix(folder / "some.yaml")),
    "series": ("need/series.yaml", SERIES, load_series),
    "skip list": ("list.yaml", ENTRIES, lambda folder: load_entries(folder, date(2026, 11, 23))),
    "recipes": ("images.yaml", RECIPES, lambda folder: load_recipes(folder / "images.yaml")),
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
@inputs()
@given(changes=edits(MARKS))
def test_a_spoiled_file_is_read_or_refused_in_its_place(
    kind: str, folder: Path, changes: list[Edit]
) -> None:
    refused_in_place(kind, folder, spoiled(READERS[kind][1], changes))


@kinds
def test_a_complaint_is_one_line_whatever_stands_in_a_key(kind: str, folder: Path) -> None:
    for key in (r"a\nb", r"\u2028", r"\e[2J", r"\u202e", r"\r\n::error::"):
        text = READERS[kind][1] + f'"{key}": 1\n'
        assert refused_in_place(kind, folder, text.encode())
        assert refused_in_place(kind, folder, f'"{key}": 1\n"{key}": 1\n'.encode())


@kinds
@inputs(50, 10_000)
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_bytes_that_are_anything_are_refused(kind: str, folder: Path, content: bytes) -> None:
    refused_in_place(kind, folder, content)


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
    assert refused_in_place("skip list", folder, BOMBS[bomb].encode())


# -- diffs ---------------------------------------------------------------------------------------


@inputs()
@given(changes=edits(DIFF_MARKS))
@example([(0, 0, "--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n")])
def test_a_spoiled_diff_edits_below_the_root_or_is_refused_by_line(changes: list[Edit]) -> None:
    text = spoiled(DIFF, changes)
    paths: tuple[str, ...] = ()
    refused = ""
    try:
        paths = check_diff(text)
    except Complaint as complaint:
        refused = complaint.what
    assert paths or re.match(r"line \d+ of the patch: |the patch ", refused)
    for path in paths:
        parts = path.split("/")
        assert all(part and not part.startswith("..") for part in parts)
        assert ".git" not in parts
        assert path.isascii()
        assert path.isprintable()


@inputs()
@given(text=st.binary(max_size=300))
def test_bytes_that_are_anything_are_no_diff(text: bytes) -> None:
    with pytest.raises(Complaint):
        check_diff(text)
