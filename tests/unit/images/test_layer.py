"""Layers: the same bytes every time, with the digests that they really have."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.images import layer
from harness.images.layer import Entry

ENTRIES = [
    Entry("bin", kind=tarfile.DIRTYPE),
    Entry("bin/tool", content=b"tool" * 1000),
    Entry("bin/hard", kind=tarfile.LNKTYPE, target="bin/tool"),
    Entry("bin/soft", 0o777, tarfile.SYMTYPE, target="../bin/tool"),
    Entry("etc/shadow", 0o600, content=b"secret"),
]


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize("compress", [False, True])
def test_digests_and_size_are_those_of_the_file(tmp_path: Path, *, compress: bool) -> None:
    made = layer.write(ENTRIES, tmp_path / "layer", compress=compress)
    content = made.path.read_bytes()
    assert made.digest == sha256(content)
    assert made.size == len(content)
    assert made.diff_id == sha256(gzip.decompress(content) if compress else content)
    assert made.gzipped is compress


@pytest.mark.parametrize("compress", [False, True])
def test_clock_name_and_owner_leave_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, compress: bool
) -> None:
    first = layer.write(ENTRIES, tmp_path / "one", compress=compress)
    monkeypatch.setattr("time.time", lambda: 4e9)
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    second = layer.write(ENTRIES, tmp_path / "two", compress=compress)
    assert first.path.read_bytes() == second.path.read_bytes()


def test_members_are_roots_and_of_one_date(tmp_path: Path) -> None:
    made = layer.write(ENTRIES, tmp_path / "layer", compress=True)
    with tarfile.open(made.path) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [entry.name for entry in ENTRIES]
    assert [member.mode for member in members] == [entry.mode for entry in ENTRIES]
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in members} == {
        (0, 0, "", "", 1546300800)
    }
    assert members[2].islnk()
    assert members[3].issym()


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_a_file_is_streamed_to_the_same_bytes_as_its_content(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "content").write_bytes(content)
    streamed = layer.write(
        [Entry("file", content=folder / "content")], folder / "streamed", compress=False
    )
    given_whole = layer.write([Entry("file", content=content)], folder / "whole", compress=False)
    assert streamed.digest == given_whole.digest
    with tarfile.open(streamed.path) as tar:
        member = tar.extractfile("file")
        assert member is not None
        assert member.read() == content
