"""The frontend of our own that scenarios bring: compiled in the tree of each daemon they run on."""

from __future__ import annotations

from collections.abc import Mapping

from harness.backends.base import Artefact, Backend, BuildsGateways
from harness.events import Listener
from harness.model import Leg, Vary
from harness.plan.cell import Cell
from harness.scenarios.suite import gateway_of


def gateways(cell: Cell, backend: Backend, listener: Listener) -> Mapping[Leg, Artefact]:
    """Return the frontend of each leg, built if it is not in the store.

    A leg has none if its scenarios bring none, if its backend cannot build it, or if its daemon
    was published and so has no tree. Raises BuildError if it does not compile.
    """
    sources = gateway_of(cell.scenarios.path) if cell.scenarios else None
    if sources is None or not isinstance(backend, BuildsGateways):
        return {}
    varies = cell.pair.vary is Vary.DAEMON
    requests = {
        Leg.CONTROL: cell.tests if varies else cell.suite,
        Leg.CANDIDATE: cell.suite,
    }
    return {
        leg: backend.build_gateway(request, sources, listener)
        for leg, request in requests.items()
        if not request.commit.image
    }
