from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.config.datadir import find_data
from harness.config.lines import Lines, Stage, load_lines
from harness.errors import ConfigError, InfrastructureError
from harness.model import Channel

SMALL = """\
toolchains: ["1.22.10", "1.21.13"]
image_sets:
  plain: {library/busybox:latest: busybox}
defaults:
  go: "1.21"
  module: true
  channel: labs
  stage: {dockerfile: Dockerfile, target: integration-tests, source: upstream}
  workers: [oci]
  images: plain
  daemon_tags: seccomp
  environment: {A_B: c}
ranges:
  - {lines: "<0.7", channel: experimental, go: "1.20"}
  - {lines: ">=0.6", go: "1.22"}
lines:
  - {name: v0.5, dockerfile: "1.1"}
  - {name: v0.6, dockerfile: "1.1", workers: [oci, containerd]}
  - {name: v0.10, dockerfile: "1.4"}
  - {name: master, dockerfile: "1.5"}
"""


def read(folder: Path, text: str) -> Lines:
    path = folder / "lines.yaml"
    path.write_text(text, encoding="utf-8")
    return load_lines(path)


def complaint(folder: Path, old: str, new: str) -> str:
    assert old in SMALL
    with pytest.raises(ConfigError) as caught:
        read(folder, SMALL.replace(old, new))
    return str(caught.value).removeprefix(f"{folder}/lines.yaml:")


def shipped() -> Lines:
    return load_lines(find_data(None, {}).lines_file)


def test_a_line_takes_defaults_then_ranges_in_order_then_its_own(tmp_path: Path) -> None:
    lines = read(tmp_path, SMALL)
    assert [(line.name, line.go, line.channel, line.workers) for line in lines.lines] == [
        ("v0.5", "1.20", Channel.EXPERIMENTAL, ("oci",)),
        ("v0.6", "1.22", Channel.EXPERIMENTAL, ("oci", "containerd")),
        ("v0.10", "1.22", Channel.LABS, ("oci",)),
        ("master", "1.22", Channel.LABS, ("oci",)),
    ]
    line = lines.line("v0.10")
    assert line.daemon_tags == ("seccomp",)
    assert line.environment == {"A_B": "c"}
    assert line.stage == Stage(
        dockerfile="Dockerfile", target="integration-tests", source="upstream"
    )
    assert lines.images(line) == {"library/busybox:latest": "busybox"}


def test_master_is_one_minor_past_the_newest_line(tmp_path: Path) -> None:
    lines = read(tmp_path, SMALL)
    assert lines.line("master").version == "0.11"
    assert lines.line("v0.6").version == "0.6"


def test_a_line_can_be_written_as_json_for_the_key_of_an_artefact() -> None:
    line = shipped().line("v0.6")
    assert msgspec.json.decode(msgspec.json.encode(line), type=type(line)) == line


def test_an_unknown_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no line v0\.99"):
        read(tmp_path, SMALL).line("v0.99")


@pytest.mark.parametrize(
    ("name", "directive", "wanted"),
    [
        ("v0.5", "", "1.21.13"),
        ("v0.5", "1.12", "1.21.13"),
        ("v0.5", "1.21.13", "1.21.13"),
        ("v0.5", "1.21.14", "1.22.10"),
        ("v0.6", "1.12", "1.22.10"),
        ("v0.6", "1.22rc1", "1.22.10"),
    ],
)
def test_the_least_toolchain_that_satisfies_line_and_commit_is_chosen(
    name: str, directive: str, wanted: str, tmp_path: Path
) -> None:
    lines = read(tmp_path, SMALL)
    assert lines.toolchain_for(lines.line(name), directive) == wanted


def test_a_toolchain_that_is_not_known_is_asked_for_where_it_belongs(tmp_path: Path) -> None:
    lines = read(tmp_path, SMALL)
    with pytest.raises(ConfigError) as caught:
        lines.toolchain_for(lines.line("v0.6"), "1.26.3")
    assert "lines.yaml: toolchains: none is as new as Go 1.26.3" in str(caught.value)
    assert '"1.26.3"' in caught.value.hint


