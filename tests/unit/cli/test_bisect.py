"""`compat bisect`: what its command line means, before anything is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from harness.bisect.causes import Cause
from harness.cli import bisect
from harness.cli.again import ask_again, pair_with, usual_frontend
from harness.cli.blame import _Site
from harness.cli.program import execute
from harness.cli.trials import Trials, moved
from harness.cli.umbrella import umbrella
from harness.errors import UsageError
from harness.journal import read_matrix
from harness.model import Pair, Source, Vary, Verdict
from harness.model.matrix import Plan
from harness.plan.asks import PairAsk, Where
from tests.support import stored_matrices
from tests.support.factories import regressed_run
from tests.support.simulated_history import Simulated


def _planned(pair: Pair, **changes: Any) -> Plan:  # noqa: ANN401 - of any field
    """Return the plan of one pair with another one in its place."""
    plan = stored_matrices.plan(["v0.6.4"], ["master"], pair=True)
    pair = msgspec.structs.replace(pair, **changes)
    cell = msgspec.structs.replace(plan.cells[0], pair=pair)
    return msgspec.structs.replace(plan, cells=(cell,))


PLAN = stored_matrices.plan(["v0.6.4"], ["master"], pair=True)
PAIR = PLAN.cells[0].pair


@pytest.fixture
def history() -> Simulated:
    """Make a trunk, and a release branch with the daemon's commit."""
    made = Simulated()
    base = made.add(a_a="1")
    made.add(base, a_a="2")
    made.commits[PAIR.suite.sha] = replace(made.commits[base], parents=(base,))
    made.commits[PAIR.frontend.sha] = replace(made.commits[base], parents=(base,))
    return made


Ends = Callable[..., tuple[str, str]]


@pytest.fixture
def ends(history: Simulated, monkeypatch: pytest.MonkeyPatch) -> Ends:
    monkeypatch.setattr(bisect, "History", lambda git: git)
    monkeypatch.setattr(
        bisect, "resolve", lambda _repository, name, _side: SimpleNamespace(sha=name)
    )

    def find(good: str | None = None, axis: str = "frontend") -> tuple[str, str]:
        workspace = SimpleNamespace(repository=SimpleNamespace(git=history))
        opened = SimpleNamespace(plan=PLAN, workspace=workspace)
        return bisect._ends(cast("Trials", SimpleNamespace(axis=axis, opened=opened)), good)

    return find


def test_without_ends_the_histories_part_where_it_begins(ends: Ends, history: Simulated) -> None:
    base = next(iter(history.commits))
    assert ends() == (base, PAIR.frontend.sha)
    assert ends(axis="daemon") == (base, PAIR.suite.sha)


def test_tests_begin_where_their_history_parts_from_the_daemon(
    ends: Ends, history: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = next(iter(history.commits))
    tests = Source(commit=PAIR.frontend, channel=PAIR.frontend_channel)
    monkeypatch.setattr("tests.unit.cli.test_bisect.PLAN", _planned(PAIR, tests=tests))
    assert ends(axis="tests") == (base, PAIR.frontend.sha)


def test_where_the_daemon_varies_the_frontend_is_held_to_the_daemons_own() -> None:
    baseline = Source(commit=PAIR.frontend, channel=PAIR.frontend_channel)
    assert usual_frontend(PAIR) == PAIR.suite
    assert usual_frontend(msgspec.structs.replace(PAIR, baseline=baseline)) == PAIR.frontend
    assert usual_frontend(msgspec.structs.replace(PAIR, vary=Vary.DAEMON)) == PAIR.suite


def test_an_end_that_is_named_begins_it_and_must_lead_to_the_other(
    ends: Ends, history: Simulated
) -> None:
    base, beside, *_ = history.commits
    assert ends(base) == (base, PAIR.frontend.sha)
    with pytest.raises(UsageError, match="no path leads"):
        ends(beside)


def test_where_one_history_has_the_other_a_beginning_must_be_named(
    ends: Ends, history: Simulated
) -> None:
    made = history.commits[PAIR.suite.sha]
    history.commits[PAIR.suite.sha] = replace(made, parents=(PAIR.frontend.sha,))
    with pytest.raises(UsageError, match="do not tell where to begin") as told:
        ends()
    assert "--good" in told.value.hint


@pytest.mark.parametrize("test", ["TestCopy*", "Test?", "[T]"])
def test_a_pattern_is_refused(test: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bisect", "v0.6.4", "master", "--test", test]
    assert execute("compat", lambda _args: umbrella, words) == 2
    assert f"--test {test} is a pattern" in capsys.readouterr().err


def test_the_side_that_moves_is_the_one_that_is_tried() -> None:
    ask = PairAsk(where=Where("x"), daemon="d", frontend="f")
    assert moved(ask, "daemon", "n") == replace(ask, daemon="n")
    assert moved(ask, "frontend", "n") == replace(ask, frontend="n")
    assert moved(ask, "tests", "n") == replace(ask, tests_from="n")


def test_where_the_daemon_varies_only_a_frontend_that_passes_begins_a_search() -> None:
    pair = msgspec.structs.replace(PAIR, vary=Vary.DAEMON)
    site: Any = SimpleNamespace(git=None)
    with pytest.raises(UsageError, match="it may be the daemon"):
        _Site.ends(site, pair, Cause(Verdict.REGRESSED, "no such file"))


def test_a_stored_run_says_which_pair_and_how_it_was_run(tmp_path: Path) -> None:
    made = regressed_run()
    pair = msgspec.structs.replace(made.pair, vary=Vary.DAEMON, tests=made.pair.candidate)
    plan = _planned(pair)
    folder = tmp_path / "20261123-1"
    stored_matrices.store(
        folder, plan, {plan.cells[0].id: msgspec.structs.replace(made, pair=pair)}
    )
    assert pair_with(folder, "TestMountRWCache") == (pair, False)
    ask = ask_again(read_matrix(folder), pair, Where("x"))
    assert (ask.daemon, ask.frontend, ask.tests_from) == (
        *(pair.suite.sha, pair.frontend.sha, pair.frontend.sha),
    )
    assert (ask.vary, ask.offline, ask.lists) == (Vary.DAEMON, plan.offline, False)
    with pytest.raises(UsageError, match=r"no pair in .* ran TestNothing"):
        pair_with(folder, "TestNothing")


@pytest.mark.parametrize(
    "option",
    [
        ("--channel", "labs"),
        ("--worker", "containerd"),
        ("--tests-from", "master"),
        ("--vary", "daemon"),
        ("--baseline", "master"),
        ("--client", "tests"),
        ("--timeout", "9m"),
        ("--test-timeout", "9s"),
        ("--offline",),
    ],
    ids=lambda it: it[0],
)
def test_what_a_stored_run_answers_has_no_say(
    option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bisect", "latest", "--test", "TestCopy", *option]
    assert execute("compat", lambda _args: umbrella, words) == 2
    assert f"{option[0]} has no say" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("repository", "pulls"),
    [
        ("https://example.com/fork/buildkit.git", "https://example.com/fork/buildkit/pull"),
        ("/home/you/buildkit", "https://github.com/moby/buildkit/pull"),
    ],
)
def test_pull_requests_have_their_pages_where_the_repository_is(
    repository: str, pulls: str
) -> None:
    assert bisect.pulls_of(repository) == pulls
