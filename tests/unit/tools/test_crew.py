"""Threads that work side by side, and end together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from harness.errors import BuildError, Interrupted
from harness.tools.crew import Crew
from harness.tools.stop import check_stop, stop_asked, unless_stopped
from tests.support.watched_processes import eventually

PATIENCE = 60.0


def work_until_stopped() -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        check_stop("working")
        time.sleep(0.001)
    return "nobody stopped me"


def fail(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_work_is_done_side_by_side_and_gives_its_results() -> None:
    meeting = threading.Barrier(2, timeout=PATIENCE)

    def meet(name: str, *, loud: bool = False) -> str:
        meeting.wait()
        return name.upper() if loud else name

    with Crew(2, "test") as crew:
        one, two = crew.start(meet, "one"), crew.start(meet, "two", loud=True)
        crew.wait()
    assert (one.result(), two.result()) == ("one", "TWO")


def test_a_failure_is_raised_at_once_and_stops_the_others() -> None:
    begun: list[Future[str]] = []

    def build() -> None:
        with Crew(2, "test") as crew:
            begun.append(crew.start(work_until_stopped))
            assert eventually(begun[0].running)  # else it is cancelled
            crew.start(fail(BuildError("does not build")))
            crew.wait()

    with pytest.raises(BuildError, match="does not build"):
        build()
    assert isinstance(begun[0].exception(), Interrupted)


def test_the_failure_is_raised_and_not_what_it_caused() -> None:
    # The stopped work is the first of the crew, and its end is an error too.
    def build() -> None:
        with Crew(3, "test") as crew:
            crew.start(work_until_stopped)
            crew.start(fail(BuildError("first")))
            crew.start(work_until_stopped)
            crew.wait()

    for _ in range(20):
        with pytest.raises(BuildError):
            build()


def test_an_exception_of_the_block_stops_the_work_and_what_has_not_begun() -> None:
    begun: list[Future[str]] = []

    def be_interrupted() -> None:
        with Crew(1, "test") as crew:
            begun.append(crew.start(work_until_stopped))
            assert eventually(begun[0].running)  # else it is cancelled too
            begun.append(crew.start(str, "late"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    assert isinstance(begun[0].exception(), Interrupted)
    assert begun[1].cancelled()


def test_the_block_ends_when_all_work_has_ended() -> None:
    done = []

    def slow() -> None:
        time.sleep(0.05)
        done.append(1)

    with Crew(1, "test") as crew:
        crew.start(slow)
    assert done == [1]


def test_a_stop_is_heard_by_inner_crews_and_by_nobody_else() -> None:
    inside = threading.Event()

    def inner() -> bool:
        with Crew(1, "inner") as crew:
            work = crew.start(work_until_stopped)
            inside.set()
        return isinstance(work.exception(), Interrupted)

    with Crew(2, "outer") as outer, Crew(1, "neighbour") as neighbour:
        stopped = outer.start(inner)
        assert inside.wait(PATIENCE)
        outer.stop()
        assert stopped.result(PATIENCE)
        assert not neighbour.start(stop_asked).result(PATIENCE)
    assert not stop_asked()


def test_an_inner_stop_is_not_heard_outside() -> None:
    def inner() -> bool:
        with Crew(1, "inner") as crew:
            crew.stop()
            assert crew.start(stop_asked).result(PATIENCE)
        return stop_asked()

    with Crew(1, "outer") as outer:
        assert not outer.start(inner).result(PATIENCE)


def test_what_follows_a_stopped_crew_is_not_stopped() -> None:
    with Crew(1, "first") as first:
        first.stop()
    with Crew(1, "second") as second:
        assert not second.start(stop_asked).result(PATIENCE)
    check_stop("anything")


def test_what_cannot_be_interrupted_is_left_alone_at_a_stop() -> None:
    stuck, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        stuck.wait(PATIENCE)

    with Crew(1, "test") as crew:
        future = crew.start(unless_stopped, work, "asking the engine")
        assert begun.wait(PATIENCE)
        crew.stop()
    with pytest.raises(Interrupted, match="asking the engine"):
        future.result()
    stuck.set()


def test_without_a_stop_it_is_done_and_its_error_is_the_caller_s() -> None:
    assert unless_stopped(lambda: 7, "x") == 7
    with Crew(1, "test") as crew:
        assert crew.start(unless_stopped, lambda: 7, "x").result() == 7
        for error in (TimeoutError("its own"), BuildError("no")):
            with pytest.raises(type(error), match=str(error)):
                crew.start(unless_stopped, fail(error), "x").result()
