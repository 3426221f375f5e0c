"""`compat run`: from options to what is asked of the runner, and back to a command line."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from harness.plan.prepare import Ask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cli import session
from harness.cli.program import execute
from harness.cli.session import Session, default_runs
from harness.cli.umbrella import short_form
from harness.errors import BuildError, ExitCode
from harness.model import Channel, Run, Verdict
from harness.plan.cell import Settings
from harness.repository.refs import DEFAULT_REPOSITORY
from harness.run.pair import Job
from harness.store import Store
from tests.unit import runs

Opened = Callable[..., Session]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Opened:
    """Run a command line up to the session that it opens."""
    found: list[Session] = []

    def remember(self: Session) -> tuple[Run, Path]:
        found.append(self)
        return runs.compatible_run(), tmp_path

    monkeypatch.setattr(Session, "run", remember)

    def open_session(*args: str) -> Session:
        found.clear()
        assert execute("compat-run", short_form, args) == 0
        (only,) = found
        return only

    return open_session


def test_two_names_are_all_that_is_needed(opened: Opened) -> None:
    found = opened("v0.6", "master")
    assert found.ask == Ask("v0.6", "master", DEFAULT_REPOSITORY)
    assert found.settings == Settings()
    assert found.command == ("compat-run", "v0.6", "master")
    assert found.runs == default_runs()
    assert found.runs.is_relative_to(os.environ["XDG_STATE_HOME"])
    assert found.store.root.is_relative_to(os.environ["XDG_CACHE_HOME"])


@pytest.mark.parametrize(
    ("args", "ask"),
    [
        ("--repo /a/clone", Ask("d", "f", "/a/clone")),
        ("--channel mainline", Ask("d", "f", DEFAULT_REPOSITORY, channel=Channel.MAINLINE)),
        ("--worker containerd", Ask("d", "f", DEFAULT_REPOSITORY, worker="containerd")),
        ("--backend native", Ask("d", "f", DEFAULT_REPOSITORY, backend="native")),
        (
            "--cache-repo ghcr.io/you/compat",
            Ask("d", "f", DEFAULT_REPOSITORY, cache_repo="ghcr.io/you/compat"),
        ),
        ("--offline", Ask("d", "f", DEFAULT_REPOSITORY, offline=True)),
    ],
)
def test_an_option_changes_what_is_asked_for_and_stays_in_the_command(
    args: str, ask: Ask, opened: Opened
) -> None:
    found = opened("d", "f", *args.split())
    assert found.ask == ask
    assert found.command == ("compat-run", "d", "f", *args.split())


@pytest.mark.parametrize(
    ("args", "settings"),
    [
        ("--parallel 3", Settings(parallel=3)),
        ("--timeout 90", Settings(timeout=90)),
        ("--reruns 0", Settings(reruns=0)),
        ("--no-control", Settings(control=False)),
    ],
)
def test_an_option_changes_how_it_is_run_and_stays_in_the_command(
    args: str, settings: Settings, opened: Opened
) -> None:
    found = opened("d", "f", *args.split())
    assert found.settings == settings
    assert found.command == ("compat-run", "d", "f", *args.split())


def test_what_concerns_one_run_alone_is_not_in_the_command(opened: Opened) -> None:
    once = ["--tests", "TestCopy*", "--tests", "TestRun", "--fetch", "--fresh-control", "--json"]
    found = opened("d", "f", *once)
    assert found.settings == Settings(tests=("TestCopy*", "TestRun"), fresh_control=True)
    assert found.ask.fetch
    assert found.command == ("compat-run", "d", "f")


def test_without_cache_nothing_is_taken_from_a_repository_and_the_command_stays_quick(
    opened: Opened,
) -> None:
    found = opened("d", "f", "--no-cache", "--cache-repo", "ghcr.io/you/compat")
    assert found.no_cache
    assert found.ask.cache_repo == ""
    assert "--no-cache" not in found.command


def test_places_are_made_absolute_and_kept_in_the_command(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = opened("d", "f", "--out", "runs", "--cache", "cache")
    assert found.runs == tmp_path / "runs"
    assert found.store.root == tmp_path / "cache"
    assert found.command == ("compat-run", "d", "f", "--out", "runs", "--cache", "cache")


def test_the_environment_gives_places_that_options_override(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REPO", "RUNS", "CACHE"):
        monkeypatch.setenv(f"COMPAT_{name}", str(tmp_path / name))
    found = opened("d", "f")
    places = (Path(found.ask.repository), found.runs, found.store.root)
    assert places == tuple(tmp_path / name for name in ("REPO", "RUNS", "CACHE"))
    assert found.command == ("compat-run", "d", "f")
    options = ["--repo", "other", "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "c")]
    found = opened("d", "f", *options)
    assert found.ask.repository == "other"
    assert (found.runs, found.store.root) == (tmp_path / "out", tmp_path / "c")


def test_no_credential_gets_into_the_command(opened: Opened) -> None:
    url = "https://somebody:hunter2@example.com/buildkit.git"
    found = opened("d", "f", "--repo", url)
    assert found.ask.repository == url
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
    read = opened("d", "f", "--timeout", text).settings.timeout
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
    assert (again.ask, again.settings, again.command) == (first.ask, first.settings, first.command)


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (runs.compatible_run(), 0),
        (runs.regressed_run(), 1),
        (msgspec.structs.replace(runs.regressed_run(), interrupted=True, exit_code=130), 130),
    ],
)
def test_the_exit_code_is_the_runs(
    run: Run, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Session, "run", lambda _: (run, tmp_path))
    assert execute("compat-run", short_form, ["v0.6", "master"]) == code


def test_json_is_all_that_is_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Session, "run", lambda _: (runs.regressed_run(), tmp_path))
    assert execute("compat-run", short_form, ["v0.6", "master", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == Verdict.REGRESSED


class Prepared:
    """Stands in for what `prepare` finds."""

    backend = None

    class cell:  # noqa: N801 - what it stands for
        functions = frozenset({"TestCopy"})

        class pair:  # noqa: N801
            class suite:  # noqa: N801
                ref = "v0.6.4"


def test_tests_that_the_suite_does_not_have_are_refused_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "prepare", lambda *_: Prepared)
    args = ["v0.6", "master", "--out", str(tmp_path / "runs"), "--tests", "TestCopy"]
    assert execute("compat-run", short_form, [*args, "--tests", "TestCpoy"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert "--tests: there is no test function 'TestCpoy' in v0.6.4" in told
    assert "did you mean TestCopy?" in told
    assert not (tmp_path / "runs").exists()


def ending(error: BaseException, *, trace: bool = False) -> Callable[..., NoReturn]:
    def run_pair(job: Job, _listener: object) -> NoReturn:
        if trace:
            (job.folder.path / "raw.log").touch()
        raise error

    return run_pair


@pytest.mark.parametrize(
    ("error", "code"),
    [(BuildError("does not build"), ExitCode.INFRASTRUCTURE), (KeyboardInterrupt(), 130)],
)
def test_a_run_that_came_to_nothing_leaves_no_folder_unless_there_is_something_in_it(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(session, "prepare", lambda *_: Prepared)
    args = ["v0.6", "master", "--out", str(tmp_path / "runs")]
    monkeypatch.setattr(session, "run_pair", ending(error))
    assert execute("compat-run", short_form, args) == code
    assert [*(tmp_path / "runs").iterdir()] == []
    monkeypatch.setattr(session, "run_pair", ending(error, trace=True))
    assert execute("compat-run", short_form, args) == code
    assert len([*(tmp_path / "runs").glob("*/raw.log")]) == 1


def test_without_cache_a_run_has_a_store_of_its_own_that_goes_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    used: list[Path] = []

    def prepare(_ask: Ask, _data: object, store: Store, _listener: object) -> NoReturn:
        used.append(store.root)
        raise BuildError("does not build")

    monkeypatch.setattr(session, "prepare", prepare)
    args = ["v0.6", "master", "--cache", str(tmp_path / "cache")]
    for more in ([], ["--no-cache"]):
        assert execute("compat-run", short_form, [*args, *more]) == ExitCode.INFRASTRUCTURE
    usual, apart = used
    assert usual == tmp_path / "cache"
    assert usual in apart.parents
    assert not apart.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_cancel_a_closed_terminal_and_ctrl_c_are_the_same(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    monkeypatch.setattr(session, "prepare", lambda *_: signal.raise_signal(number))
    assert execute("compat-run", short_form, ["v0.6", "master"]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"
    assert signal.getsignal(number) is before


def test_under_nohup_a_closed_terminal_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(*_: object) -> NoReturn:
        signal.raise_signal(signal.SIGHUP)
        raise BuildError("it went on")

    monkeypatch.setattr(session, "prepare", prepare)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert execute("compat-run", short_form, ["v0.6", "master"]) == ExitCode.INFRASTRUCTURE
    finally:
        signal.signal(signal.SIGHUP, before)
