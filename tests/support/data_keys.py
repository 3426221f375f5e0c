"""For every key of every data file: values that are read, and values that are refused."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any, NamedTuple

import yaml

from tests.unit.config.test_fuzz_config import CONDITION

SHA = "73ed6825c4b7569379ef89df0aedcdbe64473d31"
TODAY = date(2026, 11, 23)

GOOD_WHEN = yaml.safe_load(CONDITION)["when"]


class Drop(Enum):
    """What may be done to a key beside the one that a case is about."""

    DROP = "drop"


DROP = Drop.DROP
"""Takes the key out of the mapping."""

Case = tuple[tuple[Any, ...], tuple[Any, ...]]
"""Values that are read and values that are refused, or `(value, other keys)` that go with one."""


class With(NamedTuple):
    """A value that needs, or must not have, other keys beside it."""

    value: object
    others: dict[str, object]


TEXTS: Case = (("words",), ("", None, True, 0.1, ["x"]))
LINKS: Case = (("https://example.com/1",), ("http://example.com/1", "example.com", ""))
RANGES: Case = ((">=0.6,<0.9", "~=0.6"), (">=0.9,<0.6", "0.6", "latest", 0.6))
BOOLS: Case = ((True, False), ("yes", 1, "maybe"))
CHANNELS: Case = (("labs", "mainline", "experimental"), ("lab", "", True))
SIDES: Case = ((SHA, [SHA]), (SHA[:12], "v0.6", []))
REGEX: Case = (("no such .*file",), ("(", ".*", ""))
PLATFORMS: Case = (
    ("linux/amd64", ["windows/amd64", "linux/arm/v7"]),
    ("windows", "linux/x86_64", "Linux/amd64", [], ""),
)
WORKERS: Case = (("oci", ["oci", "containerd"]), ("Oci", [], ""))
LENGTHS: Case = (("90s", "40m", "2h", "90"), (90, "40 minutes", "0s", "2w", -1))
SIZES: Case = (("512MiB", "4GiB"), ("4GB", 4, "0GiB", "lots"))
STANCES: Case = (("refuse", "tell"), ("allow", True))
PATHS: Case = (("a/b",), ("/a", "../a", "a/"))
PARAMS: Case = (({"fileop": "false"},), ({"fileop": False}, "fileop=false", {"File Op": "x"}))
_UNAVAILABLE: dict[str, object] = {"status": "unavailable", "signature": DROP}
_IMAGE = f"image docker.io/library/alpine:3@sha256:{'0123456789abcdef' * 4}"
_CAPABILITY = "capability CAP_SYS_PTRACE"
_WRONG: dict[str, object] = {"below": "wrong", "cause": "the daemon ignores it"}
CLIENTS: Case = (
    (
        *("daemon", With("tests", {"tests": "master"})),
        With("previous", {"tests": "scenarios", "vary": "daemon"}),
        With("v0.12", {"tests": "scenarios", "vary": "daemon"}),
    ),
    ("v0.12", ["tests"], With("tests", {"tests": DROP}), With("-x", {"tests": "scenarios"})),
)
BASELINES: Case = (
    (
        "dockerfile/1.26.0",
        "v0.12",
        "image:docker/dockerfile:1.10#v0.17",
        "oci:~/layout:1.10",
        "previous",
    ),
    (
        "-x",
        "a b",
        "docker/dockerfile:1.10",
        "oci:",
        "image:a b",
        With("v0.12", {"tests": "master", "vary": "daemon"}),
    ),
)
STAGE = {"dockerfile": "Dockerfile", "target": "tests", "source": "upstream"}
SELECTORS = ([{"lines": {"since": "v0.6"}}], [{"refs": ["v0.6"]}])

CASES: dict[str, Case] = {
    # matrices/lines.yaml
    "lines._File.toolchains": ((["1.21.13"], "1.22.1"), ("1.21", 1.21, [])),
    "lines._File.image_sets": (
        ({"none": {"library/busybox:latest": "bb"}},),
        ({"none": {"B": "b"}},),
    ),
    "lines._File.params": (({"fileop": ["true", "false"]}, {"k": "v"}), ({"k": []}, {"k": [True]})),
    "lines._File.workers": (
        ({"oci": {"needs": "program runc"}}, {"oci": {}}, {}),
        ({"oci-rootles": {}}, {"oci": []}, {"Oci": {}}, ["oci"]),
    ),
    "lines.Worker.rootless": BOOLS,
    "lines.Worker.needs": (
        ("user-namespaces", ["program rootlesskit 2.0", "device /dev/net/tun"], _CAPABILITY),
        ([], "rootlesskit", "program rootlesskit>=2", "device tun", "user-namespaces 2"),
    ),
    "lines._File.defaults": ((), ({"go": 1.21}, [])),
    "lines._File.ranges": (([{"lines": "<0.2"}],), ([], [{}], [{"lines": ">9"}])),
    "lines._File.lines": ((), ([], [{"name": "master", "dockerfile": "1.1"}])),
    "lines._Settings.go": (("1.21",), (1.21, "1.21.3", "latest")),
    "lines._Settings.module": BOOLS,
    "lines._Settings.channel": CHANNELS,
    "lines._Settings.stage": ((STAGE,), ("tests", {"dockerfile": "Dockerfile"})),
    "lines._Settings.workers": WORKERS,
    "lines._Settings.images": (("none",), ("nothing", "")),
    "lines._Settings.daemon_tags": (("netgo", ["netgo", "seccomp"]), ([], "-tags")),
    "lines._Settings.environment": (({"A_B": "1"}, {}), ({"a": "1"}, {"A": 1}, "A=1")),
    "lines.Stage.dockerfile": PATHS,
    "lines.Stage.target": (("tests",), ("Tests!", "")),
    "lines.Stage.source": (("upstream", "generic", "auto"), ("ours",)),
    "lines.Stage.base": (("golang:{go}-bookworm", "my/base"), ("golang:{version}", "")),
    "lines._Range.lines": (("<0.2", "==0.1"), (">=0.2,<0.1", ">9", 0.1)),
    "lines._Entry.name": (("v0.1",), ("0.1", "v0.1.0", "main")),
    "lines._Entry.dockerfile": (("1.0",), (1.0, "1")),
    # matrices/*.yaml
    "matrixfile.Matrix.description": TEXTS,
    "matrixfile.Matrix.pairs": ((), ([], [{}], "all")),
    "matrixfile.Matrix.exclude": (([{"when": {"worker": "oci"}, "reason": "r"}],), ([], [{}])),
    "matrixfile.Matrix.include": (([{"daemon": "v0.6", "frontend": "master"}],), ([], [{}])),
    "matrixfile.Matrix.policy": (({}, {"flaky_budget": 3}), ("strict", {"budget": 3})),
    "matrixfile.Row.daemons": (SELECTORS, ([], "v0.6", [{}])),
    "matrixfile.Row.frontends": (SELECTORS, ([], "v0.6", [{}])),
    "matrixfile.Row.workers": WORKERS,
    "matrixfile.Row.platforms": PLATFORMS,
    "matrixfile.Row.channels": (("labs", ["labs", "mainline"]), ("lab", [])),
    "matrixfile.Row.timeout": LENGTHS,
    "matrixfile.Row.test_timeout": LENGTHS,
    "matrixfile.Row.memory": SIZES,
    "matrixfile.Row.tests": (
        ("daemon", ["frontend", "master"], "v0.12"),
        ([], ["-x"], "a b", ""),
    ),
    "matrixfile.Row.vary": (("frontend", With("daemon", {"tests": "master"})), ("tests", "daemon")),
    "matrixfile.Row.baseline": BASELINES,
    "matrixfile.Row.client": CLIENTS,
    "matrixfile.Selector.lines": (({"last": 3}, {"since": "v0.6"}), ({}, "v0.6", {"newest": 1})),
    "matrixfile.Selector.dockerfile": (
        (With({"last": 3}, {"lines": DROP}),),
        (With({}, {"lines": DROP}), {"last": 3}),
    ),
    "matrixfile.Selector.branches": (
        (With("master", {"lines": DROP}), With(["a", "b"], {"lines": DROP})),
        (With([], {"lines": DROP}), "master"),
    ),
    "matrixfile.Selector.refs": (
        (With(["v0.17.2", "ebcef1f"], {"lines": DROP}),),
        (With([], {"lines": DROP}), "v0.6"),
    ),
    "matrixfile.Selector.images": (
        (With(["image:docker/dockerfile:1.10", "oci:~/layout:1.10#v0.12.5"], {"lines": DROP}),),
        (With([], {"lines": DROP}), "oci:frontend.tar"),
    ),
    "matrixfile.Selector.candidate": (
        (With(value=True, others={"lines": DROP}),),
        (With(value=False, others={"lines": DROP}), With("v0.6", {"lines": DROP}), True),
    ),
    "matrixfile.Selector.release_branch": (
        tuple(With(it, {"lines": DROP}) for it in ("head", "previous", "older")),
        (With("v0.12", {"lines": DROP}), With(value=True, others={"lines": DROP}), "head"),
    ),
    "matrixfile.LinePart.since": (("v0.6",), ("0.6", 0.6, "v0.6.0")),
    "matrixfile.LinePart.last": (
        (With(5, {"since": DROP}),),
        (With(0, {"since": DROP}), With(1000, {"since": DROP}), With("all", {"since": DROP}), 5),
    ),
    "matrixfile.LinePart.within": (
        (With(">=0.8,<0.13", {"since": DROP}),),
        (With("0.8", {"since": DROP}), With(">1,<1", {"since": DROP}), ">=0.8"),
    ),
    "matrixfile.DockerfilePart.since": (("1.4",), (1.4, "v1.4", "1.4.0")),
    "matrixfile.DockerfilePart.last": (
        (With(5, {"since": DROP}),),
        (With(0, {"since": DROP}), With(1.5, {"since": DROP}), 5),
    ),
    "matrixfile.DockerfilePart.within": (
        (With(">=1.4", {"since": DROP}),),
        (With("1.4", {"since": DROP}), With("<1,>1", {"since": DROP})),
    ),
    "matrixfile.Exclude.when": ((GOOD_WHEN, {"worker": "oci"}), ("never", {"workers": "oci"})),
    "matrixfile.Exclude.reason": TEXTS,
    "matrixfile.Exclude.issue": LINKS,
    "matrixfile.Include.daemon": TEXTS,
    "matrixfile.Include.frontend": TEXTS,
    "matrixfile.Include.worker": (("oci",), (["oci"], "Oci")),
    "matrixfile.Include.platform": (("windows/amd64",), (["linux/amd64"], "plan9/amd64", "")),
    "matrixfile.Include.channel": CHANNELS,
    "matrixfile.Include.timeout": LENGTHS,
    "matrixfile.Include.test_timeout": LENGTHS,
    "matrixfile.Include.memory": SIZES,
    "matrixfile.Include.tests": (("daemon", "frontend", "v0.12"), (["v0.12"], "-x", "")),
    "matrixfile.Include.vary": (
        ("frontend", With("daemon", {"tests": "master"})),
        ("tests", "daemon"),
    ),
    "matrixfile.Include.baseline": BASELINES,
    "matrixfile.Include.client": CLIENTS,
    "matrixfile.Include.expect": (
        ([{"test": "TestA", "verdict": "compatible"}],),
        ([], [{}], [{"test": "TestA", "verdict": "regressed"}]),
    ),
    "expectations.Expectation.test": (("TestA", ["TestA", "TestB/x"]), ("testA", [], "TestA#01")),
    "expectations.Expectation.verdict": (
        ("regressed", With("compatible", {"error": DROP})),
        ("known", "stale-entry", "fine", "compatible", With("regressed", {"error": DROP})),
    ),
    "expectations.Expectation.params": PARAMS,
    "expectations.Expectation.error": REGEX,
    "policy.Policy.max_age": (("36h", "7d"), ("2w", "0s", "400d")),
    "policy.Policy.fresh_share": ((0, 0.05, 1, "0.5"), (-0.1, 1.5, "few", True)),
    "policy.Policy.flaky_budget": ((0, 3, "3"), (-1, 1.5, "few", True)),
    "policy.Policy.changed_failures": STANCES,
    "policy.Policy.stale_entries": STANCES,
    "policy.Policy.suspicious": STANCES,
    "policy.Policy.unavailable": STANCES,
    "policy.Policy.require": (("v0.6.*", ["*_master_*"]), ([], "a b", "")),
    "policy.Policy.platforms": PLATFORMS,
    # conditions
    "conditions.Condition.daemon": RANGES,
    "conditions.Condition.frontend": RANGES,
    "conditions.Condition.tests": RANGES,
    "conditions.Condition.dockerfile": RANGES,
    "conditions.Condition.contains": (
        ({"frontend": SHA}, {"daemon": [SHA], "frontend": SHA}),
        ({}, SHA, {"suite": SHA}),
    ),
    "conditions.Condition.lacks": (
        ({"frontend": SHA}, {"daemon": [SHA]}),
        ({}, With({"daemon": SHA}, {"contains": {"daemon": SHA}})),
    ),
    "conditions.Condition.worker": WORKERS,
    "conditions.Condition.backend": (("native", ["native", "docker"]), ("Native", [])),
    "conditions.Condition.channel": CHANNELS,
    "conditions.Condition.platform": PLATFORMS,
    "conditions.Condition.offline": BOOLS,
    "conditions.Condition.engine": BOOLS,
    "conditions.Commits.daemon": SIDES,
    "conditions.Commits.frontend": SIDES,
    "conditions.Commits.tests": SIDES,
    # patches/*/series.yaml
    "series._Series.patches": ((), ([], [{}], "a.patch")),
    "series._Entry.file": (("a.patch",), ("b.patch", "../a.patch", "a.diff")),
    "series._Entry.side": (("suite", With("frontend", {"when": DROP})), ("daemon", "")),
    "series._Entry.reason": TEXTS,
    "series._Entry.link": LINKS,
    "series._Entry.when": (({"daemon": ">=0.3"},), ({"worker": "oci"}, {"frontend": ">=0.3"})),
    # skiplists/*.yaml
    "skiplists._File.entries": ((), ([], [{}], "TestA")),
    "skiplists.Entry.test": (
        ("TestA*", ["TestA", "TestB/windows/amd64"]),
        ("TestIntegration/TestA", "TestA/worker=oci", "TestA[fileop=false]", "A", []),
    ),
    "skiplists.Entry.status": (
        (
            "expected-failure",
            With("skip", {"signature": DROP}),
            With("flaky", {"signature": DROP}),
            "flaky",
            With("unavailable", {"signature": DROP, "needs": "network"}),
        ),
        ("xfail", "unavailable", "skip", With("expected-failure", {"signature": DROP})),
    ),
    "skiplists.Entry.reason": TEXTS,
    "skiplists.Entry.issue": LINKS,
    "skiplists.Entry.worker": WORKERS,
    "skiplists.Entry.params": PARAMS,
    "skiplists.Entry.when": (({"worker": "oci"}, GOOD_WHEN), ("never", {"worker": "containerd"})),
    "skiplists.Entry.signature": REGEX,
    "skiplists.Entry.budget": (
        tuple(With(value, {"status": "flaky"}) for value in (0.25, "0.25", 0, 0.999)),
        (*(With(bad, {"status": "flaky"}) for bad in ("25%", -0.1, 1, 2, True, "1e-1")), 0.25),
    ),
    "skiplists.Entry.needs": (
        tuple(With(it, _UNAVAILABLE) for it in ("network", ["network", _IMAGE], _CAPABILITY)),
        (
            *(With(it, _UNAVAILABLE) for it in ("net", "network x", "image a:3", "capability X")),
            *(With([], _UNAVAILABLE), With(DROP, _UNAVAILABLE)),
            "network",
        ),
    ),
    "skiplists.Entry.expires": ((TODAY, "2027-06-30"), (date(2026, 11, 22), "soon", 2027)),
    # skiplists/floors/*.yaml
    "floors._File.floors": ((), ([], [{}], "TestA")),
    "floors.Floor.test": (
        ("TestA", "TestB/windows/amd64"),
        ("TestA*", "TestA/worker=oci", "TestIntegration/TestA", ["TestA"], "A"),
    ),
    "floors.Floor.since": (("v0.12", "master"), ("v0.13", "0.12", "", 0.12)),
    "floors.Floor.params": PARAMS,
    "floors.Floor.below": (
        (
            "refused",
            "crash",
            With("refused", {"cause": DROP}),
            With("wrong", {"cause": "the daemon drops what it does not know"}),
        ),
        ("hang", "", With("wrong", {"cause": DROP}), With("refused", {"since": "v0.3"})),
    ),
    "floors.Floor.cause": (
        ("exec.secretenv", With("the daemon ignores it", {"below": "wrong"})),
        (
            *("", None, 0.1, ["x"]),
            With("", {"below": "wrong"}),
            With("  ", {"below": "wrong"}),
            With("words", {"below": DROP}),
        ),
    ),
    "floors.Floor.issue": LINKS,
    "floors.Floor.platform": (("windows/amd64",), (["linux/amd64"], "beos/amd64", "")),
    "floors.Floor.dies": (
        tuple(With(it, _WRONG) for it in (["v0.3"], "v0.3")),
        (
            *(With(it, _WRONG) for it in (["v0.12"], ["v0.13"], [""], [], None)),
            ["v0.3"],
            With(["v0.3"], {"below": "crash"}),
        ),
    ),
    # matrices/images.yaml
    "recipes._File.parts": ((), ("base", {"base": "x"})),
    "recipes._File.recipes": ((), ("one", {"one": {}})),
    "recipes.Part.applets": (("hard", "symbolic"), ("soft", True)),
    "recipes.Part.folders": (({"var/run": "1777"},), ({"/run": "1777"}, {"run": 1777})),
    "recipes.Part.files": (({"etc/y": {"text": "y"}},), ({"etc/y": "y"}, {"/y": {"text": "y"}})),
    "recipes.Part.links": (({"usr/bin/env": "../../bin/env"},), ({"a": "b c"}, {"/a": "b"})),
    "recipes.Part.calls": (("stat", ["stat", "adduser"]), ([], "/bin/stat")),
    "recipes.File.text": TEXTS,
    "recipes.File.mode": (("755",), (755, "rwx", "9")),
    "recipes.Recipe.stands_for": TEXTS,
    "recipes.Recipe.differs": TEXTS,
    "recipes.Recipe.parts": (("base",), ("nothing", [])),
    "recipes.Recipe.cmd": ((["sh", "-c"], "sh"), ([], {"sh": "x"})),
    "recipes.Recipe.workdir": (("/", "/x/y"), ("x", "/a b")),
    # matrices/engines.yaml
    "engines.Engines.engines": (
        ([{"since": "29.0.0", "buildkit": SHA}],),
        ([], [{}], [{"since": s, "buildkit": SHA} for s in ("23.0.0", "20.10.0")]),
    ),
    "engines.Vendored.since": (("19.3.0", "22.06.1"), ("20.10", "v20.10.0", 20.1, "")),
    "engines.Vendored.buildkit": ((SHA,), (SHA[:12], "v0.6", "")),
    # matrices/oracle.yaml
    "oracle.Oracle.suspect": (([{"kind": "panic", "pattern": "^panic: "}],), ([], [{}])),
    "oracle.Oracle.ignore": ((), ([], [{}])),
    "oracle.Suspect.kind": (("data-race",), ("Data race", "")),
    "oracle.Suspect.pattern": REGEX,
    "oracle.Ignored.pattern": REGEX,
    "oracle.Ignored.reason": TEXTS,
    "oracle.Ignored.issue": LINKS,
    # MiniKit's history.yaml
    "minikit.History.author": (("Some <some@example.com>",), ("Some", "")),
    "minikit.History.commits": ((), ([], [{}])),
    "minikit.History.forget": (("v0.1", ["v0.1"]), ([], "a b")),
    "minikit.Change.subject": TEXTS,
    "minikit.Change.day": ((date(2020, 1, 2), "2020-01-02"), ("soon", 2020)),
    "minikit.Change.branch": ((), ("a b", "")),
    "minikit.Change.body": TEXTS,
    "minikit.Change.begins": ((), ("a b", "")),
    "minikit.Change.overlay": PATHS,
    "minikit.Change.delete": (("a/b", ["a", "b"]), ("/a", [])),
    "minikit.Change.tags": (("v0.1.0", ["v0.1.0", "dockerfile/1.0"]), ("a b", [])),
}
