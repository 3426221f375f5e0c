"""A virtual environment that is used whole or not at all.

    <folder>/.compat-run.lock    held exclusively while making, shared while anything runs in it
    <folder>/.compat-run.stamp   written last: what the environment was made from

Without the stamp, or with another one, the folder is made anew. So a killed launcher leaves
nothing that is used, and no environment is replaced under a program that still runs in it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InfrastructureError, UsageError
from harness.launcher.words import say
from harness.tools.process import Request, stream

_LOCK = ".compat-run.lock"
_STAMP = ".compat-run.stamp"
_PATIENCE = 1800.0
"""Seconds to wait for another launcher, or for what runs in the environment."""

_TAIL = 20
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
ANOTHER_FOLDER = "set COMPAT_VENV to another folder"
"""What to do whenever an environment cannot be where it is wanted."""


@dataclass(frozen=True)
class Environment:
    """An environment with some requirements and the checkout `root` on its path."""

    folder: Path
    requirements: tuple[str, ...]
    root: Path

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.folder / "bin" / "python"

    def provide(self) -> Path:
        """Make the environment if it is not there and give its interpreter.

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
        """Wait for the lock, for a bounded time, and give its descriptor."""
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
        facts = (os.path.realpath(self.python), self.folder, self.root, *self.requirements)
        return "\n".join(map(str, facts))

    def _complete(self) -> bool:
        try:
            return (self.folder / _STAMP).read_text(encoding="utf-8") == self._wanted()
        except FileNotFoundError:
            return False

    def _make(self, lock: int) -> None:
        begun = time.monotonic()
        say(f"making a Python environment in {self.folder} (once; again if dependencies change)")
        _empty(self.folder)
        # This may be the interpreter of the very environment that is being replaced.
        base = Path(sys.base_prefix, "bin", f"python{_VERSION}")
        python = base if base.exists() else Path(sys.executable)
        self._run("the virtual environment", lock, python, "-I", "-m", "venv", self.folder)
        say(f"installing {len(self.requirements)} Python packages and what they need")
        pip = ("-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check")
        options = ("--no-user", "--progress-bar=off", "--no-warn-script-location")
        self._run("pip", lock, self.python, *pip, *options, *self.requirements)
        packages = self.folder / "lib" / f"python{_VERSION}" / "site-packages"
        (packages / "compat-run.pth").write_text(f"{self.root}\n", encoding="utf-8")
        unfinished = self.folder / f"{_STAMP}.tmp"
        unfinished.write_text(self._wanted(), encoding="utf-8")
        unfinished.rename(self.folder / _STAMP)
        say(f"the environment is ready ({time.monotonic() - begun:.0f} s)")

    def _run(self, what: str, lock: int, *argv: str | Path) -> None:
        # The child keeps the lock: if this process is killed, whoever comes next waits for it.
        output = _Output()
        request = Request([str(word) for word in argv], timeout=_PATIENCE, keep=(lock,))
        ended = stream(request, output.feed)
        if ended.status != 0:
            raise InfrastructureError(
                f"{what} failed:\n" + "\n".join(output.tail),
                hint="is a Python package index reachable? `pip config list` shows which is used",
            )


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
    (folder / _STAMP).unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()
