"""Threads that work side by side on one piece of work, and stop together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from harness.tools.stop import LOOK, Stop

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Crew:
    """A few threads for one piece of work; none outlives the `with` block.

    If the block ends by an exception, programs that the threads run are killed, so that the
    end of the block is never far away.
    """

    def __init__(self, size: int, name: str) -> None:
        """Take at most `size` pieces of work at once; `name` is for people who read threads."""
        self._pool = ThreadPoolExecutor(size, name)
        self._stop = Stop()
        self._begun: list[Future[Any]] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def start(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run this in a thread of the crew."""
        context = copy_context()
        context.run(self._stop.cover)
        # Pool and context each hand on any arguments; the annotation above is what binds them.
        future: Future[_T] = self._pool.submit(context.run, work, *args, **kwargs)  # type: ignore[arg-type]
        self._begun.append(future)
        return future

    def wait(self) -> None:
        """Wait until all is done; raise the first failure at once."""
        rest: set[Future[Any]] = set(self._begun)
        while rest:
            done, rest = wait(rest, timeout=LOOK, return_when=FIRST_EXCEPTION)
            for future in [future for future in self._begun if future in done]:
                future.result()

    def stop(self) -> None:
        """Kill the programs that the threads run and let them start no more."""
        self._stop.ask()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for every thread; after an exception they are stopped first."""
        if kind is not None:
            self._stop.ask()
        self._pool.shutdown(wait=False, cancel_futures=kind is not None)
        # `wait` never counts as done what the shutdown cancelled before a thread took it.
        begun = [future for future in self._begun if not future.cancelled()]
        while wait(begun, timeout=LOOK).not_done:
            pass  # and hear of a second signal
        self._pool.shutdown()
