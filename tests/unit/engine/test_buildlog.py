"""A build that lacks an image is told from one whose compiler failed, whatever that printed."""

from __future__ import annotations

import pytest

from harness.engine.buildlog import Fetch, failed_fetch

OLD = """\
#1 [internal] load build definition from Dockerfile
#1 sha256:abc
#1 transferring dockerfile: 1.2kB done
#1 DONE 0.1s

#3 resolve image config for docker.io/docker/dockerfile:1.1
#3 sha256:def
#3 ERROR: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: no such host
------
 > resolve image config for docker.io/docker/dockerfile:1.1:
------
failed to solve with frontend dockerfile.v0: failed to solve with frontend gateway.v0
"""

NEW = """\
#0 building with "default" instance using docker driver

#2 [linux/amd64 internal] load metadata for docker.io/library/golang:1.21-bookworm
#2 ERROR: unexpected status from HEAD request to https://registry-1.docker.io: 429 Too Many Requests
------
ERROR: failed to solve: golang:1.21-bookworm: failed to resolve source metadata
"""

LAYERS = """\
#5 [base 1/3] FROM docker.io/library/golang:1.21@sha256:0123456789abcdef
#5 resolve docker.io/library/golang:1.21@sha256:0123456789abcdef 0.1s done
#5 sha256:aaaa 1.05MB / 50.00MB 0.2s
#7 [stage-1 1/2] WORKDIR /src
#7 CANCELED
#5 ERROR: failed to copy: httpReadSeeker: failed open: unexpected status code: 503
"""

COMPILER = """\
#3 [internal] load metadata for docker.io/library/golang:1.21
#3 DONE 0.1s
#9 [build 3/4] RUN go build ./...
#9 0.412 #3 ERROR: dial tcp: connection refused
#9 ERROR: process "/bin/sh -c go build ./..." did not complete successfully: exit code: 1
------
 > [build 3/4] RUN go build ./...:
ERROR: failed to solve: process did not complete: 429 Too Many Requests
"""


@pytest.mark.parametrize(
    ("log", "image", "error"),
    [
        (OLD, "docker.io/docker/dockerfile:1.1", "no such host"),
        (NEW, "docker.io/library/golang:1.21-bookworm", "429 Too Many Requests"),
        (LAYERS, "docker.io/library/golang:1.21", "unexpected status code: 503"),
        (
            (
                "#4 resolve image config for docker-image://docker.io/docker/dockerfile:1\n"
                "#4 ERROR: toomanyrequests: x\n"
            ),
            "docker.io/docker/dockerfile:1",
            "toomanyrequests: x",
        ),
    ],
)
def test_the_image_that_was_not_given_is_named(log: str, image: str, error: str) -> None:
    found = failed_fetch(log)
    assert found
    assert found.image == image
    assert found.error.endswith(error)


@pytest.mark.parametrize("log", [COMPILER, "", "error during connect: connection refused\n"])
def test_any_other_failure_is_none_of_a_registry(log: str) -> None:
    assert failed_fetch(log) is None


def test_the_name_of_a_step_is_the_first_that_is_told() -> None:
    log = "#1 [internal] load metadata for a/b:c\n#1 ...\n#2 [x] RUN y\n#1 ERROR: EOF\n"
    assert failed_fetch(log) == Fetch("a/b:c", "EOF")
