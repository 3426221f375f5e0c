"""Makes of a folder of scenarios what a leg runs in the place of a suite's compiled tests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import msgspec
from packaging.requirements import Requirement

from harness.errors import ConfigError
from harness.model import Scenario, Scenarios
from harness.store import Store, key_of
from harness.tools.inherited import PYTHON, inherited
from harness.tools.process import CommandFailed, Request, run

BINARY = "dockerfile.test"
"""What is started; the name that a suite's compiled tests have."""

GO_MINOR = 26
"""Whose way of telling events it has: marked, nothing escaped."""

CATALOGUE = "catalogue.json"
KIND = "scenarios"
GATEWAY = "gateway"
"""Folder of scenarios with a frontend of their own, in Go."""
_INSIDE = Path(__file__).parent / "inside"
_SHEBANG = "#!/usr/bin/env python3\n"
_LIMIT = 120.0
"""Seconds for all modules of a folder to be imported."""
_LAST = 30
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def make(folder: Path, store: Store) -> tuple[Path, Scenarios]:
    """Return the artefact of a folder of scenarios, made if it is not in the store.

    It holds bin/dockerfile.test, src/ with the folder's content and lib/ with pytest. Raises
    ConfigError if there is no such folder, or one of its modules cannot be imported.
    """
    if not any(folder.glob("**/test_*.py")):
        raise ConfigError(
            f"{folder} holds no scenarios",
            hint="name data with a folder scenarios/ that has test_*.py, or leave --data out",
        )
    key = key_of_folder(folder)

    def fill(dest: Path) -> None:
        for name in ("bin", "lib"):
            (dest / name).mkdir()
        shutil.copytree(folder, dest / "src", ignore=_IGNORED)
        own = dest / "lib" / "harness"
        shutil.copytree(_INSIDE, own / "scenarios" / "inside", ignore=_IGNORED)
        for package in (own, own / "scenarios"):
            (package / "__init__.py").touch()
        program = dest / "bin" / BINARY
        program.write_text(_SHEBANG + (_INSIDE / "started.py").read_text("utf-8"), "utf-8")
        program.chmod(0o755)
        for file, place in _pytest():
            target = dest / "lib" / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        _catalogue(program, dest / CATALOGUE, folder)

    path = store.publish(KIND, key, fill).path
    rows = msgspec.json.decode((path / CATALOGUE).read_bytes(), type=tuple[Scenario, ...])
    return path, Scenarios(key=key, rows=rows)


def gateway_of(artefact: Path) -> Path | None:
    """Return the folder with the Go sources of the frontend that scenarios bring, if they do."""
    folder = artefact / "src" / GATEWAY
    return folder if folder.is_dir() else None


def _catalogue(program: Path, file: Path, folder: Path) -> None:
    argv = [sys.executable, "-I", str(program), "--catalogue", str(file)]
    try:
        run(Request(argv, env=inherited(PYTHON), timeout=_LIMIT))
    except CommandFailed as error:
        said = "\n".join(error.output.strip().splitlines()[-_LAST:])
        raise ConfigError(
            f"{folder}: these scenarios cannot be run:\n{said}",
            hint="python -m pytest --collect-only says the same there",
        ) from error
    if not file.is_file():
        raise ConfigError(f"{folder}: these scenarios say nothing of themselves")


def key_of_folder(folder: Path) -> str:
    """Digest a folder of scenarios, and what runs it: its artefact's key."""
    contents = {
        f"{name}/{path.relative_to(root).as_posix()}": sha256(path.read_bytes()).hexdigest()
        for name, root in (("src", folder), ("inside", _INSIDE))
        for path in _files(root)
    }
    versions = sorted(f"{it.name} {it.version}" for it in map(distribution, _closure("pytest")))
    return key_of({"kind": KIND, "contents": contents, "pytest": versions})


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        below = path.relative_to(root).parts
        if path.is_file() and not any(it.startswith((".", "__pycache__")) for it in below):
            yield path


def _pytest() -> Iterator[tuple[Path, str]]:
    """Yield the files of pytest and of what it needs, with where each belongs."""
    for name in _closure("pytest"):
        for file in distribution(name).files or ():
            place = file.as_posix()
            if file.suffix != ".pyc" and not place.startswith(("..", "/")):
                yield Path(str(file.locate())), place


def _closure(*names: str) -> list[str]:
    """Return distributions and all that they need here."""
    found: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting += _needed(distribution(name).requires or ())
    return sorted(found)


def _needed(requirements: Iterable[str]) -> Iterator[str]:
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name
