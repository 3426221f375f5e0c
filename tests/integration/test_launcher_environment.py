"""An environment is used whole or not at all, whoever is killed and however many come at once."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.launcher.environment import Environment

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]

PROVIDE = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from harness.launcher.environment import Environment
folder, lock, root = Path(sys.argv[2]), Path(sys.argv[4]), Path(sys.argv[1])
Environment(folder, lock, root, tuple(sys.argv[5:])).provide()
print("provided", flush=True)
time.sleep(float(sys.argv[3]))
"""


@dataclass
class Launcher:
    """Starts processes that provide one folder."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self,
        wheel: Path,
        *imports: str,
        stay: float = 0.0,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start one that stays for so many seconds after the environment is there."""
        return self.start_with(_lock(wheel), *imports, stay=stay, variables=variables)

    def start_with(
        self,
        lock: Path,
        *imports: str,
        stay: float = 0.0,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start one with a lock that is there already."""
        argv = [sys.executable, "-IS", "-c", PROVIDE, str(ROOT), str(self.folder), str(stay)]
        child = subprocess.Popen(
            [*argv, str(lock), *imports],
            env={**os.environ, **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(child)
        return child

    def imports(self, module: str) -> bool:
        """Return whether the environment can import a module."""
        return not subprocess.call([self.folder / "bin" / "python", "-P", "-c", f"import {module}"])


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    made = Launcher(tmp_path / "venv")
    yield made
    for child in made.started:
        child.kill()
        child.communicate()


def _wheel(folder: Path, name: str) -> Path:
    """Write the smallest wheel there is, so that pip needs no index."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def _lock(wheel: Path) -> Path:
    """Pin a wheel of this disk in a lock beside it."""
    lock = wheel.with_suffix(".txt")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock.write_text(f"{wheel} --hash=sha256:{digest}\n")
    return lock


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return _wheel(tmp_path, "compat_probe_one")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return _wheel(tmp_path, "compat_probe_two")


def _read_until(child: subprocess.Popen[str], words: str) -> str:
    """Read what a launcher says, up to the line with these words."""
    assert child.stderr is not None
    said = ""
    for line in child.stderr:
        said += line
        if words in line:
            return said
    pytest.fail(f"it never said {words!r}: {said}")


def test_it_is_made_once_and_made_anew_when_the_lock_changes_and_nothing_runs_in_it(
    launcher: Launcher, one: Path, two: Path
) -> None:
    user = launcher.start(one, stay=600)
    assert user.stdout is not None
    assert user.stdout.readline() == "provided\n"
    assert launcher.imports("compat_probe_one")
    assert launcher.imports("harness")

    assert launcher.start(one).communicate(timeout=60) == ("provided\n", "")

    replacer = launcher.start(two)
    _read_until(replacer, "waiting for another compat-run")
    assert launcher.imports("compat_probe_one")
    user.kill()
    assert "making a Python environment" in replacer.communicate(timeout=300)[1]
    assert launcher.imports("compat_probe_two")
    assert not launcher.imports("compat_probe_one")


def test_two_at_once_make_it_once_and_an_upgraded_interpreter_makes_it_stale(
    launcher: Launcher, one: Path
) -> None:
    said = [
        child.communicate(timeout=300)[1] for child in [launcher.start(one), launcher.start(one)]
    ]
    assert sum("making a Python environment" in words for words in said) == 1
    assert [child.returncode for child in launcher.started] == [0, 0]
    assert launcher.imports("compat_probe_one")

    environment = Environment(launcher.folder, _lock(one), ROOT)
    assert environment._complete()
    real = os.path.realpath(environment.python)
    environment.python.unlink()
    environment.python.symlink_to(f"{real}-of-tomorrow")
    assert not environment._complete()


def test_a_killed_maker_leaves_nothing_that_is_used_and_its_children_are_waited_for(
    launcher: Launcher, one: Path
) -> None:
    first = launcher.start(one)
    _read_until(first, "making a Python environment")
    while not (launcher.folder / "pyvenv.cfg").exists():
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not Environment(launcher.folder, _lock(one), ROOT)._complete()

    second = launcher.start(one)
    assert "making a Python environment" in second.communicate(timeout=300)[1]
    assert second.returncode == 0
    assert launcher.imports("compat_probe_one")


PIP_CONF = """
[global]
target = {elsewhere}
no-index = true
python = /nonexistent/python
quiet = 3
[install]
prefix = {elsewhere}
user = true
require-hashes = true
no-deps = true
"""


def test_no_file_of_pips_changes_an_installation(
    launcher: Launcher, one: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    conf = tmp_path / "pip.conf"
    conf.write_text(PIP_CONF.format(elsewhere=elsewhere))
    child = launcher.start(one, "compat_probe_one", variables={"PIP_CONFIG_FILE": str(conf)})
    said = child.communicate(timeout=300)
    assert child.returncode == 0, said
    assert launcher.imports("compat_probe_one")
    assert not elsewhere.exists()


MOVED = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONUSERBASE", "PYTHONHOME", "PYTHONPATH")
CHANGED = {
    "PIP_USER": "1",
    "PIP_CONSTRAINT": "/nonexistent/constraints.txt",
    "PIP_NO_BINARY": ":all:",
    "PIP_DRY_RUN": "1",
    "PIP_PYTHON": "/nonexistent/python",
    "PIP_QUIET": "3",
    "PIP_VERSION": "1",
    "PIP_HELP": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONNOUSERSITE": "1",
}


@pytest.mark.parametrize("names", [MOVED[:1], MOVED], ids=["target", "all"])
def test_no_variable_of_the_callers_changes_an_installation(
    launcher: Launcher, one: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    more = CHANGED if names == MOVED else {}
    variables = {**dict.fromkeys(names, str(elsewhere)), **more}
    child = launcher.start(one, "compat_probe_one", variables=variables)
    said = child.communicate(timeout=300)
    assert child.returncode == 0, said
    assert launcher.imports("compat_probe_one")
    assert not elsewhere.exists()


def test_a_wheel_that_is_not_the_locked_one_is_refused_in_pips_words(
    launcher: Launcher, one: Path
) -> None:
    lock = one.with_suffix(".other")
    lock.write_text(f"{one} --hash=sha256:{hashlib.sha256(b'another').hexdigest()}\n")
    child = launcher.start_with(lock)
    said = child.communicate(timeout=300)[1]
    assert child.returncode == 1  # of the script above; the launcher's is 4
    assert "pip failed:\n" in said
    assert "DO NOT MATCH THE HASHES" in said
    assert not Environment(launcher.folder, lock, ROOT)._complete()


def test_it_is_ready_only_when_the_imports_work(launcher: Launcher, one: Path) -> None:
    child = launcher.start(one, "compat_probe_one", "compat_probe_missing")
    said = child.communicate(timeout=300)[1]
    assert child.returncode == 1
    assert "importing what was installed failed" in said
    assert "No module named 'compat_probe_missing'" in said
    assert "the environment is ready" not in said
    assert not Environment(launcher.folder, _lock(one), ROOT)._complete()
