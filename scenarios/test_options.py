"""Options of a build that are not in the Dockerfile."""

from __future__ import annotations

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same

README = "https://docs.docker.com/reference/cli/docker/buildx/build/"


@scenario(
    "--ulimit", "--opt ulimit=nofile=321:432", f"{README}#ulimit", "1.5", area="Build options"
)
def test_opt_ulimit(build: Builds) -> None:
    """Commands run with the limit."""
    dockerfile = "FROM busybox\nRUN ulimit -n >/got; ulimit -Hn >>/got\n"
    image = build.image(dockerfile, opts={"ulimit": "nofile=321:432"})
    same("limits of open files", image.layer(-1)["got"].text, "321\n432")


@scenario("--shm-size", "--opt shm-size=8388608", f"{README}#shm-size", "1.5", area="Build options")
def test_opt_shm_size(build: Builds) -> None:
    """The file system of shared memory has the size."""
    dockerfile = "FROM busybox\nRUN df -k /dev/shm | tail -1 | awk '{print $2}' >/got\n"
    image = build.image(dockerfile, opts={"shm-size": str(8 << 20)})
    same("size in KiB", image.layer(-1)["got"].text, "8192")


@scenario(
    "--cgroup-parent",
    "--opt cgroup-parent=/name",
    f"{README}#cgroup-parent",
    "1.5",
    area="Build options",
)
def test_opt_cgroup_parent(build: Builds) -> None:
    """Commands run in a group below the given one."""
    image = build.image(
        "FROM busybox\nRUN cat /proc/self/cgroup >/got\n",
        opts={"cgroup-parent": "/scenarios-parent"},
    )
    groups = image.layer(-1)["got"].text
    holds("a group below /scenarios-parent", "/scenarios-parent/" in groups, groups)
