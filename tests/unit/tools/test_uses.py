"""Who uses a name keeps it from those who want it to themselves, and the other way round."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest

from harness.errors import InfrastructureError, Interrupted
from harness.tools import uses
from harness.tools.crew import Crew
from harness.tools.uses import Uses


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "uses"


def _free(file: Path, name: str) -> bool:
    with Uses(file).alone(name) as mine:
        return mine


def test_a_name_that_anybody_uses_is_had_alone_by_nobody(file: Path) -> None:
    first, second = Uses(file), Uses(file)
    for user in (first, second, second):
        user.take("suite-k1")
    assert not _free(file, "suite-k1")
    assert _free(file, "suite-k2")
    with second.alone("suite-k1") as mine:
        assert not mine
    del first, user
    gc.collect()
    assert not _free(file, "suite-k1")
    del second
    gc.collect()
    assert _free(file, "suite-k1")


def test_who_uses_a_name_does_not_have_it_alone_himself(file: Path) -> None:
    only = Uses(file)
    only.take("suite-k1")
    with only.alone("suite-k1") as mine:
        assert not mine
    assert not _free(file, "suite-k1")


def test_a_name_can_be_taken_once_nobody_has_it_alone(file: Path) -> None:
    user, remover = Uses(file), Uses(file)
    removed = threading.Event()
    order = []

    def take() -> None:
        user.take("suite-k1")
        order.append("taken")

    with Crew(1, "test") as crew:
        with remover.alone("suite-k1") as mine:
            assert mine
            assert not _free(file, "suite-k1")
            taking = crew.start(take)
            assert not removed.wait(0.05)
            order.append("removed")
        taking.result(60)
    assert order == ["removed", "taken"]
    assert not _free(file, "suite-k1")


def test_waiting_has_an_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "_PATIENCE", 0.05)
    remover = Uses(file)
    with (
        remover.alone("suite-k1"),
        pytest.raises(InfrastructureError, match=r"removing suite-k1 for over 0\.05 s"),
    ):
        Uses(file).take("suite-k1")


def test_waiting_can_be_interrupted(file: Path) -> None:
    user, remover = Uses(file), Uses(file)
    with remover.alone("suite-k1"):
        with Crew(1, "test") as crew:
            waiting = crew.start(user.take, "suite-k1")
            crew.stop()
        assert isinstance(waiting.exception(), Interrupted)
    assert _free(file, "suite-k1")
