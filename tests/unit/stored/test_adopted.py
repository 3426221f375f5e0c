"""What others ran becomes a run like any other, and is merged beside one, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.config.conditions import Condition
from harness.config.policy import Policy
from harness.errors import UsageError
from harness.journal import cells, read_matrix
from harness.matrix.merge import merge
from harness.matrix.parts import read_parts
from harness.model import Leg, Pair, Run, Status, Verdict
from harness.model.matrix import MatrixRun
from harness.model.pairs import ADOPTED
from harness.reports import matrixterminal
from harness.reports.write import write_reports
from harness.repository.refs import Repository
from harness.store import Store
from harness.stored.adopted import Legs, adopt
from harness.stored.gate import Kind, Results, evaluate
from harness.stored.rejudge import Lists, reclassify
from tests.support import factories, gates, nights, stored_matrices, windows_streams
from tests.support.played import entry

WINDOWS = "windows/amd64"
PAIR = replace(nights.pair(), worker="containerd", backend=ADOPTED, platform=WINDOWS)
PASSED = {"TestCopy": "pass", "TestMount": "pass"}
FAILED = {"TestCopy": "pass", "TestMount": "fail"}
PLAN = stored_matrices.plan(("v0.6.4",), ("master",))


def _closed() -> Repository:
    pytest.fail("a repository was opened although nothing asks for one")


class Place:
    """A folder with recordings of both legs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lists = Lists((), Store(folder / "cache"), _closed)

    def recording(self, name: str, tests: dict[str, str]) -> Path:
        path = self.folder / f"{name}.json"
        path.write_bytes(windows_streams.recording(tests))
        return path

    def adopt(
        self,
        name: str = "windows",
        *,
        control: Sequence[dict[str, str]] = (PASSED,),
        candidate: Sequence[dict[str, str]] = (FAILED,),
        pair: Pair = PAIR,
    ) -> MatrixRun:
        legs = {
            leg: [self.recording(f"{leg}-{at}", tests) for at, tests in enumerate(given)]
            for leg, given in ((Leg.CONTROL, control), (Leg.CANDIDATE, candidate))
        }
        asked = Legs(pair=pair, recordings=legs, tests=(), offline=False, command=("compat",))
        return adopt(asked, self.lists, self.folder / name)

    def merged(self, *names: str) -> MatrixRun:
        return merge(read_parts(self.folder / name for name in names), self.folder / "merged")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def run_in(folder: Path, cell: str) -> Run:
    found = {row.id: run for row, run in cells(folder)}[cell]
    assert found is not None
    return found


def test_it_is_a_run_like_any_other(place: Place, tmp_path: Path) -> None:
    made = place.adopt()
    folder = tmp_path / "windows"
    assert read_matrix(folder) == made
    (row,) = made.cells
    assert row.id == "v0.6.4_master_labs_containerd_platform-windows-amd64"
    run = run_in(folder, row.id)
    assert {it.name.split("/")[1]: it.verdict for it in run.judgements} == {
        "TestCopy": Verdict.COMPATIBLE,
        "TestMount": Verdict.REGRESSED,
    }
    assert run.started == windows_streams.BEGAN.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert run.pair.platform == WINDOWS
    assert run.rerun == ()
    assert (folder / row.run / "candidate" / "raw.log").is_file()
    assert not reclassify(folder, place.lists).changed
    write_reports(folder)
    assert "containerd, windows/amd64" in (folder / "summary.md").read_text("utf-8")


def test_further_attempts_are_weighed(place: Place) -> None:
    assert place.adopt(control=(PASSED, PASSED), candidate=(FAILED, PASSED)).verdict is (
        Verdict.FLAKY
    )


def test_entries_hold_for_their_platform(place: Place) -> None:
    known = entry("TestMount", Status.EXPECTED_FAILURE, "file not found", line=3)
    for platform, verdict in ((WINDOWS, Verdict.KNOWN), ("linux/amd64", Verdict.REGRESSED)):
        own = replace(known, when=Condition(platform=(platform,)))
        place.lists = Lists((own,), place.lists.store, _closed)
        assert place.adopt(platform.replace("/", "-")).verdict is verdict


def test_a_recording_of_another_worker_is_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no test on the worker oci: it has tests on containerd"):
        place.adopt(pair=replace(PAIR, worker="oci"))
    assert not (tmp_path / "windows").exists()


def test_nothing_is_overwritten(place: Place) -> None:
    place.adopt()
    with pytest.raises(UsageError, match="nothing is overwritten"):
        place.adopt()


def test_it_stands_beside_what_ran_here(place: Place, tmp_path: Path) -> None:
    place.adopt()
    linux = {PLAN.cells[0].id: factories.compatible_run()}
    stored_matrices.store(tmp_path / "linux", PLAN, linux)
    made = place.merged("linux", "windows")
    assert [row.verdict for row in made.cells] == [Verdict.COMPATIBLE, Verdict.REGRESSED]
    assert made.warnings == ()
    assert read_matrix(tmp_path / "merged") == made
    folder = tmp_path / "merged"
    shown = matrixterminal.render(made, folder, commands={}, width=100, color=False)
    assert "v0.6.4 (oci) " in shown
    assert "v0.6.4 (containerd, windows/amd64)" in shown


def test_two_runs_of_one_cell_are_refused(place: Place) -> None:
    place.adopt("one")
    place.adopt("two", candidate=(PASSED,))
    with pytest.raises(UsageError, match=r"are both cell v0\.6\.4_master_labs_containerd"):
        place.merged("one", "two")


def _planned_here(place: Place, tmp_path: Path, verdict: Verdict) -> None:
    """Store a run of a matrix that planned the adopted cell for this machine."""
    made = place.adopt()
    pair = replace(PAIR, backend="native")
    cells_of = tuple(replace(it, id=made.cells[0].id, pair=pair) for it in PLAN.cells[:1])
    done = replace(factories.compatible_run(), pair=pair)
    if verdict is Verdict.UNAVAILABLE:
        done = replace(
            done, judgements=(), counts={}, legs=(), verdict=verdict, lacks=("machine windows",)
        )
    plan = replace(PLAN, cells=cells_of)
    stored_matrices.store(tmp_path / "here", plan, {made.cells[0].id: done})


def test_it_takes_the_place_of_what_could_not_run_here(place: Place, tmp_path: Path) -> None:
    _planned_here(place, tmp_path, Verdict.UNAVAILABLE)
    (row,) = place.merged("here", "windows").cells
    assert row.verdict is Verdict.REGRESSED


def test_it_takes_the_place_of_nothing_that_ran_here(place: Place, tmp_path: Path) -> None:
    _planned_here(place, tmp_path, Verdict.COMPATIBLE)
    with pytest.raises(UsageError, match=r"which .*here has run"):
        place.merged("here", "windows")


def test_a_gate_demands_platforms(place: Place, tmp_path: Path) -> None:
    made = place.adopt(candidate=(PASSED,))
    results = Results(made, list(cells(tmp_path / "windows")), gates.again)
    both = evaluate(Policy(platforms=(WINDOWS, "linux/amd64")), results, gates.NOW)
    required = [it.sentence() for it in both.findings if it.kind is Kind.REQUIRED]
    assert required == ["the policy requires linux/amd64, and no cell was run on it"]
    assert not any(it.reproduce for it in both.findings)
    own = evaluate(Policy(platforms=(WINDOWS,)), results, gates.NOW)
    assert Kind.REQUIRED not in gates.kinds(own)
