"""What is a full disk, in whose words ever, and what is not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harness.errors import DiskFull, InfrastructureError
from harness.tools.disks import disk_errors, full


@pytest.mark.parametrize(
    ("said", "is_full"),
    [
        ("write /var/lib/docker/tmp/x: No space left on device", True),
        ("link: mapping output file failed: no space left on device", True),
        ("fatal: sha1 file '/x.lock' write error. Out of diskspace", True),
        ("database or disk is full", True),
        ("/sys/fs/cgroup/cpuset is odd\nwrite /x: no space left on device", True),
        ("write /sys/fs/cgroup/cpuset/x/cgroup.procs: no space left on device", False),
        ("write /x: input/output error", False),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), True),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), True),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), False),
    ],
)
def test_words_say_whether_there_is_no_space_left(said: object, *, is_full: bool) -> None:
    assert full(said) is is_full


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, DiskFull), (errno.EROFS, InfrastructureError)]
)
def test_what_a_disk_refuses_is_told_with_its_folder(
    code: int, kind: type[InfrastructureError]
) -> None:
    with pytest.raises(kind) as caught, disk_errors(Path("/some/where/run.json")):
        raise OSError(code, os.strerror(code))
    assert type(caught.value) is kind
    assert str(caught.value) == f"cannot write /some/where/run.json: {os.strerror(code)}"
    assert "/some/where" in caught.value.hint
