"""What a start loads: the launcher nothing but Python's own, a --help nothing that is slow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.umbrella import COMMANDS

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]

HEAVY = {
    "docker",
    "git",
    "jinja2",
    "msgspec",
    "packaging",
    "requests",
    "rich",
    "subprocess",
    "yaml",
}

HELP = """
import contextlib, io
from harness.cli import compat_run
sys.argv = ["compat-run", *{args!r}]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    compat_run()
"""


def _loaded(*flags: str, code: str) -> set[str]:
    """Run code in a Python of its own and name the top-level modules that it has loaded."""
    before = f"import json, sys\nsys.path.insert(0, {str(ROOT)!r})\n"
    script = f"{before}{code}\nprint(json.dumps([*sys.modules]))"
    done = subprocess.run(
        [sys.executable, *flags, "-c", script],
        capture_output=True,
        check=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def test_the_launcher_needs_only_the_standard_library() -> None:
    loaded = _loaded("-IS", code="import harness.launcher")
    assert loaded - sys.stdlib_module_names <= {"harness", "__main__"}


@pytest.mark.parametrize("args", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_nothing_heavy(args: list[str]) -> None:
    assert _loaded("-P", code=HELP.format(args=args)) & HEAVY == set()


def test_what_runs_without_an_engine_loads_nothing_of_its_sdk() -> None:
    code = "import harness.backends.native, harness.cli.gate, harness.cli.matrix, harness.cli.plan"
    assert _loaded("-P", code=code) & {"docker", "requests"} == set()
