"""Which leg gets which frontend of our own: that of its daemon's commit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from harness.backends.base import Artefact, BuildRequest
from harness.events import Listener, ignore
from harness.model import Leg, Published, Side, Vary
from harness.plan.cell import Cell
from harness.run.gateways import gateways
from tests.support.factories import FRONTEND, SUITE
from tests.support.played import Bench, Player


@dataclass
class Compiling(Player):
    """A backend that compiles programs of ours."""

    sources: list[Path] = field(default_factory=list)

    def build_gateway(self, request: BuildRequest, sources: Path, listener: Listener) -> Artefact:
        assert listener is ignore
        self.sources.append(sources)
        return Artefact(request.commit.sha, Path("/no/folder"), cached=True, go_minor=21)


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    """Return a cell whose daemon varies, with scenarios that bring a frontend."""
    (tmp_path / "src" / "gateway").mkdir(parents=True)
    made = Bench(tmp_path, Player({})).cell()
    scenarios = Artefact("s", tmp_path, cached=True, go_minor=26)
    return replace(
        made,
        pair=msgspec.structs.replace(made.pair, vary=Vary.DAEMON),
        tests=replace(made.tests, commit=FRONTEND),
        scenarios=scenarios,
    )


def test_each_leg_has_that_of_its_own_daemon(cell: Cell, tmp_path: Path) -> None:
    backend = Compiling({})
    found = gateways(cell, backend, ignore)
    assert {leg: it.key for leg, it in found.items()} == {
        Leg.CONTROL: FRONTEND.sha,
        Leg.CANDIDATE: SUITE.sha,
    }
    assert set(backend.sources) == {tmp_path / "src" / "gateway"}


def test_legs_of_one_daemon_have_the_same(cell: Cell) -> None:
    pair = msgspec.structs.replace(cell.pair, vary=Vary.FRONTEND)
    found = gateways(replace(cell, pair=pair), Compiling({}), ignore)
    assert {it.key for it in found.values()} == {SUITE.sha}


def test_there_is_none_without_sources_scenarios_or_a_compiler(cell: Cell, tmp_path: Path) -> None:
    assert gateways(cell, Player({}), ignore) == {}
    assert gateways(replace(cell, scenarios=None), Compiling({}), ignore) == {}
    (tmp_path / "src" / "gateway").rmdir()
    assert gateways(cell, Compiling({}), ignore) == {}


def test_a_daemon_that_was_published_has_no_tree(cell: Cell) -> None:
    image = Published(digest=f"sha256:{0:064x}", platform="linux/amd64", side=Side.SUITE)
    commit = msgspec.structs.replace(SUITE, image=image)
    published = replace(cell, suite=replace(cell.suite, commit=commit))
    assert set(gateways(published, Compiling({}), ignore)) == {Leg.CONTROL}
