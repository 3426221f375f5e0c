"""Options of a build that are not in the Dockerfile."""

from __future__ import annotations

import json
from functools import partial

import pytest

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.servers import Web
from kit.trees import write

BUILDX = "https://docs.docker.com/reference/cli/docker/buildx/build/"
BUILT_IN = "#buildkit-built-in-build-args"
option = partial(scenario, area="Build options")


@option("--target", "--opt target=stage", f"{BUILDX}#target")
def test_target(build: Builds) -> None:
    """The stage is the result."""
    dockerfile = "FROM scratch AS a\nCOPY f /a\nFROM scratch AS b\nCOPY f /b\n"
    same("files", build.tree(dockerfile, {"f": "x"}, opts={"target": "a"}).files, ["a"])


@option("--label", "--opt label:name=value", f"{BUILDX}#label")
def test_label_option(build: Builds) -> None:
    """The label is added, and counts before the Dockerfile's."""
    dockerfile = "FROM scratch\nLABEL a=1 b=2\n"
    labels = build.image(dockerfile, opts={"label:a": "3", "label:c": "4"}).config["Labels"]
    same("labels", labels, {"a": "3", "b": "2", "c": "4"})


@option("--add-host", "--opt add-hosts=name=1.2.3.4", f"{BUILDX}#add-host")
def test_add_hosts(build: Builds) -> None:
    """Commands know the host."""
    dockerfile = "FROM busybox\nRUN awk '/some.host/ {print $1}' /etc/hosts >/got\n"
    found = build.got(dockerfile, opts={"add-hosts": "some.host=10.1.2.3"})
    same("address of some.host", found, "10.1.2.3")


@option("hostname", "--opt hostname=name", f"{BUILDX}#opt")
def test_hostname(build: Builds) -> None:
    """Commands see the name."""
    dockerfile = "FROM busybox\nRUN hostname >/got\n"
    same("name", build.got(dockerfile, opts={"hostname": "some-name"}), "some-name")


@option(
    "BUILDKIT_SANDBOX_HOSTNAME",
    "build-arg:BUILDKIT_SANDBOX_HOSTNAME=…",
    BUILT_IN,
)
def test_hostname_argument(build: Builds) -> None:
    """Commands see the name."""
    opts = {"build-arg:BUILDKIT_SANDBOX_HOSTNAME": "some-name"}
    same("name", build.got("FROM busybox\nRUN hostname >/got\n", opts=opts), "some-name")


@option("--network", "--opt force-network-mode=none", f"{BUILDX}#network")
def test_force_network(build: Builds, web: Web) -> None:
    """No command reaches anything."""
    write(web.folder, {"f": "there"})
    dockerfile = f"FROM busybox\nRUN (wget -qO- {web.url('f')} || echo nothing) >/got\n"
    same("/got", build.got(dockerfile, opts={"force-network-mode": "none"}), "nothing")


@option("--ulimit", "--opt ulimit=nofile=321:432", f"{BUILDX}#ulimit", "1.5")
def test_ulimit(build: Builds) -> None:
    """Commands run with the limit."""
    dockerfile = "FROM busybox\nRUN ulimit -n >/got; ulimit -Hn >>/got\n"
    found = build.got(dockerfile, opts={"ulimit": "nofile=321:432"})
    same("limits of open files", found, "321\n432")


@option("--shm-size", "--opt shm-size=8388608", f"{BUILDX}#shm-size", "1.5")
def test_shm_size(build: Builds) -> None:
    """The file system of shared memory has the size."""
    dockerfile = "FROM busybox\nRUN df -k /dev/shm | tail -1 | awk '{print $2}' >/got\n"
    same("size in KiB", build.got(dockerfile, opts={"shm-size": str(8 << 20)}), "8192")


@option("--cgroup-parent", "--opt cgroup-parent=/name", f"{BUILDX}#cgroup-parent", "1.5")
def test_cgroup_parent(build: Builds) -> None:
    """Commands run in a group below the given one."""
    dockerfile = "FROM busybox\nRUN cat /proc/self/cgroup >/got\n"
    groups = build.got(dockerfile, opts={"cgroup-parent": "/scenarios-parent"})
    holds("a group below /scenarios-parent", "/scenarios-parent/" in groups, groups)


