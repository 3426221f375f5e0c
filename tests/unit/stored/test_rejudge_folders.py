"""The run that is judged again is never changed, and nothing outside of it is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.config.conditions import Commits, Condition
from harness.errors import InfrastructureError, UsageError
from harness.journal import read_run, write_run
from harness.model import Verdict
from harness.reports.write import write_reports
from harness.repository.refs import Repository
from harness.stored.rejudge import reclassify, reclassify_into
from tests.support.played import MIXED, Bench, Player
from tests.support.rejudged import KNOWN, changes, lists, notes, stored, tree


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def test_without_its_output_a_leg_is_what_it_was_and_that_is_told(bench: Bench) -> None:
    folder = stored(bench)
    (folder / "candidate" / "raw.log").unlink()
    found = reclassify(folder, lists(bench, KNOWN))
    assert changes(found) == {"TestMount": ("regressed", "known")}
    assert notes(found) == ["candidate: its output is not stored, so its results are those of then"]


def _link(raw: Path) -> None:
    raw.symlink_to("/etc/hostname")


def _pipe(raw: Path) -> None:
    os.mkfifo(raw)


@pytest.mark.parametrize("make", [_link, _pipe])
def test_output_that_is_no_plain_file_is_not_opened(
    bench: Bench, make: Callable[[Path], None]
) -> None:
    folder = stored(bench)
    (folder / "candidate" / "raw.log").unlink()
    make(folder / "candidate" / "raw.log")
    assert len(notes(reclassify(folder, lists(bench)))) == 1


def moved(bench: Bench, where: str) -> Path:
    """Return a run whose candidate lies outside of its folder, at `where` or behind a link."""
    folder = stored(bench)
    elsewhere = bench.folder / "runs" / "elsewhere"
    (folder / "candidate").rename(elsewhere)
    (folder / "link").symlink_to(elsewhere)
    run = read_run(folder)
    legs = tuple(
        replace(leg, folder=where) if leg.folder == "candidate" else leg for leg in run.legs
    )
    write_run(folder, replace(run, legs=legs))
    return folder


@pytest.mark.parametrize("where", ["../elsewhere", "/etc", "candidate/../../elsewhere"])
def test_a_leg_outside_of_the_folder_is_refused(bench: Bench, where: str) -> None:
    folder = moved(bench, where)
    with pytest.raises(UsageError, match=r"at `\$\.legs\[1\]\.folder`"):
        reclassify(folder, lists(bench))


def test_a_leg_behind_a_link_is_neither_read_nor_written(bench: Bench) -> None:
    folder = moved(bench, "link")
    before = tree(bench.folder / "runs")
    assert "link: its output is not stored" in notes(reclassify(folder, lists(bench)))[0]
    reclassify_into(folder, lists(bench), bench.folder / "judged")
    assert tree(bench.folder / "runs") == before


def test_the_run_itself_is_never_changed(bench: Bench) -> None:
    folder = stored(bench)
    before = tree(bench.folder / "runs")
    out = bench.folder / "judged"
    reclassify(folder, lists(bench, KNOWN))
    reclassify_into(folder, lists(bench, KNOWN), out)
    assert tree(bench.folder / "runs") == before
    new = read_run(out)
    assert new.verdict is Verdict.FLAKY
    assert new.warnings[-1] == "judged again; when it ran, it was regressed"
    write_reports(out)
    summary = (out / "summary.md").read_text("utf-8")
    assert "- warning: `judged again; when it ran, it was regressed`\n" in summary
    assert new.rerun[-2:] == ("--tests", "TestFixed")
    raw = out / "candidate" / "raw.log"
    assert raw.read_bytes() == (folder / "candidate" / "raw.log").read_bytes()


def test_a_new_folder_is_whole_or_not_there(bench: Bench) -> None:
    folder = stored(bench)
    out = bench.folder / "new" / "judged"

    def lost() -> Repository:
        raise InfrastructureError("the disk has gone")

    asks = replace(KNOWN, when=Condition(contains=Commits(daemon=("a" * 40,))))
    with pytest.raises(InfrastructureError):
        reclassify_into(folder, lists(bench, asks, opened=lost), out)
    assert list(out.parent.iterdir()) == []
    out.mkdir()
    (out / "mine").touch()
    with pytest.raises(UsageError, match="is there already"):
        reclassify_into(folder, lists(bench), out)
