from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import pytest

from harness.config.datadir import find_data
from harness.config.series import MAX_PATCH, Patch, applicable, load_series
from harness.errors import ConfigError
from harness.model import Channel, Commit, Side

PATCH = b"--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-old\n+new\n"
ENTRY = """\
  - file: {file}
    side: suite
    when: {{daemon: ">=0.4,<0.9"}}
    reason: because
    link: https://github.com/moby/buildkit/pull/1
"""
SHA = "a" * 40


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    folder = tmp_path / "patches"
    folder.mkdir()
    return folder


def commit(version: str, dockerfile: str = "1.1.0") -> Commit:
    return Commit(
        asked=version,
        ref=version,
        sha=SHA,
        date="2020-01-01",
        line="v0.6",
        version=version,
        dockerfile=dockerfile,
    )


def series(patches: Path, folder: str, *entries: str, **files: bytes) -> Path:
    place = patches / folder
    place.mkdir(parents=True)
    (place / "series.yaml").write_text("patches:\n" + "".join(entries), encoding="utf-8")
    for name, text in files.items():
        (place / f"{name}.patch").write_bytes(text)
    return place


def complaint(patches: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_series(patches)
    return str(caught.value)


def test_patches_come_in_order_of_folders_then_of_the_list(patches: Path) -> None:
    entry = ENTRY.format
    series(patches, "v0.10", entry(file="a.patch"), a=PATCH)
    series(patches, "v0.4", entry(file="z.patch"), entry(file="b.patch"), z=PATCH, b=PATCH)
    series(patches, "common", entry(file="a.patch"), a=PATCH)
    (patches / ".git").mkdir()
    (patches / "README.md").touch()
    assert [patch.name for patch in load_series(patches)] == [
        "common/a.patch",
        "v0.4/z.patch",
        "v0.4/b.patch",
        "v0.10/a.patch",
    ]


def test_a_patch_carries_what_a_report_needs(patches: Path) -> None:
    folder = series(patches, "v0.4", ENTRY.format(file="a.patch"), a=PATCH)
    (patch,) = load_series(patches)
    assert patch.path == folder / "a.patch"
    assert patch.text == PATCH
    assert patch.sha256 == hashlib.sha256(PATCH).hexdigest()
    assert (patch.side, patch.reason) == (Side.SUITE, "because")
    assert patch.link == "https://github.com/moby/buildkit/pull/1"
    assert patch.where == "patches/v0.4/series.yaml:2:5"


def chosen(
    patches: tuple[Patch, ...],
    side: Side,
    version: str,
    channel: Channel = Channel.LABS,
    history: Collection[str] = (SHA,),
) -> list[str]:
    found = applicable(
        patches,
        side,
        commit(version, "1.6.0"),
        channel=channel,
        backend="native",
        contains=lambda _commit, asked: asked in history,
    )
    return [patch.name for patch in found]


def test_a_patch_is_for_the_trees_of_its_side_that_its_condition_holds_for(
    patches: Path,
) -> None:
    frontend = ENTRY.replace("suite", "frontend")
    series(
        patches,
        "p",
        ENTRY.format(file="a.patch"),
        frontend.replace("daemon", "frontend").format(file="b.patch"),
        frontend.replace('daemon: ">=0.4,<0.9"', "channel: mainline").format(file="c.patch"),
        frontend.replace('daemon: ">=0.4,<0.9"', 'dockerfile: ">=1.5"').format(file="d.patch"),
        ENTRY.replace('daemon: ">=0.4,<0.9"', f"contains: {{{{daemon: {SHA}}}}}").format(
            file="e.patch"
        ),
        ENTRY.replace('    when: {{daemon: ">=0.4,<0.9"}}\n', "").format(file="f.patch"),
        **dict.fromkeys("abcdef", PATCH),
    )
    read = load_series(patches)
    assert chosen(read, Side.SUITE, "0.6.0") == ["p/a.patch", "p/e.patch", "p/f.patch"]
    assert chosen(read, Side.SUITE, "0.9.0") == ["p/e.patch", "p/f.patch"]
    assert chosen(read, Side.FRONTEND, "0.6.0") == ["p/b.patch", "p/d.patch"]
    assert chosen(read, Side.FRONTEND, "0.9.0", Channel.MAINLINE) == ["p/c.patch", "p/d.patch"]


@pytest.mark.parametrize(
    ("side", "when", "keys"),
    [
        ("suite", 'frontend: ">=0.11"', "frontend"),
        ("suite", "channel: labs", "channel"),
        ("suite", "worker: oci", "worker"),
        ("frontend", 'daemon: ">=0.11"', "daemon"),
        ("frontend", f"lacks: {{daemon: {SHA}}}, offline: true", "offline, lacks.daemon"),
    ],
)
def test_a_patch_may_not_ask_about_what_its_tree_is_not_built_for(
    side: str, when: str, keys: str, patches: Path
) -> None:
    entry = ENTRY.format(file="a.patch").replace("suite", side)
    series(patches, "p", entry.replace('daemon: ">=0.4,<0.9"', when), a=PATCH)
    wanted = f"series.yaml:4:11: patches[0].when: {keys} cannot decide over a patch of the {side}"
    assert wanted in complaint(patches)


@pytest.mark.parametrize("key", ["file", "side", "reason", "link"])
def test_a_patch_needs_all_its_keys(key: str, patches: Path) -> None:
    lines = ENTRY.format(file="a.patch").splitlines()
    kept = [line.replace("  - ", "    ") for line in lines if not line[4:].startswith(f"{key}:")]
    kept[0] = kept[0].replace("    ", "  - ", 1)
    series(patches, "p", "\n".join(kept) + "\n", a=PATCH)
    assert f"series.yaml:2:5: patches[0]: the key `{key}` is missing" in complaint(patches)


@pytest.mark.parametrize("name", ["../a.patch", "/a.patch", "sub/a.patch", "a.diff", ".patch"])
def test_a_patch_is_named_as_a_file_beside_its_series(name: str, patches: Path) -> None:
    series(patches, "p", ENTRY.format(file=name))
    assert "is not the name of a .patch file beside the series" in complaint(patches)


def test_a_vanished_patch_is_told_with_its_entry(patches: Path) -> None:
    series(patches, "p", ENTRY.format(file="gone.patch"), ENTRY.format(file="a.patch"), a=PATCH)
    message = complaint(patches)
    assert message == f"{patches}/p/series.yaml:2:5: patches.gone.patch: there is no such file"


def test_a_link_out_of_the_folder_is_refused(patches: Path) -> None:
    outside = patches.parent / "outside.patch"
    outside.write_bytes(PATCH)
    folder = series(patches, "p", ENTRY.format(file="a.patch"))
    (folder / "a.patch").symlink_to(outside)
    assert "patches.a.patch: leads out of the patches folder" in complaint(patches)


def test_a_linked_folder_is_refused_too(patches: Path) -> None:
    outside = series(patches.parent / "outside", "p", ENTRY.format(file="a.patch"), a=PATCH)
    (patches / "p").symlink_to(outside)
    assert "leads out of the patches folder" in complaint(patches)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"", "the patch is empty"),
        (PATCH.replace(b"x.go", b"../x.go"), "line 1 of the patch: '../x.go' is no plain path"),
        (b"x" * (MAX_PATCH + 1), f"is larger than {MAX_PATCH} bytes"),
    ],
)
def test_a_patch_is_checked_when_it_is_read(text: bytes, wanted: str, patches: Path) -> None:
    series(patches, "p", ENTRY.format(file="a.patch"), a=text)
    assert f"series.yaml:2:5: patches.a.patch: {wanted}" in complaint(patches)


