"""Removes what has not been used for a while: from the cache and, by label, from an engine.

`cache` and `engine` list what there is as items, `plan` chooses among them and has them removed. A
dry run is the same list and the same choice. Nothing that a live process uses is ever removed.
"""

from harness.gc.cache import Cache, sweep
from harness.gc.engine import on_engine
from harness.gc.items import Fate, Item, Kind, Outcome
from harness.gc.plan import carry_out, choose

__all__ = [
    "Cache",
    "Fate",
    "Item",
    "Kind",
    "Outcome",
    "carry_out",
    "choose",
    "on_engine",
    "sweep",
]
