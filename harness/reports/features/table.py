"""From what scenarios did to rows of features: marks, floors and doubts. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from harness.gotest import reasons
from harness.gotest.excerpts import WRONG
from harness.model import Channel, Commit, Result, Scenario
from harness.reports.features.document import Daemon, Feature, Mark, Seen, Tried
from harness.reports.text import clip, one_line, visible, visible_block
from harness.verdict.answers import Answer, answered, worst

_LINE = 400
_EXCERPT = 2_000
_NUMBER = re.compile(r"\d{1,9}")
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9._~!$&*+,;=:@%/?#-]{0,500}")


def seen_of(results: Sequence[Result], skipped: str = "") -> Seen:
    """Return what attempts of one scenario on one daemon come to.

    `skipped` is why it was not run, if somebody says so.
    """
    found = answered(results)
    result = found.result
    if result is None or found.answer is Answer.WORKS:
        says, error = one_line(skipped, _LINE), ""
    else:
        says = one_line(reasons.error_line(result.error).removeprefix(WRONG).strip(), _LINE)
        error = visible_block(clip(result.error, _EXCERPT))
    return Seen(
        answer=found.answer,
        lacks=one_line(result.lacks, _LINE) if result else "",
        says=says,
        error=error,
        alike=found.alike,
        attempts=found.attempts,
    )


def features(
    scenarios: Mapping[str, Scenario],
    did: Mapping[str, tuple[Seen, ...]],
    built: Mapping[str, tuple[str, ...]],
    frontend: Commit,
    channel: Channel,
    daemons: Sequence[Daemon],
) -> tuple[Feature, ...]:
    """Return the rows of one frontend, by area and name.

    `did` says of each scenario what it did on every daemon, in their order, `built` from what.
    """
    grouped: dict[tuple[str, str], list[Scenario]] = {}
    for it in scenarios.values():
        grouped.setdefault((it.area, it.feature), []).append(it)
    taken: Counter[str] = Counter()
    rows = []
    for (area, name), members in sorted(grouped.items(), key=lambda it: _alphabet(*it[0])):
        anchor = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "feature"
        taken[anchor] += 1
        tried = tuple(_tried(it.test, did[it.test], built[it.test]) for it in members)
        marks = tuple(mark(it.seen[place] for it in tried) for place in range(len(daemons)))
        since, without = floor(marks, daemons)
        rows.append(
            Feature(
                id=anchor if taken[anchor] == 1 else f"{anchor}-{taken[anchor]}",
                feature=visible(name),
                area=visible(area),
                docs=next((it.docs for it in members if _ADDRESS.fullmatch(it.docs)), ""),
                came=tuple(dict.fromkeys(visible(it.since) for it in members if it.since)),
                since=since,
                without=without,
                doubt=_doubt(members, tried, daemons, (frontend, channel)),
                marks=marks,
                tried=tried,
            )
        )
    return tuple(rows)


def _tried(test: str, seen: tuple[Seen, ...], built: Iterable[str]) -> Tried:
    return Tried(test=test, seen=seen, built=tuple(map(visible_block, built)))


def mark(seen: Iterable[Seen]) -> Mark:
    """Return what the scenarios of one feature come to on one daemon."""
    answers = [it.answer for it in seen]
    return Mark(
        answer=worst(answers),
        works=answers.count(Answer.WORKS),
        told=sum(it.tells for it in answers),
    )


def floor(marks: Sequence[Mark], daemons: Sequence[Daemon]) -> tuple[str, str]:
    """Return from which daemon on a feature works, and the newest older one that was tried.

    Either is empty if there is none. Daemons that it was not seen on count for nothing, and so do
    those that were not run as most were.
    """
    since = without = ""
    told = zip(marks, daemons, strict=True)
    for it, daemon in reversed([pair for pair in told if pair[0].told and pair[1].usual]):
        if it.works < it.told:
            without = daemon.name if since else ""
            break
        since = daemon.name
    return since, without


def _doubt(
    members: Sequence[Scenario],
    tried: Sequence[Tried],
    daemons: Sequence[Daemon],
    frontend: tuple[Commit, Channel],
) -> str:
    """Say what the scenarios do on the frontend's own daemon, unless all of them work there."""
    owns = sorted((not it.usual, at) for at, it in enumerate(daemons) if it.own)
    own = owns[0][1] if owns else None
    truths = [it.seen[own].answer for it in tried] if own is not None else [Answer.UNSEEN]
    found = worst(truths)
    if found is Answer.WORKS:
        return ""
    alike = truths.count(found)
    some = f"{alike} of {len(truths)} scenarios: " if alike < len(truths) else ""
    versions = [it.since for it, answer in zip(members, truths, strict=False) if answer is found]
    lacking = next((it for it in versions if it and _newer(it, *frontend)), "")
    if found is Answer.UNSEEN:
        told = "not run on the frontend's own daemon, so nothing vouches for the scenario"
    elif lacking:
        commit, channel = frontend
        told = f"came with Dockerfile {lacking}, and this is {commit.dockerfile} {channel}"
    elif found is Answer.FAULT:
        told = "the scenario itself fails on the frontend's own daemon: it is at fault"
    else:
        told = f"{found} on the frontend's own daemon too: the scenario is at fault, or found a bug"
    return visible(some + told)


def _newer(since: str, frontend: Commit, channel: Channel) -> bool:
    """Return whether a Dockerfile version is newer than a frontend, or not in its channel."""
    wanted, has = (tuple(map(int, _NUMBER.findall(it)[:3])) for it in (since, frontend.dockerfile))
    labs = since.endswith("-labs") and channel is Channel.MAINLINE
    return labs or wanted > has[: len(wanted)]


def _alphabet(area: str, name: str) -> tuple[str, ...]:
    return area.casefold(), name.casefold(), area, name
