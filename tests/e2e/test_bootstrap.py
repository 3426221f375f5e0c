"""A fresh clone runs, and so does the wheel that is made of it, installed somewhere else."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

import harness

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PATIENCE = 600


@dataclass(frozen=True)
class Home:
    """A place of its own for everything that a program of ours writes."""

    folder: Path

    def run(self, *argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program as a user would who has never run it before."""
        hidden = ("COMPAT_", "GIT_", "PYTHON", "TOX", "VIRTUAL_ENV", "XDG_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        return subprocess.run(
            argv,
            cwd=cwd or self.folder,
            env={**kept, "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what git tracks, as it is now, into a folder whose name needs quoting."""
    git = shutil.which("git")
    assert git
    # The checkout may be another user's, and the home that says so is not ours here.
    argv = [git, "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"]
    tracked = subprocess.run(argv, capture_output=True, text=True, check=True)
    folder = tmp_path_factory.mktemp("fresh clone")
    for name in filter(None, tracked.stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


@pytest.fixture(scope="module")
def started(clone: Path, home: Home) -> subprocess.CompletedProcess[str]:
    """Run the very first command in the clone."""
    return home.run(clone / "compat-run", "--no-install", "--version")


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory, home: Home) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    # The build backend is the one of this environment, which the lock pins.
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps")
    built = home.run(*pip, "--no-build-isolation", "--wheel-dir", folder, clone)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory, home: Home) -> Path:
    """Install the wheel with its dependencies and return the folder of its programs."""
    folder = tmp_path_factory.mktemp("elsewhere")
    made = home.run(sys.executable, "-m", "venv", folder)
    assert made.returncode == 0, made.stderr
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    locked = home.run(*pip, "install", "--require-hashes", "-r", ROOT / "locks" / "run.txt")
    assert locked.returncode == 0, locked.stderr
    done = home.run(*pip, "install", "--no-deps", wheel)
    assert done.returncode == 0, done.stderr
    checked = home.run(*pip, "check")
    assert checked.returncode == 0, checked.stdout
    return folder / "bin"


def test_the_first_command_makes_the_environment_and_tells_of_it_on_standard_error(
    started: subprocess.CompletedProcess[str], clone: Path
) -> None:
    assert started.returncode == 0, started.stderr
    assert started.stdout == f"compat-run, version {harness.__version__}\n"
    assert f"making a Python environment in {clone / '.venv'}" in started.stderr


@pytest.mark.usefixtures("started")
def test_the_second_command_is_quiet_and_quick(clone: Path, home: Home) -> None:
    bare = (clone / ".venv" / "bin" / "python", "-IS", "-c", "pass")
    ours = (clone / "compat-run", "--no-install", "--help")
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(7):
        for quick, argv in ((True, bare), (False, ours)):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = home.run(*argv)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert (done.returncode, done.stderr) == (0, "")
            # Processor time: on a busy machine the clock on the wall measures the others.
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            seconds[quick].append(spent)
    # Seen: 8 to 19 times as long. One heavy import, such as the Docker SDK, takes as long again.
    usual = {quick: median(taken) for quick, taken in seconds.items()}
    assert usual[False] < 25 * usual[True], seconds


@pytest.mark.usefixtures("started")
def test_it_runs_through_a_link_from_anywhere(clone: Path, home: Home) -> None:
    link = home.folder / "compat-run"
    link.symlink_to(clone / "compat-run")
    done = home.run(link, "--no-install", "doctor", "--json")
    assert done.returncode in {0, 4}, done.stderr
    assert {check["name"] for check in json.loads(done.stdout)["checks"]} >= {"git", "runc", "disk"}


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("args", [["v0.6"], ["images", "lst"], ["run", "--nonsense", "a", "b"]])
def test_the_exit_code_of_a_usage_error_comes_through(
    clone: Path, home: Home, args: list[str]
) -> None:
    done = home.run(clone / "compat-run", "--no-install", *args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("name", ["matrices", "patches", "skiplists", "examples"])
def test_the_wheel_carries_every_file_that_people_edit(wheel: Path, clone: Path, name: str) -> None:
    ours = {str(p.relative_to(clone)) for p in (clone / name).rglob("*") if p.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        carried = {n.removeprefix("harness/_data/") for n in archive.namelist()}
    assert ours
    assert ours <= carried


def test_the_wheel_carries_types_licence_and_requirements(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"harness/py.typed", "harness/tools/requirements.toml"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("tests/")]


def test_the_wheel_carries_every_file_of_the_package(wheel: Path, clone: Path) -> None:
    files = (it for it in (clone / "harness").rglob("*") if it.is_file())
    ours = {str(it.relative_to(clone)) for it in files if "__pycache__" not in it.parts}
    assert {Path(name).suffix for name in ours} >= {".css", ".html", ".j2", ".js", ".sh", ".toml"}
    with zipfile.ZipFile(wheel) as archive:
        assert ours <= set(archive.namelist())


@pytest.mark.parametrize("program", ["compat", "compat-run"])
def test_the_installed_programs_answer(installed: Path, home: Home, program: str) -> None:
    done = home.run(installed / program, "--version")
    assert done.stdout == f"{program}, version {harness.__version__}\n", done.stderr


def test_the_installed_program_finds_its_own_data(installed: Path, home: Home) -> None:
    assert "[DAEMON] [FRONTEND]" in home.run(installed / "compat", "run", "--help").stdout
    done = home.run(installed / "compat", "images", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONHOME": "/nonexistent"},
        {"PYTHONPATH": "SHADOW", "PYTHONSAFEPATH": ""},
        {"PYTHONSTARTUP": "/nonexistent", "PYTHONUSERBASE": "SHADOW"},
        {"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
        {"VIRTUAL_ENV": "SHADOW"},
        {"PIP_TARGET": "SHADOW", "PIP_PREFIX": "SHADOW", "PIP_CONFIG_FILE": "/nonexistent"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_no_variable_of_python_or_pip_changes_the_program(
    clone: Path, home: Home, tmp_path: Path, variables: dict[str, str]
) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit(1)")
    env = [f"{name}={value.replace('SHADOW', str(tmp_path))}" for name, value in variables.items()]
    done = home.run("/usr/bin/env", *env, clone / "compat-run", "--no-install", "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"compat-run, version {harness.__version__}\n"


def _delete(package: Path) -> None:
    shutil.rmtree(package)


def _cut_short(package: Path) -> None:
    (package / "core.py").write_text("def broken(:\n")


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("spoil", [_delete, _cut_short])
def test_a_broken_package_is_told_and_is_no_regression(
    clone: Path, home: Home, spoil: Callable[[Path], None]
) -> None:
    (package,) = (clone / ".venv" / "lib").glob("python3.*/site-packages/click")
    kept = package.with_name("click-kept")
    shutil.copytree(package, kept)
    spoil(package)
    try:
        done = home.run(clone / "compat-run", "--no-install", "--version")
    finally:
        shutil.rmtree(package, ignore_errors=True)
        kept.rename(package)
    assert done.returncode == 4
    assert done.stderr.startswith("compat-run: error: cannot go on: ")
    assert f"remove {clone / '.venv'}, and ./compat-run makes it anew" in done.stderr


@pytest.mark.usefixtures("started")
def test_a_broken_file_of_the_checkout_is_told_and_is_no_regression(
    clone: Path, home: Home
) -> None:
    for name in ("harness/launcher/environment.py", "harness/cli/program.py"):
        file = clone / name
        whole = file.read_text()
        file.write_text(whole + "\n)")
        try:
            done = home.run(clone / "compat-run", "--no-install", "--version")
        finally:
            file.write_text(whole)
        assert done.returncode == 4
        assert f"SyntaxError: unmatched ')' ({file.name}" in done.stderr
