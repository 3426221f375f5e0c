from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from harness.config.conditions import ALWAYS, Commits, Condition, Facts, Versions
from harness.config.schema import load
from harness.config.yamlfile import Complaint
from harness.errors import ConfigError
from harness.model import Channel, Commit, Side

OLD, NEW, ELSEWHERE = "a" * 40, "b" * 40, "c" * 40


def commit(version: str, dockerfile: str = "1.1.0", sha: str = OLD) -> Commit:
    return Commit(
        asked=version,
        ref=version,
        sha=sha,
        date="2020-01-01",
        line="v0.6",
        version=version,
        dockerfile=dockerfile,
    )


def facts(contains: Callable[[str, str], bool] = lambda _side, _sha: False) -> Facts:
    return Facts(
        daemon=commit("0.6.4"),
        frontend=commit("0.12.5", "1.6.0", NEW),
        worker="oci",
        backend="native",
        channel=Channel.LABS,
        offline=True,
        contains=contains,
    )


HOLDING = {
    "nothing asked": ALWAYS,
    "daemon": Condition(daemon=Versions(">=0.6,<0.9")),
    "platform": Condition(platform=("windows/amd64", "linux/amd64")),
    "frontend": Condition(frontend=Versions("==0.12.*")),
    "dockerfile": Condition(dockerfile=Versions(">=1.5")),
    "worker": Condition(worker=("containerd", "oci")),
    "backend": Condition(backend=("native",)),
    "channel": Condition(channel=(Channel.LABS,)),
    "offline": Condition(offline=True),
    "engine": Condition(engine=False),
    "all": Condition(daemon=Versions("<0.7"), frontend=Versions(">0.7"), worker=("oci",)),
}
FAILING = {
    "daemon": Condition(daemon=Versions(">=0.7")),
    "frontend": Condition(frontend=Versions("<0.11")),
    "dockerfile of the daemon does not count": Condition(dockerfile=Versions("<1.5")),
    "worker": Condition(worker=("containerd",)),
    "backend": Condition(backend=("docker",)),
    "channel": Condition(channel=(Channel.MAINLINE, Channel.EXPERIMENTAL)),
    "offline": Condition(offline=False),
    "engine": Condition(engine=True),
    "one of two": Condition(daemon=Versions("<0.7"), frontend=Versions("<0.7")),
}


@pytest.mark.parametrize("name", HOLDING)
def test_a_condition_holds_if_all_that_is_asked_is_so(name: str) -> None:
    assert HOLDING[name].matches(facts())


@pytest.mark.parametrize("name", FAILING)
def test_a_condition_fails_if_anything_is_not_so(name: str) -> None:
    assert not FAILING[name].matches(facts())


def test_history_is_asked_about_the_side_that_is_named() -> None:
    asked: list[tuple[str, str]] = []

    def contains(side: str, sha: str) -> bool:
        asked.append((side, sha))
        return side == NEW

    here = facts(contains)
    assert Condition(contains=Commits(frontend=(ELSEWHERE,))).matches(here)
    assert not Condition(contains=Commits(daemon=(ELSEWHERE,))).matches(here)
    assert not Condition(contains=Commits(daemon=(ELSEWHERE,), frontend=(ELSEWHERE,))).matches(here)
    assert Condition(lacks=Commits(daemon=(ELSEWHERE,))).matches(here)
    assert not Condition(lacks=Commits(daemon=(OLD,), frontend=(ELSEWHERE,))).matches(here)
    assert set(asked) == {(NEW, ELSEWHERE), (OLD, ELSEWHERE), (OLD, OLD)}


def test_history_is_not_asked_when_the_rest_decides() -> None:
    def contains(_side: str, _sha: str) -> bool:
        pytest.fail("history was asked")

    condition = Condition(daemon=Versions(">=9"), contains=Commits(daemon=(NEW,)))
    assert not condition.matches(facts(contains))


def test_all_commits_must_be_contained_and_none_may_be_lacked() -> None:
    here = facts(lambda _side, sha: sha == OLD)
    assert not Condition(contains=Commits(daemon=(OLD, NEW))).matches(here)
    assert not Condition(lacks=Commits(daemon=(OLD, NEW))).matches(here)


