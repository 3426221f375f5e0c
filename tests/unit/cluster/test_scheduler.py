"""Tasks with a scheduler that is played: what is asked again, what is told, what is given up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from distributed.scheduler import KilledWorker

from harness.cluster import errand, scheduler
from harness.cluster.scheduler import Cluster
from harness.cluster.wire import Answer, Damaged, Work, kin, seal
from harness.errors import InfrastructureError, Interrupted
from harness.tools.crew import Crew
from tests.support import stored_matrices

NEEDS = {"cores": 2.0}
HAS = {"cores": 2.0}
DONE = Answer(key="k")


class Played:
    """A client of Dask whose workers answer what a test wrote down, one for each submission."""

    def __init__(self, *answers: bytes | Exception | None, **workers: dict[str, float]) -> None:
        self.status = "running"
        self.answers = list(answers)
        self.workers = workers or {"one": HAS}
        self.asked: list[list[str] | None] = []
        self.futures: list[Future[bytes]] = []
        self.has: bytes | None = None
        """What the task that runs has when it is asked to end; None if none runs."""

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        assert n_workers == -1  # else Dask names five
        return {"workers": {name: {"resources": has} for name, has in self.workers.items()}}

    def submit(
        self,
        work: object,
        asked: bytes,
        *,
        key: str,
        resources: dict[str, float],
        workers: list[str] | None,
        pure: bool,
    ) -> Future[bytes]:
        assert work is errand.perform
        assert key.startswith("compat a cell ")
        assert not pure
        assert msgspec.msgpack.decode(asked, type=Work).task == "a cell"
        assert resources == NEEDS
        self.asked.append(workers)
        future: Future[bytes] = Future()
        answer = self.answers.pop(0)
        if isinstance(answer, bytes):
            future.set_result(answer)
        elif answer is not None:
            future.set_exception(answer)
        self.futures.append(future)
        return future

    def run(self, work: object, key: str, *, on_error: str) -> dict[str, bool]:
        assert work is errand.stop
        assert key.startswith("compat a cell ")
        assert on_error == "ignore"
        if self.has is not None:
            self.futures[0].set_result(self.has)
        return {"one": False, "two": self.has is not None}


def perform(client: Played, take: Callable[[Answer], Answer] = lambda it: it) -> Answer:
    plan = stored_matrices.plan()
    work = Work(kin=kin(), task="a cell", plan=plan, options={})
    cluster = Cluster(client, "tcp://host:1")  # type: ignore[arg-type]
    return cluster.perform(work, NEEDS, take)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "PATIENCE", 0.05)
    monkeypatch.setattr(scheduler, "_WATCH", 0.01)
    monkeypatch.setattr(scheduler, "LOOK", 0.001)


def test_an_answer_is_taken_once() -> None:
    taken: list[Answer] = []

    def take(came: Answer) -> Answer:
        taken.append(came)
        return came

    assert perform(Played(seal(DONE)), take) == DONE
    assert taken == [DONE]


def test_a_damaged_answer_is_asked_for_again() -> None:
    client = Played(seal(DONE)[:-1], seal(DONE))
    assert perform(client) == DONE
    assert len(client.asked) == 2


def test_what_stays_damaged_is_told() -> None:
    client = Played(*[seal(DONE)[:-1]] * scheduler.TRIES)
    with pytest.raises(InfrastructureError, match="of a cell came damaged 3 times: what came back"):
        perform(client)
    assert not client.answers


def test_who_takes_an_answer_may_find_it_damaged_too() -> None:
    def take(_came: Answer) -> Answer:
        raise Damaged("it is of another cell")

    with pytest.raises(InfrastructureError, match="it is of another cell"):
        perform(Played(*[seal(DONE)] * scheduler.TRIES), take)


def test_a_worker_that_is_not_as_we_are_gets_no_task_again() -> None:
    refusal = seal(Answer(refusal="another Python (3.99, not 3.11)", worker="one"))
    client = Played(refusal, seal(DONE), one=HAS, two=HAS)
    assert perform(client) == DONE
    assert client.asked == [None, ["two"]]


def test_workers_of_which_none_is_as_we_are() -> None:
    refusal = seal(Answer(refusal="another Python (3.99, not 3.11)", worker="one"))
    with pytest.raises(InfrastructureError, match=r"one: another Python \(3\.99, not 3\.11\)"):
        perform(Played(refusal))


def test_what_nobody_has_is_named_after_a_while() -> None:
    client = Played(None, one={"cores": 1.0})
    with pytest.raises(InfrastructureError, match="no worker has cores=2, which a cell needs"):
        perform(client)
    assert client.futures[0].cancelled()


@pytest.mark.parametrize(
    ("came", "told"),
    [
        (KilledWorker("k", SimpleNamespace(address="tcp://w:2"), 3), "was tcp://w:2"),  # type: ignore[arg-type]
        (CancelledError(), "the scheduler at tcp://host:1 is gone"),
        (ModuleNotFoundError("No module named 'harness'"), "could not begin a cell: ModuleNotFou"),
    ],
)
def test_what_dask_raises_is_told(came: Exception, told: str) -> None:
    with pytest.raises(InfrastructureError, match=told) as caught:
        perform(Played(came))
    assert caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("found", "shared"),
    [
        ({"one": True, "two": True}, True),
        ({"one": True, "two": False}, False),
        ({"one": True, "two": OSError("it died")}, False),
    ],
)
def test_a_cache_is_shared_if_every_worker_sees_it(
    found: dict[str, object], *, shared: bool
) -> None:
    def run(work: object, cache: str, token: str, *, on_error: str) -> dict[str, object]:
        assert (work, cache, token, on_error) == (errand.sees, "/c", "tmp/token", "return")
        return found

    cluster = Cluster(SimpleNamespace(run=run), "tcp://host:1")  # type: ignore[arg-type]
    assert cluster.see("/c", "tmp/token") is shared


def test_tests_at_once_are_what_the_smallest_worker_has_room_for() -> None:
    client = Played(big={"cores": 16.0}, small={"cores": 4.0})
    cluster = Cluster(client, "tcp://host:1")  # type: ignore[arg-type]
    client.run = lambda *_, **__: {"big": 64, "small": 8}  # type: ignore[method-assign]
    assert cluster.parallel() == 8  # 16 for two pairs; on the other 128 for eight


def test_a_scheduler_that_is_gone_while_a_task_runs() -> None:
    client = Played(None)
    client.status = "connecting"
    with pytest.raises(InfrastructureError, match="is gone"):
        perform(client)


def stopped(client: Played) -> Future[Answer]:
    """Stop the crew that waits for a task once that was sent."""
    with Crew(1, "test") as crew:
        future = crew.start(perform, client)
        while not client.futures:
            pass
        crew.stop()
    return future


def test_a_task_that_was_begun_is_asked_to_end_and_what_it_has_is_taken() -> None:
    client = Played(None)
    client.has = seal(DONE)
    assert stopped(client).result() == DONE


def test_a_task_that_was_not_begun_never_is() -> None:
    client = Played(None)
    with pytest.raises(Interrupted):
        stopped(client).result()
    assert client.futures[0].cancelled()