def test_a_patch_that_no_series_lists_is_told(patches: Path) -> None:
    series(patches, "p", ENTRY.format(file="a.patch"), a=PATCH, b=PATCH)
    assert "patches: b.patch is not listed" in complaint(patches)


def test_a_patch_that_is_listed_twice_is_told(patches: Path) -> None:
    series(patches, "p", *[ENTRY.format(file="a.patch")] * 2, a=PATCH)
    assert "patches: listed twice: a.patch" in complaint(patches)


def test_a_folder_without_series_and_no_folder_at_all_are_told(patches: Path) -> None:
    (patches / "empty").mkdir()
    assert "empty/series.yaml: there is no such file" in complaint(patches)
    assert "cannot be read: No such file or directory" in complaint(patches / "none")


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("0.6.4", ["seeded-mirror/mirror-first.patch"]),
        ("0.12.5", ["seeded-mirror/mirror-first.patch", "seeded-mirror/mirror-misses.patch"]),
    ],
)
def test_the_shipped_patches_apply_until_upstream_has_the_change(
    version: str, wanted: list[str]
) -> None:
    shipped = load_series(find_data(None, {}).patches)
    assert chosen(shipped, Side.SUITE, version) == wanted
    lacked = [patch.condition.lacks for patch in shipped]
    changes = {sha for commits in lacked if commits for sha in commits.daemon}
    assert chosen(shipped, Side.SUITE, version, history=changes) == []
