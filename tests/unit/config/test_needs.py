"""What tests need, and what a run is known to have of it."""

from __future__ import annotations

import pytest

from harness.config.needs import Has, Need
from harness.config.yamlfile import Complaint
from harness.engine.capabilities import WRITTEN, held
from harness.tools import machine

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
NETWORK = Need("network")
IMAGE = Need(f"image docker.io/library/alpine:latest@{DIGEST}")
TRACE = Need("capability CAP_SYS_PTRACE")
OF_MACHINE = (
    TRACE,
    Need("program rootlesskit 2.0"),
    Need("device /dev/net/tun"),
    Need("user-namespaces"),
)
ALL = (NETWORK, IMAGE, *OF_MACHINE)


@pytest.mark.parametrize(
    ("has", "lacking"),
    [
        (Has(network=True), ()),
        (Has(network=False), (NETWORK, IMAGE)),
        (Has(network=False, digests={DIGEST}), (NETWORK,)),
        (Has(network=True, meets=lambda _need: False), OF_MACHINE),
        (Has(network=True, meets=lambda need: need is TRACE), OF_MACHINE[1:]),
        (Has(network=False, meets=lambda _need: False), ALL),
    ],
)
def test_what_is_lacking_is_told_in_the_order_of_the_entry(
    has: Has, lacking: tuple[Need, ...]
) -> None:
    assert has.lacking(ALL) == lacking


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("netwrok", "did you mean `network`"),
        ("network of docker.io", "has no name"),
        ("image alpine:latest", "names no image by its digest"),
        (f"image {DIGEST}", "names no image by its digest"),
        ("image a@sha256:0123", "names no image by its digest"),
        ("capability CAP_SYS_PTRACEE", "did you mean `CAP_SYS_PTRACE`"),
        ("capability", "Linux has no capability ''"),
        ("user-namespaces 2", "has no name"),
        ("program", "'' is no program"),
        ("program /bin/true", "is no program"),
        ("program rootlesskit 2", "is no program with or without the least version"),
        ("device net/tun", "is no device"),
        ("device /dev/../etc/passwd", "is no device"),
    ],
)
def test_what_cannot_be_needed_is_refused(text: str, said: str) -> None:
    with pytest.raises(Complaint) as refused:
        Need.parse(text)
    assert said in refused.value.what
    assert refused.value.hint


def test_needs_are_equal_if_written_the_same() -> None:
    assert {Need("network"), NETWORK} == {NETWORK}
    assert IMAGE.digest == DIGEST
    assert [str(it) for it in ALL] == [
        "network",
        f"image docker.io/library/alpine:latest@{DIGEST}",
        "capability CAP_SYS_PTRACE",
        "program rootlesskit 2.0",
        "device /dev/net/tun",
        "user-namespaces",
    ]


def test_a_machine_has_capabilities_that_linux_knows() -> None:
    assert held(machine.status()) <= set(WRITTEN)
    assert WRITTEN[21] == "CAP_SYS_ADMIN"  # by its number in linux/capability.h
    assert len(WRITTEN) == 41
