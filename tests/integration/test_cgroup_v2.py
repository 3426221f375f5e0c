"""What legs do to control groups, once more where cgroup v2 alone is mounted.

So that a machine with cgroup v1 tries both ways. What it gives to v1 (memory, for one) v2 lacks
there: that is tried only where v2 has it, by the tests themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).parent
ALONE = (
    *("unshare", "--mount", "--propagation", "private", "sh", "-ec"),
    'umount --recursive /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"',
    "sh",
)


@pytest.mark.parametrize(
    ("file", "chosen"),
    [
        ("test_leaks.py", "group or groups or frozen or killed"),
        ("test_docker_leaks.py", "explicit"),
    ],
)
def test_it_is_the_same_with_cgroup_v2_alone(file: str, chosen: str) -> None:
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, FOLDER / file)
    done = subprocess.run(
        [*ALONE, sys.executable, *words],
        cwd=FOLDER.parents[1],
        env={**os.environ, "PYTHONPATH": str(FOLDER.parents[1])},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