RESOURCES = [
    ("memory", str(64 << 20), "memory.limit_in_bytes memory.max", str(64 << 20)),
    ("cpushares", "512", "cpu.shares cpu.weight", "512"),
    ("cpuquota", "50000", "cpu.cfs_quota_us cpu.max", "50000"),
    ("cpusetcpus", "0", "cpuset.cpus", "0"),
]


@pytest.mark.parametrize(
    ("key", "value", "names", "expected"),
    [
        pytest.param(
            *one,
            id=one[0],
            marks=option(f"--{one[0]}", f"--opt {one[0]}={one[1]}", f"{BUILDX}#resource", "1.26"),
        )
        for one in RESOURCES
    ],
)
def test_resource(build: Builds, key: str, value: str, names: str, expected: str) -> None:
    """Commands run in a control group with the limit."""
    files = " ".join(f"/sys/fs/cgroup/{name} /sys/fs/cgroup/*/{name}" for name in names.split())
    dockerfile = f"FROM busybox\nRUN cat {files} 2>/dev/null | head -1 >/got\n"
    same("limit", build.got(dockerfile, opts={key: value}), expected)


@option("--no-cache", "--opt no-cache=", f"{BUILDX}#no-cache")
def test_no_cache(build: Builds) -> None:
    """Commands run again, and without it they do not."""
    dockerfile = f"FROM busybox\nRUN cat /proc/sys/kernel/random/uuid >/got # {build.nonce}\n"
    first, again = build.got(dockerfile), build.got(dockerfile)
    same("second build's number", again, first)
    anew = build.got(dockerfile, opts={"no-cache": ""})
    holds("another number without cache", anew != first, anew)


@option("--no-cache-filter", "--opt no-cache=stage", f"{BUILDX}#no-cache-filter", "1.4")
def test_no_cache_filter(build: Builds) -> None:
    """Commands of the stage run again, others do not."""
    dockerfile = f"""
        FROM busybox AS a
        RUN cat /proc/sys/kernel/random/uuid >/a # {build.nonce}
        FROM busybox AS b
        RUN cat /proc/sys/kernel/random/uuid >/b # {build.nonce}
        FROM scratch
        COPY --from=a a /
        COPY --from=b b /
    """
    first, anew = build.tree(dockerfile), build.tree(dockerfile, opts={"no-cache": "b"})
    same("number of stage a", anew["a"].text, first["a"].text)
    holds("another number of stage b", anew["b"].text != first["b"].text, anew["b"].text)


@option("--pull", "--opt image-resolve-mode=pull", f"{BUILDX}#pull")
def test_resolve_pull(build: Builds) -> None:
    """The registry is asked again, and its newest image taken."""
    registry, name = build.live.registry, f"library/{build.nonce}"
    labels = []
    for number in "12":
        made = build.run(f"FROM busybox\nLABEL a={number}\n", output="type=oci")
        registry.push(name, "latest", made)
        image = build.image(f"FROM {build.nonce}\n", opts={"image-resolve-mode": "pull"})
        labels.append(image.config["Labels"]["a"])
    same("labels", labels, ["1", "2"])


@option("--source-policy-file", "--source-policy-file policy.json", "docs/build-repro.md")
def test_source_policy(build: Builds) -> None:
    """The image that the policy names is taken."""
    rule = {
        "action": "CONVERT",
        "selector": {"identifier": "docker-image://docker.io/library/none:latest"},
        "updates": {"identifier": "docker-image://docker.io/library/busybox:latest"},
    }
    policy = write(build.folder, {"policy.json": json.dumps({"rules": [rule]})}) / "policy.json"
    image = build.image("FROM none\n", arguments=["--source-policy-file", str(policy)])
    same("labels", image.config["Labels"], {"base": "busybox"})
