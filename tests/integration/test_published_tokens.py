"""Published images out of registries that want tokens, with the credentials of `docker login`."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.engine.registry_errors import DENIED, ImageRefused
from harness.errors import ExitCode
from harness.images import published
from harness.images.daemons import DAEMON
from harness.images.frontends import FRONTEND
from harness.images.logins import login_for
from harness.images.published import Kind
from harness.images.pulling import pull
from harness.store import Store
from tests.support.published_images import HERE, Layout, digest_of
from tests.support.token_registry import Registry, Rules, serving

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]

USER, PASSWORD = "ann", "hunter2/p@ss:word"
IDENTITY = "hunter2-identity"
SECRETS = ("hunter2", base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
PUBLIC, PRIVATE = "some/public", "some/private"


@pytest.fixture(params=[False, True], ids=["as Docker Hub denies", "as GHCR denies"])
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    layout = Layout()
    row = layout.image()
    rules = Rules({USER: PASSWORD}, IDENTITY, frozenset({PRIVATE}), refuses=request.param)
    with serving(layout, row, rules) as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where `docker login` keeps what it learnt."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder / "config.json"


def _helper(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, given: object) -> None:
    """Put a credential helper into PATH that gives this, whatever it is asked for."""
    file = folder / f"docker-credential-{name}"
    file.write_text(f"#!/bin/sh\ncat >>{folder}/asked\ncat <<'END'\n{json.dumps(given)}\nEND\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def _auths(host: str, _config: Path, _put: pytest.MonkeyPatch) -> object:
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return {"auths": {host: {"auth": login}}}


def _identity(host: str, _config: Path, _put: pytest.MonkeyPatch) -> object:
    login = base64.b64encode(b"00000000-0000-0000-0000-000000000000:").decode()
    return {"auths": {host: {"auth": login, "identitytoken": IDENTITY}}}


def _of_helper(host: str, config: Path, put: pytest.MonkeyPatch) -> object:
    login = {"ServerURL": host, "Username": USER, "Secret": PASSWORD}
    _helper(config.parent, "tests", put, login)
    return {"auths": {host: {}}, "credHelpers": {host: "tests"}}


def _of_store(host: str, config: Path, put: pytest.MonkeyPatch) -> object:
    login = {"ServerURL": host, "Username": USER, "Secret": PASSWORD}
    _helper(config.parent, "tests", put, login)
    return {"auths": {host: {}}, "credsStore": "tests"}


def _identity_of_store(host: str, config: Path, put: pytest.MonkeyPatch) -> object:
    login = {"ServerURL": host, "Username": "<token>", "Secret": IDENTITY}
    _helper(config.parent, "tests", put, login)
    return {"auths": {host: {}}, "credsStore": "tests"}


Login = Callable[[str, Path, pytest.MonkeyPatch], object]
LOGINS: dict[str, tuple[Login, str]] = {
    "auths": (_auths, "login"),
    "identity token": (_identity, "identity"),
    "credHelpers": (_of_helper, "login"),
    "credsStore": (_of_store, "login"),
    "credsStore with an identity token": (_identity_of_store, "identity"),
}


def _nothing_said(tmp_path: Path, log: pytest.LogCaptureFixture, *texts: str) -> None:
    """Check that no secret is in the log, in these texts or in the store."""
    files = [it for it in (tmp_path / "store").rglob("*") if it.is_file()]
    content = [it.read_bytes().decode("latin-1") for it in files]
    said = "\n".join((log.text, *texts, *content))
    assert "run " in log.text, "what is run is logged"
    assert not [it for it in SECRETS if it in said]


def test_what_is_public_needs_no_login(registry: Registry, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    folder = pull(store, FRONTEND, f"{registry.host}/{PUBLIC}:1", HERE, pytest.fail)
    assert published.facts_of(folder).digest == digest_of(registry.row)
    assert {*registry.rules.asked} == {"anonymous"}


@pytest.mark.parametrize("way", LOGINS)
def test_the_login_of_docker_gets_a_token(
    registry: Registry,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    way: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    make, who = LOGINS[way]
    config.write_text(json.dumps(make(registry.host, config, monkeypatch)), "utf-8")
    store = Store(tmp_path / "store")
    folder = pull(store, FRONTEND, f"{registry.host}/{PRIVATE}:1", HERE, pytest.fail)
    assert published.facts_of(folder).digest == digest_of(registry.row)
    assert {*registry.rules.asked} == {who}
    _nothing_said(tmp_path, caplog)


@pytest.mark.parametrize("wrong", [False, True], ids=["no login", "a wrong password"])
@pytest.mark.parametrize("kind", [FRONTEND, DAEMON], ids=["frontend", "daemon"])
def test_who_may_not_have_it_is_told_in_a_sentence_with_nothing_kept(
    registry: Registry,
    config: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    kind: Kind,
    *,
    wrong: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    login = base64.b64encode(b"ann:hunter2-is-wrong").decode()
    auths = {registry.host: {"auth": login}} if wrong else {}
    config.write_text(json.dumps({"auths": auths}), "utf-8")
    store = Store(tmp_path / "store")
    with pytest.raises(ImageRefused, match="denies access") as caught:
        pull(store, kind, f"{registry.host}/{PRIVATE}:1", HERE, pytest.fail)
    found = caught.value
    assert (found.cause, found.hint, found.exit_code) == (
        *(DENIED, DENIED.advice),
        ExitCode.INFRASTRUCTURE,
    )
    assert not store.keys(kind.side, "")
    assert not [*(tmp_path / "store" / "tmp").glob("*")]
    assert {*registry.rules.asked} == {"wrong" if wrong else "anonymous"}
    _nothing_said(tmp_path, caplog, str(found), found.hint, found.brief)
    assert login not in str(found)


def test_a_helper_that_knows_nothing_or_is_not_there_is_no_login(
    registry: Registry, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, told = Store(tmp_path / "store"), list[str]()
    _helper(config.parent, "empty", monkeypatch, "credentials not found in native keychain")
    for name in ("empty", "nowhere"):
        config.write_text(json.dumps({"credsStore": name}), "utf-8")
        folder = pull(store, FRONTEND, f"{registry.host}/{PUBLIC}:1", HERE, told.append)
        assert published.facts_of(folder).digest == digest_of(registry.row)
    assert {*registry.rules.asked} == {"anonymous"}
    (sentence,) = told
    assert "names docker-credential-nowhere, which is not there" in sentence


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_docker_hub_is_asked_for_by_the_name_that_docker_gives_it(
    config: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    _helper(config.parent, "tests", monkeypatch, {"Username": USER, "Secret": PASSWORD})
    of = "tests" if key == "credsStore" else {"index.docker.io": "tests"}
    config.write_text(json.dumps({key: of}), "utf-8")
    with login_for("docker.io", pytest.fail) as login:
        given = json.loads(Path(login.file).read_text("utf-8"))
    assert base64.b64decode(given["auths"]["docker.io"]["auth"]).decode() == f"{USER}:{PASSWORD}"
    assert (config.parent / "asked").read_text("utf-8") == "https://index.docker.io/v1/"
