"""The engine is the one that Docker's own client program would speak to, and so is the way."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest
import requests
from docker.api.client import APIClient

from harness.engine import connect
from harness.engine.contexts import DEFAULT_HOST, find_endpoint
from harness.engine.endpoint import Certificates, Endpoint
from harness.engine.errors import EngineFailed

Config = dict[str, str]

CHECKED = Certificates(Path("/pem"), verify=True)
UNCHECKED = Certificates(Path("/pem"), verify=False)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return the variable that names a folder of the client program's configuration."""
    return {"DOCKER_CONFIG": str(tmp_path / "docker")}


def _store(config: Config, name: str, **target: object) -> Path:
    """Keep a context as `docker context create` does; return the folder of its certificates."""
    contexts = Path(config["DOCKER_CONFIG"], "contexts")
    folder = hashlib.sha256(name.encode()).hexdigest()
    meta = contexts / "meta" / folder / "meta.json"
    meta.parent.mkdir(parents=True)
    stored = {"Name": name, "Metadata": {}, "Endpoints": {"docker": target}}
    meta.write_text(json.dumps(stored))
    return contexts / "tls" / folder / "docker"


def test_docker_host_comes_first(config: Config) -> None:
    _store(config, "lab", Host="unix:///lab.sock")
    named = {"DOCKER_HOST": "tcp://h:2375", "DOCKER_CONTEXT": "lab", **config}
    assert find_endpoint(named) == Endpoint("tcp://h:2375", "DOCKER_HOST")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, None),
        ({"DOCKER_TLS_VERIFY": ""}, None),
        ({"DOCKER_CERT_PATH": "/pem"}, None),
        ({"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/pem"}, CHECKED),
        ({"DOCKER_TLS": "1", "DOCKER_CERT_PATH": "/pem"}, UNCHECKED),
    ],
)
def test_certificates_are_asked_for_by_two_variables(
    config: Config, said: Config, expected: Certificates | None
) -> None:
    found = find_endpoint({"DOCKER_HOST": "tcp://h:2376", **said, **config})
    assert found.certificates == expected


def test_certificates_lie_beside_the_configuration_unless_a_folder_is_named(config: Config) -> None:
    found = find_endpoint({"DOCKER_HOST": "tcp://h:2376", "DOCKER_TLS_VERIFY": "1", **config})
    assert found.certificates == Certificates(Path(config["DOCKER_CONFIG"]), verify=True)


def test_a_context_is_found_though_there_is_no_other_configuration(config: Config) -> None:
    _store(config, "lab", Host="ssh://lab")
    found = find_endpoint({"DOCKER_CONTEXT": "lab", **config})
    assert found == Endpoint("ssh://lab", "context lab", context="lab")


@pytest.mark.parametrize("unverified", [True, False])
def test_a_context_brings_its_certificates(config: Config, *, unverified: bool) -> None:
    pem = _store(config, "lab", Host="tcp://lab:2376", SkipTLSVerify=unverified)
    pem.mkdir(parents=True)
    found = find_endpoint({"DOCKER_CONTEXT": "lab", **config})
    assert found.certificates == Certificates(pem, verify=not unverified)


def test_the_context_in_use_counts_where_nothing_is_named(config: Config) -> None:
    _store(config, "lab", Host="unix:///lab.sock")
    file = Path(config["DOCKER_CONFIG"], "config.json")
    file.write_text('{"auths": {}, "currentContext": "lab"}')
    assert find_endpoint(config).host == "unix:///lab.sock"
    assert find_endpoint({"DOCKER_CONTEXT": "default", **config}).host == DEFAULT_HOST


def test_the_default_needs_no_configuration(config: Config) -> None:
    assert find_endpoint(config) == Endpoint(DEFAULT_HOST, "the default")


def test_a_context_that_is_not_there_is_named(config: Config) -> None:
    with pytest.raises(EngineFailed, match="no docker context 'nowhere'") as caught:
        find_endpoint({"DOCKER_CONTEXT": "nowhere", **config})
    assert caught.value.hint == "docker context ls"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"Endpoints": {}}',
        b'{"Endpoints": {"docker": 1}}',
        b'{"Endpoints": {"docker": {"Host": "\xff"}}}',
    ],
)
def test_a_damaged_context_is_named_by_its_file(config: Config, text: bytes) -> None:
    pem = _store(config, "lab")
    meta = pem.parents[2] / "meta" / pem.parent.name / "meta.json"
    meta.write_bytes(text)
    with pytest.raises(EngineFailed, match=r"meta\.json cannot be read"):
        find_endpoint({"DOCKER_CONTEXT": "lab", **config})


# -- the way there -------------------------------------------------------------------------------


@pytest.fixture
def another_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.setenv(name, "another")


@pytest.mark.usefixtures("another_engine")
@pytest.mark.parametrize(
    ("where", "told"),
    [
        (Endpoint("unix:///x", ""), {"DOCKER_HOST": "unix:///x"}),
        (Endpoint("ssh://lab", "", context="lab"), {"DOCKER_CONTEXT": "lab"}),
        (
            Endpoint("ssh://lab", "", context="lab").through(Path("/t/docker.sock")),
            {"DOCKER_HOST": "unix:///t/docker.sock"},
        ),
        (
            Endpoint("tcp://h", "", CHECKED),
            {"DOCKER_HOST": "tcp://h", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/pem"},
        ),
        (
            Endpoint("tcp://h", "", UNCHECKED),
            {"DOCKER_HOST": "tcp://h", "DOCKER_TLS": "1", "DOCKER_CERT_PATH": "/pem"},
        ),
    ],
)
def test_docker_s_client_is_sent_to_the_same_engine(where: Endpoint, told: Config) -> None:
    environment = where.for_docker()
    assert {name: value for name, value in environment.items() if "DOCKER" in name} == told


@pytest.mark.parametrize("own", [True, False])
def test_a_key_is_shown_where_there_is_one(tmp_path: Path, *, own: bool) -> None:
    for name in ("ca.pem", *(("cert.pem", "key.pem") if own else ())):
        (tmp_path / name).touch()
    config = Certificates(tmp_path, verify=True).config()
    assert (config.ca_cert, config.verify) == (str(tmp_path / "ca.pem"), True)
    assert (config.cert is not None) is own


def test_an_engine_s_certificate_is_vouched_for_by_its_own_authority(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    believed = []

    def send(_api: APIClient, _request: object, **options: object) -> requests.Response:
        believed.append(options["verify"])
        answer = requests.Response()
        answer.status_code, answer.raw = 200, io.BytesIO(b'{"ApiVersion": "1.41"}')
        return answer

    monkeypatch.setattr(APIClient, "send", send)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    (tmp_path / "ca.pem").touch()
    Endpoint("tcp://127.0.0.1:2376", "test", Certificates(tmp_path, verify=True)).client()
    assert believed == [str(tmp_path / "ca.pem")]


def test_no_engine_says_where_it_was_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(
        EngineFailed, match=r"no engine answers at unix://.*none\.sock \(DOCKER_HOST"
    ):
        connect.connect()


def test_certificates_that_are_missing_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2376")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(EngineFailed, match="Invalid CA certificate"):
        connect.connect()
