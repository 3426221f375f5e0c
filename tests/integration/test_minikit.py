"""MiniKit's repository by git, and what its planted faults look like in the journal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from harness import minikit
from harness.cli.session import Session
from harness.config.datadir import Data, find_data
from harness.config.skiplists import load_entries
from harness.events import ignore
from harness.gotest.names import display
from harness.history import expected_by
from harness.journal import read_run
from harness.model import Leg, Outcome, Reason, Result, Run, Verdict
from harness.plan.asks import PairAsk, Where
from harness.plan.cell import Settings
from harness.plan.opening import open_pair
from harness.repository.git import Git
from harness.store import Store
from harness.tools.inherited import GIT, inherited
from harness.tools.process import Request, run

pytestmark = pytest.mark.integration

TEST_SECONDS = 5.0
"""The hang costs all of it, twice; every other test ends within a second."""

PLANTED = {
    "TestMountContextNoParallel": Verdict.REGRESSED,
    "TestMountTmpfs": Verdict.LOST,
    "TestCacheMountTwoTargets": Verdict.REGRESSED,
    "TestExportLabels": Verdict.REGRESSED,
    "TestBaseImageMoved": Verdict.FLAKY,
    "TestCopyWildcards[fileop=false]": Verdict.KNOWN,
    "TestEmptyDestDir[fileop=false]": Verdict.KNOWN,
    "TestWorkdirCopyRelative[fileop=false]": Verdict.KNOWN,
    "TestCopySymlinks › link": Verdict.SAME_FAILURE,  # noqa: RUF001 - as display writes it
    "TestQuotedMetaArgs": Verdict.FIXED,
    "TestCgroupParent": Verdict.SKIPPED,
}


class Pair(Protocol):
    """Runs a pair of MiniKit."""

    def __call__(self, daemon: str, frontend: str, most_reruns: int = 1) -> Run: ...


@pytest.fixture(scope="module")
def data() -> Data:
    return Data(find_data(None, {}).examples / "minikit")


@pytest.fixture(scope="module")
def repository(data: Data, go_store: Store) -> Path:
    return minikit.materialise(data.root, go_store)


@pytest.fixture(scope="module")
def pair(
    data: Data, repository: Path, go_store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Pair:
    runs = tmp_path_factory.mktemp("runs")

    def run_it(daemon: str, frontend: str, most_reruns: int = 1) -> Run:
        where = Where(str(repository), backend="native")
        ask = PairAsk(where=where, daemon=daemon, frontend=frontend, test_timeout=TEST_SECONDS)
        opened = open_pair(ask, data, go_store, expected_by(runs / "no history"), ignore)
        session = Session(
            opened=opened,
            store=go_store,
            settings=Settings(reruns=1, most_reruns=most_reruns, fresh_control=True),
            command=(),
            cell_command=lambda _cell: ("compat-run",),
            runs=runs,
            history=runs / "no history",
            mine=opened.plan.cells,
        )
        _, folder = session.run_unrecorded()
        return read_run(folder)

    return run_it


@pytest.fixture(scope="module")
def planted(pair: Pair) -> Run:
    return pair(minikit.DAEMON, minikit.FRONTEND)


def surprising(judged: Run) -> dict[str, Verdict]:
    return {
        display(row.name): row.verdict
        for row in judged.judgements
        if row.verdict is not Verdict.COMPATIBLE
    }


def tried(judged: Run, name: str, leg: Leg) -> list[Result]:
    """Return what one test did in each attempt of one side."""
    (row,) = (row for row in judged.judgements if display(row.name) == name)
    return list(row.control if leg is Leg.CONTROL else row.candidate)


def test_the_commits_are_the_same_whatever_the_caller_has_set(
    data: Data, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "templates" / "hooks"
    hooks.mkdir(parents=True)
    config = "[i18n]\ncommitEncoding=latin1\n[core]\nautocrlf=true\n"
    config += f"[init]\ndefaultBranch=trunk\ntemplateDir={hooks.parent}\n"
    (tmp_path / ".gitconfig").write_text(config, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME", "GIT_DEFAULT_HASH", "GIT_DIR"):
        monkeypatch.setenv(name, "sha256")
    again = minikit.materialise(data.root, Store(tmp_path / "cache"))
    listing = ["for-each-ref", "--format=%(objectname) %(refname)"]
    first, second = (
        run(Request(["git", "-C", str(folder), *listing], env=inherited(GIT))).text
        for folder in (repository, again)
    )
    assert first == second
    assert not (again / "hooks").exists()


def test_the_repository_is_sound_and_found_again(
    data: Data, repository: Path, go_store: Store
) -> None:
    git = Git(repository)
    assert git.run("fsck", "--strict", "--no-dangling") == ""
    assert git.run("symbolic-ref", "HEAD") == "refs/heads/master"
    before = (repository / "HEAD").stat()
    assert minikit.materialise(data.root, go_store) == repository
    after = (repository / "HEAD").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_releases_sit_on_branches_that_left_master(repository: Path) -> None:
    git = Git(repository)
    names = dict(git.refs())
    master, tags = names["refs/heads/master"], ("v0.1.1", "v0.2.0")
    assert git.is_ancestor(names["refs/tags/v0.1.0"], master)
    assert not any(git.is_ancestor(names[f"refs/tags/{tag}"], master) for tag in tags)
    assert names["refs/heads/v0.2"] == names["refs/tags/v0.2.0"]
    assert "refs/heads/v0.1" not in names


def test_the_skip_list_names_the_commit_that_removed_the_mode(data: Data, repository: Path) -> None:
    git = Git(repository)
    subject = "dockerfile: remove copies without file operations"
    meant = git.run("log", "--format=%H", "--fixed-strings", f"--grep={subject}", "master")
    (entry,) = load_entries(data.skiplists, datetime.now(UTC).date())
    assert entry.when.contains is not None
    assert entry.when.lacks is not None
    assert entry.when.contains.frontend == entry.when.lacks.tests == (meant,)


def test_one_pair_shows_every_planted_fault(planted: Run) -> None:
    assert surprising(planted) == PLANTED
    assert planted.verdict is Verdict.REGRESSED
    assert planted.counts[Verdict.COMPATIBLE] >= 25
    assert [patch.path for patch in planted.patches] == ["v0.1/build-with-newer-go.patch"]


@pytest.mark.parametrize(
    ("name", "outcome", "reason", "words"),
    [
        (
            "TestMountContextNoParallel",
            Outcome.FAIL,
            Reason.REFUSED,
            "requested experimental feature exec.mount.propagation is not supported",
        ),
        (
            "TestExportLabels",
            Outcome.CRASH,
            Reason.DAEMON_GONE,
            "Daemon:      panic: assignment to entry in nil map\n             goroutine ",
        ),
        (
            "TestCacheMountTwoTargets",
            Outcome.HANG,
            Reason.TIMEOUT,
            " in example.com/minikit/solver.(*CacheMounts).acquire at solver/cachemounts.go:46\n",
        ),
    ],
)
def test_regressions_are_those_of_the_new_frontend_and_stay(
    planted: Run, name: str, outcome: Outcome, reason: Reason, words: str
) -> None:
    candidate = tried(planted, name, Leg.CANDIDATE)
    assert [(one.outcome, one.reason) for one in candidate] == [(outcome, reason)] * 2
    assert all(words in one.error for one in candidate)
    assert len({one.fingerprint for one in candidate}) == 1
    assert {one.outcome for one in tried(planted, name, Leg.CONTROL)} == {Outcome.PASS}


def test_the_flake_fails_in_the_whole_suite_and_passes_without_its_neighbour(planted: Run) -> None:
    first, *later = tried(planted, "TestBaseImageMoved", Leg.CANDIDATE)
    assert "version=1" in first.error
    assert later
    assert {one.outcome for one in later} == {Outcome.PASS}


def test_the_flake_is_the_frontends_once_it_is_tried_beside_its_neighbours(pair: Pair) -> None:
    run = pair("v0.1", "master", most_reruns=20)
    (row,) = (it for it in run.judgements if "/TestBaseImageMoved/" in it.name)
    assert row.verdict is Verdict.REGRESSED
    assert row.evidence is not None
    alone, beside = row.evidence.companies[0], row.evidence.companies[-1]
    assert (alone.beside, alone.candidate.failed) == (0, 0)
    assert alone.candidate.attempts > 0
    assert beside.candidate.failed == row.evidence.candidate.failed
    assert row.evidence.control.failed == 0


@pytest.mark.parametrize(
    ("suite", "frontend", "expected", "overall"),
    [
        (
            "v0.2",
            "master",
            {
                "TestCopyWildcards[fileop=false]": Verdict.KNOWN,
                "TestEmptyDestDir[fileop=false]": Verdict.KNOWN,
                "TestWorkdirCopyRelative[fileop=false]": Verdict.KNOWN,
            },
            Verdict.COMPATIBLE,
        ),
        (
            "master",
            "v0.1",
            {
                "TestQuotedMetaArgs": Verdict.REGRESSED,
                "TestCopyExclude": Verdict.REGRESSED,
                "TestSubrequests": Verdict.REGRESSED,
            },
            Verdict.REGRESSED,
        ),
    ],
)
def test_other_pairs_hold_no_surprise(
    pair: Pair, suite: str, frontend: str, expected: dict[str, Verdict], overall: Verdict
) -> None:
    judged = pair(suite, frontend)
    assert surprising(judged) == expected | {"TestCgroupParent": Verdict.SKIPPED}
    assert judged.exit_code == (1 if overall is Verdict.REGRESSED else 0)
    assert judged.unmatched == ()
