"""A place where any command line goes as far as it can without starting anything.

What a command asks of the rooms behind it is written down in the place of being done, so that a
test can say of every option what it changes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from msgspec.structs import replace

import harness.cli.diff as diffing
import harness.stored.gate.release as releasing
from harness import minikit
from harness.bisect.answers import FILE
from harness.bisect.found import Found, Turned
from harness.cli import (
    adopt,
    bisect,
    blame,
    doctor,
    images,
    lists,
    matrix,
    planning,
    reclassify,
    run,
    scenarios,
    selftest,
)
from harness.cli import plan as plan_command
from harness.cli.program import execute
from harness.cli.session import Session, default_runs
from harness.cli.trials import Trials
from harness.cli.umbrella import umbrella
from harness.config.datadir import Data, find_data
from harness.config.floors import NO_FLOORS
from harness.config.skiplists import Entry
from harness.config.yamlfile import Place
from harness.doctor import Check, State
from harness.errors import UsageError
from harness.history import History
from harness.images.sets import ImageSets
from harness.journal import write_run
from harness.lists.check import Checked
from harness.model import Scenario, Scenarios, Status, Verdict
from harness.model.matrix import MatrixRun, Plan, Shard
from harness.plan.asks import MatrixAsk, PairAsk, Where
from harness.plan.planning import part
from harness.plan.workspace import Workspace
from harness.reports import plantable
from harness.store import Store, default_cache
from harness.stored.adopted import Legs
from harness.stored.rejudge import reclassify as rejudge
from harness.stored.selftest import SelfTest
from harness.tools.clock import Stopwatch
from tests.support import factories, feature_runs, floors, gates, rejudged, stored_matrices
from tests.support.option_values import BISECT
from tests.support.played import MIXED, Bench, Player

PAIR = stored_matrices.plan(["v0.6.4"], ["master"], pair=True)
MANY = stored_matrices.plan(["v0.6.4", "v0.8.3"], ["master"])
OLD = "0" * 40
DAY = 86_400.0
AGES = {"one-day": 1, "ten-days": 10, "a-month": 30}
"""Of artefacts in the cache, in days."""


_ENTRY = Entry(
    place=Place("skiplists/a.yaml", 1, 1),
    test=("TestMountRWCache",),
    status=Status.SKIP,
    reason="planted",
    issue="https://example.com/1",
)


class Opened:
    """A plan of two cells or of one, whatever is asked for."""

    def __init__(self, stage: Stage, plan: Plan, asked: dict[str, Any]) -> None:
        given = ("tests", "reruns", "most_reruns", "offline")
        self.plan = replace(plan, **{name: asked[name] for name in given if name in asked})
        self.functions = frozenset({"TestCopy"})
        self.backend = SimpleNamespace(find=lambda *_: SimpleNamespace(cached=False))
        git = SimpleNamespace(
            path=Path("/a"), merge_base=lambda *_: OLD, is_ancestor=lambda *_: True
        )
        self.workspace = SimpleNamespace(
            patches=(),
            lines=SimpleNamespace(lines=()),
            repository=SimpleNamespace(git=git),
            channel=lambda *_: None,
            commit=lambda ref: ref,
            request=lambda *_: None,
            functions_of=lambda _: {"TestMountRWCache"},
        )
        self._stage = stage
        self.left_out = frozenset[str]()

    def controls(self, _settings: object) -> dict[str, object]:
        return {}

    def pair(self, ask: PairAsk, *_: object) -> Opened:
        return self._stage.opened(PAIR, ask)

    def part(self, tests: dict[str, tuple[str, ...]]) -> Opened:
        return Opened(self._stage, part(self.plan, tests, data="d"), {})

    def cell(self, _planned: object, *, seed: bool) -> SimpleNamespace:
        assert not seed
        return SimpleNamespace(patches=(), entries=(_ENTRY,))

    def raw(self) -> Opened:
        return self


class Stage:
    """Runs command lines and returns what each asked for, printed and wrote."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        own = {name: folder / name for name in ("tmp", "ran", "learnt")}
        self.places = {**own, **_stored(folder / "there")}
        self._seen: list[str] = []
        self._sessions = 0
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/none.sock")
        self._fake_runs(monkeypatch.setattr)
        self._fake_searches(monkeypatch.setattr)
        self._fake_upkeep(monkeypatch.setattr)
        self._bases: dict[str, str] = {}
        self(f"{BISECT} --out {{learnt}}")
        self("blame {red} --out {learnt}")

    def base(self, line: str) -> str:
        """Run a command line the first time that it is asked for."""
        if line not in self._bases:
            self._bases[line] = self(line)
        return self._bases[line]

    def __call__(self, line: str) -> str:
        """Run the words of a command line, which may name places, and return what it did."""
        new = self.places["tmp"]
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        shutil.rmtree(default_runs(), ignore_errors=True)  # a line finds none of another's
        self._seen, self._sessions = [], 0
        words = line.format(**self.places).split(" ")
        if words[0] == "gc":
            _fill(default_cache())
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = execute("compat", lambda _: umbrella, words)
        wrote = (it.relative_to(new) for it in sorted(new.rglob("*")) if it.is_file())
        ends = [f"sessions: {self._sessions}", f"code: {code}", *(f"wrote: {it}" for it in wrote)]
        return "\n".join(
            [*self._seen, *ends, f"printed: {out.getvalue()}", f"said: {err.getvalue()}"]
        )

    def opened(self, plan: Plan, ask: PairAsk | MatrixAsk | Where) -> Opened:
        self._saw("asked", ask)
        return Opened(self, plan, vars(ask))

    def _saw(self, what: str, found: object) -> None:
        self._seen.append(f"{what}: {found}")

    def _opens(self, plan: Plan) -> Callable[..., Opened]:
        def opens(ask: PairAsk | MatrixAsk | Where, data: Data, store: Store, *_: object) -> Opened:
            self._saw("data", data.root)
            self._saw("store", store.root)
            return self.opened(plan, ask)

        return opens

    def _takes(
        self, plan: Plan, where: Where, data: Data, store: Store, *_: object, **_how: object
    ) -> Opened:
        self._saw("took the plan", plan.matrix)
        return self._opens(plan)(where, data, store)

    def _runs(self, session: Session) -> tuple[MatrixRun, Path]:
        self._sessions += 1
        for name in (
            "settings",
            "runs",
            "history",
            "limits",
            "taken_up",
            "fail_fast",
            "executor",
            "reuse",
        ):
            self._saw(name, getattr(session, name))
        self._saw("command", " ".join(session.command))
        self._saw("cells", " ".join(cell.id for cell in session.mine))
        done = factories.regressed_run() if session.plan.pair else factories.compatible_run()
        found = {cell.id: done for cell in session.plan.cells}
        return stored_matrices.store(self.places["ran"], session.plan, found)[::-1]

    def _fake_runs(self, put: Callable[..., None]) -> None:
        for room in (run, bisect, blame):
            put(room, "open_pair", self._opens(PAIR))
        for room in (run, matrix):
            put(room, "open_plan", self._takes)
        put(planning, "open_matrix", self._opens(MANY))
        put(planning, "expected_by", lambda file: self._saw("expected by", file))
        put(Session, "run", lambda session: self._runs(session))  # noqa: PLW0108 - a method
        put(Session, "run_unrecorded", lambda session: self._runs(session))  # noqa: PLW0108 - a method
        put(
            selftest,
            "evaluate",
            lambda *_, interrupted: SelfTest(cases=(), interrupted=interrupted),
        )
        put(minikit, "materialise", lambda *_: "/the/minikit")
        put(plan_command, "Limits", lambda jobs: self._saw("limits", f"jobs={jobs}"))
        put(
            plantable,
            "render",
            lambda _plan, parts, *_: f"parts: {len(parts or ())}\n",
        )
        nothing = Scenario(**dict.fromkeys(Scenario.__struct_fields__, ""))
        rows = (replace(nothing, test="TestScenarioChmod"),)
        put(scenarios, "make", lambda *_: (Path("/a"), Scenarios(key="", rows=rows)))

    def _searches(self, trials: Trials, test: str, old: str, *_: object, **how: object) -> Found:
        self._saw("older end", old)
        self._saw("how", how)
        self._saw("axis", trials.axis)
        self._saw("learnt before", (trials.folder(test) / FILE).is_file())
        answer = trials.test(test, [OLD], end=False)
        return Found(
            turned=Turned.BROKE,
            suspects=(),
            merge="",
            old=answer,
            new=answer,
            commits=1,
            line=1,
            candidates=1,
            runs=1,
            known=0,
        )

    def _fake_searches(self, put: Callable[..., None]) -> None:
        put(bisect, "resolve", lambda _repository, name, _side: SimpleNamespace(sha=name))
        put(bisect, "check_path", lambda *_: None)
        for room in (bisect, blame):
            put(room, "stories_of", lambda *_: {})
        put(blame._Site, "ends", lambda *_: (OLD, OLD))
        put(Trials, "search", lambda *given, **more: self._searches(*given, **more))  # noqa: PLW0108 - a method
        put(Stopwatch, "seconds", 5.0)

    def _finds(self, where: str, *_: object, cache: Path, fetch: bool, **__: object) -> NoReturn:
        self._saw("found", f"{where} in {cache}, fetch={fetch}")
        raise UsageError("there is no repository here")

    def _fake_upkeep(self, put: Callable[..., None]) -> None:
        for room in (reclassify, diffing, releasing):
            put(room, "find", self._finds)
        put(
            diffing,
            "at_hand",
            lambda where, *, cache: self._saw("found", f"{where} in {cache}"),
        )

        def judges(folder: Path, known: Any) -> object:  # noqa: ANN401 - Lists
            self._saw("entries", len(known.entries))
            with pytest.raises(UsageError):
                known.open()
            return rejudge(folder, known)

        def opens(
            data: Data, store: Store, where: Where, *_: object
        ) -> tuple[SimpleNamespace, None]:
            self._opens(MANY)(where, data, store)
            return SimpleNamespace(entries=(), floors=NO_FLOORS, repository=None), None

        def adopts(legs: Legs, _lists: object, out: Path) -> MatrixRun:
            self._saw("legs", legs)
            self._saw("out", out)
            return stored_matrices.store(out, MANY, {})[1]

        def image_sets(data: Data, store: Store) -> object:
            self._opens(MANY)(Where(""), data, store)
            return ImageSets(data, store)

        def seeds(_sets: object, name: str) -> SimpleNamespace:
            self._saw("seeded", name)
            return SimpleNamespace(cached=True, path="")

        put(reclassify, "judge", judges)
        put(adopt, "adopted_pair", lambda ask, *_: self._saw("asked", ask))
        put(adopt, "make", adopts)
        put(Workspace, "open", opens)
        put(
            lists,
            "checked",
            lambda _: Checked(commits=0, patches=(), entries=0, names=0, floors=0, wrong=()),
        )
        put(images, "ImageSets", image_sets)
        put(ImageSets, "seed", seeds)
        put(doctor, "examine", self._looks)

    def _looks(self, cache: Path, _backends: object) -> list[Check]:
        self._saw("looked at", cache)
        return [Check("git", State.OK, "there")]


