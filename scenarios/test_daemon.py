"""What the daemon and its client do beside the result: what is left, what is said."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same

CACHE_MOUNTS = "#run---mounttypecache"
META = "https://docs.docker.com/reference/cli/docker/buildx/build/#metadata-file"
_PAUSE = 0.1
_PATIENCE = 20.0
"""Seconds until what a build began must be over."""

leak = partial(scenario, docs="docs/buildkitd.toml.md", area="Leaks")


def gone(what: str, look: Callable[[], list[str]]) -> None:
    """Raise WrongError if something is there for longer than patience lasts."""
    until = time.monotonic() + _PATIENCE
    while (seen := look()) and time.monotonic() < until:
        time.sleep(_PAUSE)
    holds(f"{what} to be gone", not seen, seen)


def commands_with(word: str) -> list[str]:
    """Return the command lines of this machine that have a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            words = path.read_text(errors="replace").split("\0")
            found += [" ".join(words)] if word in words else []
    return found


@leak("Leaks, processes", "RUN command &")
def test_leak_process(build: Builds) -> None:
    """A process that a command leaves behind ends with it."""
    seconds = str(int(build.nonce[:7], 16) + 10**9)
    build.tree(f"FROM busybox\nRUN sleep {seconds} & true\n")
    gone("the process", lambda: commands_with(seconds))


@leak("Leaks, processes of a failed build", "RUN command & exit 1")
def test_leak_failed(build: Builds) -> None:
    """A process that a failing command leaves behind ends with it."""
    seconds = str(int(build.nonce[:7], 16) + 10**9)
    build.fails(f"FROM busybox\nRUN sleep {seconds} & exit 1\n")
    gone("the process", lambda: commands_with(seconds))


@leak("Leaks, mounts", "RUN --mount=…")
def test_leak_mounts(build: Builds) -> None:
    """No file system of a command stays mounted."""
    dockerfile = f"""
        FROM busybox
        RUN --mount=type=cache,id={build.nonce},target=/m --mount=type=tmpfs,target=/t \
            sed -n 's/.*upperdir=\\([^,]*\\).*/\\1/p' /proc/self/mountinfo | head -1 >/got
    """
    upper = build.got(dockerfile)
    holds("a folder of the daemon's", upper.startswith("/"), upper)
    mounts = Path("/proc/self/mountinfo")
    gone("the mount", lambda: [line for line in mounts.read_text().splitlines() if upper in line])


@leak("Leaks, control groups", "RUN …")
def test_leak_groups(build: Builds) -> None:
    """No control group of a command stays."""
    dockerfile = f"FROM busybox\nRUN cat /proc/self/cgroup >/got # {build.nonce}\n"
    names = {line.rpartition("/")[2] for line in build.got(dockerfile).splitlines()} - {""}
    root = Path("/sys/fs/cgroup")
    gone("the group", lambda: [str(path) for name in names for path in root.glob(f"**/{name}")])


def together(build: Builds, sharing: str, tries: int, after: str) -> list[str]:
    """Build twice at once with one cache mount; return what each saw in it: one file, or both."""
    dockerfile = f"""
        FROM busybox
        ARG of
        RUN --mount=type=cache,id={build.nonce},target=/m,sharing={sharing} \
            touch /m/$of; \
            for i in $(seq {tries}); do [ -f /m/a -a -f /m/b ] || sleep 0.2; done; \
            ls /m | xargs >/got; {after} # {build.nonce}
    """
    pair = [build.beside(of) for of in "ab"]
    opts = [{"build-arg:of": of} for of in "ab"]
    with ThreadPoolExecutor() as pool:
        return [*pool.map(lambda one, opts: one.got(dockerfile, opts=opts), pair, opts)]


@pytest.mark.parametrize(
    ("sharing", "tries", "after", "expected"),
    [
        pytest.param(
            sharing,
            tries,
            after,
            expected,
            id=sharing,
            marks=scenario(
                f"RUN --mount=type=cache,sharing={sharing}",
                f"RUN --mount=type=cache,sharing={sharing},target=/m …",
                CACHE_MOUNTS,
                "1.2",
                area="RUN --mount",
            ),
        )
        for sharing, tries, after, expected in (
            ("shared", 150, "true", ["a b", "a b"]),
            ("private", 15, "true", ["a", "b"]),
            ("locked", 15, "rm /m/$of", ["a", "b"]),
        )
    ],
)
def test_mount_cache_sharing(
    build: Builds, sharing: str, tries: int, after: str, expected: list[str]
) -> None:
    """Two builds at once have one folder, or each its own, or one waits for the other."""
    same("what each saw", together(build, sharing, tries, after), expected)


KEYS = {
    "digest": "containerimage.digest",
    "config": "containerimage.config.digest",
    "name": "image.name",
    "descriptor": "containerimage.descriptor",
}


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(
            key,
            id=name,
            marks=scenario(
                f"--metadata-file, {key}", "buildctl build --metadata-file f", META, area="Client"
            ),
        )
        for name, key in KEYS.items()
    ],
)
def test_metadata(build: Builds, key: str) -> None:
    """It says of the image that was pushed what the registry says."""
    path = build.folder / "metadata"
    image = build.pushed("FROM scratch\nLABEL a=1\n", arguments=["--metadata-file", str(path)])
    found = json.loads(path.read_bytes())
    holds(f"a key {key}", key in found, sorted(found))
    if key == KEYS["descriptor"]:  # which is a document; as the text that it travels in, it is none
        holds("a descriptor", isinstance(found[key], dict), found[key])
        found[key] = found[key].get("digest")
    digest = image.manifests[0]["digest"]
    expected = {
        KEYS["digest"]: digest,
        KEYS["config"]: image.manifest["config"]["digest"],
        KEYS["name"]: f"{build.live.registry.address}/{build.nonce}",
        KEYS["descriptor"]: digest,
    }
    same(key, found[key], expected[key])


@scenario("buildctl du", "buildctl du", "docs/reference/buildctl.md", area="Client")
def test_disk_usage(build: Builds) -> None:
    """What a build has left in the cache can be seen, and removed."""
    build.tree(f"FROM busybox\nRUN true {build.nonce}\n")
    holds("a record of the command", build.kept(), build.log)
    build.forget()
    same("records of the command", build.kept(), [])
