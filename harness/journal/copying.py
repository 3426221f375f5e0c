"""Makes run folders, whole or not at all, and copies those that anybody could have made."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import UsageError
from harness.tools.disks import disk_errors

_DEPTH = 8
"""Levels of folders; those of a run folder are three."""


def copy_tree(source: Path, dest: Path) -> None:
    """Make `dest` the same tree as `source`, as links to its files where the disk allows that.

    Raises UsageError for a symbolic link, for anything that is neither file nor folder, and for
    folders that are nested too deeply; InfrastructureError if the disk refuses.
    """
    with disk_errors(dest):
        _copy(source, dest, _DEPTH)


def _check_free(out: Path) -> None:
    """Check that a run folder can be made here. Raises UsageError if there is something."""
    if out.is_dir() and not out.is_symlink() and not any(out.iterdir()):
        return
    if out.is_symlink() or out.exists():
        raise UsageError(
            f"{out} is there already, and nothing is overwritten",
            hint="give --out a folder that is not there yet",
        )


@contextmanager
def made_whole(out: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes `out` if the block ends well, and is gone if not.

    Raises UsageError if there is something at `out`, InfrastructureError if the disk refuses.
    """
    _check_free(out)
    with disk_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        new = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
        new.mkdir()
    try:
        yield new
        with disk_errors(out):
            new.rename(out)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _copy(source: Path, dest: Path, depth: int) -> None:
    if not depth:
        raise UsageError(f"{source} is nested too deeply for a run folder")
    dest.mkdir()
    with os.scandir(source) as entries:
        for entry in sorted(entries, key=lambda it: it.name):
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                _copy(Path(entry.path), dest / entry.name, depth - 1)
            elif stat.S_ISREG(mode):
                _copy_file(Path(entry.path), dest / entry.name)
            else:
                what = "a symbolic link" if stat.S_ISLNK(mode) else "no plain file"
                raise UsageError(f"{entry.path} is {what}; no run makes one")


def _copy_file(source: Path, dest: Path) -> None:
    try:
        os.link(source, dest, follow_symlinks=False)
    except OSError:  # another disk, another owner, too many links
        shutil.copyfile(source, dest, follow_symlinks=False)
