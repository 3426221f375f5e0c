"""Whatever stands in a patch, it edits below the root of a tree or is refused by line."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from harness.config.diffs import check_diff
from harness.config.series import load_series
from harness.config.yamlfile import Complaint
from harness.errors import ConfigError
from tests.support.fuzzing import anything, batches, hold, spoiled

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
MARKS = (
    *("/dev/null", "a/../x", "b/.git/config", '"a/\\056\\056/x"', "new file mode 120000\n"),
    *("rename from x\n", "copy to y\n", "GIT binary patch\n", "old mode 100644\n", "@@ -1 +1 @@\n"),
    *("@@ -0,0 +1 @@\n", "\\ No newline at end of file\n", "--- a/x\n", "+++ b/x\n", " ", "+", "-"),
)
SERIES = """\
patches:
  - file: a.patch
    side: suite
    reason: it is needed
    link: https://example.com/1
"""


def holds(text: bytes) -> bool:
    """Return whether a diff is taken: then for plain paths below the root, else refused by line."""
    paths: tuple[str, ...] = ()
    refused = ""
    try:
        paths = check_diff(text)
    except Complaint as complaint:
        refused = complaint.what
    assert paths or re.match(r"line [0-9]+ of the patch: |the patch ", refused)
    for path in paths:
        parts = path.split("/")
        assert all(part and not part.startswith("..") for part in parts)
        assert ".git" not in parts
        assert path.isascii()
        assert path.isprintable()
    return not refused


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    made = tmp_path / "patches"
    (made / "need").mkdir(parents=True)
    (made / "need" / "series.yaml").write_text(SERIES, "utf-8")
    return made


def read(patches: Path, text: bytes) -> bool:
    """Return whether a series takes a patch; if it does not, it names the entry."""
    (patches / "need" / "a.patch").write_bytes(text)
    try:
        (patch,) = load_series(patches)
    except ConfigError as error:
        refused = str(error)
    else:
        assert patch.text == text
        return True
    place = f"{patches / 'need' / 'series.yaml'}:2:5: patches.a.patch: "
    assert refused.startswith(place)
    assert refused.isprintable()
    return False


def test_what_the_spoiling_begins_with_is_taken(patches: Path) -> None:
    assert holds(DIFF.encode())
    assert read(patches, DIFF.encode())


def test_a_path_that_leaves_the_tree_is_refused() -> None:
    assert not holds(b"--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n")


@batches
def test_a_spoiled_diff_edits_below_the_root_or_is_refused_by_line(
    batch: int, patches: Path
) -> None:
    def promise(chance: Random) -> None:
        text = spoiled(chance, DIFF, MARKS)
        assert read(patches, text) == holds(text)

    hold(promise, batch, place=patches)


@batches
def test_bytes_that_are_anything_are_no_diff(batch: int, patches: Path) -> None:
    hold(lambda chance: _refused(anything(chance)), batch, place=patches)


def _refused(text: bytes) -> None:
    assert not holds(text)
