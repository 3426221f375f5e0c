"""The store under several processes at once, some of which are killed."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from harness.store import Store
from tests.support.watched_processes import PATIENCE, eventually

pytestmark = pytest.mark.integration

spawn = get_context("spawn")


def _slowly(folder: Path) -> None:
    (folder / "one").write_text(str(os.getpid()), "utf-8")
    time.sleep(0.3)
    (folder / "two").write_text(str(os.getpid()), "utf-8")


def _publish(root: Path) -> tuple[int, bool, str, str]:
    made = Store(root).publish("suite", "key", _slowly)
    one, two = ((made.path / name).read_text("utf-8") for name in ("one", "two"))
    return os.getpid(), made.cached, one, two


def _hang(root: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "half").write_text("half", "utf-8")
        (root / "inside").touch()
        time.sleep(600)

    Store(root).publish("suite", "key", make)


def test_processes_that_begin_at_once_make_one_artefact(tmp_path: Path) -> None:
    with spawn.Pool(4) as pool:
        found = pool.map(_publish, [tmp_path] * 4, chunksize=1)
    makers = {maker for maker, cached, *_ in found if not cached}
    assert len(makers) == 1
    assert {(one, two) for *_, one, two in found} == {(str(*makers), str(*makers))}
    assert [*(tmp_path / "tmp").iterdir()] == []


def test_after_kill_9_of_a_maker_the_next_one_succeeds_at_once(tmp_path: Path) -> None:
    victim = spawn.Process(target=_hang, args=(tmp_path,))
    victim.start()
    assert eventually((tmp_path / "inside").exists)
    store = Store(tmp_path, lock_timeout=300)
    assert store.find("suite", "key") is None
    os.kill(victim.pid or 0, signal.SIGKILL)
    victim.join(PATIENCE)
    begun = time.monotonic()
    made = store.publish("suite", "key", _slowly)
    assert time.monotonic() - begun < PATIENCE
    assert sorted(path.name for path in made.path.iterdir()) == ["one", "two"]
    assert [*(tmp_path / "tmp").iterdir()] == []


def test_a_process_that_waits_for_a_maker_that_is_killed_takes_over(tmp_path: Path) -> None:
    victim = spawn.Process(target=_hang, args=(tmp_path,))
    victim.start()
    assert eventually((tmp_path / "inside").exists)
    with spawn.Pool(1) as pool:
        waiting = pool.apply_async(_publish, (tmp_path,))
        time.sleep(0.5)
        assert not waiting.ready()
        os.kill(victim.pid or 0, signal.SIGKILL)
        maker, cached, one, _ = waiting.get(PATIENCE)
    victim.join(PATIENCE)
    assert (cached, one) == (False, str(maker))
