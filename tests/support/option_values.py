"""For every option of every command: words that it takes, and what they do.

What a command does is what it asks of the rooms behind it, prints and writes, as
tests/unit/cli/test_option_effects.py writes it down. Of each option a text is given that is there
with it and not without.
"""

from __future__ import annotations

from typing import NamedTuple


class Value(NamedTuple):
    """Words on a command line, and what is there for them."""

    words: str
    effect: str
    base: str | None = None
    """The command line that they are added to, where it is not the command's own."""


Values = dict[str, Value]

REPO = Value("--repo /a/clone", "repository='/a/clone'")
FETCH = Value("--fetch", "fetch=True")
CACHE = Value("--cache {tmp}/elsewhere", "{tmp}/elsewhere")
DATA = Value("--data {data}", "data: {data}")
JSON = Value("--json", "printed: {{")

ADOPTS = "adopt d f --control {data}/matrices/lines.yaml --candidate {data}/matrices/images.yaml"

OPENS: Values = {
    "--repo": REPO,
    "--fetch": FETCH,
    "--backend": Value("--backend docker", "backend='docker'"),
    "--stage": Value("--stage generic", "stage='generic'"),
    "--cache": CACHE,
    "--data": DATA,
}
RUNS: Values = {
    **OPENS,
    "--privileges": Value("--privileges explicit", "Privileges.EXPLICIT"),
    "--cache-repo": Value("--cache-repo ghcr.io/you/compat", "cache_repo='ghcr.io/you/compat'"),
    "--parallel": Value("--parallel 3", "parallel=3"),
    "--out": Value("--out {tmp}/mine", "runs: {tmp}/mine"),
    "--json": JSON,
}
ASKS: Values = {
    "--offline": Value("--offline", "offline=True"),
    "--test-timeout": Value("--test-timeout 9", "test_timeout=9.0"),
    "--reruns": Value("--reruns 1", "reruns=1,"),
}
PAIR: Values = {
    **RUNS,
    **ASKS,
    "--channel": Value("--channel mainline", "Channel.MAINLINE"),
    "--worker": Value("--worker containerd", "worker='containerd'"),
    "--timeout": Value("--timeout 90", "timeout=90.0"),
}
MANY: Values = {
    "--most-reruns": Value("--most-reruns 3", "most_reruns=3"),
    "--tests": Value("--tests TestCopy*", "tests=('TestCopy*',)"),
}
SIDES: Values = {
    "--tests-from": Value("--tests-from v0.20", "tests_from='v0.20'"),
    "--vary": Value("--vary daemon", "Vary.DAEMON"),
    "--baseline": Value("--baseline v0.9", "baseline='v0.9'"),
    "--client": Value("--client tests", "client='tests'"),
}
FRESH: Values = {"--fresh-control": Value("--fresh-control", "fresh_control=True")}
SELECTION: Values = {
    "--only": Value("--only v0.6*", "only=('v0.6*',)"),
    "--exclude": Value("--exclude v0.6*", "exclude=('v0.6*',)"),
}
PLANS: Values = {
    **OPENS,
    **ASKS,
    **MANY,
    **SELECTION,
    "--candidate": Value("--candidate v0.33.0-rc1", "candidate='v0.33.0-rc1'"),
    "--branch": Value("--branch v0.32", "branch='v0.32'"),
    "--history": Value("--history {tmp}/other.sqlite", "expected by: {tmp}/other.sqlite"),
}

BISECT = "bisect d f --test TestMountRWCache"
JUDGES = "reclassify {played} --data {data}"

BASES = {
    "compat run": "run d f",
    "compat scenarios": "scenarios d f",
    "compat plan": "plan nightly",
    "compat matrix": "matrix nightly",
    "compat demo": "demo",
    "compat selftest": "selftest",
    "compat rerun": "rerun {red}",
    "compat bisect": BISECT,
    "compat blame": "blame {red}",
    "compat merge": "merge {shards}",
    "compat adopt": ADOPTS,
    "compat report": "report {red}",
    "compat reclassify": "reclassify {played}",
    "compat gate": "gate {green}",
    "compat diff": "diff {red} {green}",
    "compat history": "history --history {history}",
    "compat floors": "floors propose {varied}",
    "compat features": "features {features}",
    "compat lists check": "lists check",
    "compat lists audit": "lists audit {red}",
    "compat lists suggest": "lists suggest {red}",
    "compat images seed": "images seed",
    "compat images list": "images list",
    "compat gc": "gc",
    "compat doctor": "doctor",
}
"""A command line for each command; words in braces are places of `Stage`."""

