"""Entries that could hold for nothing are refused with their place, and say what there is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness.backends import BACKENDS
from harness.config.datadir import find_data
from harness.config.known import Known
from harness.config.lines import load_lines
from harness.config.matrixfile import find_matrix, load_matrix, names
from harness.config.series import load_series
from harness.config.skiplists import load_entries
from harness.errors import ConfigError

TODAY = date(2026, 11, 23)
KNOWN = Known(
    workers=("oci", "containerd"),
    backends=tuple(BACKENDS),
    params={"frontend": ("gateway",), "fileop": ("true", "false")},
    versions=("0.3", "0.4", "0.13"),
    dockerfiles=("1.0", "1.6"),
)
LINK = "https://example.com/1"

WRONG = {
    "worker: containrd": "worker: there is no worker 'containrd'; did you mean `containerd`?",
    "worker: [oci, Oci]": "worker[1]: 'Oci' is not a plain name",
    "when: {worker: runc}": "when.worker: there is no worker 'runc'",
    "when: {backend: natve}": "when.backend: there is no backend 'natve'; did you mean `native`?",
    "when: {channel: lab}": "when.channel: 'lab' is not known here; did you mean `labs`?",
    "when: {daemon: '>=0.13,<0.12'}": "when.daemon: '>=0.13,<0.12' holds no version",
    "when: {daemon: '>=0.14'}": "when.daemon: no line has a release in '>=0.14'",
    "when: {daemon: '>0.4.99999,<0.13'}": None,
    "when: {daemon: '<0.3'}": "when.daemon: no line has a release in '<0.3'",
    "when: {frontend: '==0.5.*'}": "when.frontend: no line has a release in '==0.5.*'",
    "when: {dockerfile: '>=1.1,<1.6'}": "when.dockerfile: no line has a release in '>=1.1,<1.6'",
    "when: {dockerfile: '>=1.1,<=1.6'}": None,
    "params: {filop: 'false'}": "params: there is no parameter 'filop'; did you mean `fileop`?",
    "params: {fileop: 'flase'}": "params.fileop: no test has the value 'flase'; did you",
    "params: {fileop: 'false'}": None,
    "worker: oci, when: {worker: containerd}": "worker: none of these is a worker that `when` asks",
    "worker: oci, when: {worker: [containerd, oci]}": None,
    "test: TestFoo/fileop=false": "test: 'TestFoo/fileop=false' is not a test function",
    "expires: 2026-11-22": "expires: the entry expired on 2026-11-22",
}


@pytest.mark.parametrize(("given", "told"), WRONG.items())
def test_an_entry_that_could_hold_for_nothing_is_refused(
    tmp_path: Path, given: str, told: str | None
) -> None:
    test = "" if given.startswith("test") else "test: TestFoo, "
    file = tmp_path / "x.yaml"
    file.write_text(
        f"entries:\n  - {{{test}{given}, status: flaky, reason: because, issue: '{LINK}'}}\n"
    )
    if told is None:
        assert load_entries(tmp_path, TODAY, KNOWN)
        return
    with pytest.raises(ConfigError) as caught:
        load_entries(tmp_path, TODAY, KNOWN)
    where, _, what = str(caught.value).partition(": ")
    assert where.startswith(f"{file}:2:")
    assert what.removeprefix("entries[0].").startswith(told)
    assert caught.value.hint


def test_a_patch_for_no_line_is_refused(tmp_path: Path) -> None:
    patches = tmp_path / "patches"
    series = patches / "need" / "series.yaml"
    series.parent.mkdir(parents=True)
    (series.parent / "a.patch").write_text("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")
    text = f"patches:\n  - {{file: a.patch, side: suite, reason: r, link: '{LINK}', when: WHEN}}\n"
    series.write_text(text.replace("WHEN", "{daemon: '>=0.5,<0.13'}"))
    with pytest.raises(ConfigError, match=r"series.yaml:2:5: patches.a.patch.when.daemon: no line"):
        load_series(patches, KNOWN)
    series.write_text(text.replace("WHEN", "{backend: dokcer}"))
    with pytest.raises(ConfigError, match=r"when.backend: there is no backend 'dokcer'; did you"):
        load_series(patches, KNOWN)
    series.write_text(text.replace("WHEN", "{daemon: '<0.4', backend: docker}"))
    assert len(load_series(patches, KNOWN)) == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("containerd", "containrd", r"m.yaml:4:21: exclude\[0\].when.worker: there is no worker"),
        ("'<0.4'", "'>=0.14'", r"m.yaml:4:5: exclude\[0\].when.daemon: no line has a release"),
        ("'false'", "'no'", r"m.yaml:9:9: include\[0\].expect\[0\].params.fileop: no test has"),
        ("fileop", "filop", r"m.yaml:9:34: include\[0\].expect\[0\].params: there is no param"),
        ("TestFoo", "TestFoo/worker=oci", r"m.yaml:9:16: include\[0\].expect\[0\].test: "),
    ],
)
def test_what_a_matrix_could_never_meet_is_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    file = tmp_path / "m.yaml"
    text = """\
description: some
pairs: [{daemons: [{refs: [v0.3]}], frontends: [{refs: [v0.4]}]}]
exclude:
  - {when: {worker: containerd, daemon: '<0.4'}, reason: slow}
include:
  - daemon: v0.3
    frontend: v0.4
    expect:
      - {test: TestFoo, params: {fileop: 'false'}, verdict: compatible}
"""
    file.write_text(text)
    assert load_matrix(file, KNOWN).include
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=told):
        load_matrix(file, KNOWN)


def test_every_shipped_file_speaks_of_what_there_is() -> None:
    shipped = find_data(None, {})
    for data in (shipped, find_data(shipped.examples / "minikit", {})):
        known = Known.of(load_lines(data.lines_file), BACKENDS)
        assert known.workers
        assert known.params
        assert load_entries(data.skiplists, TODAY, known)
        assert load_series(data.patches, known)
        assert all(load_matrix(find_matrix(data, name), known) for name in names(data))
