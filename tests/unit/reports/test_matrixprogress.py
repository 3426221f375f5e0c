"""The progress of a matrix says how far it is, in few lines, and what is under way."""

from __future__ import annotations

import io
from collections.abc import Iterator

from msgspec.structs import replace

from harness.errors import BuildError
from harness.events import (
    BuildEnded,
    BuildStarted,
    CellEnded,
    CellStarted,
    CellTold,
    Event,
    Forecast,
    LegEnded,
    LegStarted,
    MatrixStarted,
    TestEnded,
    Warned,
)
from harness.journal.single import result_of
from harness.matrix.ledger import failed
from harness.model import Leg, Outcome
from harness.reports.live import display
from harness.reports.matrixprogress import MatrixProgress
from tests.support import factories
from tests.support.factories import full_name
from tests.unit.reports.test_live import Terminal, wait_for

ONE, TWO, THREE, FOUR = (f"v0.{n}_master_labs_oci" for n in (6, 7, 8, 9))


def cell(name: str, seconds: float = 100.0) -> CellEnded:
    run = factories.regressed_run() if name == ONE else factories.compatible_run()
    return CellEnded(replace(result_of(name, run, f"cells/{name}"), seconds=seconds))


def events() -> Iterator[Event]:
    yield MatrixStarted(cells=4, builds=4)
    yield BuildStarted("suite v0.6.4")
    yield BuildStarted("frontend master labs")
    yield Forecast(None)
    yield BuildEnded("frontend master labs", 0.1, cached=True)
    yield BuildEnded("suite v0.6.4", 61.2)
    yield CellStarted(ONE)
    yield BuildStarted("suite v0.9.3")
    for leg in Leg:
        yield CellTold(ONE, LegStarted(leg, 0, 40))
        yield CellTold(ONE, TestEnded(leg, 0, full_name("TestA"), Outcome.FAIL, 1.0))
        yield CellTold(ONE, LegEnded(leg, 0, 50.0))
    yield Forecast(700.0)
    yield cell(ONE)
    yield Warned("the image cache cannot be reached")
    yield BuildEnded("suite v0.9.3", 2.0, error="build suite v0.9.3: it broke\nat line 3")
    error = BuildError("build suite v0.9.3: it broke")
    yield CellEnded(failed(FOUR, error))
    yield CellStarted(TWO)
    yield CellStarted(THREE)
    yield Forecast(20.0)
    yield CellEnded(failed(TWO, BuildError("the engine is gone\nfor good"), "2026", 3.0))
    yield cell(THREE)


PLAIN = f"""\
✓ suite v0.6.4  1m 01s  built
✗ R  {ONE}  1m 40s  2 regressed, 1 lost  1/4 cells  about 12m left
! the image cache cannot be reached
✗ suite v0.9.3  2.0s  build suite v0.9.3: it broke
! B  {TWO}  3.0s  failed  the engine is gone  3/4 cells  under a minute left
✓ P  {THREE}  1m 40s  compatible  4/4 cells
"""


def test_without_a_terminal_there_is_a_line_for_every_build_and_cell_that_is_over() -> None:
    stream = io.StringIO()
    with display(stream, environ={}, progress=MatrixProgress(), clock=lambda: 0.0) as tell:
        for event in events():
            tell(event)
    assert stream.getvalue() == PLAIN


def progress(until: int, now: float = 0.0) -> MatrixProgress:
    made = MatrixProgress()
    for event in list(events())[:until]:
        made.apply(event, now)
    return made


def test_a_heartbeat_says_how_far_it_is() -> None:
    assert str(progress(4).heartbeat(90.0)) == (
        "… 0/4 cells; building suite v0.6.4; building frontend master labs  1m 30s"
    )
    made = progress(10)
    made.apply(Forecast(300.0), 10.0)
    assert str(made.heartbeat(10.0)) == (
        f"… 0/4 cells; building suite v0.9.3; {ONE} 1/40, 1 failed; about 5m left  10.0s"
    )


def test_there_is_no_heartbeat_before_the_beginning_and_after_the_end() -> None:
    assert MatrixProgress().heartbeat(1.0) is None
    assert progress(99).heartbeat(1.0) is None


def test_rows_show_the_whole_and_what_is_under_way() -> None:
    made = progress(10)
    made.apply(Forecast(7200.0), 0.0)
    cells, builds, build, one = made.rows(20.0)
    assert (cells.label, cells.done, cells.expected) == ("cells", 0, 4)
    assert cells.detail == "1 running, 3 queued, about 1h 59m left"
    assert (builds.label, builds.detail) == ("builds", "2/4")
    assert build.label == "  … suite v0.9.3"
    assert (one.label, one.detail, one.alert) == (f"  {ONE}", "1/40, 1 failed", "TestA")
    assert (one.done, one.expected) == (1, 40)


def test_a_rerun_is_named() -> None:
    made = progress(8)
    made.apply(CellTold(ONE, LegStarted(Leg.CONTROL, 1, 3)), 0.0)
    assert list(made.rows(1.0))[-1].detail == "0/3, 0 failed, rerun 1"


def test_cells_that_are_done_already_count() -> None:
    made = MatrixProgress()
    made.apply(MatrixStarted(cells=4, builds=0, done=3), 0.0)
    [row] = made.rows(1.0)
    assert (row.done, row.detail) == (3, "0 running, 1 queued")


def test_what_did_not_finish_is_named() -> None:
    lines = [str(line) for line in progress(10).abandon(5.0)]
    assert lines == ["✗ suite v0.9.3  did not finish  5.0s", f"✗ {ONE}  did not finish  5.0s"]


def test_a_terminal_shows_it_live() -> None:
    stream = Terminal()
    environ = {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "200"}
    with display(stream, environ=environ, progress=MatrixProgress()) as tell:
        for event in list(events())[:10]:
            tell(event)
        wait_for(lambda: "1/40, 1 failed  TestA" in stream.getvalue())
        wait_for(lambda: "1 running, 3 queued" in stream.getvalue())


def test_hostile_text_is_shown_not_obeyed() -> None:
    made = MatrixProgress()
    made.apply(MatrixStarted(cells=1, builds=1), 0.0)
    error = "\x1b[2J::error::" + "x" * 5000
    [line] = made.apply(BuildEnded("suite \x1b[1m", 1.0, error=error), 0.0)
    assert str(line).isprintable()
    assert len(str(line)) < 700