VALUES: dict[str, Values] = {
    "compat run": {
        **PAIR,
        **MANY,
        **FRESH,
        **SIDES,
        "--platform": Value("--platform linux/arm64", "platform='linux/arm64'"),
        "--resume": Value("--resume {cut}", "taken_up: {cut}", "run"),
        "--client": Value("--client tests", "client='tests'", "run d f --tests-from v0.20"),
        "--no-control": Value("--no-control", " control=False"),
        "--no-cache": Value("--no-cache", "/scratch-"),
    },
    "compat scenarios": {
        **PAIR,
        **MANY,
        **FRESH,
        "-k": Value("-k chmod", "tests=('TestScenarioChmod',)"),
        "--client": Value("--client v0.20", "client='v0.20'"),
    },
    "compat plan": {
        **PLANS,
        "--jobs": Value("--jobs 2", "limits: jobs=2"),
        "--shards": Value("--shards 2", "parts: 2"),
        "--format": Value("--format lines", "printed: compat matrix"),
        "--write": Value("--write {tmp}/plan.json", "wrote: plan.json"),
    },
    "compat matrix": {
        **PLANS,
        **RUNS,
        **FRESH,
        "--plan": Value("--plan {red}/plan.json", "took the plan: nightly", "matrix"),
        "--resume": Value("--resume {red}", "taken_up: {red}", "matrix"),
        "--shard": Value("--shard 2/2", "cells: v0.6.4~master~oci\n"),
        "--jobs": Value("--jobs 3", "limits: Limits(jobs=3"),
        "--memory": Value("--memory 4GiB", f"memory={4 << 30}"),
        "--reuse": Value("--reuse", "reuse: Policy("),
        "--executor": Value(
            "--executor dask://host:1", "executor: Executor(address='tcp://host:1'"
        ),
        "--fail-fast": Value("--fail-fast", "fail_fast: True"),
        "--dry-run": Value("--dry-run", "sessions: 0"),
    },
    "compat demo": {
        "--backend": OPENS["--backend"],
        "--stage": OPENS["--stage"],
        "--cache": CACHE,
        "--cache-repo": RUNS["--cache-repo"],
        "--out": RUNS["--out"],
        "--json": JSON,
    },
    "compat selftest": {
        **RUNS,
        **SELECTION,
        "--offline": ASKS["--offline"],
        "--jobs": Value("--jobs 3", "limits: Limits(jobs=3"),
    },
    "compat rerun": {
        **RUNS,
        **FRESH,
        "--jobs": Value("--jobs 3", "limits: Limits(jobs=3"),
        "--until-fail": Value("--until-fail 3", "sessions: 3"),
    },
    "compat bisect": {
        **PAIR,
        **SIDES,
        "--test": Value("--test TestCopy", "tests=('TestCopy',)"),
        "--good": Value("--good v0.5", "older end: v0.5"),
        "--bad": Value("--bad v0.7", "frontend='v0.7'"),
        "--axis": Value("--axis daemon", "axis: daemon"),
        "--confidence": Value("--confidence 0.99", "'races': True, 'confidence': 0.99"),
        "--fresh": Value("--fresh", "learnt before: False", f"{BISECT} --out {{learnt}}"),
    },
    "compat blame": {
        **RUNS,
        "--budget": Value("--budget 1s", "the time was up"),
        "--fresh": Value("--fresh", "learnt before: False", "blame {red} --out {learnt}"),
    },
    "compat merge": {
        "--out": Value("--out {tmp}/joined", "wrote: joined/matrix.json"),
        "--history": Value("--history {tmp}/other.sqlite", "wrote: other.sqlite"),
        "--json": JSON,
    },
    "compat adopt": {
        "--control": Value("--control {data}/matrices/engines.yaml", "engines.yaml"),
        "--candidate": Value("--candidate {data}/matrices/engines.yaml", "engines.yaml"),
        "--platform": Value("--platform windows/amd64", "platform='windows/amd64'"),
        "--channel": PAIR["--channel"],
        "--worker": PAIR["--worker"],
        "--tests": MANY["--tests"],
        "--tests-from": Value("--tests-from v0.9", "tests_from='v0.9'"),
        "--vary": Value("--vary daemon", "Vary.DAEMON"),
        "--baseline": Value("--baseline v0.9", "baseline='v0.9'"),
        "--client": Value("--client tests", "client='tests'", f"{ADOPTS} --tests-from v0.9"),
        "--offline": Value("--offline", "offline=True"),
        "--out": Value("--out {tmp}/mine", "out: {tmp}/mine"),
        "--repo": REPO,
        "--fetch": FETCH,
        "--history": Value("--history {tmp}/h.sqlite", "wrote: h.sqlite"),
        "--json": JSON,
        "--cache": CACHE,
        "--data": DATA,
    },
    "compat report": {
        "--out": Value("--out {tmp}/site", "wrote: site/page/index.html"),
        "--history": Value(
            "--history {history}", "wrote: site/page/past.js", "report {red} --out {tmp}/site"
        ),
        "--annotations": Value("--annotations", "::stop-commands::"),
        "--json": JSON,
    },
    "compat reclassify": {
        "--repo": Value("--repo /a/clone", "found: /a/clone"),
        "--fetch": Value("--fetch", "fetch=True"),
        "--out": Value("--out {tmp}/judged", "wrote: judged/run.json", JUDGES),
        "--history": Value(
            "--history {history}",
            "wrote: judged/page/past.js",
            f"{JUDGES} --out {{tmp}}/judged",
        ),
        "--json": JSON._replace(base=JUDGES),
        "--cache": CACHE,
        "--data": Value("--data {data}", "entries: 0"),
    },
    "compat gate": {
        "--policy": Value("--policy {data}/matrices/mine.yaml", "code: 0", "gate {aged}"),
        "--release": Value("--release master=abcdef0", "code: 3"),
        "--repo": Value("--repo /a/clone", "found: /a/clone", "gate {green} --release v0.9"),
        "--fetch": Value("--fetch", "fetch=True", "gate {green} --release v0.9"),
        "--cache": CACHE._replace(base="gate {green} --release v0.9"),
        "--json": JSON,
        "--markdown": Value("--markdown", "### "),
        "--data": Value("--data {data}", "code: 0", "gate {aged} --policy mine"),
    },
    "compat diff": {
        "--repo": Value("--repo /a/clone", "found: /a/clone"),
        "--cache": CACHE,
        "--json": JSON,
        "--exit-code": Value("--exit-code", "code: 1"),
    },
    "compat history": {
        "--cell": Value("--cell none*", "printed: \n"),
        "--record": Value("--record {red}", "0 new"),
        "--history": Value("--history {tmp}/none.sqlite", "there is no history"),
        "--json": Value("--json", "printed: ["),
    },
    "compat floors": {
        "--out": Value("--out {tmp}/floors", "wrote: floors/"),
        "--json": JSON,
        "--data": Value("--data {data}", "TestOfMine"),
    },
    "compat features": {
        "--daemon": Value("--daemon v0.12", "expected 0555, seen 0000"),
        "--out": Value("--out {tmp}/site", "wrote: site/features.html"),
        "--json": JSON,
        "--markdown": Value("--markdown", "printed: # Dockerfile features"),
    },
    "compat lists check": {
        "--repo": REPO,
        "--fetch": FETCH,
        "--cache": CACHE,
        "--data": DATA,
        "--json": JSON,
    },
    "compat lists audit": {
        **RUNS,
        **FRESH,
        "--jobs": Value("--jobs 3", "limits: Limits(jobs=3"),
    },
    "compat lists suggest": {"--json": Value("--json", "printed: [")},
    "compat images seed": {
        "--set": Value("--set legacy", "seeded: legacy\nsessions"),
        "--cache": CACHE,
        "--data": DATA,
    },
    "compat images list": {"--json": JSON, "--cache": CACHE, "--data": DATA},
    "compat gc": {
        "--older-than": Value("--older-than 7d", "suite/ten-days"),
        "--max-size": Value("--max-size 1MiB", "suite/ten-days"),
        "--dry-run": Value("--dry-run", "would go"),
        "--json": JSON,
        "--cache": CACHE,
    },
    "compat doctor": {"--cache": CACHE, "--json": JSON},
}

REFUSED = (
    "run d f --cache-repo Not-A-Name",
    "run d f --tests TestCopy/sub",
    "run --resume nowhere",
    "run d f --platform linux/x86_64",
    "run d f --client tests",  # the tests are the daemon's own
    "bisect d f --test Test*",
    "plan nightly --tests TestCopy/sub",
    "matrix --resume nowhere",
    "matrix --plan {tmp}/nothing.json",
    "gate {green} --policy nothing",
    "gate {green} --release master=short",
    "features {features} --daemon v0.99",
    f"{ADOPTS} --platform windows/x86_64",
    f"{ADOPTS} --client tests",  # as above
    f"{ADOPTS} --candidate {{data}}/matrices/lines.yaml",
    "history --record nowhere",
    "scenarios d f -k nothing-like-it",
)
"""Command lines whose last word is a text that the option takes and the command refuses."""
