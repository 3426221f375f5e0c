"""What may pass is tried again, a bounded number of times; what will not pass is not."""

from __future__ import annotations

import pytest

from harness.engine import retry
from harness.engine.registry_errors import DENIED, LIMITED, Cause, ImageRefused
from harness.engine.retry import ATTEMPTS, persist
from harness.errors import Interrupted
from harness.tools.crew import Crew
from harness.tools.stop import pause


class Registry:
    """Refuses a number of times."""

    def __init__(self, times: int, cause: Cause = LIMITED, said: str = "toomanyrequests") -> None:
        self.asked = 0
        self._times = times
        self._cause = cause
        self._said = said

    def pull(self) -> str:
        self.asked += 1
        if self.asked <= self._times:
            raise ImageRefused("pull", "h.test/a:b", self._cause, self._said)
        return "done"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr(retry, "pause", made.append)
    return made


def test_what_passes_is_tried_again_with_growing_pauses_and_each_is_told(
    pauses: list[float],
) -> None:
    told: list[str] = []
    registry = Registry(3)
    assert persist(registry.pull, told.append) == "done"
    assert registry.asked == 4
    for doubled, seconds in zip((1, 2, 4), pauses, strict=True):
        assert doubled <= seconds <= doubled + 1
    assert told == [
        f"pull h.test/a:b: h.test limits the rate of requests; "
        f"attempt {number} of {ATTEMPTS} in {seconds:.1f} s"
        for number, seconds in enumerate(pauses, start=2)
    ]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("retry-after: 30, allowed: 44000/minute", 30.0),
        ("Retry-After: 12.5s", 12.5),
        ("retry-after: 1m", 60.0),
        ("retry-after: 20000ms", 20.0),
    ],
)
def test_a_registry_that_says_when_to_come_back_is_waited_for(
    said: str, seconds: float, pauses: list[float]
) -> None:
    registry = Registry(1, said=f"toomanyrequests: {said}")
    assert persist(registry.pull, lambda _text: None) == "done"
    assert pauses == [pytest.approx(seconds)]


def test_a_short_while_that_a_registry_asks_for_does_not_shorten_ours(pauses: list[float]) -> None:
    registry = Registry(1, said="toomanyrequests: retry-after: 337.6µs")
    assert persist(registry.pull, lambda _text: None) == "done"
    assert pauses[0] >= 1.0


def test_a_registry_that_asks_for_hours_is_not_asked_again(pauses: list[float]) -> None:
    registry = Registry(1, said="toomanyrequests: retry-after: 21600")
    with pytest.raises(ImageRefused):
        persist(registry.pull, lambda _text: None)
    assert (registry.asked, pauses) == (1, [])


def test_an_end_comes(pauses: list[float]) -> None:
    registry = Registry(99)
    with pytest.raises(ImageRefused):
        persist(registry.pull, lambda _text: None)
    assert (registry.asked, len(pauses)) == (ATTEMPTS, ATTEMPTS - 1)


def test_a_denial_is_not_tried_again(pauses: list[float]) -> None:
    registry = Registry(1, DENIED)
    with pytest.raises(ImageRefused):
        persist(registry.pull, lambda _text: None)
    assert (registry.asked, pauses) == (1, [])


def test_a_pause_ends_when_the_work_is_stopped() -> None:
    with Crew(1, "pull") as crew:
        future = crew.start(pause, 60.0)
        crew.stop()
    with pytest.raises(Interrupted):
        future.result()
