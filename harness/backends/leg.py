"""What a leg's test binary is told, the same whatever runs it."""

from __future__ import annotations

from harness.backends.base import LegRequest
from harness.images import frontends
from harness.model import Client
from harness.tools.inherited import CONTAINER, inherited
from harness.tools.redaction import passwords

# Names in a suite's and in a frontend's artefact.
BINARY = "dockerfile.test"
CLIENT = "buildctl"
DAEMON = "buildkitd"
ARCHIVE = frontends.ARCHIVE
FRONTEND = frontends.PROGRAM

MARKING = 20
"""Minor version of Go from which a test binary can mark its own lines; an older one refuses to."""

ALARM = 10.0
"""Seconds from a leg's time limit, when its programs are asked for their goroutines, to the test
binary's own, which counts if they could not be."""

GRACE = 20.0
"""Seconds from a leg's time limit to the kill."""

_SHORTEST = 4
"""Characters of a password that is looked for in a leg's output."""


BESIDE = {
    f"client-{DAEMON}": DAEMON,
    CLIENT: CLIENT,
}
"""What a leg has of the suite whose client scenarios call, by its name there: all that makes a
second installation, which writes caches for the first."""

OWN_CLIENT = f"daemon-{CLIENT}"
"""The daemon's own client, where another's has its name."""


def programs(leg: LegRequest) -> tuple[str, ...]:
    """Return what is taken of the tests' artefact; all else is the daemon's."""
    return (BINARY, CLIENT) if leg.client is Client.TESTS else (BINARY,)


def arguments(binary: str, leg: LegRequest) -> list[str]:
    """Return the command line of the test binary."""
    marked = leg.tests.go_minor >= MARKING
    argv = [binary, f"-test.v={'test2json' if marked else 'true'}"]
    argv += ["-test.count=1", f"-test.parallel={leg.parallel}"]
    argv += [f"-test.timeout={leg.timeout + ALARM:.3f}s", f"-test.run={leg.select}"]
    return argv + ([f"-test.skip={leg.skip}"] if leg.skip else [])


def environment(leg: LegRequest, *, temporary: str, frontend: str, mirror: str) -> dict[str, str]:
    """Return what is set for the test binary.

    `temporary` is a folder with a short name, `frontend` the folder of the frontend's artefact,
    and `mirror` that of the seeded images or empty: all as the binary sees them.
    """
    return {
        "TMPDIR": temporary,
        "GOMAXPROCS": str(leg.procs),
        "FRONTEND_GATEWAY_ONLY": f"local:{frontend}/{ARCHIVE}",
        "EXTERNAL_DF_FRONTEND": f"{frontend}/{FRONTEND}",
        **({"BUILDKIT_REGISTRY_MIRROR_DIR": mirror} if mirror else {}),
        **({"SCENARIO_WORKER": leg.worker} if leg.scenarios else {}),
        **({"SCENARIO_GATEWAY": str(leg.gateway.path / ARCHIVE)} if leg.gateway else {}),
        **leg.environment,
    }


def secrets() -> list[str]:
    """Return the passwords in what a leg inherits, which its output must not show.

    Not those that may be a part of any test's name: without them the output would say nothing.
    """
    found = [secret for value in inherited(CONTAINER).values() for secret in passwords(value)]
    return [secret for secret in found if len(secret) >= _SHORTEST]