def test_a_go_directive_that_is_no_version_is_no_fault_of_our_data(tmp_path: Path) -> None:
    lines = read(tmp_path, SMALL)
    with pytest.raises(InfrastructureError, match="asks for Go 'newest', which is no version"):
        lines.toolchain_for(lines.line("v0.6"), "newest")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ('"1.22.10"', "1.22.10", ""),
        ('go: "1.21"', "go: 1.21", "5:7: defaults.go: '1.21' is a number to YAML, not a text"),
        ('"1.21.13"', '"1.21"', "1:25: toolchains[1]: '1.21' is not a Go version in full"),
        ("name: v0.10", "name: v0.7-x", "19:12: lines[2].name: 'v0.7-x' is not the name of a line"),
        ("name: v0.10", "name: v0.1\u0663", "19:12: lines[2].name: 'v0.1\u0663' is not the name"),
        ('"1.4"', '"1.\u0664"', "19:31: lines[2].dockerfile: '1.\u0664' is not a version of the"),
        ('"1.21.13"', '"1.21.1\u0663"', "1:25: toolchains[1]: '1.21.1\u0663' is not a Go version"),
        ("name: v0.10", "name: v0.4", "17:3: lines: v0.4 stands behind v0.6"),
        ("name: v0.10", "name: v0.6", "17:3: lines: v0.6 stands behind v0.6"),
        ("name: master", "name: v0.11", "17:3: lines: the last line is not master"),
        ("name: v0.5", "name: master", "17:3: lines: the last line is not master"),
        ("  module: true\n", "", "16:5: lines.v0.5: `module` is set nowhere"),
        ("images: plain", "images: plane", "17:5: lines.v0.5: there is no image set 'plane'"),
        ("<0.7", "<0.1", "14:5: ranges[0].lines: no line lies in it"),
        ("<0.7", "0.7", "14:13: ranges[0].lines: '0.7' is no range of versions"),
        ("dockerfile: Dockerfile", "dockerfile: ../x", "8:23: defaults.stage.dockerfile: '../x'"),
        ("dockerfile: Dockerfile", "dockerfile: /x", "8:23: defaults.stage.dockerfile: '/x'"),
        ("source: upstream", "source: ours", "8:70: defaults.stage.source: 'ours' is not a source"),
        ("A_B", "a=b", "12:17: defaults.environment: 'a=b' is not the name of an environment"),
        ("library/busybox:latest", "'../busybox'", "3:11: image_sets.plain: '../busybox' is not"),
        ("channel: labs", "chanel: labs", "7:3: defaults.chanel: there is no such key; did you"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(
    old: str, new: str, wanted: str, tmp_path: Path
) -> None:
    if not wanted:  # a version with three numbers needs no quotes
        assert read(tmp_path, SMALL.replace(old, new)).toolchains == ("1.21.13", "1.22.10")
        return
    assert complaint(tmp_path, old, new).startswith(wanted)


def test_the_shipped_lines_are_all_there() -> None:
    lines = shipped()
    names = [line.name for line in lines.lines]
    assert names == [f"v0.{minor}" for minor in range(3, len(names) + 2)] + ["master"]
    assert len(names) >= 31
    for line in lines.lines:
        assert lines.toolchain_for(line, "") in lines.toolchains
        assert "oci" in line.workers
        assert lines.images(line)["library/busybox:latest"].startswith("busybox")


@pytest.mark.parametrize(
    ("name", "channel", "images", "dockerfile", "stage"),
    [
        ("v0.4", "experimental", "legacy", "1.0", "hack/dockerfiles/test.buildkit.Dockerfile"),
        ("v0.6", "experimental", "legacy", "1.1", "hack/dockerfiles/test.buildkit.Dockerfile"),
        ("v0.7", "experimental", "legacy", "1.1", "Dockerfile"),
        ("v0.8", "labs", "middle", "1.2", "Dockerfile"),
        ("v0.10", "labs", "middle", "1.4", "Dockerfile"),
        ("v0.11", "labs", "modern", "1.5", "Dockerfile"),
        ("v0.32", "labs", "modern", "1.26", "Dockerfile"),
    ],
)
def test_the_shipped_lines_change_where_buildkit_did(
    name: str, channel: str, images: str, dockerfile: str, stage: str
) -> None:
    line = shipped().line(name)
    found = (line.channel.value, line.images, line.dockerfile, line.stage.dockerfile)
    assert found == (channel, images, dockerfile, stage)


@pytest.mark.parametrize(
    ("name", "directive", "wanted"),
    [
        ("v0.3", "", "1.21.13"),
        ("v0.6", "1.12", "1.21.13"),
        ("v0.15", "1.21.0", "1.21.13"),
        ("v0.20", "1.22.0", "1.22.10"),
        ("v0.23", "1.23.0", "1.23.9"),
        ("v0.26", "1.24.3", "1.24.11"),
        ("v0.29", "1.25.5", "1.25.5"),
        ("v0.31", "1.25.9", "1.26.6"),
        ("v0.32", "1.26.3", "1.26.6"),
    ],
)
def test_the_shipped_toolchains_serve_what_go_mod_of_each_line_asks(
    name: str, directive: str, wanted: str
) -> None:
    lines = shipped()
    assert lines.toolchain_for(lines.line(name), directive) == wanted


def test_only_the_oldest_line_is_no_module() -> None:
    assert [line.name for line in shipped().lines if not line.module] == ["v0.3"]
