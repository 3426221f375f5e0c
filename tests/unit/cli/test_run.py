"""`compat run`: from options to what is asked of the runner, and back to a command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replaced

from harness.backends.base import Privileges
from harness.cli import run
from harness.cli.program import execute
from harness.cli.session import Session, default_runs
from harness.cli.umbrella import short_form
from harness.errors import BuildError, ExitCode
from harness.model import Channel, Run, Verdict
from harness.model.matrix import CellState, MatrixRun
from harness.plan.asks import PairAsk, Where
from harness.plan.cell import Settings
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.store import Store
from tests.support import factories, stored_matrices

WHERE = Where(DEFAULT_REPOSITORY)
ASK = PairAsk(where=WHERE, daemon="d", frontend="f")
Stored = Callable[[Run], tuple[MatrixRun, Path]]

Ends = Callable[..., int]
Changes = Mapping[str, Any]
NONE: Changes = {}

PLAN = stored_matrices.plan(["v0.6.4"], ["master"], pair=True)


@dataclass(frozen=True)
class Found:
    """What a command line came to: what was asked for, and the session that was to run it."""

    ask: PairAsk
    session: Session

    @property
    def command(self) -> tuple[str, ...]:
        """What a user would type to run the pair again."""
        return self.session.cell_command(PLAN.cells[0])


Opened = Callable[..., Found]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    """Store a run as that of a pair."""

    def store(run: Run) -> tuple[MatrixRun, Path]:
        folder = tmp_path / "stored"
        return stored_matrices.store(folder, PLAN, {PLAN.cells[0].id: run})[::-1]

    return store


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, stored: Stored) -> Opened:
    """Run a command line up to the session that it opens."""
    asked: list[PairAsk] = []
    found: list[Session] = []

    def open_pair(ask: PairAsk, *_: object) -> object:
        asked.append(ask)
        plan = replaced(
            PLAN,
            tests=ask.tests,
            reruns=ask.reruns,
            most_reruns=ask.most_reruns,
            offline=ask.offline,
        )
        return SimpleNamespace(plan=plan)

    def remember(self: Session) -> object:
        found.append(self)
        return stored(factories.compatible_run())

    monkeypatch.setattr(run, "open_pair", open_pair)
    monkeypatch.setattr(Session, "run", remember)

    def open_session(*args: str) -> Found:
        asked.clear()
        found.clear()
        assert execute("compat-run", short_form, args) == 0
        (ask,), (session,) = asked, found
        return Found(ask, session)

    return open_session


def test_two_names_are_all_that_is_needed(opened: Opened) -> None:
    found = opened("v0.6", "master")
    assert found.ask == PairAsk(where=WHERE, daemon="v0.6", frontend="master")
    assert found.session.settings == Settings()
    assert found.command == ("compat-run", "v0.6", "master")
    assert found.session.runs == default_runs()
    assert found.session.runs.is_relative_to(os.environ["XDG_STATE_HOME"])
    assert found.session.store.root.is_relative_to(os.environ["XDG_CACHE_HOME"])


@pytest.mark.parametrize(
    ("args", "changes"),
    [
        ("--repo /a/clone", {"where": replace(WHERE, repository="/a/clone")}),
        ("--channel mainline", {"channel": Channel.MAINLINE}),
        ("--worker containerd", {"worker": "containerd"}),
        ("--backend native", {"where": replace(WHERE, backend="native")}),
        ("--stage generic", {"where": replace(WHERE, stage="generic")}),
        ("--privileges explicit", {"where": replace(WHERE, privileges=Privileges.EXPLICIT)}),
        (
            "--cache-repo ghcr.io/you/compat",
            {"where": replace(WHERE, cache_repo="ghcr.io/you/compat")},
        ),
        ("--timeout 90", {"timeout": 90.0}),
        ("--test-timeout 9", {"test_timeout": 9.0}),
        ("--reruns 0", {"reruns": 0}),
        ("--most-reruns 3", {"most_reruns": 3}),
        ("--offline", {"offline": True}),
    ],
)
def test_an_option_changes_what_is_asked_for_and_stays_in_the_command(
    args: str, changes: dict[str, Any], opened: Opened
) -> None:
    found = opened("d", "f", *args.split())
    assert found.ask == replace(ASK, **changes)
    assert found.command == ("compat-run", "d", "f", *args.split())


@pytest.mark.parametrize(
    ("args", "settings"),
    [
        ("--parallel 3", Settings(parallel=3)),
        ("--reruns 0", Settings(reruns=0)),
        ("--offline", Settings(offline=True)),
        ("--no-control", Settings(control=False)),
    ],
)
def test_an_option_changes_how_it_is_run_and_stays_in_the_command(
    args: str, settings: Settings, opened: Opened
) -> None:
    found = opened("d", "f", *args.split())
    assert found.session.settings == settings
    assert found.command == ("compat-run", "d", "f", *args.split())


def test_what_concerns_one_run_alone_is_not_in_the_command(opened: Opened) -> None:
    once = ["--tests", "TestCopy*", "--tests", "TestRun", "--fetch", "--fresh-control", "--json"]
    found = opened("d", "f", *once)
    assert found.session.settings == Settings(tests=("TestCopy*", "TestRun"), fresh_control=True)
    assert found.ask.where.fetch
    assert found.command == ("compat-run", "d", "f")
    assert found.session.command == (*found.command, *once[:4])  # --resume goes on with these


def test_without_cache_nothing_is_taken_from_a_repository_and_the_command_stays_quick(
    opened: Opened,
) -> None:
    found = opened("d", "f", "--no-cache", "--cache-repo", "ghcr.io/you/compat")
    assert found.ask.where.cache_repo == ""
    assert "--no-cache" not in found.command
    assert "--no-cache" in found.session.command


def test_places_are_made_absolute_and_kept_in_the_command(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = opened("d", "f", "--out", "runs", "--cache", "cache")
    assert found.session.runs == tmp_path / "runs"
    assert found.session.store.root == tmp_path / "cache"
    assert found.command == ("compat-run", "d", "f", "--out", "runs", "--cache", "cache")


def test_the_environment_gives_places_that_options_override(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REPO", "RUNS", "CACHE"):
        monkeypatch.setenv(f"COMPAT_{name}", str(tmp_path / name))
    found = opened("d", "f")
    session = found.session
    places = (Path(found.ask.where.repository), session.runs, session.store.root)
    assert places == tuple(tmp_path / name for name in ("REPO", "RUNS", "CACHE"))
    assert found.command == ("compat-run", "d", "f")
    options = ["--repo", "other", "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "c")]
    found = opened("d", "f", *options)
    assert found.ask.where.repository == "other"
    assert (found.session.runs, found.session.store.root) == (tmp_path / "out", tmp_path / "c")


def test_no_credential_gets_into_the_command(opened: Opened) -> None:
    url = "https://somebody:hunter2@example.com/buildkit.git"
    found = opened("d", "f", "--repo", url)
    assert found.ask.where.repository == url
    assert found.command[-1] == "https://***@example.com/buildkit.git"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1),
        ("90", 90),
        ("90s", 90),
        ("1.5m", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("168h", 604800),
    ],
)
def test_a_time_limit_is_written_with_a_unit_or_in_seconds(
    text: str, seconds: float, opened: Opened
) -> None:
    read = opened("d", "f", "--timeout", text).ask.timeout
    assert read == seconds
    assert type(read) is float  # a class of its own could not go into a key of the store


@pytest.mark.parametrize(
    "args",
    [
        ["--timeout", "0"],
        ["--timeout", "0.5s"],
        ["--timeout", "169h"],
        ["--timeout", "1e3"],
        ["--timeout", "-5m"],
        ["--timeout", "soon"],
        ["--timeout", "1d"],
        ["--timeout", ""],
        ["--timeout", "inf"],
        ["--reruns", "-1"],
        ["--reruns", "21"],
        ["--parallel", "0"],
        ["--parallel", "many"],
        ["--channel", "nightly"],
        ["--backend", "podman"],
        ["--tests", ""],
        ["--tests", "TestCopy/sub"],
        ["--out", __file__],
        ["--cache", __file__],
        ["--data", "/no/such/folder"],
        ["--no-such-option"],
        ["a-third-name"],
    ],
)
def test_a_bad_value_is_a_usage_error_before_anything_is_done(
    args: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Session, "run", lambda _: pytest.fail("it was run"))
    assert execute("compat-run", short_form, ["v0.6", "master", *args]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "hint: " in err
    assert "--debug" not in err


def test_one_name_is_too_few(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute("compat-run", short_form, ["v0.6"]) == 2
    assert "FRONTEND" in capsys.readouterr().err


names = st.sampled_from(["v0.6", "master", "dockerfile/1.4.0"])
extras = st.fixed_dictionaries(
    {},
    optional={
        "--repo": st.sampled_from(["/a b", "https://example.com/x.git", "it's"]),
        "--channel": st.sampled_from([c.value for c in Channel]),
        "--worker": st.sampled_from(["oci", "containerd"]),
        "--parallel": st.integers(1, 99).map(str),
        "--timeout": st.sampled_from(["1", "90s", "12345.5", "100000", "168h"]),
        "--reruns": st.integers(0, 20).map(str),
    },
)
flags = st.sets(st.sampled_from(["--no-control", "--offline"])).map(sorted)


@given(names, names, extras, flags)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_command_asks_for_the_same_again(
    opened: Opened, daemon: str, frontend: str, options: dict[str, str], given_flags: list[str]
) -> None:
    words = [word for option in options.items() for word in option]
    first = opened(daemon, frontend, *words, *given_flags)
    again = opened(*first.command[1:])
    assert (again.ask, again.command) == (first.ask, first.command)
    assert again.session.settings == first.session.settings


@pytest.fixture
def ends(
    opened: Opened,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Ends:
    """Run a command line whose session ends with this run, changed."""

    def end(run: Run, *args: str, row: Changes = NONE, matrix: Changes = NONE) -> int:
        assert opened("v0.6", "master").session.plan.pair
        capsys.readouterr()
        made, folder = stored(run)
        made = replaced(made, cells=(replaced(made.cells[0], **row),), **matrix)
        monkeypatch.setattr(Session, "run", lambda _: (made, folder))
        return execute("compat-run", short_form, ["v0.6", "master", *args])

    return end


@pytest.mark.parametrize(
    ("run", "code"), [(factories.compatible_run(), 0), (factories.regressed_run(), 1)]
)
def test_the_exit_code_is_the_runs(run: Run, code: int, ends: Ends) -> None:
    assert ends(run) == code


def test_an_interrupted_run_ends_with_130_and_shows_what_there_is(
    ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    run = replaced(factories.regressed_run(), interrupted=True, exit_code=130)
    assert ends(run, matrix={"interrupted": True, "exit_code": 130}) == 130
    assert "rerun  compat-run v0.6 master --tests TestMountRWCache" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        (
            {"state": CellState.FAILED, "exit_code": 4, "error": "it rots", "hint": "patch it"},
            4,
            "error: it rots\nhint: patch it\n",
        ),
        ({"state": CellState.FAILED, "exit_code": 2, "error": "x.yaml:1:2: no"}, 2, "x.yaml:1:2"),
        (
            {"state": CellState.INTERRUPTED, "exit_code": 130},
            130,
            "error: interrupted before any test had run\n",
        ),
    ],
)
def test_a_pair_that_came_to_nothing_says_why(
    row: dict[str, Any], code: int, said: str, ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(factories.regressed_run(), "--json", row={**row, "run": ""}) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_json_is_all_that_is_on_standard_output(
    ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(factories.regressed_run(), "--json") == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == Verdict.REGRESSED


def test_without_cache_a_run_has_a_store_of_its_own_that_goes_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    used: list[Path] = []

    def open_pair(_ask: PairAsk, _data: object, store: Store, *_: object) -> NoReturn:
        used.append(store.root)
        raise BuildError("does not build")

    monkeypatch.setattr(run, "open_pair", open_pair)
    args = ["v0.6", "master", "--cache", str(tmp_path / "cache")]
    for more in ([], ["--no-cache"]):
        assert execute("compat-run", short_form, [*args, *more]) == ExitCode.INFRASTRUCTURE
    usual, apart = used
    assert usual == tmp_path / "cache"
    assert usual in apart.parents
    assert not apart.exists()
