"""RUN: forms and flags other than mounts."""

from __future__ import annotations

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same

DEVICE = "scenarios.example/device=one"


@scenario("RUN --device", "RUN --device=vendor.com/class=name …", "#run---device", "1.14-labs")
def test_run_device(build: Builds) -> None:
    """The command has what the device's description brings."""
    dockerfile = f"""
        FROM busybox
        RUN --device={DEVICE},required echo ${{SCENARIO_DEVICE}}/${{SCENARIO_VENDOR}} >/got
    """
    image = build.image(dockerfile, arguments=build.allow("device"))
    same("variables of the device", image.layer(-1)["got"].text, "one/here")


@scenario(
    "RUN --device, not allowed",
    "RUN --device=vendor.com/class=name …",
    "#run---device",
    "1.14-labs",
)
def test_run_device_not_allowed(build: Builds) -> None:
    """A build that was not allowed to have the device fails."""
    words = build.fails(f"FROM busybox\nRUN --device={DEVICE} echo $SCENARIO_DEVICE\n")
    holds("the device to be named", "device" in words, words)


@scenario(
    "RUN --device, missing",
    "RUN --device=vendor.com/class=none,required …",
    "#run---device",
    "1.14-labs",
)
def test_run_device_missing(build: Builds) -> None:
    """A device that is required and not there fails the build."""
    dockerfile = "FROM busybox\nRUN --device=scenarios.example/device=none,required true\n"
    words = build.fails(dockerfile, arguments=build.allow("device"))
    holds("the device to be named", "device" in words, words)
