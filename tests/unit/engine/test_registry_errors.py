"""What a registry's refusal means is told from the words of the engines that pass it on."""

from __future__ import annotations

import pytest

from harness.engine.registry_errors import (
    ABSENT,
    ANSWERS_BADLY,
    DENIED,
    LIMITED,
    OTHER,
    PLAIN,
    UNNAMED,
    UNREACHABLE,
    UNTRUSTED,
    Cause,
    ImageRefused,
    cause_of,
    registry_of,
)
from harness.errors import ExitCode, InfrastructureError


@pytest.mark.parametrize(
    ("status", "cause"),
    [(429, LIMITED), (404, ABSENT), (401, DENIED), (403, DENIED), (503, ANSWERS_BADLY)],
)
def test_the_status_of_an_answer_counts_before_its_text(status: int, cause: Cause) -> None:
    assert cause_of("Get https://host: connection refused", status) is cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        # dockerd
        ("toomanyrequests: You have reached your unauthenticated pull rate limit.", LIMITED),
        ("manifest for 127.0.0.1:5000/a/b:suite-1 not found: manifest unknown", ABSENT),
        (
            "pull access denied for x/y, repository does not exist or may require 'docker login'",
            ABSENT,
        ),
        ('error parsing HTTP 404 response body: unexpected end of JSON input: ""', ABSENT),
        ('error parsing HTTP 403 response body: unexpected end of JSON input: ""', DENIED),
        ('error parsing HTTP 429 response body: unexpected end of JSON input: ""', LIMITED),
        ("unauthorized: authentication required", DENIED),
        ("denied: requested access to the resource is denied", DENIED),
        ("no basic auth credentials", DENIED),
        ("received unexpected HTTP status: 503 Service Unavailable", ANSWERS_BADLY),
        ("received unexpected HTTP status: 500 Internal Server Error", ANSWERS_BADLY),
        (
            'Get "https://127.0.0.1:5000/v2/": http: server gave HTTP response to HTTPS client',
            PLAIN,
        ),
        ('Get "https://h/v2/": x509: certificate signed by unknown authority', UNTRUSTED),
        ('Get "https://h/v2/": net/http: TLS handshake timeout', UNREACHABLE),
        (
            (
                'Get "https://h/v2/": dial tcp: lookup h on 10.0.0.2:53: read udp 10.0.0.1:4: '
                "i/o timeout"
            ),
            UNNAMED,
        ),
        (
            'Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused',
            UNREACHABLE,
        ),
        ('Get "https://h/v2/": net/http: request canceled (Client.Timeout exceeded)', UNREACHABLE),
        ("Put https://h/v2/a/blobs/uploads/1: EOF", UNREACHABLE),
        # containerd, which BuildKit and newer engines pull by
        (
            (
                "failed to resolve source metadata for docker.io/library/golang:1.21: unexpected "
                "status from HEAD request to https://registry-1.docker.io/v2/x/manifests/1: "
                "429 Too Many Requests"
            ),
            LIMITED,
        ),
        ("docker.io/library/golang:1.21: not found", ABSENT),
        (
            (
                "pull access denied, repository does not exist or may require authorization: "
                "server message: insufficient_scope: authorization failed"
            ),
            ABSENT,
        ),
        (
            "unexpected status from HEAD request to https://h/v2/512/manifests/1: 403 Forbidden",
            DENIED,
        ),
        (
            (
                "failed to copy: httpReadSeeker: failed open: unexpected status code "
                "https://h/v2/a/blobs/sha256:4290: 502 Bad Gateway"
            ),
            ANSWERS_BADLY,
        ),
        ('failed to do request: Head "https://h/v2/": dial tcp: lookup h: no such host', UNNAMED),
        # Podman
        ("reading manifest 1 in h/a: manifest unknown", ABSENT),
        ('pinging container registry h: Get "https://h/v2/": dial tcp: i/o timeout', UNREACHABLE),
        ("writing blob: the disk of the registry is blue", OTHER),
    ],
)
def test_else_the_text_decides(text: str, cause: Cause) -> None:
    assert cause_of(text, 500).name == cause.name


def test_an_engine_s_own_500_says_nothing_of_the_registry() -> None:
    assert cause_of("something went wrong", 500) is OTHER


def test_only_what_may_pass_is_tried_again() -> None:
    passing = {LIMITED, ANSWERS_BADLY, UNNAMED, UNREACHABLE}
    assert all(cause.passing for cause in passing)
    assert not any(cause.passing for cause in (ABSENT, DENIED, UNTRUSTED, PLAIN, OTHER))


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("golang:1.21", "docker.io"),
        ("library/golang:1.21", "docker.io"),
        ("docker.io/library/golang", "docker.io"),
        ("ghcr.io/a/b:c", "ghcr.io"),
        ("localhost/a:b", "localhost"),
        ("127.0.0.1:5000/a/b:c", "127.0.0.1:5000"),
    ],
)
def test_the_registry_is_the_first_part_of_a_name(image: str, registry: str) -> None:
    assert registry_of(image) == registry


def test_a_refusal_says_registry_image_and_what_to_do_and_no_secret() -> None:
    said = 'Get "https://user:secret@ghcr.io/v2/": dial tcp: connection refused'
    error = ImageRefused("pull", "ghcr.io/a/b:suite-1", cause_of(said), said)
    assert str(error) == (
        "pull ghcr.io/a/b:suite-1: ghcr.io cannot be reached: "
        'Get "https://***@ghcr.io/v2/": dial tcp: connection refused'
    )
    assert error.brief == "pull ghcr.io/a/b:suite-1: ghcr.io cannot be reached"
    assert error.hint
    assert isinstance(error, InfrastructureError)
    assert error.exit_code is ExitCode.INFRASTRUCTURE


def test_a_long_answer_is_cut() -> None:
    assert len(str(ImageRefused("pull", "a/b:c", OTHER, "x" * 10_000))) < 1000
