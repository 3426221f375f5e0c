"""Runs and removals on one cache at once: nobody ever sees half an artefact."""

from __future__ import annotations

import os
import random
import signal
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from harness.gc import Cache, Fate, carry_out, choose, sweep
from harness.store import Store
from tests.support.watched_processes import PATIENCE, eventually

pytestmark = pytest.mark.integration

spawn = get_context("spawn")

SECONDS = 4.0
KEYS = tuple("abcdefgh")
FILES = 30


USERS, REMOVERS = 3, 2


def _together(root: Path) -> None:
    """Wait until all processes are there: they come up one after the other."""
    (root / f"here-{os.getpid()}").touch()
    assert eventually(lambda: len([*root.glob("here-*")]) == USERS + REMOVERS)


def _make(folder: Path) -> None:
    for number in range(FILES):
        (folder / f"{number}").write_text(folder.parent.name, "utf-8")


def _use(root: Path) -> tuple[int, int, list[str]]:
    """Be one short run after the other; return how often artefacts were made, found, and broken."""
    made, found, broken = 0, 0, []
    _together(root)
    ends = time.monotonic() + SECONDS
    # A busy machine lets less be done in that time.
    while time.monotonic() < ends or made <= len(KEYS) or not found:
        store = Store(root)
        # By keys of its own choice, so that there are moments in which nobody uses one.
        for key in random.sample(KEYS, 2):
            published = store.publish("suite", key, _make)
            made, found = made + (not published.cached), found + published.cached
            for _ in range(2):
                names = sorted(path.name for path in published.path.iterdir())
                texts = {path.read_text("utf-8") for path in published.path.iterdir()}
                if len(names) != FILES or texts != {f"suite-{key}"}:
                    broken.append(f"{key}: {len(names)} files: {texts}")
        with store.scratch() as scratch:
            _make(scratch)
        del store
        time.sleep(0.005)
    (root / f"done-{os.getpid()}").touch()
    return made, found, broken


def _collect(root: Path) -> tuple[int, list[str]]:
    """Remove everything that can be, again and again; return how much, and what failed."""
    removed, failed = 0, []
    _together(root)
    while len([*root.glob("done-*")]) < USERS:
        sweep(root)
        chosen = choose(Cache(root).items(), now=time.time(), older_than=0)
        for outcome in carry_out(chosen, dry_run=False):
            removed += outcome.fate is Fate.REMOVED
            failed += [outcome.why] if outcome.fate is Fate.FAILED else []
    return removed, failed


def test_runs_and_two_removals_at_once_never_break_an_artefact(tmp_path: Path) -> None:
    with spawn.Pool(USERS + REMOVERS) as pool:
        using = pool.map_async(_use, [tmp_path] * USERS, chunksize=1)
        collecting = pool.map_async(_collect, [tmp_path] * REMOVERS, chunksize=1)
        used, collected = using.get(5 * PATIENCE), collecting.get(5 * PATIENCE)
    assert [broken for *_, broken in used] == [[]] * USERS
    assert [failed for _, failed in collected] == [[]] * REMOVERS
    # They did meet: artefacts were made again after they had gone, and were shared too.
    assert sum(made for made, *_ in used) > 2 * len(KEYS)
    assert sum(found for _, found, _ in used) > 0
    assert sum(removed for removed, _ in collected) > 2 * len(KEYS)
    sweep(tmp_path)
    assert [*(tmp_path / "tmp").iterdir()] == []


def _hold(root: Path) -> None:
    store = Store(root)
    store.publish("suite", "k1", _make)
    with store.scratch() as scratch:
        _make(scratch)
        (root / "inside").touch()
        time.sleep(600)


def test_what_a_killed_process_used_is_used_no_more(tmp_path: Path) -> None:
    victim = spawn.Process(target=_hold, args=(tmp_path,))
    victim.start()
    assert eventually((tmp_path / "inside").exists)

    def fates() -> list[tuple[str, Fate]]:
        chosen = choose(Cache(tmp_path).items(), now=time.time(), older_than=0)
        done = carry_out(chosen, dry_run=False)
        return [(one.item.name.split("-")[0], one.fate) for one in done]

    assert fates() == [("suite/k1", Fate.IN_USE)]
    os.kill(victim.pid or 0, signal.SIGKILL)
    victim.join(PATIENCE)
    assert fates() == [("suite/k1", Fate.REMOVED), ("tmp/scratch", Fate.REMOVED)]
    assert [*(tmp_path / "tmp").iterdir()] == []
