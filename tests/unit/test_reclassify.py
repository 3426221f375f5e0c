"""A stored run judged again: what changes and why, what stays, and that nothing else does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.backends.base import LegExit, LegRequest, Sink
from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.config.conditions import Commits, Condition
from harness.config.skiplists import Entry
from harness.errors import InfrastructureError, UsageError
from harness.journal import read_matrix, read_run, write_run
from harness.model import Fault, Outcome, Reason, Run, Status, Suspicion, Verdict
from harness.reclassify import Lists, Reclassified, reclassify, reclassify_into, told
from harness.refs import Repository
from harness.reports.write import write_reports
from harness.runner import hangs
from harness.runner.cell import Settings
from harness.store import Store
from harness.tools.git import GitFailed
from tests.unit.fleets import REGRESSED, Fleet
from tests.unit.pairs import MIXED, Bench, Player, entry, stream
from tests.unit.runs import FRONTEND, SUITE, full_name
from tests.unit.test_runner_hangs import Hanging
from tests.unit.test_runner_recovery import QUIET, Fatal

KNOWN = entry("TestMount", Status.EXPECTED_FAILURE, "no such mount", line=7)
Tree = dict[str, bytes]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def stored(bench: Bench) -> Path:
    return bench.folder / "runs" / bench.run().id


def closed() -> Repository:
    pytest.fail("a repository was opened although nothing asks for one")


def lists(bench: Bench, *entries: Entry, opened: Callable[[], Repository] = closed) -> Lists:
    return Lists(entries, Store(bench.folder / "cache"), opened)


def changes(found: Reclassified) -> dict[str, tuple[str, str]]:
    return {
        row.name.split("/")[1]: (str(row.before), str(row.after))
        for cell in found.cells
        for row in cell.tests
    }


def why(found: Reclassified) -> list[str]:
    return [words for cell in found.cells for row in cell.tests for words in row.why]


def notes(found: Reclassified) -> list[str]:
    return [words for cell in found.cells for words in cell.notes]


def tree(folder: Path) -> Tree:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def compat(*args: object) -> int:
    return execute("compat", lambda _: umbrella, [str(arg) for arg in args])


@pytest.mark.parametrize("entries", [(), (KNOWN,)], ids=["no lists", "lists"])
def test_a_fresh_run_is_what_it_was(bench: Bench, entries: tuple[Entry, ...]) -> None:
    bench.entries = entries
    folder = stored(bench)
    run = read_run(folder)
    found = reclassify(folder, lists(bench, *entries))
    assert not found.changed
    assert found.after == found.before == read_matrix(folder)
    reclassify_into(folder, lists(bench, *entries), bench.folder / "judged")
    assert read_run(bench.folder / "judged") == run


def test_a_run_that_was_stopped_and_one_without_a_control_are_what_they_were(
    bench: Bench,
) -> None:
    def killed(_leg: LegRequest, sink: Sink) -> LegExit:
        sink(stream({"TestCopy": "pass", "TestMount": "hang"}, ends=False))
        return LegExit(None, timed_out=True, seconds=1.0)

    bench.settings = Settings(offline=True, control=False, reruns=0)
    assert not reclassify(stored(bench), lists(bench)).changed
    bench.player.before = killed
    folder = stored(bench)
    assert {row.verdict for row in read_run(folder).judgements} >= {Verdict.REGRESSED}
    assert not reclassify(folder, lists(bench)).changed


@pytest.mark.parametrize("kind", ["panic", "exit", "gone"])
def test_a_run_with_a_leg_that_a_test_cut_off_is_what_it_was(bench: Bench, kind: str) -> None:
    bench.player = Player(dict(QUIET))
    Fatal(bench.player, {"TestB": kind})
    folder = stored(bench)
    assert 0 in {leg.recovers for leg in read_run(folder).legs}
    reclassify_into(folder, lists(bench), bench.folder / "judged")
    assert read_run(bench.folder / "judged") == read_run(folder)
    assert notes(reclassify(folder, lists(bench))) == []


def test_what_was_found_out_while_a_leg_ran_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hangs, "_LOOK", 0.0)
    bench.player = Hanging({"TestHang": ("pass", "pass"), "TestNext": ("pass", "pass")})
    bench.settings = Settings(offline=True, reruns=0, test_timeout=0.05)
    folder = stored(bench)
    run = read_run(folder)
    hung = [it for leg in run.legs for it in leg.results if it.outcome is Outcome.HANG]
    assert "sync.Mutex.Lock" in hung[0].error
    said = Suspicion(kind="data-race", words="WARNING: DATA RACE", log="candidate/processes/x.log")
    first, *rest = run.legs
    passed = tuple(replace(it, suspicions=(said,)) for it in first.results)
    run = replace(run, legs=(replace(first, results=passed), *rest))
    write_run(folder, run)
    reclassify_into(folder, lists(bench), bench.folder / "judged")
    assert read_run(bench.folder / "judged").legs == run.legs


def test_what_the_machine_did_to_a_leg_stays_excused(bench: Bench) -> None:
    gone = Fault(reason=Reason.ENGINE, words="the engine has gone")

    def broken(_leg: LegRequest, sink: Sink) -> LegExit:
        sink(stream({"TestCopy": "pass", "TestMount": "hang"}, ends=False))
        return LegExit(None, timed_out=False, seconds=1.0, faults=(gone,))

    bench.player.before = broken
    folder = stored(bench)
    found = reclassify(folder, lists(bench))
    assert not found.changed
    assert (found.after.verdict, found.after.exit_code) == (Verdict.INFRA, 4)


def test_a_new_entry_makes_a_failure_known_and_is_named(bench: Bench) -> None:
    folder = stored(bench)
    found = reclassify(folder, lists(bench, KNOWN))
    assert changes(found) == {"TestMount": ("regressed", "known")}
    assert why(found) == ["now by skiplists/x.yaml:7 (expected-failure): a test"]
    assert (found.before.verdict, found.before.exit_code) == (Verdict.REGRESSED, 1)
    # TestFlaky is what is left.
    assert (found.after.verdict, found.after.exit_code) == (Verdict.FLAKY, 0)
    assert "regressed → known" in told.render(found)
    assert told.headline(found) == "regressed → flaky: 1 test changed: 1 now known"


def test_an_entry_that_has_gone_makes_a_failure_regressed(bench: Bench) -> None:
    bench.entries = (KNOWN,)
    found = reclassify(stored(bench), lists(bench))
    assert changes(found) == {"TestMount": ("known", "regressed")}
    assert why(found) == ["no more by skiplists/x.yaml:7 (expected-failure)"]


def test_another_signature_is_told_though_the_entry_is_where_it_was(bench: Bench) -> None:
    bench.entries = (KNOWN,)
    other = entry("TestMount", Status.EXPECTED_FAILURE, "quite another failure", line=7)
    found = reclassify(stored(bench), lists(bench, other))
    assert changes(found) == {"TestMount": ("known", "regressed")}
    assert why(found) == ["skiplists/x.yaml:7 explains it no more"]


def test_an_entry_whose_test_passed_is_stale_now_and_one_without_a_test_is_told(
    bench: Bench,
) -> None:
    passes = entry("TestCopy", Status.EXPECTED_FAILURE, "words", line=3)
    nobody = entry("TestNoMore", Status.EXPECTED_FAILURE, "words", line=9)
    found = reclassify(stored(bench), lists(bench, passes, nobody))
    assert changes(found) == {"TestCopy": ("compatible", "stale-entry")}
    assert notes(found) == ["skiplists/x.yaml:9 matches no test"]


def test_a_test_that_would_not_be_run_today_is_skipped(bench: Bench) -> None:
    found = reclassify(stored(bench), lists(bench, entry("TestMount", Status.SKIP, line=4)))
    assert changes(found) == {"TestMount": ("regressed", "skipped")}
    assert why(found) == ["now by skiplists/x.yaml:4 (skip): a test"]


def test_of_a_test_that_was_not_run_nothing_is_known(bench: Bench) -> None:
    bench.entries = (entry("TestMount", Status.SKIP),)
    folder = stored(bench)
    assert notes(reclassify(folder, lists(bench, *bench.entries))) == []
    (note,) = notes(reclassify(folder, lists(bench)))
    assert "left out" in note


def test_output_is_read_anew(bench: Bench) -> None:
    folder = stored(bench)
    run = read_run(folder)
    write_run(folder, _as_an_older_parser_would_have(run))
    found = reclassify(folder, lists(bench))
    assert changes(found) == {"TestMount": ("compatible", "regressed")}
    assert why(found)[0].startswith("candidate reads fail (assertion), fail")
    assert found.after.exit_code == 1


def _as_an_older_parser_would_have(run: Run) -> Run:
    """Give a run in which a failing test was taken for a passing one."""
    name = full_name("TestMount")
    fine = {"outcome": Outcome.PASS, "reason": None, "error": "", "fingerprint": ""}
    legs = tuple(
        replace(
            leg, results=tuple(replace(r, **fine) if r.name == name else r for r in leg.results)
        )
        for leg in run.legs
    )
    rows = tuple(
        replace(
            row,
            verdict=Verdict.COMPATIBLE,
            candidate=tuple(replace(r, **fine) for r in row.candidate),
        )
        if row.name == name
        else row
        for row in run.judgements
    )
    return replace(run, legs=legs, judgements=rows, verdict=Verdict.FLAKY, exit_code=0)


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
    """Give a run whose candidate lies outside of its folder, at `where` or behind a link."""
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


def test_a_repository_is_opened_for_a_condition_that_asks_and_only_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(bench)
    asked: list[tuple[str, str]] = []

    class Known:
        def is_ancestor(self, older: str, newer: str) -> bool:
            asked.append((older, newer))
            return newer == FRONTEND.sha

    def opened() -> Repository:
        monkeypatch.setattr(Repository, "graph", Known())
        return Repository(None, {})  # type: ignore[arg-type]

    sha = "a" * 40
    holds = replace(KNOWN, when=Condition(contains=Commits(frontend=(sha,))))
    misses = replace(KNOWN, when=Condition(contains=Commits(daemon=(sha,))))
    assert changes(reclassify(folder, lists(bench, holds, opened=opened)))
    assert not changes(reclassify(folder, lists(bench, misses, opened=opened)))
    assert asked == [(sha, FRONTEND.sha), (sha, SUITE.sha)]
    # The cache remembers, so nothing is opened any more.
    assert changes(reclassify(folder, lists(bench, holds)))


def test_a_repository_without_the_commits_says_what_to_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Strange:
        def is_ancestor(self, older: str, newer: str) -> bool:
            raise GitFailed(f"no commit {newer} to look for {older}")

    class Place:
        path = Path("/a/repository")

    monkeypatch.setattr(Repository, "graph", Strange())
    asks = replace(KNOWN, when=Condition(contains=Commits(daemon=("b" * 40,))))

    def opened() -> Repository:
        return Repository(Place(), {})  # type: ignore[arg-type]

    with pytest.raises(UsageError, match="cannot tell which entries apply") as caught:
        reclassify(stored(bench), lists(bench, asks, opened=opened))
    assert "--repo" in caught.value.hint


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    fleet = Fleet(tmp_path)
    fleet.yard.plays = {"v0.6.4 f1": REGRESSED, "v0.8.3 f2": REGRESSED}
    fleet.yard.broken = frozenset({"frontend f3"})
    folder, made = fleet.run()
    assert made.verdict is Verdict.REGRESSED
    return folder


def test_a_matrix_is_judged_cell_by_cell(matrix: Path, bench: Bench) -> None:
    before = tree(matrix)
    assert not reclassify(matrix, lists(bench)).changed
    out = bench.folder / "judged"
    found = reclassify_into(matrix, lists(bench, KNOWN), out)
    rows = {cell.id: [(row.before, row.after) for row in cell.tests] for cell in found.cells}
    known, stale = (
        [(was, now)]
        for was, now in (
            (Verdict.REGRESSED, Verdict.KNOWN),
            (Verdict.COMPATIBLE, Verdict.STALE_ENTRY),
        )
    )
    assert rows == {
        "v0.6.4~f1~oci": known,
        "v0.6.4~f2~oci": stale,
        "v0.8.3~f1~oci": stale,
        "v0.8.3~f2~oci": known,
    }
    # The cells that could not be built stay what they were.
    assert (found.after.verdict, found.after.exit_code) == (Verdict.INFRA, 4)
    assert read_matrix(out) == replace(
        found.after,
        warnings=("judged again; when it ran, it was regressed",),
    )
    assert tree(matrix) == before


def test_the_command_tells_and_ends_with_the_code_of_now(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stored(bench)
    data = _data(tmp_path / "data", [("TestMount", "no such mount")])
    assert compat("reclassify", folder, "--data", data) == 0
    out, err = capsys.readouterr()
    assert "TestMount: regressed → known" in out
    assert "mine.yaml:2 (expected-failure): because" in out
    assert err == ""
    assert compat("reclassify", folder, "--data", _data(tmp_path / "none", [])) == 1
    capsys.readouterr()
    assert compat("reclassify", folder, "--data", data, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["before"], answer["after"], answer["exit_code"]) == ("regressed", "flaky", 0)
    (cell,) = answer["cells"]
    (test,) = cell["tests"]
    assert (test["before"], test["after"]) == ("regressed", "known")


def test_the_command_keeps_the_run_with_its_reports(bench: Bench, tmp_path: Path) -> None:
    folder = stored(bench)
    data = _data(tmp_path / "data", [("TestMount", "no such mount")])
    out = tmp_path / "judged"
    assert compat("reclassify", folder, "--data", data, "--out", out) == 0
    assert compat("gate", out) == 1  # for the flake
    assert b"known: 1" in (out / "summary.md").read_bytes()
    assert not (folder / "summary.md").exists()
    assert compat("reclassify", folder, "--data", data, "--out", out) == 2


def _data(folder: Path, known: Iterable[tuple[str, str]]) -> Path:
    """Make a data folder whose skip lists know these failures."""
    for name in ("matrices", "skiplists", "patches"):
        (folder / name).mkdir(parents=True)
    (folder / "matrices" / "lines.yaml").touch()
    entries = [
        f"  - {{test: {test}, status: expected-failure, signature: {words},"
        " reason: because, issue: 'https://example.com/1'}"
        for test, words in known
    ]
    if entries:
        (folder / "skiplists" / "mine.yaml").write_text("\n".join(["entries:", *entries]))
    return folder
