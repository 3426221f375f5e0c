"""Renders stored runs in every way there is: python -m tests.support.renders OUT RUN..."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from harness.journal import cells, read_matrix
from harness.reports import matrixterminal, terminal
from harness.reports.matrixsummary import matrix_summary
from harness.reports.summary import summary
from harness.reports.write import write_reports
from harness.stored import report
from harness.stored.diff import compare

PLACE = Path("/runs/some")
"""Stands for the folder of a run, which is in some texts."""


def render(run: Path, out: Path) -> None:
    """Write the reports of a stored run, and what commands print about it, as files."""
    written = write_reports(run, out=out)
    matrix = read_matrix(run)
    parts = list(cells(run))
    texts = {
        "headline": written.headline,
        "annotations": "\n".join(written.annotations),
        "matrix.txt": matrixterminal.render(matrix, PLACE, commands={}, width=100, color=True),
        "matrix-summary.json": json.dumps(matrix_summary(matrix, PLACE, {})),
        "diff.txt": report.render(compare(matrix, [], matrix, parts)),
        "diff.json": json.dumps(report.as_json(compare(matrix, [], matrix, parts))),
    }
    for row, found in parts:
        if found is not None:
            texts[f"{row.id}.txt"] = terminal.render(found, PLACE, width=100, color=True)
            texts[f"{row.id}.json"] = json.dumps(summary(found, PLACE))
    printed = out / "printed"
    printed.mkdir()
    for name, text in texts.items():
        (printed / name).write_text(text, encoding="utf-8", errors="surrogatepass")


if __name__ == "__main__":
    for number, stored in enumerate(sys.argv[2:]):
        render(Path(stored), Path(sys.argv[1], str(number)))
