"""`compat gc`: gives back the disk space of what has not been used for a while."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from harness.engine.connect import connect
from harness.engine.inventory import Labelled
from harness.errors import CompatError, ExitCode
from harness.gc import Cache, Fate, Item, Outcome, carry_out, choose, on_engine
from harness.reports.text import age, json_text, plural, size, visible
from harness.store import default_cache
from harness.tools.clock import timestamp


@dataclass(frozen=True)
class _Found:
    """What there is to choose from."""

    items: Sequence[Item]
    engine: str
    """Where it listens; empty if none answers."""
    why: str
    """What keeps it from answering."""
    build_cache: int
    """Bytes on the engine that cannot be told to be ours."""


def gc(
    older_than: float,
    max_size: int | None,
    cache: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> ExitCode:
    """Remove what has not been used for a while from the cache and from the container engine."""
    folder = Cache(cache or default_cache())
    found = _find(folder)
    now = timestamp()
    chosen = choose(found.items, now=now, older_than=older_than, max_size=max_size)
    done = []
    for outcome in carry_out(chosen, dry_run=dry_run):
        done.append(outcome)
        if not as_json:
            click.echo(_line(outcome, now))
    gone = {id(one.item) for one in done if one.fate in {Fate.REMOVED, Fate.PLANNED}}
    left = [item for item in found.items if item.kind.in_cache and id(item) not in gone]
    if as_json:
        click.echo(json_text(_content(folder.root, found, done, left, dry_run=dry_run)))
    else:
        _print_end(folder.root, found, done, left)
    failed = any(one.fate is Fate.FAILED for one in done)
    return ExitCode.INFRASTRUCTURE if failed else ExitCode.COMPATIBLE


def _find(folder: Cache) -> _Found:
    items = folder.items()
    try:
        engine = connect()
        there = Labelled(engine)
        return _Found(
            [*items, *on_engine(there, folder)], engine.where.host, "", there.build_cache()
        )
    except CompatError as error:
        return _Found(items, "", str(error), 0)


def _line(outcome: Outcome, now: float) -> str:
    item = outcome.item
    used = f"{age(now - item.used)} ago"
    line = f"{outcome.fate:8}  {item.kind:11}  {size(item.size):>10}  {used:>14}  {item.name}"
    return visible(f"{line}: {outcome.why}" if outcome.why else line)


def _print_end(root: Path, found: _Found, done: Sequence[Outcome], left: Sequence[Item]) -> None:
    for fate in Fate:
        these = [one.item for one in done if one.fate is fate]
        if these:
            click.echo(f"{fate}: {plural(len(these), 'item')}, {size(_sum(these))}")
    if not done:
        click.echo("nothing to remove")
    stays = f"{plural(len(left), 'item')}, {size(_sum(left))}"
    click.echo(visible(f"in the cache {root}: {stays}"))
    if not found.engine:
        click.echo(visible(f"the cache alone was looked at: {found.why}"))
    elif found.build_cache:
        click.echo(
            f"the engine's build cache, everybody's, holds {size(found.build_cache)}: "
            "see docker builder prune"
        )


def _content(
    root: Path, found: _Found, done: Sequence[Outcome], left: Sequence[Item], *, dry_run: bool
) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "items": [_described(one) for one in done],
        "cache": {"folder": str(root), "items": len(left), "bytes": _sum(left)},
        "engine": {
            "host": found.engine or None,
            "error": found.why or None,
            "build_cache_bytes": found.build_cache,
        },
    }


def _described(outcome: Outcome) -> dict[str, object]:
    item = outcome.item
    return {
        "fate": outcome.fate,
        "kind": item.kind,
        "name": item.name,
        "bytes": item.size,
        "last_used": datetime.fromtimestamp(item.used, UTC).isoformat(timespec="seconds"),
        "why": outcome.why or None,
    }


def _sum(items: Iterable[Item]) -> int:
    return sum(item.size for item in items)
