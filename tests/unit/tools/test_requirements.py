"""The list of what is needed of the system, how it is seen, and the command that installs it."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from harness.presence import locate, missing
from harness.tools.requirements import (
    Group,
    Kind,
    Requirement,
    install_command,
    of_program,
    requirements,
)

GIT = Requirement(Kind.PROGRAM, "git", "git", Group.RUN, "clones")
BUSYBOX = Requirement(Kind.PROGRAM, "busybox", "busybox-static", Group.RUN, "fills", static=True)


def _elf(path: Path, segment: int) -> None:
    """Write the headers of a 64-bit executable with one segment of the given type."""
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    path.write_bytes(ident + header + struct.pack("<I", segment).ljust(56, b"\0"))
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is the whole of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_the_file_reads_whole_and_each_line_says_why() -> None:
    found = requirements()
    assert {"git", "runc", "docker-registry", "busybox"} <= {need.name for need in found}
    assert {need.group for need in found} == set(Group)
    assert all(need.why and bool(need.package) is not bool(need.command) for need in found)


def test_a_program_is_found_by_name() -> None:
    assert of_program("docker-registry").package == "docker-registry"
    assert of_program("containerd-rootless.sh").fix.startswith("curl ")
    assert "install uidmap" in of_program("newuidmap").fix
    with pytest.raises(KeyError):
        of_program("emacs")


@pytest.mark.parametrize(
    ("user", "command"),
    [
        (0, "apt-get install git busybox-static"),
        (1000, "sudo apt-get install git busybox-static"),
    ],
)
def test_the_command_is_what_this_user_has_to_type(
    user: int, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert install_command([GIT, BUSYBOX, GIT]) == command


def test_a_program_is_there_if_it_can_be_executed(programs: Path) -> None:
    probe = Requirement(Kind.PROGRAM, "compat-probe", "probe", Group.RUN, "is made up")
    (programs / "compat-probe").write_text("#!/bin/sh\n")
    assert missing([probe]) == [probe]
    (programs / "compat-probe").chmod(0o755)
    assert locate(probe) == str(programs / "compat-probe")


@pytest.mark.parametrize(("segment", "static"), [(1, True), (3, False)])
def test_a_static_program_asks_for_no_loader(programs: Path, segment: int, *, static: bool) -> None:
    _elf(programs / "busybox", segment)
    assert (locate(BUSYBOX) is not None) is static


def test_a_script_is_no_static_program(programs: Path) -> None:
    (programs / "busybox").write_text("#!/bin/sh\n")
    (programs / "busybox").chmod(0o755)
    assert locate(BUSYBOX) is None


def test_modules_and_files_are_looked_up(tmp_path: Path) -> None:
    file = Requirement(Kind.FILE, str(tmp_path / "ca.crt"), "ca-certificates", Group.RUN, "lets")
    module = Requirement(Kind.MODULE, "no_such_module", "python3-venv", Group.VENV, "makes")
    assert missing([file, module]) == [file, module]
    (tmp_path / "ca.crt").touch()
    assert missing([file]) == []
    assert locate(Requirement(Kind.MODULE, "json", "python3", Group.VENV, "reads")) is not None
