"""`compat bisect`: what its command line means, before anything is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from harness.cli import bisect
from harness.cli.program import execute
from harness.cli.trials import Trials, moved
from harness.cli.umbrella import umbrella
from harness.errors import UsageError
from harness.plan.opening import PairAsk, Where
from tests.support import stored_matrices
from tests.support.simulated_history import Simulated

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
