"""A gate's answer in words: for a terminal, as Markdown to paste, and for programs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import click

from harness.model import Verdict
from harness.reports.markdown import code
from harness.reports.text import escape_ci_commands, one_line, plural
from harness.stored.gate.findings import CODES, MEANINGS, Finding, Gate, Kind
from harness.stored.gate.groups import Group, by_kind, grouped

_LISTED = 30
"""Matters told of each kind; --json has them all."""

_SHOWN = 1000
"""Characters of what is copied out of a run as it is."""

_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9._~!$&'*+,;=:@%/?#-]{0,500}")

_MARKDOWN = 60_000
"""Characters; a comment on GitHub takes 65,536."""


def render(gate: Gate, *, color: bool = False) -> str:
    """Return the whole answer as text that ends in a line feed; sentences are not broken."""
    text = "\n".join(_lines(gate)) + "\n"
    return escape_ci_commands(text if color else click.unstyle(text))


def headline(gate: Gate) -> str:
    """Return whether the gate is clean, and else how much of what stands in the way."""
    if gate.clean:
        return f"CLEAN: {plural(gate.results, 'cell')}, {_tests(gate)}"
    refused = (it for it in gate.findings if it.refused)
    counts = (f"{len(found)} {kind}" for kind, found in by_kind(refused))
    return f"NOT CLEAN: {', '.join(counts)}"


def as_json(gate: Gate) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "clean": gate.clean,
        "exit_code": int(gate.exit_code),
        "headline": headline(gate),
        "run": gate.run,
        "matrix": gate.matrix,
        "checked": gate.checked,
        "releases": [{"name": it.name, "ref": it.ref, "sha": it.sha} for it in gate.releases],
        "cells": gate.cells,
        "results": gate.results,
        "oldest": gate.oldest,
        "tests": {verdict.value: gate.tests[verdict] for verdict in sorted(gate.tests)},
        "findings": [_finding_as_json(it) for it in gate.findings],
    }


def markdown(gate: Gate) -> str:
    """Return the answer for an issue or a job summary, within what a comment may hold.

    What came out of tests stands in code spans, where it links, mentions and formats nothing.
    """
    parts = [
        f"### {'Clean' if gate.clean else 'Not clean'}: {code(one_line(gate.matrix, _SHOWN))}\n"
    ]
    parts += [f"- {line}" for line in _circumstances(gate, markdown=True)]
    room = _MARKDOWN - sum(map(len, parts))
    for part in _markdown_sections(gate):
        room -= len(part) + 1
        if room < 0:
            parts.append("\nThere is more than fits here: `compat gate --json` has all of it.")
            break
        parts.append(part)
    return "\n".join(parts) + "\n"


def _lines(gate: Gate) -> Iterator[str]:
    yield from _circumstances(gate, markdown=False)
    for refused, title in ((True, ""), (False, "told, and not in the way")):
        found = [it for it in gate.findings if it.refused is refused]
        if found and title:
            yield from ("", click.style(title, bold=True))
        for kind, members in by_kind(found):
            yield ""
            yield click.style(_title(kind, members), fg="red" if refused else "yellow", bold=True)
            groups = grouped(members)
            for group in groups[:_LISTED]:
                yield from _group_lines(group)
            if len(groups) > _LISTED:
                yield f"  … and {len(groups) - _LISTED} more, all in --json"
    yield ""
    yield click.style(headline(gate), fg="green" if gate.clean else "red", bold=True)


def _circumstances(gate: Gate, *, markdown: bool) -> Iterator[str]:
    def style(text: str) -> str:
        return code(one_line(text, _SHOWN)) if markdown else one_line(text, _SHOWN)

    results = f"{plural(gate.results, 'result')} for {plural(gate.cells, 'cell')}"
    oldest = f", the oldest begun at {style(gate.oldest)}" if gate.oldest else ""
    yield f"run {style(gate.run)} of {style(gate.matrix)}: {results}{oldest}"
    yield _tests(gate)
    told = ", ".join(f"{style(it.name)} at {style(it.sha[:12])}" for it in gate.releases)
    yield f"to be released: {told or 'not said, so no commits were compared (--release)'}"


def _tests(gate: Gate) -> str:
    counts = (f"{gate.tests[verdict]} {verdict}" for verdict in Verdict if gate.tests.get(verdict))
    return f"{plural(sum(gate.tests.values()), 'test')}: {', '.join(counts) or 'none'}"


def _title(kind: Kind, members: list[Finding]) -> str:
    return f"{kind} ({len(members)}): {MEANINGS[kind]}"


def _group_lines(group: Group) -> Iterator[str]:
    finding = group.finding
    yield f"  {'✗' if finding.refused else '·'} {finding.sentence()}"
    if group.others:
        yield f"    also in  {group.also}"
    if finding.entry and finding.entry.issue:
        yield f"    see      {one_line(finding.entry.issue, _SHOWN)}"
    if finding.log:
        yield f"    log      {one_line(finding.log, _SHOWN)}"
    if finding.reproduce:
        yield f"    try      {one_line(shlex.join(finding.reproduce), _SHOWN)}"


def _markdown_sections(gate: Gate) -> Iterator[str]:
    for refused, title in ((True, ""), (False, "Told, and not in the way")):
        found = [it for it in gate.findings if it.refused is refused]
        if found and title:
            yield f"\n#### {title}"
        for kind, members in by_kind(found):
            yield f"\n**{_title(kind, members)}**\n"
            groups = grouped(members)
            yield from map(_group_markdown, groups[:_LISTED])
            if len(groups) > _LISTED:
                yield f"- … and {len(groups) - _LISTED} more: `compat gate --json` has them"


def _group_markdown(group: Group) -> str:
    finding = group.finding
    lines = [f"- {finding.sentence(code)}"]
    if group.others:
        lines.append(f"  also in {code(group.also)}")
    if finding.entry and finding.entry.issue:
        lines.append(f"  see {_link(finding.entry.issue)}")
    if finding.log:
        lines.append(f"  log {code(one_line(finding.log, _SHOWN))}")
    if finding.reproduce:
        lines.append(f"  try {code(one_line(shlex.join(finding.reproduce), _SHOWN))}")
    return "  \n".join(lines)


def _link(address: str) -> str:
    """Lead to an issue, if this is an address at all; it may come from anybody."""
    return (
        f"[the issue](<{address}>)"
        if _ADDRESS.fullmatch(address)
        else code(one_line(address, _SHOWN))
    )


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    entry = finding.entry
    return {
        "kind": finding.kind.value,
        "refused": finding.refused,
        "exit_code": int(CODES[finding.kind]),
        "sentence": finding.sentence(),
        "cell": finding.cell,
        "test": finding.test,
        "error": finding.words.get("error", ""),
        "entry": {"where": entry.where, "reason": entry.reason, "issue": entry.issue}
        if entry
        else None,
        "log": finding.log,
        "reproduce": list(finding.reproduce),
    }
