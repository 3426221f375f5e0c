"""A newcomer who does what docs/how-to/add-a-backend.md says has a backend."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import cast

import click
import pytest

from harness.backends import BACKENDS
from harness.backends.base import Backend, Place
from harness.backends.choose import choose, make
from harness.cli import options
from harness.config.known import Known
from harness.config.skiplists import load_entries
from harness.errors import MissingToolError
from harness.model import Side, Verdict
from harness.repository.git import Git
from harness.run.pair import run_pair
from harness.store import Store
from tests.support import played, project_docs
from tests.support.factories import FRONTEND, SUITE
from tests.support.fake_engine import LINES

ENTRY = "test: TestCopy, when: {backend: replay}, status: flaky, reason: because"
PLAYED = {"TestCopy": ("pass", "pass"), "TestMount": ("pass", "fail no such mount")}


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what the page says."""
    text, line = project_docs.blocks(project_docs.DOCS / "how-to" / "add-a-backend.md", "python")
    module = ModuleType("harness.backends.replay")
    exec(text, vars(module))  # noqa: S102 - the page's own code
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(BACKENDS, "replay", "")
    exec(line, {"BACKENDS": BACKENDS})  # noqa: S102 - the same


def _chosen(tmp_path: Path) -> Backend:
    place = Place(Store(tmp_path / "cache"), Git(tmp_path), LINES)
    return choose("replay", place, lambda _event: None)


def test_a_backend_is_chosen_by_its_name_and_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingToolError, match="replay backend cannot run here: REPLAY_FOLDER"):
        _chosen(tmp_path)
    monkeypatch.setenv("REPLAY_FOLDER", str(tmp_path))
    backend = _chosen(tmp_path)
    assert (backend.name, backend.describe()) == ("replay", f"plays what is in {tmp_path}")


def test_a_backend_runs_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_FOLDER", str(tmp_path))
    for column, commit in enumerate((SUITE, FRONTEND)):
        acts = {test: sides[column] for test, sides in PLAYED.items()}
        (tmp_path / f"{commit.sha}.log").write_bytes(played.stream(acts))
    backend = _chosen(tmp_path)
    bench = played.Bench(tmp_path, cast("played.Player", backend))
    request = bench.cell().suite
    before = backend.find(Side.SUITE, request)
    job = bench.job()
    assert job.built
    assert (before.cached, before.key) == (False, job.built.suite.key)
    assert backend.find(Side.SUITE, request).cached
    verdicts = {row.name.split("/")[1]: row.verdict for row in run_pair(job, print).judgements}
    assert verdicts == {"TestCopy": Verdict.COMPATIBLE, "TestMount": Verdict.REGRESSED}


def test_a_backend_is_a_choice_and_a_word_of_data_files(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("options_of_a_new_start", options.__file__)
    assert spec
    assert spec.loader
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    taken = click.Command("run", params=[], callback=None)
    fresh.BACKEND(taken)
    assert taken.make_context("run", ["--backend", "replay"]).params == {"backend": "replay"}
    file = tmp_path / "x.yaml"
    file.write_text(f"entries:\n  - {{{ENTRY}, issue: 'https://example.com/1'}}\n")
    assert load_entries(tmp_path, date(2026, 11, 23), Known.of(LINES, BACKENDS))


def test_every_backend_has_the_name_by_which_it_is_listed(tmp_path: Path) -> None:
    place = Place(Store(tmp_path), Git(tmp_path), LINES)
    assert {name: make(name, place).name for name in BACKENDS} == {name: name for name in BACKENDS}
