"""The child of a Dask worker: one build, or one cell, of a matrix that somebody else runs.

`python -m harness.cli.task FOLDER` reads what is asked from the folder and leaves an answer there;
it exits with 0 whatever came of the task, as a failure is an answer too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.cli.declared import execution
from harness.cli.interruption import interruptible
from harness.cli.matrix import open_session
from harness.cli.options import parsed
from harness.cluster.wire import ANSWER, WORK, Answer, Work, failure, kin, seal
from harness.errors import CompatError, Interrupted
from harness.events import ignore
from harness.journal import RUN_FILE, read_run
from harness.journal.packing import pack, unpack
from harness.matrix.ledger import Ledger, cell_path
from harness.matrix.running import run_matrix
from harness.matrix.work import MatrixJob, Worker, unexpected
from harness.model import Run
from harness.plan.cell import Cell
from harness.plan.tasks import requests
from harness.tools.clock import now
from harness.tools.signals import begin_afresh

if TYPE_CHECKING:
    from harness.cli.session import Session

_PATHS = frozenset({"cache", "data", "history"})


def main(folder: Path) -> None:
    """Do the task of which a folder says what it is, and leave what came of it there."""
    work = msgspec.msgpack.decode((folder / WORK).read_bytes(), type=Work)
    try:
        answer = perform(work, folder)
    except CompatError as error:
        answer = failure(error)
    except KeyboardInterrupt:
        answer = failure(Interrupted("stopped before it began to run"))
    except Exception as fault:  # noqa: BLE001 - told as a failure of the task, with where it arose
        answer = failure(unexpected(fault))
    unfinished = folder / f".{ANSWER}"
    unfinished.write_bytes(seal(answer))
    unfinished.rename(folder / ANSWER)


def perform(work: Work, folder: Path) -> Answer:
    """Do a task. Raises what opening its plan raises, as on any machine that is given a part."""
    if other := work.kin.other(kin()):
        return Answer(refusal=other)
    plan = folder / "plan.json"
    plan.write_bytes(msgspec.json.encode(work.plan))
    options: dict[str, Any] = {**parsed(execution.matrix, []), **_options(work.options)}
    options |= {"plan": plan, "resume": None, "out": folder / "runs"}
    session = open_session(None, options, runs=True)  # type: ignore[arg-type]
    with interruptible():
        if work.key:
            return _build(work, session, folder)
        return _cell(work, session, folder / "run")


def _options(given: Mapping[str, str | int | bool]) -> dict[str, object]:
    return {name: Path(str(it)) if name in _PATHS else it for name, it in given.items()}


def _build(work: Work, session: Session, folder: Path) -> Answer:
    cells = {cell.id: session.opened.cell(cell, seed=False) for cell in session.mine}
    (build,) = (build for build in session.plan.builds if build.key == work.key)
    job = _job(work, session, cells, {})
    warnings: list[str] = []
    worker = Worker(job, session.plan, folder, ignore, warnings.append)
    came = worker.build(build.id, build.side, requests(session.mine, cells)[build.id])
    if isinstance(came, CompatError):
        if build.commit.image and not came.lacks:  # it could not be pulled when the plan was opened
            came.lacks = next(filter(None, (cell.limited for cell in cells.values())), "")
        return msgspec.structs.replace(failure(came), warnings=tuple(warnings))
    return Answer(
        key=came.key,
        path=str(came.path),
        cached=came.cached,
        go_minor=came.go_minor,
        warnings=tuple(warnings),
    )


def _cell(work: Work, session: Session, folder: Path) -> Answer:
    """Run a cell, after what it needs was found, or built if this machine lacks it."""
    folder.mkdir()
    ledger = Ledger(
        folder=folder,
        plan=session.plan,
        shard=None,
        mine=session.mine,
        host=session.host(),
        started=now(),
    )
    own = folder / cell_path(session.plan, work.task)
    earlier: dict[str, Run] = {}
    if work.earlier:
        unpack(work.earlier, own)
        earlier[work.task] = read_run(own / RUN_FILE)
    cells = {cell.id: session.opened.cell(cell) for cell in session.mine}
    ledger.begin()
    run_matrix(_job(work, session, cells, earlier), ledger, ignore)
    row = ledger.rows.get(work.task)
    if row is None:
        raise Interrupted("stopped before it began to run")
    return Answer(row=row, folder=pack(own) if row.run else b"", warnings=tuple(ledger.warnings))


def _job(
    work: Work, session: Session, cells: Mapping[str, Cell], earlier: Mapping[str, Run]
) -> MatrixJob:
    return MatrixJob(
        cells=cells,
        settings=session.settings,
        backend=session.opened.backend,
        store=session.store,
        limits=session.limits,
        command=lambda _planned: work.command,
        history=session.history,
        earlier=earlier,
    )


if __name__ == "__main__":
    begin_afresh()
    main(Path(sys.argv[1]))
