"""Has others do the tasks of a matrix run: what a thread does here is to wait for them.

What came of a cell lies in the folder of the matrix run afterwards as if it had run here, and the
one thread that decides writes it into the ledger, which is all that is believed.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.backends.base import Artefact, BuildRequest
from harness.cluster.local import started
from harness.cluster.places import Executor, of_build, of_cell, pairs
from harness.cluster.scheduler import Cluster, connected
from harness.cluster.wire import Answer, Damaged, Kin, Work, kin
from harness.errors import CompatError, ExitCode, InfrastructureError, Interrupted, UsageError
from harness.journal import cell_run
from harness.journal.packing import pack, unpack
from harness.matrix.ledger import cell_path, failed, stopped
from harness.matrix.work import MatrixJob, TaskResult, Worker, unexpected
from harness.model import Side
from harness.model.matrix import CellResult, CellState, PlannedCell
from harness.plan.cell import Built
from harness.plan.opening import Opened
from harness.plan.queue import PAIR, Limits
from harness.plan.tasks import BUILD_MEMORY
from harness.store import Store
from harness.tools import machine
from harness.tools.clock import Stopwatch, now
from harness.tools.disks import disk_errors

_CLASSES: dict[int, type[CompatError]] = {
    ExitCode.USAGE: UsageError,
    ExitCode.INTERRUPTED: Interrupted,
}


@dataclass(frozen=True)
class Remote:
    """Has a cluster do tasks; its methods may be called from any thread."""

    here: Worker
    """Who would do them on this machine; what is no task is done by it."""
    cluster: Cluster
    opened: Opened
    kin: Kin
    options: Mapping[str, str | int | bool]
    """Of `compat matrix`, for the workers."""
    shared: bool
    """Whether all have one cache: then what one builds the others find, controls too."""
    near: bool = False
    """Whether all are on this machine: then what it lacks they lack."""

    def lacks(self, planned: PlannedCell, /) -> bool:
        """Return whether a cell is left out; a worker elsewhere sees for itself what it lacks."""
        return self.near and self.here.lacks(planned)

    def build(self, name: str, side: Side, request: BuildRequest, /) -> TaskResult:
        """Have something built; where caches are apart, who needs it builds it."""
        planned = next(build for build in self.here.plan.builds if build.id == name)
        if not self.shared:
            return Artefact(planned.key, Path(), cached=True, go_minor=0)
        if self.here.job.backend.find(side, request).cached:
            return self.here.build(name, side, request)
        cell = next(it for it in self.here.plan.cells if name in it.needs)
        needs = of_build(memory=BUILD_MEMORY, backend=cell.pair.backend)
        try:
            return self.cluster.perform(self._work(name, cell, planned.key), needs, self._artefact)
        except CompatError as error:
            return error
        except Exception as fault:  # noqa: BLE001 - one build of many, see unexpected
            return unexpected(fault)

    def run(self, planned: PlannedCell, built: Built, /) -> TaskResult:
        """Have a cell run, whatever comes of it."""
        started, watch = now(), Stopwatch()
        needs = of_cell(
            legs=1 if self.control_is_stored(planned, built) else PAIR,
            memory=planned.memory,
            backend=planned.pair.backend,
            engine=bool(planned.pair.engine),
        )
        try:
            work = self._work(planned.id, planned)
            return self.cluster.perform(work, needs, lambda came: self._row(planned, came))
        except Interrupted:
            return stopped(planned.id, started, watch.seconds)
        except CompatError as error:
            return self.here.not_run(planned, error, started, watch.seconds)
        except Exception as fault:  # noqa: BLE001 - one cell of many, see unexpected
            return failed(planned.id, unexpected(fault), started, watch.seconds)

    def control_is_stored(self, planned: PlannedCell, built: Built, /) -> bool:
        """Return whether a cell would find its control, as far as is known here."""
        return self.shared and self.here.control_is_stored(planned, built)

    def _work(self, task: str, cell: PlannedCell, key: str = "") -> Work:
        earlier = b""
        if not key and task in self.here.job.earlier:
            earlier = pack(self.here.folder_of(cell).path)
        return Work(
            kin=self.kin,
            task=task,
            key=key,
            plan=self.opened.part({cell.id: ()}).plan,
            options=dict(self.options),
            command=self.here.job.command(cell),
            earlier=earlier,
        )

    def _artefact(self, came: Answer) -> Artefact:
        self._told(came)
        return Artefact(came.key, Path(came.path), cached=came.cached, go_minor=came.go_minor)

    def _row(self, planned: PlannedCell, came: Answer) -> CellResult:
        """Take in a cell's row and its run folder, checked as a shard's is when it is merged."""
        self._told(came)
        row = came.row
        if row is None or row.id != planned.id:
            raise Damaged("it is of another cell")
        if not came.folder:
            return row
        inside = cell_path(self.here.plan, planned.id)
        incoming = self.here.folder / f".{planned.id}.{secrets.token_hex(4)}"
        try:
            unpack(came.folder, incoming / inside)
            if row.run != inside:
                raise Damaged(f"it lies in {row.run!r}")
            run = cell_run(incoming, row, planned.pair)
            folder = self.here.folder_of(planned).path
            with disk_errors(folder):
                shutil.rmtree(folder, ignore_errors=True)
                folder.parent.mkdir(exist_ok=True)
                (incoming / inside).rename(folder)
        except UsageError as error:
            raise Damaged(str(error)) from error
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        if row.state is CellState.DONE:
            self.here.keep(planned, run)
        return row

    def _told(self, came: Answer) -> None:
        for text in came.warnings:
            self.here.warn(text)
        if came.error:
            kind = _CLASSES.get(came.exit_code, InfrastructureError)
            error = kind(came.error, hint=came.hint)
            error.lacks = came.lacks
            raise error


@contextmanager
def hired(
    executor: Executor,
    opened: Opened,
    store: Store,
    options: Mapping[str, str | int | bool],
) -> Iterator[Callable[[MatrixJob], MatrixJob]]:
    """Connect to who carries out tasks; return what makes their job of one for this machine.

    Raises what `started` and `connected` raise.
    """
    with ExitStack() as stack:
        address = executor.address
        if not address:
            # What they need together is seen to by the queue, as all share this machine.
            address = stack.enter_context(started(executor.workers, machine.memory()))
        cluster = stack.enter_context(connected(address, executor.workers or 1))
        with store.scratch() as folder:
            (folder / "token").touch()
            token = str((folder / "token").relative_to(store.root))
            shared = cluster.see(str(options.get("cache", "")), token)

        def employ(job: MatrixJob) -> MatrixJob:
            if executor.address:
                limits = Limits(executor.jobs or pairs(cluster.workers().values()))
                parallel = int(options.get("parallel", 0)) or cluster.parallel()
                job = replace(job, limits=limits, settings=replace(job.settings, parallel=parallel))
            told = {**options, "parallel": job.settings.parallel}
            near = not executor.address
            return replace(
                job, hands=lambda here: Remote(here, cluster, opened, kin(), told, shared, near)
            )

        yield employ
