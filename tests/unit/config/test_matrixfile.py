"""Matrix files: what is read, and what is said of mistakes, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.config.conditions import Versions
from harness.config.datadir import Data, find_data
from harness.config.matrixfile import (
    MEMORY,
    TIMEOUT,
    WAYS,
    Matrix,
    find_matrix,
    load_matrix,
    names,
)
from harness.config.policy import Policy
from harness.errors import ConfigError, UsageError
from harness.model import Channel

WHOLE = """\
description: everything
pairs:
  - daemons:
      - lines: {since: v0.6}
      - lines: {last: 3}
      - refs: [v0.6.2, master]
    frontends:
      - dockerfile: {within: ">=1.4,<1.10"}
      - branches: master
      - candidate: true
    workers: [oci, containerd]
    channels: labs
    timeout: 40m
    memory: 6GiB
  - {daemons: [{branches: [master]}], frontends: [{dockerfile: {since: "1.10"}}], test_timeout: 90s}
exclude:
  - {when: {daemon: "<0.8", worker: containerd}, reason: r, issue: "https://example.com/1"}
include:
  - {daemon: v0.20.1, frontend: v0.20.2, channel: mainline, timeout: 80s, test_timeout: 70s}
policy: {flaky_budget: 3, max_age: 36h}
"""


def read(folder: Path, text: str) -> Matrix:
    path = folder / "m.yaml"
    path.write_text(text, encoding="utf-8")
    return load_matrix(path)


def complaint(folder: Path, old: str, new: str) -> tuple[str, str]:
    """Return what is said of the file with a mistake in it: the message, and what to do."""
    assert WHOLE.count(old) == 1, old
    with pytest.raises(ConfigError) as caught:
        read(folder, WHOLE.replace(old, new))
    return str(caught.value).removeprefix(f"{folder}/m.yaml:"), caught.value.hint


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    matrix = read(tmp_path, WHOLE)
    first, second = matrix.pairs
    assert [s.lines.since for s in first.daemons if s.lines] == ["v0.6", None]
    assert [s.lines.last for s in first.daemons if s.lines] == [None, 3]
    assert first.daemons[2].refs == ("v0.6.2", "master")
    assert first.frontends[0].dockerfile is not None
    assert first.frontends[0].dockerfile.within == Versions(">=1.4,<1.10")
    assert first.frontends[1].branches == ("master",)
    assert first.frontends[2].candidate
    assert (first.workers, first.channels) == (("oci", "containerd"), (Channel.LABS,))
    assert (first.timeout, first.memory) == (2400.0, 6 << 30)
    assert (second.workers, second.channels) == (("oci",), ())
    assert (second.timeout, second.memory) == (TIMEOUT, MEMORY)
    tested = (first.test_timeout, second.test_timeout, matrix.include[0].test_timeout)
    assert tested == (None, 90.0, 70.0)
    assert (second.place.line, second.place.column) == (15, 5)
    assert matrix.include[0].channel is Channel.MAINLINE
    assert matrix.policy.flaky_budget == 3


def test_most_of_a_file_may_be_left_out(tmp_path: Path) -> None:
    matrix = read(tmp_path, "description: d\ninclude: [{daemon: a, frontend: b}]\n")
    assert (matrix.pairs, matrix.exclude, matrix.policy) == ((), (), Policy())


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            "branches: master\n",
            "branchs: master\n",
            "9:9: pairs[0].frontends[1].branchs: there is no such key; did you mean `branches`?",
            "known keys: lines, dockerfile, branches, refs, images, candidate, release_branch",
        ),
        (
            'since: "1.10"',
            "since: 1.10",
            "15:72: pairs[1].frontends[0].dockerfile.since: '1.10' is a number to YAML, not a text",
            'quote it: "1.10"',
        ),
        (
            "since: v0.6}",
            "since: v0.6.4}",
            "4:24: pairs[0].daemons[0].lines.since: 'v0.6.4' is not a release line (vMAJOR.MINOR)",
            "write for example v0.6",
        ),
        (
            "since: v0.6}",
            "since: v0.\u0666}",
            "4:24: pairs[0].daemons[0].lines.since: 'v0.٦' is not a release line (vMAJOR.MINOR)",
            "write for example v0.6",
        ),
        (
            "last: 3",
            "last: three",
            "5:23: pairs[0].daemons[1].lines.last: 'three' is no whole number from 1 to 999",
            "write it in decimal digits",
        ),
        (
            "last: 3",
            "last: 0",
            "5:23: pairs[0].daemons[1].lines.last: '0' is no whole number from 1 to 999",
            "write it in decimal digits",
        ),
        (
            "{last: 3}",
            "{last: 3, since: v0.6}",
            "5:23: pairs[0].daemons[1].lines.last: stands beside since",
            "give exactly one of: since, last, within",
        ),
        (
            "{last: 3}",
            "{}",
            "5:16: pairs[0].daemons[1].lines: says nothing",
            "give exactly one of: since, last, within",
        ),
        (
            "candidate: true",
            "candidate: false",
            "10:9: pairs[0].frontends[2]: says nothing",
            f"give exactly one of: {', '.join(WAYS)}",
        ),
        (
            "candidate: true",
            "candidate: yes",
            "10:20: pairs[0].frontends[2].candidate: 'yes' is no boolean",
            "write true or false",
        ),
        (
            "branches: master",
            "{branches: master, refs: v0.6.4}",
            "9:34: pairs[0].frontends[1].refs: stands beside branches",
            f"give exactly one of: {', '.join(WAYS)}",
        ),
        (
            "timeout: 40m",
            "timeout: 40",
            "13:14: pairs[0].timeout: '40' is a number to YAML, not a text",
            'quote it: "40"',
        ),
        (
            "memory: 6GiB",
            "memory: 6GB",
            "14:13: pairs[0].memory: '6GB' is no size",
            "write 512MiB or 4GiB",
        ),
        (
            'daemon: "<0.8"',
            "daemon: 0.8",
            "17:21: exclude[0].when.daemon: '0.8' is a number to YAML, not a text",
            'quote it: "0.8"',
        ),
        (
            "reason: r, ",
            "",
            "17:5: exclude[0]: the key `reason` is missing",
            "add `reason: …`",
        ),
        (
            "channels: labs",
            "channels: lab",
            "12:15: pairs[0].channels: 'lab' is not known here; did you mean `labs`?",
            "write one of: experimental, labs, mainline",
        ),
        (
            "daemon: v0.20.1",
            "daemon: 0.20",
            "19:14: include[0].daemon: '0.20' is a number to YAML, not a text",
            'quote it: "0.20"',
        ),
        (
            "flaky_budget: 3",
            "flaky_budget: -3",
            "20:24: policy.flaky_budget: '-3' is no whole number from 0 to 999999",
            "write it in decimal digits",
        ),
        (
            "description: everything\n",
            "",
            "1:1: the key `description` is missing",
            "add `description: …`",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_write(
    tmp_path: Path, old: str, new: str, message: str, hint: str
) -> None:
    assert complaint(tmp_path, old, new) == (message, hint)


def test_a_matrix_without_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"m\.yaml:1:1: holds neither `pairs` nor `include`"):
        read(tmp_path, "description: d\n")


@pytest.mark.parametrize("folder", [".", "examples/minikit"])
def test_every_matrix_that_is_shipped_can_be_read(folder: str) -> None:
    root = find_data(None, {}).root / folder
    data = Data(root)
    assert names(data)
    for name in names(data):
        assert load_matrix(find_matrix(data, name)).description


def test_a_name_is_a_file_of_the_data_and_a_path_is_itself(tmp_path: Path) -> None:
    data = find_data(None, {})
    ours = [
        "backport",
        "clients",
        "floors",
        "nightly",
        "release-gate",
        "scenarios",
        "selftest",
        "smoke",
    ]
    assert names(data) == ours
    assert find_matrix(data, "nightly") == data.matrices / "nightly.yaml"
    for path in ("./nightly", "other.yaml", f"{tmp_path}/x.yml"):
        assert find_matrix(data, path) == Path(path)


@pytest.mark.parametrize(("name", "guess"), [("nightli", "; did you mean nightly?"), ("lines", "")])
def test_a_name_that_is_not_there_is_told_with_those_that_are(name: str, guess: str) -> None:
    with pytest.raises(
        UsageError, match=f"^there is no matrix '{name}'{guess}".replace("?", r"\?")
    ) as caught:
        find_matrix(find_data(None, {}), name)
    assert caught.value.hint.endswith(
        "matrices has: backport, clients, floors, nightly, release-gate, scenarios, selftest, "
        "smoke; or name a file with a slash"
    )
