"""A virtual environment with what a lock pins, used whole or not at all.

    <folder>/.compat-run.lock    held exclusively while making, shared while anything runs in it
    <folder>/.compat-run.stamp   written last: what the environment was made from

The stamp is written when pip has ended well and what is needed could be imported. Without it, or
with another one, the folder is made anew. So a killed launcher leaves nothing that is used, and no
environment is replaced under a program that still runs in it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InfrastructureError, UsageError
from harness.start import STAMP, say
from harness.tools.inherited import PYTHON, inherited
from harness.tools.pip import pip
from harness.tools.process import Request, stream

_LOCK = ".compat-run.lock"

_PATIENCE = 1800.0
"""Seconds to wait for another launcher, or for what runs in the environment."""

_TAIL = 20
_PINNED = re.compile(r"^[A-Za-z0-9][\w.-]*==", re.MULTILINE)

EXTRAS = ("distributed",)
"""What comes with an extra of pyproject.toml alone; a module that lacks it lacks nothing here."""

_IMPORT = """
import importlib, pkgutil, sys
extras, *names = sys.argv[1:]
for name in names:
    paths = getattr(importlib.import_module(name), "__path__", ())
    for module in pkgutil.walk_packages(paths, f"{name}."):
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name not in extras.split(","):
                raise
"""
"""Imports its arguments but the first; of a package, every module."""

_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

ANOTHER_FOLDER = "set COMPAT_VENV to another folder"
"""What to do whenever an environment cannot be where it is wanted."""

_INDEX = "is a Python package index reachable? `pip config list` shows which is used"


@dataclass(frozen=True)
class Environment:
    """An environment with the packages of a lock and the checkout `root` on its path."""

    folder: Path
    lock: Path
    """A requirements file of pip that pins each package and names its hashes."""
    root: Path
    imports: tuple[str, ...] = ()
    """Modules, or packages with all their modules, that have to be seen to work."""

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.folder / "bin" / "python"

    def provide(self) -> Path:
        """Make the environment if it is not there and return its interpreter.

        This process, and what it becomes by exec, keeps the environment from being replaced.
        Raises UsageError for a folder that is not ours, InfrastructureError if it cannot be made.
        """
        self._claim()
        while True:
            shared = self._lock(fcntl.LOCK_SH)
            if self._complete():
                os.set_inheritable(shared, True)  # noqa: FBT003 - positional-only
                return self.python
            os.close(shared)
            exclusive = self._lock(fcntl.LOCK_EX)
            if not self._complete():  # another may have made it while this one waited
                self._make(exclusive)
            os.close(exclusive)

    def _claim(self) -> None:
        """See to it that the folder is there and is ours to empty."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in self.folder.iterdir()}
        except OSError as error:
            raise InfrastructureError(
                f"cannot make {self.folder}: {error.strerror}", hint=ANOTHER_FOLDER
            ) from error
        if names and _LOCK not in names:
            raise UsageError(
                f"{self.folder} was not made by compat-run, so it is left alone",
                hint=f"{ANOTHER_FOLDER}, or remove that one",
            )

    def _lock(self, mode: int) -> int:
        """Wait for the lock, for a bounded time, and return its descriptor."""
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        deadline = time.monotonic() + _PATIENCE
        told = False
        while True:
            try:
                fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    say(f"waiting for another compat-run, which uses or makes {self.folder}")
                told = True
            else:
                return descriptor
            if time.monotonic() > deadline:
                raise InfrastructureError(
                    f"{self.folder} has been in use for {_PATIENCE:.0f} s", hint=ANOTHER_FOLDER
                )
            time.sleep(0.1)

    def _wanted(self) -> str:
        # The interpreter is the one that it is now: after an upgrade of the system's Python, or
        # after the folder or the checkout has been moved, nothing made before fits any more.
        facts = (os.path.realpath(self.python), self.folder, self.root)
        return "\n".join((*map(str, facts), self.lock.read_text(encoding="utf-8")))

    def _complete(self) -> bool:
        if not os.access(self.python, os.X_OK):  # the Python that it was made with is gone
            return False
        try:
            return (self.folder / STAMP).read_text(encoding="utf-8") == self._wanted()
        except FileNotFoundError:
            return False

    def _make(self, lock: int) -> None:
        begun = time.monotonic()
        say(f"making a Python environment in {self.folder} (once; again if dependencies change)")
        _empty(self.folder)
        # This may be the interpreter of the very environment that is being replaced.
        base = Path(sys.base_prefix, "bin", f"python{_VERSION}")
        python = base if base.exists() else Path(sys.executable)
        # The children keep the lock: if this process is killed, the next one waits for them.
        keep = (lock,)
        ours = inherited(PYTHON)
        venv = [str(python), "-I", "-m", "venv", str(self.folder)]
        self._run(
            "the virtual environment",
            Request(venv, env=ours, timeout=_PATIENCE, keep=keep),
        )
        count = len(_PINNED.findall(self.lock.read_text(encoding="utf-8")))
        say(f"installing the {count} Python packages that {self.lock.name} pins")
        options = ("--require-hashes", "--progress-bar=off", "--no-warn-script-location")
        words = ("install", *options, "--requirement", str(self.lock))
        self._run("pip", pip(self.python, *words, timeout=_PATIENCE, keep=keep), hint=_INDEX)
        packages = self.folder / "lib" / f"python{_VERSION}" / "site-packages"
        (packages / "compat-run.pth").write_text(f"{self.root}\n", encoding="utf-8")
        argv = [str(self.python), "-I", "-c", _IMPORT, ",".join(EXTRAS), *self.imports]
        self._run(
            "importing what was installed",
            Request(argv, env=ours, timeout=_PATIENCE, keep=keep),
        )
        unfinished = self.folder / f"{STAMP}.tmp"
        unfinished.write_text(self._wanted(), encoding="utf-8")
        unfinished.rename(self.folder / STAMP)
        say(f"the environment is ready ({time.monotonic() - begun:.0f} s)")

    def _run(self, what: str, request: Request, hint: str = "") -> None:
        output = _Output()
        ended = stream(request, output.feed)
        if ended.status != 0:
            raise InfrastructureError(f"{what} failed:\n" + "\n".join(output.tail), hint=hint)


class _Output:
    """Tells what pip collects, as it comes, and keeps the last lines."""

    def __init__(self) -> None:
        self.tail: deque[str] = deque(maxlen=_TAIL)
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip()
            self.tail.append(text)
            if text.startswith("Collecting "):
                say(f"  {text.removeprefix('Collecting ').split(' (from')[0]}")


def _empty(folder: Path) -> None:
    """Remove everything but the lock; the stamp goes first."""
    (folder / STAMP).unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()
