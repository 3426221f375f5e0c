"""A pair of another platform is left out beforehand, and it is told what it would need."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.model.matrix import id_of
from harness.model.platforms import PLATFORMS, platform_of, unknown
from harness.plan.foreign import lacking_for
from harness.tools import machine
from tests.support import nights


@pytest.mark.parametrize(
    ("here", "platform", "emulated", "lacks"),
    [
        ("amd64", "linux/amd64", False, ()),
        ("arm64", "linux/arm64", False, ()),
        ("arm", "linux/arm/v7", False, ()),
        ("amd64", "linux/arm64", False, ("binfmt handler qemu-aarch64",)),
        ("amd64", "linux/arm64", True, ("build for linux/arm64",)),
        ("arm64", "linux/amd64", False, ("binfmt handler qemu-x86_64",)),
        ("amd64", "linux/s390x", False, ("binfmt handler qemu-s390x",)),
        ("amd64", "windows/amd64", True, ("machine windows/amd64",)),
    ],
)
def test_what_is_lacking_is_named(
    monkeypatch: pytest.MonkeyPatch,
    here: str,
    platform: str,
    emulated: bool,  # noqa: FBT001 - a parameter of the table
    lacks: tuple[str, ...],
) -> None:
    monkeypatch.setattr(machine, "architecture", lambda: here)
    monkeypatch.setattr(machine, "emulates", lambda _: emulated)
    assert lacking_for(replace(nights.pair(), platform=platform)) == lacks


def test_platforms_tell_pairs_apart() -> None:
    usual = nights.pair()
    assert "linux" not in id_of(usual)
    arm = replace(usual, platform="linux/arm64")
    assert id_of(arm) == f"{id_of(usual)}_platform-linux-arm64"
    assert arm.identity != usual.identity


def test_a_platform_that_no_one_knows_has_a_guess() -> None:
    assert not any(map(unknown, PLATFORMS))
    assert unknown("windows/amd46").endswith("did you mean `windows/amd64`?")
    assert platform_of("amd64") == "linux/amd64"
