"""Published daemons: which programs are taken out of an image's layers, and what is refused."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import CompatError, ExitCode
from harness.images import contents, layouts, published
from harness.images.daemons import DAEMON
from harness.store import Store
from tests.support.published_images import HERE, LABELS, OTHER, Layout, elf, layer

NEEDED = ("buildkitd", "buildctl")
OWN = layer({f"usr/bin/{it}": elf() for it in NEEDED})
RUNC = "containers are run by the runc of this machine: it has no buildkit-runc to take"


def _take(store: Store, path: Path) -> Path:
    with layouts.opened(path) as files:
        found = layouts.manifest_for(files, layouts.named(files, ""), HERE)
        return published.take(store, DAEMON, files, found, HERE)


def _taken(folder: Path, made: Layout) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return what is taken, by its name, and what is said of the rest."""
    kept = _take(Store(folder / "store"), made.write(folder / "it"))
    facts = published.facts_of(kept)
    programs = {it.name: it for it in (kept / "bin").iterdir()}
    assert all(it.stat().st_mode & 0o777 == 0o755 for it in programs.values())
    assert facts.programs == tuple(f"bin/{name}" for name in sorted(programs))
    assert {it.name for it in kept.iterdir()} == {"bin", published.FACTS}
    return {name: it.read_bytes() for name, it in programs.items()}, facts.left


def _image(*layers: bytes, entrypoint: tuple[str, ...] = ("buildkitd",)) -> Layout:
    made = Layout()
    made.name(made.daemon(*layers, entrypoint=entrypoint))
    return made


