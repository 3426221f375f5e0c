from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.diffs import check_diff
from harness.config.yamlfile import Complaint

GOOD = """\
diff --git a/dir/run.go b/dir/run.go
index c3c459c..8707636 100644
--- a/dir/run.go
+++ b/dir/run.go
@@ -200,2 +200,3 @@ func run() {
 before
+added
 after
@@ -300,4 +301,4 @@
 before
-old
+new
 between
-gone
+here
--- a/other.go
+++ b/other.go
@@ -1 +1 @@
-old
+new
"""


def test_a_plain_diff_names_the_files_it_edits() -> None:
    assert check_diff(GOOD.encode()) == ("dir/run.go", "other.go")


def test_an_empty_line_counts_as_context_as_git_has_it() -> None:
    text = "--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\n+b\n\n"
    assert check_diff(text.encode()) == ("x",)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (GOOD, "", "the patch is empty"),
        ("+here\n--- a/other.go", "+here\n\n--- a/other.go", "line 16 of the patch: `--- a/PATH`"),
        ("diff --git", "From: somebody\ndiff --git", "line 1 of the patch: `--- a/PATH`"),
        ("--- a/dir/run.go", "--- /dev/null", "line 3 of the patch: `--- a/PATH` is wanted"),
        ("+++ b/dir/run.go", "+++ /dev/null", "line 4 of the patch: `+++ b/PATH` is wanted"),
        ("+++ b/dir/run.go", "+++ b/dir/new.go", "names two paths"),
        ("b/dir/run.go\nindex", "b/dir/new.go\nindex", "names two paths"),
        ("a/other.go", "a/../other.go", "'../other.go' is no plain path"),
        ("a/other.go", "a//etc/passwd", "'/etc/passwd' is no plain path"),
        ("a/other.go", "a/.git/config", "'.git/config' is no plain path"),
        ("a/other.go", 'a/"o\\ther"', "is no plain path"),
        ("index c3c459c..8707636 100644", "rename from x", "`--- a/PATH` is wanted"),
        ("index c3c459c..8707636 100644", "old mode 100644", "`--- a/PATH` is wanted"),
        ("@@ -200,2 +200,3 @@", "@@ -200 +200 @", "`@@ -LINE,COUNT +LINE,COUNT @@`"),
        ("@@ -200,2 +200,3 @@", "@@ -200,\u0662 +200,3 @@", "`@@ -LINE,COUNT +LINE,COUNT @@`"),
        ("@@ -200,2 +200,3 @@", "@@ -200,9 +200,9 @@", "shorter than its header says"),
        ("@@ -200,2 +200,3 @@", "@@ -200,0 +200,2 @@", "longer than its header says"),
        ("@@ -200,2 +200,3 @@", "@@ -200,1 +200,2 @@", "is wanted here"),
        ("+added\n", "", "shorter than its header says"),
        (" before\n+added", "\\ No newline\n+added", "shorter than its header says"),
        (
            "-200,2 +200,3 @@ func run() {\n",
            "-200,3 +200,4 @@\n a\n",
            "more than 1 line",
        ),
        ("+added\n after\n@@ -300,4 +301,4 @@", "+added\n after\n@@ -300,3 +301,3 @@", "wanted"),
        (" between\n-gone\n+here\n", " between\n more\n", "more than 1 line of context"),
        ("-old\n+new\n between\n-gone\n+here\n", " a\n b\n c\n", "the hunk changes nothing"),
        ("-1 +1 @@\n-old\n+new\n", "-1 +1 @@\n-old\n+new", "does not end with a newline"),
    ],
)
def test_what_a_series_may_not_hold_is_refused(old: str, new: str, wanted: str) -> None:
    assert old in GOOD
    with pytest.raises(Complaint) as caught:
        check_diff(GOOD.replace(old, new, 1).encode())
    assert wanted in caught.value.what
    assert caught.value.hint == "make it with `git diff -U1`"


def test_two_changes_may_share_their_context_but_no_more() -> None:
    text = "--- a/x\n+++ b/x\n@@ -1,{n} +1,{n} @@\n-a\n+b\n{run}-c\n+d\n"
    assert check_diff(text.format(n=4, run=" 1\n 2\n").encode()) == ("x",)
    with pytest.raises(Complaint, match="more than 1 line of context on a side"):
        check_diff(text.format(n=5, run=" 1\n 2\n 3\n").encode())


def test_what_is_not_utf8_is_refused() -> None:
    with pytest.raises(Complaint, match="not UTF-8"):
        check_diff(b"--- a/\xff\n")


@settings(deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(GOOD.splitlines()) | st.text(max_size=20).map(lambda t: t.split("\n")[0]),
        max_size=20,
    )
)
def test_any_text_is_a_diff_or_complained_about(lines: list[str]) -> None:
    try:
        paths = check_diff("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    except Complaint as complaint:
        assert complaint.what  # noqa: PT017 - either outcome is right
    else:
        assert set(paths) <= {"dir/run.go", "other.go"}
