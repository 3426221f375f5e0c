"""Stand-in images as those see them who use them: a registry, a client, and a shell inside."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from harness.config.datadir import find_data
from harness.images import oci, registry
from harness.images.mirror import CONTENTS
from harness.images.sets import ImageSets
from harness.store import Store
from harness.tools import process
from tests.support.registries import serving

pytestmark = pytest.mark.integration

SETS = ("legacy", "middle", "modern")


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> ImageSets:
    return ImageSets(find_data(None, {}), Store(tmp_path_factory.mktemp("cache")))


def skopeo(*words: str) -> bytes:
    program = process.find("skopeo")
    return process.run(process.Request([str(program), *words], timeout=60.0)).stdout


def pull(host: str, name: str, dest: Path) -> dict[str, str]:
    """Copy an image out of the registry; gives the digest of every blob that arrived."""
    skopeo("copy", "--src-tls-verify=false", f"docker://{host}/{name}", f"dir:{dest}")
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in dest.iterdir()
        if path.name not in {"version", "manifest.json"}
    }


def unpacked(folder: Path, archive: Path) -> Path:
    """Unpack the layers of a pulled image, as root of a file system."""
    manifest = json.loads((archive / "manifest.json").read_bytes())
    for layer in manifest["layers"]:
        with tarfile.open(archive / layer["digest"].partition(":")[2]) as tar:
            # As an attribute, because the Python 3.11.2 of Debian 12 knows no argument `filter`.
            tar.extraction_filter = getattr(tarfile, "tar_filter", None)
            tar.extractall(folder)  # noqa: S202 - the line above, and the images are our own
    return folder


def inside(root: Path, script: str) -> str:
    """Run a script by the image's own shell."""
    # The groups that BuildKit finds for root in both images' /etc/group and gives to a RUN.
    argv = ["chroot", "--groups=0,10", str(root), "/bin/sh", "-euc", script]
    if os.geteuid() != 0:
        argv = ["unshare", "--map-root-user", "--map-auto", *argv]
    return process.run(process.Request(argv, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})).text


@pytest.mark.parametrize("name", SETS)
def test_every_image_of_a_set_is_served_with_the_digests_that_were_written(
    sets: ImageSets, name: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(sets.seed(name).path, tmp_path / "mirror")
    contents = json.loads((folder / CONTENTS).read_bytes())
    assert set(contents) == set(sets.describe(name).images)
    with serving(folder) as host:
        for number, (image, made) in enumerate(contents.items()):
            digest = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{host}/{image}"))
            assert digest["Digest"] == made["digest"]
            blobs = pull(host, image, tmp_path / str(number))
            assert len(blobs) == 2
            assert all(named == digest for named, digest in blobs.items())


def test_what_a_leg_pushes_never_reaches_the_seed(sets: ImageSets, tmp_path: Path) -> None:
    seed = sets.seed("modern").path
    before = {path: path.stat().st_mtime_ns for path in seed.rglob("*") if path.is_file()}
    folder = shutil.copytree(seed, tmp_path / "mirror")
    frontend = tmp_path / "frontend.tar"
    oci.pack_frontend(Path("/bin/busybox"), {"a": "b"}, ["/bin/dockerfile-frontend"], frontend)
    with serving(folder) as host:
        # Overwriting a tag is what would spoil a seed that shares files with its copies.
        for target in ("buildkit_test/new:latest", "library/busybox:latest"):
            skopeo(
                "copy",
                "--dest-tls-verify=false",
                f"oci-archive:{frontend}",
                f"docker://{host}/{target}",
            )
            pushed = skopeo(
                "inspect", "--config", "--tls-verify=false", f"docker://{host}/{target}"
            )
            assert json.loads(pushed)["config"]["Labels"] == {"a": "b"}
    registry.verify(seed)
    assert before == {path: path.stat().st_mtime_ns for path in seed.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def pulled(sets: ImageSets, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Busybox and alpine of every set, as a client gets them."""
    folder = tmp_path_factory.mktemp("pulled")
    found = {}
    for name in SETS:
        with serving(shutil.copytree(sets.seed(name).path, folder / name)) as host:
            for image in ("busybox", "alpine"):
                found[f"{name}/{image}"] = folder / f"{name}-{image}"
                pull(host, f"library/{image}:latest", found[f"{name}/{image}"])
    return found


@pytest.mark.parametrize(
    "image", [f"{name}/{image}" for name in SETS for image in ("busybox", "alpine")]
)
def test_the_commands_of_upstreams_tests_work_inside(
    pulled: dict[str, Path], image: str, tmp_path: Path
) -> None:
    # Taken from testCopyChownCreateDest, testWorkdirUser and testUserAdditionalGids.
    said = inside(
        unpacked(tmp_path, pulled[image]),
        """
        adduser -D user
        adduser -D user01
        mkdir /dest /dest01
        chown user:user /dest
        chown user01:user /dest01
        stat -c "%U %G" /dest /dest01
        stat -c "%a %U" /home/user
        id user01
        id
        """,
    )
    assert said.splitlines() == [
        "user user",
        "user01 user",
        "2755 user",
        "uid=1001(user01) gid=1001(user01) groups=1001(user01)",
        "uid=0(root) gid=0(root) groups=0(root),10(wheel)",
    ]


def test_addgroup_adds_groups_and_members(pulled: dict[str, Path], tmp_path: Path) -> None:
    said = inside(
        unpacked(tmp_path, pulled["modern/busybox"]),
        """
        addgroup -g 2000 first
        addgroup second
        adduser -D -H -u 3000 -G first -s /bin/false -h /nowhere member
        addgroup member second
        addgroup member wheel
        id member
        grep -E "^(member|wheel):" /etc/passwd /etc/group
        test ! -e /nowhere
        adduser -D member || echo refused
        adduser newcomer || echo refused
        addgroup -g 2000 third || echo refused
        """,
    )
    assert said.splitlines() == [
        "uid=3000(member) gid=2000(first) groups=2000(first),10(wheel),1000(second)",
        "/etc/passwd:member:x:3000:2000:Linux User,,,:/nowhere:/bin/false",
        "/etc/group:wheel:x:10:root,member",
        "refused",
        "refused",
        "refused",
    ]


def test_gid_65534_and_usr_bin_are_what_each_line_expects(
    pulled: dict[str, Path], tmp_path: Path
) -> None:
    def look(name: str) -> str:
        script = "touch /x; chown 0:65534 /x; stat -c %G /x; mkdir /usr/bin 2>&1 && echo made"
        return inside(unpacked(tmp_path / name, pulled[name]), f"{script} || true")

    assert look("legacy/busybox") == "nogroup\nmade\n"
    assert look("middle/busybox") == "nobody\nmade\n"
    assert (
        look("modern/busybox") == "nobody\nmkdir: can't create directory '/usr/bin': File exists\n"
    )
