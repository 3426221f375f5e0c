"""Which items go, and their removal, which a dry run leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.errors import CompatError
from harness.gc.items import Fate, Item, Kind, Outcome

_ORDER = tuple(Kind)


def choose(
    items: Sequence[Item], *, now: float, older_than: float, max_size: int | None = None
) -> list[Item]:
    """Choose what was not used for `older_than` seconds, and what nobody can use any more.

    If more than `max_size` bytes would stay in the cache folder, what was used least recently
    goes too, until that is true no longer or only what is in use is left. Oldest first.
    """
    chosen = [item for item in items if item.stray or max(now - item.used, 0) >= older_than]
    if max_size is not None:
        names = {id(item) for item in chosen if not item.busy}
        stay = [item for item in items if item.kind.in_cache and id(item) not in names]
        total = sum(item.size for item in stay)
        for item in sorted(stay, key=lambda one: one.used):
            if total <= max_size:
                break
            if not item.busy:
                chosen.append(item)
                total -= item.size
    return sorted(chosen, key=lambda item: (_ORDER.index(item.kind), item.used, item.name))


def carry_out(chosen: Iterable[Item], *, dry_run: bool) -> Iterator[Outcome]:
    """Remove what was chosen, one after the other; an item that cannot be stops no other."""
    for item in chosen:
        if item.busy:
            yield Outcome(item, Fate.IN_USE)
        elif dry_run:
            yield Outcome(item, Fate.PLANNED)
        else:
            yield _remove(item)


def _remove(item: Item) -> Outcome:
    try:
        removed = item.remove()
    except (CompatError, OSError) as error:
        return Outcome(item, Fate.FAILED, str(error))
    return Outcome(item, Fate.REMOVED if removed else Fate.IN_USE)
