"""What a leg's container is given to keep its daemons' words, and how they come out of it.

The scripts are the native backend's. The folder lies in the container's own file system, not in
a tmpfs: an engine reads that after the end too. What comes out was written by whatever ran there,
so members are taken by the names that the scripts give, as many and as large as these make them.
"""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from harness.backends.processes import PROCESSES, WRAPPED
from harness.tools import machine

HOME = "/compat/leg"
FOLDER = f"{HOME}/{PROCESSES}"
FIRST = Path(__file__).with_name("first.sh")

MOST = 512 << 20
"""Bytes that are taken out of a container."""
MOST_FILES = 10_000

MOST_OF_ONE = 16 << 20
"""Bytes of a log, as kept.sh cuts it off."""

_BOOT = "boot"
_LIVES = ".life"
_CHUNK = 1 << 20
_NAME = re.compile(
    rf"{PROCESSES}/((?:{'|'.join(WRAPPED)})\.\d{{1,10}}\.(?:log|life|died)|{_BOOT})", re.ASCII
)


def command(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command that begins with the scripts in place and becomes `argv`."""
    return ("sh", "-c", FIRST.read_text("utf-8"), FIRST.name, HOME, *WRAPPED, "--", *argv)


def scripts() -> Iterator[bytes]:
    """Pack what is put at the root of a container before it starts."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in ("bin", "real", PROCESSES):
            folder = tarfile.TarInfo(f"{HOME}/{name}".lstrip("/"))
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for name, script in WRAPPED.items():
            content = script.read_bytes()
            file = tarfile.TarInfo(f"{HOME}/bin/{name}".lstrip("/"))
            file.mode, file.size = 0o755, len(content)
            tar.addfile(file, io.BytesIO(content))
    yield packed.getvalue()


@dataclass
class Taker:
    """Takes what was kept out of a container, into a leg's folder."""

    leg: Path
    notes: list[str] = field(default_factory=list)
    """What of it is not there, and why."""

    def take(self, chunks: Iterator[bytes]) -> None:
        """Read the tar of the folder. Raises what reading it from an engine raises, no more."""
        with tempfile.TemporaryFile() as file:
            for chunk in chunks:
                try:
                    file.write(chunk[: max(0, MOST - file.tell())])
                    full = file.tell() >= MOST
                except OSError as error:
                    self._lacks(f"{error.strerror or error}")
                    return
                if full:
                    self._lacks(f"it is more than {MOST >> 20} MiB")
                    break
            self._unpack(file)

    def _unpack(self, file: IO[bytes]) -> None:
        file.seek(0)
        boot = ""
        try:
            (self.leg / PROCESSES).mkdir(parents=True, exist_ok=True)
            with tarfile.open(fileobj=file, mode="r|") as tar:
                for name, content in self._members(tar):
                    if name == _BOOT:
                        boot = content.decode("ascii", "replace").strip()
                    else:
                        (self.leg / PROCESSES / name).write_bytes(content)
        except (OSError, tarfile.TarError) as error:
            self._lacks(str(error))
        if boot != machine.boot():
            self._forget_lives()

    def _members(self, tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
        number = 0
        for member in tar:
            name = _NAME.fullmatch(member.name)
            if not (name and member.isreg() and (content := tar.extractfile(member))):
                continue
            number += 1
            if number > MOST_FILES:
                self._lacks(f"there are more than {MOST_FILES} files")
                return
            yield name[1], content.read(MOST_OF_ONE)

    def _forget_lives(self) -> None:
        """Leave out when daemons lived: by a clock that is not ours, that says nothing here."""
        for life in (self.leg / PROCESSES).glob(f"*{_LIVES}"):
            life.unlink()
        self._lacks(
            "their logs are kept, but not whose they are, for the engine's clock is not ours"
        )

    def _lacks(self, why: str) -> None:
        self.notes.append(f"what its daemons said is not known in full: {why}")
