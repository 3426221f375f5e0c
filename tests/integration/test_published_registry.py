"""Published frontends out of a real registry on the loopback, pulled as a run pulls them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.engine.registry_errors import ABSENT, DENIED, UNREACHABLE, UNTRUSTED, ImageRefused
from harness.errors import CompatError, ExitCode, UsageError
from harness.images import published
from harness.images.daemons import DAEMON
from harness.images.frontends import ARCHIVE, FRONTEND
from harness.images.layouts import Platform
from harness.images.published import Kind
from harness.images.pulling import pull
from harness.store import Store
from harness.tools import process
from tests.support import tls
from tests.support.published_images import DAEMON as PROGRAMS
from tests.support.published_images import HERE, OTHER, Layout, digest_of, elf, layer, on
from tests.support.registries import serving

pytestmark = pytest.mark.integration

USER, PASSWORD = "ann", "secret"
HASHED = "$2b$04$E00vvaMKTAbm6HoKyzk.ye/Kc/20ad8BRGb7R1gbGDSoT1jJ9cVFm"
"""The password by bcrypt, the only form that this registry takes."""


def _skopeo(*words: str) -> None:
    program = process.find("skopeo")
    process.run(process.Request([str(program), "--insecure-policy", *words], timeout=60.0))


def _push(path: Path, host: str, name: str, *words: str) -> None:
    way = ("--all", "--preserve-digests", "--dest-tls-verify=false", *words)
    _skopeo("copy", *way, f"oci:{path}", f"docker://{host}/{name}")


def _zstd(content: bytes, folder: Path) -> bytes:
    (folder / "layer.tar").write_bytes(content)
    packed = folder / "layer.tar.zst"
    argv = [str(process.find("zstd")), "-q", str(folder / "layer.tar"), "-o", str(packed)]
    process.run(process.Request(argv))
    return packed.read_bytes()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("registry")) as found:
        yield found


def _facts(store: Store, ref: str) -> published.Facts:
    told: list[str] = []
    folder = pull(store, FRONTEND, ref, HERE, told.append)
    assert not told
    return published.facts_of(folder)


def test_of_many_platforms_and_attestations_this_one_is_taken(tmp_path: Path, host: str) -> None:
    made = Layout()
    mine, other = on(made.image(elf(text=b"mine"))), on(made.image(machine=OTHER), OTHER)
    made.name(made.index(other, mine, made.attestation(other), made.attestation(mine)))
    _push(made.write(tmp_path / "pushed"), host, "some/dockerfile:1.10")
    store = Store(tmp_path / "store")
    assert _facts(store, f"{host}/some/dockerfile:1.10").digest == digest_of(mine)
    other_s = Platform("linux", OTHER)
    folder = pull(store, FRONTEND, f"{host}/some/dockerfile:1.10", other_s, pytest.fail)
    facts = published.facts_of(folder)
    assert (facts.digest, facts.platform) == (digest_of(other), str(other_s))
    exact = f"{host}/some/dockerfile:1.9@{made.rows[0]['digest']}"
    assert _facts(store, exact).digest == digest_of(mine), "the digest counts, not the tag"


FORMS = ("oci", "docker", "zstd", "index", "list")


def _made(made: Layout, kind: Kind, form: str, folder: Path) -> dict[str, object]:
    """Add an image of a kind in one of the forms that there are."""
    own = elf(text=form.encode())
    frontend = {"bin/dockerfile-frontend": own}
    content = layer({f"usr/bin/{it}": own for it in PROGRAMS} if kind is DAEMON else frontend)
    docker = form in {"docker", "list"}
    packed = _zstd(content, folder) if form == "zstd" else None
    if kind is DAEMON:
        return made.daemon(content, docker=docker, packed=packed)
    return made.image(docker=docker, packed=packed, layers=[content])


@pytest.mark.parametrize("kind", [DAEMON, FRONTEND], ids=["daemon", "frontend"])
@pytest.mark.parametrize("form", FORMS)
def test_an_image_of_any_form_keeps_its_digest(
    tmp_path: Path, host: str, kind: Kind, form: str
) -> None:
    made = Layout()
    row = _made(made, kind, form, tmp_path)
    if form in {"index", "list"}:
        docker = form == "list"
        other = on(made.image(machine=OTHER, docker=docker), OTHER)
        notes = [] if docker else [made.attestation(other), made.attestation(row)]
        made.name(made.index(other, *notes, on(row), docker=docker))
    else:
        made.name(row)
    name = f"{host}/forms/{kind.side}:{form}"
    _push(made.write(tmp_path / "pushed"), host, f"forms/{kind.side}:{form}")
    told: list[str] = []
    folder = pull(Store(tmp_path / "store"), kind, name, HERE, told.append)
    facts = published.facts_of(folder)
    assert facts.digest == digest_of(row)
    assert {Path(it).name for it in facts.programs} == (
        {*PROGRAMS} if kind is DAEMON else {"dockerfile-frontend"}
    )
    assert all((folder / it).read_bytes() == elf(text=form.encode()) for it in facts.programs)
    of_zstd = form == "zstd" and kind is FRONTEND
    assert bool(facts.left) is of_zstd, "an old daemon cannot unpack it, which is told"
    assert not told
    assert {it.name for it in folder.iterdir()} == {
        *({"bin"} if kind is DAEMON else {ARCHIVE, "dockerfile-frontend"}),
        published.FACTS,
    }


@pytest.mark.parametrize("what", ["cut off", "too much", "no program"])
def test_a_layer_of_zstd_that_is_bad_is_a_sentence_with_nothing_kept(
    tmp_path: Path, host: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = _zstd(layer({f"usr/bin/{it}": elf() for it in PROGRAMS}), tmp_path)
    if what == "cut off":
        packed = packed[:-9]
    if what == "too much":
        monkeypatch.setattr("harness.images.contents.MOST_BYTES", 4096)
    made = Layout()
    made.name(made.daemon(packed=packed))
    _push(made.write(tmp_path / "pushed"), host, "bad/zstd:1")
    if what == "no program":
        monkeypatch.setattr("harness.images.contents.find", lambda _: process.find("no-zstd"))
    store = Store(tmp_path / "store")
    words, code = {
        "cut off": ("packed with zstd cannot be unpacked", ExitCode.USAGE),
        "too much": ("more than 4096 bytes", ExitCode.USAGE),
        "no program": ("is not installed", ExitCode.INFRASTRUCTURE),
    }[what]
    with pytest.raises(CompatError, match=words) as caught:
        pull(store, DAEMON, f"{host}/bad/zstd:1", HERE, pytest.fail)
    assert caught.value.exit_code is code
    assert not store.keys("suite", "")
    assert not [*(tmp_path / "store" / "tmp").iterdir()]


def test_what_is_here_is_not_pulled_again(tmp_path: Path, host: str) -> None:
    made = Layout()
    made.name(made.image(elf(text=b"once")))
    _push(made.write(tmp_path / "pushed"), host, "some/once:1")
    store = Store(tmp_path / "store")
    first = pull(store, FRONTEND, f"{host}/some/once:1", HERE, pytest.fail)
    kept = (first / ARCHIVE).stat().st_mtime_ns
    again = pull(store, FRONTEND, f"{host}/some/once:1", HERE, pytest.fail)
    assert (again, (again / ARCHIVE).stat().st_mtime_ns) == (first, kept)


def test_what_cannot_be_had_is_a_sentence_with_nothing_kept(tmp_path: Path, host: str) -> None:
    made = Layout()
    other = made.image(machine=OTHER)
    made.name(made.index(on(other, OTHER)))
    _push(made.write(tmp_path / "pushed"), host, "some/other:1")
    store = Store(tmp_path / "store")
    with pytest.raises(UsageError, match=f"has no image for {HERE}"):
        pull(store, FRONTEND, f"{host}/some/other:1", HERE, pytest.fail)
    for name in ("some/other:2", "nobody/nothing:1", f"some/other@sha256:{'0' * 64}"):
        with pytest.raises(ImageRefused, match="has no such image") as caught:
            pull(store, FRONTEND, f"{host}/{name}", HERE, pytest.fail)
        assert caught.value.cause is ABSENT
    exact = f"{host}/some/other@{digest_of(made.rows[0])}"
    one = f"{host}/some/other@{digest_of(other)}"
    for name in (exact, one):
        with pytest.raises(UsageError, match=f"linux/{OTHER}|has no image for {HERE}"):
            pull(store, FRONTEND, name, HERE, pytest.fail)
    assert not store.keys("frontend", "")
    assert not [*(tmp_path / "store" / "tmp").glob("*")]


def test_a_registry_that_is_not_there_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.engine.retry._FIRST", 0.0)
    told: list[str] = []
    with pytest.raises(ImageRefused, match="cannot be reached") as caught:
        pull(Store(tmp_path / "store"), FRONTEND, "127.0.0.1:1/a:1", HERE, told.append)
    assert (caught.value.cause, len(told)) == (UNREACHABLE, 4)


def test_the_login_of_docker_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Layout()
    row = made.image()
    made.name(row)
    pushed, folder = made.write(tmp_path / "pushed"), tmp_path / "registry"
    folder.mkdir()
    (folder / "users").write_text(f"{USER}:{HASHED}\n", "ascii")
    also = f"auth:\n    htpasswd:\n        realm: here\n        path: {folder / 'users'}\n"
    config = tmp_path / "docker"
    config.mkdir()
    store = Store(tmp_path / "store")
    monkeypatch.setenv("DOCKER_CONFIG", str(config))
    with serving(folder, also=also) as host:
        _push(pushed, host, "some/private:1", "--dest-creds", f"{USER}:{PASSWORD}")
        with pytest.raises(ImageRefused, match="denies access") as caught:
            pull(store, FRONTEND, f"{host}/some/private:1", HERE, pytest.fail)
        assert (caught.value.cause, caught.value.hint) == (DENIED, DENIED.advice)
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (config / "config.json").write_text(json.dumps({"auths": {host: {"auth": login}}}), "utf-8")
        folder = pull(store, FRONTEND, f"{host}/some/private:1", HERE, pytest.fail)
    assert published.facts_of(folder).digest == digest_of(row)


def test_a_registry_with_tls_has_to_be_trusted(tmp_path: Path) -> None:
    made = Layout()
    row = made.daemon()
    made.name(row)
    pushed, folder = made.write(tmp_path / "pushed"), tmp_path / "registry"
    folder.mkdir()
    # The kernel leads there to the loopback, which is never asked for its certificate.
    own = tls.make(folder, "0.0.0.0") / "server"  # noqa: S104 - nothing listens there
    tls_of = f"    tls:\n        certificate: {own / 'cert.pem'}\n        key: {own / 'key.pem'}\n"
    store = Store(tmp_path / "store")
    with serving(folder, also=tls_of) as host:
        _push(pushed, host, "some/buildkit:1")
        named = host.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - ditto
        with pytest.raises(ImageRefused, match="that is not trusted") as caught:
            pull(store, DAEMON, f"{named}/some/buildkit:1", HERE, pytest.fail)
        assert caught.value.cause is UNTRUSTED
        assert "certs.d" in caught.value.hint
        trusted = Path.home() / ".config" / "containers" / "certs.d" / named
        trusted.mkdir(parents=True)
        (trusted / "ca.crt").write_bytes((folder / "ca.pem").read_bytes())
        taken = pull(store, DAEMON, f"{named}/some/buildkit:1", HERE, pytest.fail)
    assert published.facts_of(taken).digest == digest_of(row)