def _fill(cache: Path) -> None:
    """Put artefacts of several ages into the cache."""
    for name, days in AGES.items():
        path = Store(cache).publish("suite", name, _write).path
        used = datetime.now(UTC).timestamp() - days * DAY
        os.utime(path, (used, used))


def _write(folder: Path) -> None:
    (folder / "file").write_bytes(b"x" * 700_000)


def _stored(folder: Path) -> dict[str, Path]:
    """Store what command lines may name: runs, a history, a folder of data."""
    places = {
        name: folder / name
        for name in ("red", "green", "aged", "cut", "shards", "varied", "features", "data")
    }
    red, green = (it.id for it in MANY.cells)
    both = {red: factories.regressed_run(), green: factories.compatible_run()}
    stored_matrices.store(places["red"], MANY, both)
    stored_matrices.store(places["shards"] / "one", MANY, both, shard=Shard(index=1, total=1))
    good = gates.run_of(gates.PAIR, gates.judged("TestFoo", Verdict.COMPATIBLE))
    for name, age in (("green", 0.0), ("aged", 2 * DAY)):
        began = datetime.fromtimestamp(datetime.now(UTC).timestamp() - age, UTC)
        places[name].mkdir(parents=True)
        write_run(places[name], replace(good, started=began.isoformat(), id=name))
    (only,) = PAIR.cells
    cut = replace(factories.regressed_run(), interrupted=True, exit_code=130)
    stored_matrices.store(
        places["cut"], PAIR, {only.id: cut}, command=("compat-run", "d", "f"), interrupted=True
    )
    places["varied"].mkdir()
    of = floors.varied(gates.PAIR, None)
    write_run(places["varied"], replace(good, pair=of, id="varied"))
    feature_runs.matrix().store(places["features"])
    places["history"] = folder / "history.sqlite"
    places["played"] = rejudged.stored(Bench(folder / "bench", Player(dict(MIXED))))
    with History.open(places["history"], create=True) as history:
        for name in ("red", "played"):
            history.record(places[name])
    _data(places["data"])
    return places


def _data(folder: Path) -> None:
    """Make a folder of data of our own, with no entries and with a policy and a floor."""
    shutil.copytree(find_data(None, {}).lines_file.parent, folder / "matrices")
    for name in ("patches", "skiplists/floors"):
        (folder / name).mkdir(parents=True)
    (folder / "matrices" / "mine.yaml").write_text(
        "description: d\ninclude: [{daemon: v0.6.4, frontend: master}]\npolicy: {max_age: 365d}\n"
    )
    (folder / "skiplists" / "floors" / "v0.6.yaml").write_text(
        "floors:\n  - {test: TestOfMine, since: v0.6}\n"
    )
