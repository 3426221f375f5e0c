"""An environment is used whole or not at all, whoever is killed and however many come at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
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
Environment(Path(sys.argv[2]), tuple(sys.argv[4:]), Path(sys.argv[1])).provide()
print("provided", flush=True)
time.sleep(float(sys.argv[3]))
"""


@dataclass
class Launcher:
    """Starts processes that provide one folder."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *wheels: Path, stay: float = 0.0) -> subprocess.Popen[str]:
        """Start one that stays for so many seconds after the environment is there."""
        argv = [sys.executable, "-c", PROVIDE, str(ROOT), str(self.folder), str(stay)]
        child = subprocess.Popen(
            [*argv, *map(str, wheels)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.started.append(child)
        return child

    def imports(self, module: str) -> bool:
        """Tell whether the environment can import a module."""
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


def test_it_is_made_once_and_made_anew_when_the_requirements_change(
    launcher: Launcher, one: Path, two: Path
) -> None:
    said = launcher.start(one).communicate(timeout=300)[1]
    assert "making a Python environment" in said
    assert launcher.imports("compat_probe_one")
    assert launcher.imports("harness")

    assert launcher.start(one).communicate(timeout=60) == ("provided\n", "")

    assert "making" in launcher.start(two).communicate(timeout=300)[1]
    assert launcher.imports("compat_probe_two")
    assert not launcher.imports("compat_probe_one")


def test_two_at_once_make_it_once(launcher: Launcher, one: Path) -> None:
    said = [
        child.communicate(timeout=300)[1] for child in [launcher.start(one), launcher.start(one)]
    ]
    assert sum("making a Python environment" in words for words in said) == 1
    assert [child.returncode for child in launcher.started] == [0, 0]
    assert launcher.imports("compat_probe_one")


def test_a_killed_maker_leaves_nothing_that_is_used_and_its_children_are_waited_for(
    launcher: Launcher, one: Path
) -> None:
    first = launcher.start(one)
    _read_until(first, "making a Python environment")
    while not (launcher.folder / "pyvenv.cfg").exists():
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not Environment(launcher.folder, (str(one),), ROOT)._complete()

    second = launcher.start(one)
    assert "making a Python environment" in second.communicate(timeout=300)[1]
    assert second.returncode == 0
    assert launcher.imports("compat_probe_one")


def test_it_is_not_replaced_under_what_runs_in_it(launcher: Launcher, one: Path, two: Path) -> None:
    user = launcher.start(one, stay=600)
    assert user.stdout is not None
    assert user.stdout.readline() == "provided\n"
    replacer = launcher.start(two)
    _read_until(replacer, "waiting for another compat-run")
    assert launcher.imports("compat_probe_one")
    user.kill()
    assert replacer.wait(timeout=300) == 0
    assert launcher.imports("compat_probe_two")


def test_a_failing_pip_is_told_with_its_words_and_leaves_nothing_that_is_used(
    launcher: Launcher, tmp_path: Path
) -> None:
    broken = tmp_path / "broken-1.0-py3-none-any.whl"
    broken.write_text("no archive")
    child = launcher.start(broken)
    said = child.communicate(timeout=300)[1]
    assert child.returncode == 1
    assert "pip failed" in said
    assert "broken-1.0" in said
    assert not Environment(launcher.folder, (str(broken),), ROOT)._complete()


def test_an_interpreter_that_was_upgraded_makes_it_stale(launcher: Launcher, one: Path) -> None:
    launcher.start(one).communicate(timeout=300)
    environment = Environment(launcher.folder, (str(one),), ROOT)
    assert environment._complete()
    real = os.path.realpath(environment.python)
    environment.python.unlink()
    environment.python.symlink_to(f"{real}-of-tomorrow")
    assert not environment._complete()