VERSIONS = st.tuples(*[st.integers(0, 40)] * 3).map(lambda parts: ".".join(map(str, parts)))
ABOVE_ZERO = VERSIONS.filter(lambda version: version != "0.0.0")


@settings(deadline=None)
@given(low=VERSIONS, high=VERSIONS, version=VERSIONS)
def test_a_range_holds_exactly_between_its_bounds(low: str, high: str, version: str) -> None:
    text = f">={low},<{high}"
    if Version(low) >= Version(high):
        with pytest.raises(Complaint, match="holds no version"):
            Versions(text)
        return
    wanted = Version(low) <= Version(version) < Version(high)
    assert (version in Versions(text)) is wanted


SMALL = st.tuples(*[st.integers(0, 2)] * 3).map(lambda parts: ".".join(map(str, parts)))
COMPARISONS = st.one_of(
    st.tuples(st.sampled_from([">=", "<=", ">", "<", "==", "!=", "~="]), SMALL).map("".join),
    st.tuples(st.sampled_from(["==", "!="]), SMALL.map(lambda v: f"{v[:3]}.*")).map("".join),
)
ALL = [f"{a}.{b}.{c}" for a in range(5) for b in range(5) for c in range(5)]


@settings(deadline=None)
@given(st.lists(COMPARISONS, min_size=1, max_size=5).map(",".join))
def test_a_range_is_refused_if_and_only_if_no_version_lies_in_it(text: str) -> None:
    inside = SpecifierSet(text)
    holds = any(inside.contains(version) for version in ALL)
    refused = False
    try:
        Versions(text)
    except Complaint:
        refused = True
    assert refused is not holds


@settings(deadline=None)
@given(st.lists(COMPARISONS, min_size=1, max_size=5).map(",".join), st.sampled_from(ALL))
def test_a_range_meets_a_line_if_and_only_if_some_release_of_it_could_lie_in_it(
    text: str, version: str
) -> None:
    line = version[:3]
    inside = SpecifierSet(text)
    meets = any(inside.contains(f"{line}.{patch}") for patch in range(9))
    try:
        told = Versions(text).meets(line)
    except Complaint:
        told = False
    assert told is meets


@pytest.mark.parametrize(
    "text", [">=0.13,<0.12", ">1,<1", "==0.12,!=0.12", "<0", "==0.12.*,!=0.12.*", "~=0.6,<0.6"]
)
def test_a_range_in_which_nothing_lies_is_refused(text: str) -> None:
    with pytest.raises(Complaint, match=f"^'{re.escape(text)}' holds no version$"):
        Versions(text)


@pytest.mark.parametrize("side", ["daemon", "frontend"])
def test_a_commit_cannot_be_asked_for_and_lacked(side: str) -> None:
    commits = {side: (OLD, NEW)}
    with pytest.raises(Complaint, match=f"^no {side} lacks {NEW[:12]} and contains it"):
        Condition(contains=Commits(**commits), lacks=Commits(**{side: (NEW,)}))
    other = {"daemon": "frontend", "frontend": "daemon"}[side]
    Condition(contains=Commits(**commits), lacks=Commits(**{other: (NEW,)}))


@settings(deadline=None)
@given(bound=ABOVE_ZERO, version=VERSIONS)
def test_a_bound_and_its_opposite_split_all_versions(bound: str, version: str) -> None:
    here = replace(facts(), daemon=commit(version))
    below = Condition(daemon=Versions(f"<{bound}"))
    above = Condition(daemon=Versions(f">={bound}"))
    assert below.matches(here) != above.matches(here)


@settings(deadline=None)
@given(known=st.frozensets(st.sampled_from([OLD, NEW, ELSEWHERE])), sha=st.sampled_from([OLD, NEW]))
def test_contains_and_lacks_of_one_commit_are_opposites(known: frozenset[str], sha: str) -> None:
    here = facts(lambda _side, asked: asked in known)
    asked = Commits(frontend=(sha,))
    assert Condition(contains=asked).matches(here) != Condition(lacks=asked).matches(here)


@settings(deadline=None)
@given(
    worker=st.sampled_from(["oci", "containerd"]),
    offline=st.booleans(),
    channel=st.sampled_from(list(Channel)),
)
def test_asking_more_never_makes_a_condition_hold(
    *, worker: str, offline: bool, channel: Channel
) -> None:
    here = facts()
    one, two = Condition(worker=(worker,)), Condition(offline=offline, channel=(channel,))
    both = Condition(worker=(worker,), offline=offline, channel=(channel,))
    assert both.matches(here) == (one.matches(here) and two.matches(here))


