"""The run folder and its run.json: written once by a run, read by every report.

runs/
  latest -> 20261123-180607-ab12
  20261123-180607-ab12/
    run.json                      everything a report is made from (docs/run.schema.json)
    control/raw.log               the test binary's whole output
    control/tests/<name>.log      the output of one failing test
    control/daemon/<name>.log     what the daemon wrote during it
    candidate/…
    rerun-1/control/…             reruns, numbered from 1
  20261123-200000-cd34/           a matrix run
    plan.json                     what was to be run
    matrix.json                   what came of each cell
    culprits.json                 which commits broke what, once somebody has asked
    cells/<cell>/run.json …       a run folder of each
"""

from harness.journal.folder import (
    LegFolder,
    RunFolder,
    daemon_log_of_test,
    leg_path,
    log_of_test,
    safe_name,
)
from harness.journal.matrixrecord import (
    CELLS,
    MATRIX_FILE,
    PLAN_FILE,
    cell_folder,
    cell_run,
    cells,
    read_matrix,
    read_plan,
    write_matrix,
    write_plan,
)
from harness.journal.record import (
    CULPRITS_FILE,
    RUN_FILE,
    read_culprits,
    read_run,
    write_culprits,
    write_run,
)

__all__ = [
    "CELLS",
    "CULPRITS_FILE",
    "MATRIX_FILE",
    "PLAN_FILE",
    "RUN_FILE",
    "LegFolder",
    "RunFolder",
    "cell_folder",
    "cell_run",
    "cells",
    "daemon_log_of_test",
    "leg_path",
    "log_of_test",
    "read_culprits",
    "read_matrix",
    "read_plan",
    "read_run",
    "safe_name",
    "write_culprits",
    "write_matrix",
    "write_plan",
    "write_run",
]
