"""Headers of executables: platform, and whether a loader is needed."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InfrastructureError
from harness.images import elf
from tests.support import elf_binaries

PLATFORMS = [
    (3, "<", 32, "386", ""),
    (21, "<", 64, "ppc64le", ""),
    (22, ">", 64, "s390x", ""),
    (40, "<", 32, "arm", "v7"),
    (62, "<", 64, "amd64", ""),
    (183, "<", 64, "arm64", ""),
    (243, "<", 64, "riscv64", ""),
]


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform[3])
@pytest.mark.parametrize("interpreted", [False, True])
def test_platform_and_linking_are_read_from_the_headers(
    tmp_path: Path, platform: tuple[int, str, int, str, str], *, interpreted: bool
) -> None:
    machine, order, bits, architecture, variant = platform
    path = tmp_path / "program"
    path.write_bytes(
        elf_binaries.elf(machine=machine, order=order, bits=bits, interpreted=interpreted)
    )
    assert elf.inspect(path) == elf.Executable(architecture, variant, static=not interpreted)


def test_the_interpreter_of_this_machine_is_read_like_any_other() -> None:
    assert elf.inspect(Path(sys.executable)).architecture


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"#!/bin/sh\n",
        b"\x7fELF",
        b"\x7fELF\x07\x01" + bytes(60),
        elf_binaries.elf()[:70],
        elf_binaries.elf(machine=8),
        elf_binaries.elf(machine=62, order=">"),
    ],
    ids=["empty", "script", "short", "class", "truncated", "mips", "big-endian-amd64"],
)
def test_what_is_no_program_of_a_known_machine_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "program"
    path.write_bytes(content)
    with pytest.raises(InfrastructureError, match="no executable"):
        elf.inspect(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="nothing-here: No such file"):
        elf.inspect(tmp_path / "nothing-here")


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 120))
def test_no_damage_to_a_header_gets_past_as_another_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    whole = elf_binaries.elf(interpreted=True)
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(whole[:at] + noise + whole[at + len(noise) :])
    # Whatever else were raised here would reach a user as a traceback.
    with suppress(InfrastructureError):
        assert elf.inspect(path).architecture