@settings(deadline=None)
@given(text=st.text(max_size=30) | st.text("<>=!~,.*0123456789 ", max_size=30))
def test_any_text_is_a_range_or_complained_about(text: str) -> None:
    try:
        versions = Versions(text)
    except Complaint as complaint:
        assert complaint.hint  # noqa: PT017 - either outcome is right
    else:
        assert ("1.2.3" in versions) in {True, False}


@pytest.mark.parametrize("text", ["0.6", "", "===0.6", ">=0.6;<0.9", ">=x", ">=" + "9" * 5000, ","])
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Complaint) as caught:
        Versions(text)
    assert caught.value.hint == 'write comparisons joined by commas: ">=0.6,<0.9"'


def test_ranges_are_equal_whatever_their_order() -> None:
    assert Versions(">=0.6,<0.9") == Versions("<0.9, >=0.6")
    assert len({Versions(">=0.6,<0.9"), Versions("<0.9,>=0.6"), Versions(">=0.6")}) == 2
    assert str(Versions(">=0.6")) == "Versions('>=0.6')"


def test_a_version_that_is_none_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"not a version: 'v0\.x'"):
        assert "v0.x" in Versions(">=0.6")


@pytest.mark.parametrize(
    ("condition", "suite", "frontend"),
    [
        (ALWAYS, [], []),
        (Condition(daemon=Versions(">=1"), backend=("native",)), [], ["daemon"]),
        (Condition(frontend=Versions(">=1")), ["frontend"], []),
        (Condition(dockerfile=Versions(">=1")), ["dockerfile"], []),
        (Condition(channel=(Channel.LABS,)), ["channel"], []),
        (Condition(worker=("oci",), offline=False), ["worker", "offline"], ["worker", "offline"]),
        (Condition(engine=True), ["engine"], ["engine"]),
        (Condition(contains=Commits(daemon=(OLD,))), [], ["contains.daemon"]),
        (Condition(lacks=Commits(frontend=(OLD,))), ["lacks.frontend"], []),
    ],
)
def test_a_tree_is_decided_by_what_belongs_to_it(
    condition: Condition, suite: list[str], frontend: list[str]
) -> None:
    assert condition.beyond(Side.SUITE) == suite
    assert condition.beyond(Side.FRONTEND) == frontend


def read(folder: Path, text: str) -> Condition:
    path = folder / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, Condition, name="f")


def test_a_condition_is_read_from_yaml(tmp_path: Path) -> None:
    condition = read(
        tmp_path,
        f"""
daemon: ">=0.6,<0.9"
contains: {{frontend: {OLD}}}
lacks: {{daemon: [{OLD}, {NEW}]}}
worker: oci
channel: [labs, mainline]
offline: false
""",
    )
    assert condition == Condition(
        daemon=Versions(">=0.6,<0.9"),
        contains=Commits(frontend=(OLD,)),
        lacks=Commits(daemon=(OLD, NEW)),
        worker=("oci",),
        channel=(Channel.LABS, Channel.MAINLINE),
        offline=False,
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("daemon: 0.6", "f:1:9: daemon: '0.6' is a number to YAML, not a text"),
        ("daemon: '0.6'", "f:1:9: daemon: '0.6' is no range of versions"),
        ("deamon: '>=0.6'", "f:1:1: deamon: there is no such key; did you mean `daemon`?"),
        ("contains: {}", "f:1:11: contains: names no commit"),
        ("contains: {frontend: 3105471}", "f:1:22: contains.frontend: '3105471' is a number"),
        ("contains: {frontend: v0.11.0}", "f:1:22: contains.frontend: 'v0.11.0' is not a full"),
        (f"contains: {OLD}", "f:1:11: contains: is a text, not a mapping"),
        ("worker: [OCI]", "f:1:10: worker[0]: 'OCI' is not a plain name"),
        ("channel: nightly", "f:1:10: channel: 'nightly' is not known here"),
        ("offline: 1", "f:1:10: offline: '1' is a number to YAML"),
    ],
)
def test_a_wrong_condition_is_told_with_its_place(text: str, wanted: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(wanted)
    assert caught.value.hint
