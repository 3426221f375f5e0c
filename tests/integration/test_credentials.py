"""A repository behind a password: git reads it, and the password is nowhere but in our memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import CompatError
from harness.model import Side
from harness.repository.clones import find
from tests.support.git_server import Server, serving
from tests.support.small_repositories import Origin

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]

USER, PASSWORD = "some body", "hunter2/p@ss:word"
IN_URL = "some%20body:hunter2%2Fp%40ss:word"
SECRETS = (PASSWORD, "hunter2")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    origin = Origin(tmp_path / "site" / "origin")
    origin.commit("one", tag="v0.6.3")
    origin.git("update-server-info")
    with serving(tmp_path / "site", USER, PASSWORD, SECRETS) as made:
        yield made


def _found_in(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [it for it in files if any(secret.encode() in it.read_bytes() for secret in SECRETS)]


def test_a_password_in_a_url_is_kept_nowhere_and_shown_to_nobody(
    server: Server, tmp_path: Path
) -> None:
    cache, said = tmp_path / "cache", list[object]()
    where = f"HTTP://{IN_URL}@127.0.0.1:{server.server_port}/origin/.git"
    for fetch in (False, True):
        before = server.served
        _, (meant,) = find(
            where, [("v0.6", Side.SUITE)], cache=cache, fetch=fetch, listener=said.append
        )
        assert meant.ref == "v0.6.3"
        assert server.served > before
    assert not server.seen
    assert not _found_in(cache)
    assert said
    assert not any(secret in repr(said) for secret in SECRETS)


def test_a_password_that_is_wrong_is_not_shown_either(server: Server, tmp_path: Path) -> None:
    where = f"http://somebody:hunter2-is-wrong@127.0.0.1:{server.server_port}/origin/.git"
    with pytest.raises(CompatError) as caught:
        find(where, [("v0.6", Side.SUITE)], cache=tmp_path / "cache", fetch=False, listener=print)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in caught.value.hint
    assert server.served == 0
