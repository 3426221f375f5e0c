"""Run folders whose run.json somebody changed."""

from __future__ import annotations

import json
from pathlib import Path

from harness.journal import write_run
from tests.support import factories


def stored(folder: Path, **changes: object) -> Path:
    """Store an example run and change keys of its file afterwards."""
    file = write_run(folder, factories.regressed_run())
    content = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**content, **changes}), "utf-8")
    return file