def _links(**links: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, target in links.items():
            member = tarfile.TarInfo(f"usr/bin/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return packed.getvalue()


def dynamic() -> bytes:
    """Return the headers of a program that asks for a dynamic loader."""
    found = bytearray(elf() + bytes(56))
    found[32:40] = (64).to_bytes(8, "little")  # e_phoff
    found[56:58] = (1).to_bytes(2, "little")  # e_phnum
    found[64:68] = (3).to_bytes(4, "little")  # PT_INTERP
    return bytes(found)


def test_daemon_client_runc_and_helpers_are_taken_and_nothing_else(tmp_path: Path) -> None:
    names = (*NEEDED, "buildkit-runc", "buildkit-qemu-arm64", "buildkit-cni-bridge")
    files = {f"usr/bin/{it}": elf(text=it.encode()) for it in (*names, "rootlesskit")}
    files |= {"usr/bin/buildctl-daemonless.sh": b"#!/bin/sh", "root/buildkitd": elf()}
    programs, left = _taken(tmp_path, _image(layer(files)))
    assert programs == {it: elf(text=it.encode()) for it in names}
    assert not left


def test_higher_layers_change_take_away_and_link(tmp_path: Path) -> None:
    new = elf(text=b"new")
    layers = (
        layer({f"usr/bin/{it}": elf() for it in (*NEEDED, "buildkit-runc", "buildkit-old")}),
        layer({"usr/bin/.wh.buildkit-runc": b"", "./usr/bin/buildctl": new}),
        layer({"opt/buildkit-0.12/buildkitd": new, "usr/bin/.wh.buildkitd": b""}),
        _links(buildkitd="../../opt/buildkit-0.12/buildkitd"),
    )
    programs, left = _taken(tmp_path, _image(*layers))
    assert programs == {"buildkitd": new, "buildctl": new, "buildkit-old": elf()}
    assert left == (RUNC,)


def test_a_program_may_have_several_names(tmp_path: Path) -> None:
    aliases = {"buildkit-one": "buildkitd", "buildkit-two": "/usr/bin/buildkitd"}
    programs, _ = _taken(tmp_path, _image(OWN, _links(**aliases)))
    assert programs == dict.fromkeys((*NEEDED, *aliases), elf())


def test_names_that_no_helper_has_are_left(tmp_path: Path) -> None:
    names = ("buildkit-", "buildkit-a b", "buildkit-\n", "buildkit-\udcff", f"buildkit-{'x' * 99}")
    programs, _ = _taken(tmp_path, _image(OWN, layer({f"usr/bin/{it}": elf() for it in names})))
    assert programs.keys() == {*NEEDED}


def test_an_opaque_folder_hides_what_lower_layers_have_in_it(tmp_path: Path) -> None:
    lower = layer({"usr/bin/buildkit-old": elf(), "bin/buildkit-kept": elf()})
    upper = layer({"usr/bin/.wh..wh..opq": b""})
    programs, _ = _taken(tmp_path, _image(lower, upper, OWN))
    assert programs.keys() == {*NEEDED, "buildkit-kept"}


def test_the_entry_point_says_which_daemon_it_is(tmp_path: Path) -> None:
    other = elf(text=b"other")
    made = _image(OWN, layer({"home/user/buildkitd": other}), entrypoint=("/home/user/buildkitd",))
    programs, _ = _taken(tmp_path, made)
    assert programs["buildkitd"] == other


def test_helpers_that_need_libraries_or_are_scripts_are_left(tmp_path: Path) -> None:
    files = {"usr/bin/buildkit-runc": dynamic(), "usr/bin/buildkit-setup": b"#!/bin/sh"}
    programs, left = _taken(tmp_path, _image(OWN, layer(files)))
    assert programs.keys() == {*NEEDED}
    assert left == ("buildkit-runc needs libraries of the image, so it is not taken", RUNC)


def _with(**programs: bytes) -> bytes:
    return layer({f"usr/bin/{name}": content for name, content in programs.items()})


def _frontend() -> Layout:
    made = Layout()
    made.name(made.image(labels=LABELS))
    return made


def _packed(content: bytes) -> Layout:
    made = Layout()
    made.name(made.image(labels={}, entrypoint=("buildkitd",), packed=content))
    return made


MANY = layer({f"usr/bin/buildkit-{number}": b"" for number in range(1001)})
BAD: dict[str, tuple[Callable[[], Layout], str]] = {
    "another image": (lambda: _image(layer({"bin/sh": elf()})), "it has no buildkitd in its PATH"),
    "no client": (lambda: _image(_with(buildkitd=elf())), "it has no buildctl in its PATH"),
    "a daemon elsewhere": (
        lambda: _image(layer({"root/buildkitd": elf(), "bin/buildctl": elf()})),
        "it has no buildkitd in its PATH",
    ),
    "a daemon that needs libraries": (
        lambda: _image(_with(buildkitd=dynamic(), buildctl=elf())),
        "its buildkitd needs libraries of the image",
    ),
    "a daemon that is a script": (
        lambda: _image(_with(buildkitd=b"#!/bin/sh", buildctl=elf())),
        "its buildkitd is no executable",
    ),
    "a daemon of another machine": (
        lambda: _image(_with(buildkitd=elf(OTHER), buildctl=elf())),
        f"its program is for {OTHER}",
    ),
    "links in a circle": (
        lambda: _image(_links(buildkitd="buildctl", buildctl="buildkitd")),
        "it has no buildkitd in its PATH",
    ),
    "a link out of the image": (
        lambda: _image(_with(buildctl=elf()), _links(buildkitd="../../../../../bin/true")),
        "it has no buildkitd in its PATH",
    ),
    "very many programs": (lambda: _image(OWN, MANY), "more than 1000 programs"),
    "a frontend": (_frontend, "it is a Dockerfile frontend"),
    "a layer that is none": (lambda: _packed(b"?" * 600), "is no BuildKit daemon"),
    "a layer that is cut off": (lambda: _packed(b"\x1f\x8b\x08\x00"), "is no BuildKit daemon"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_daemon_is_a_sentence_and_nothing_is_kept(tmp_path: Path, what: str) -> None:
    make, words = BAD[what]
    path, store = make().write(tmp_path / "it"), Store(tmp_path / "store")
    with pytest.raises(CompatError, match=re.escape(words)) as caught:
        _take(store, path)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert not store.keys("suite", "")
    assert not list((tmp_path / "store" / "tmp").iterdir())


def test_a_layer_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MOST_BYTES", 1 << 19)
    path = _image(OWN, layer({"etc/much": bytes(1 << 20)})).write(tmp_path / "it")
    with pytest.raises(CompatError, match="is no BuildKit daemon: more than 524288 bytes"):
        _take(Store(tmp_path / "store"), path)
