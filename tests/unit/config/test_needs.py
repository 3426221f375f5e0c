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
ALL = (NETWORK, IMAGE, TRACE)


@pytest.mark.parametrize(
    ("has", "lacking"),
    [
        (Has(network=True), ()),
        (Has(network=False), (NETWORK, IMAGE)),
        (Has(network=False, digests={DIGEST}), (NETWORK,)),
        (Has(network=True, capabilities=frozenset()), (TRACE,)),
        (Has(network=True, capabilities={"CAP_SYS_PTRACE"}), ()),
        (Has(network=False, capabilities={"CAP_CHOWN"}), ALL),
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
    ]


def test_a_machine_has_capabilities_that_linux_knows() -> None:
    assert held(machine.status()) <= set(WRITTEN)
    assert WRITTEN[21] == "CAP_SYS_ADMIN"  # by its number in linux/capability.h
    assert len(WRITTEN) == 41
