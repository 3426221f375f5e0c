"""What is hidden, what is left alone, and that a stream hides what its pieces would show."""

from __future__ import annotations

import logging

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.backends.leg import secrets
from harness.cli.lazy import share_options
from harness.cli.program import execute
from harness.errors import CompatError
from harness.tools.inherited import PROXIES
from harness.tools.redaction import Mask, known_secrets, passwords, redact

TOKEN = "ghp_" + "a1" * 18
JWT = "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https:/me:hunter2@host/x is no folder", "https:/***@host/x is no folder"),
        ("Authorization: Basic aHVudGVyMg==", "Authorization: ***"),
        ("authorization: bearer hunter2 x", "authorization: *** x"),
        ('{"password":"hunter2", "a": 1}', '{"password":*** "a": 1}'),
        ("passwd = hunter2", "passwd = ***"),
        ("private key: hunter2", "private key: ***"),
        ("https://cdn/x?a=1&X-Amz-Signature=hunter2 x", "https://cdn/x?a=1&X-Amz-Signature=*** x"),
        (f"cannot use {TOKEN}, sorry", "cannot use ***, sorry"),
        ("github_pat_" + "a1_" * 9, "***"),
        ("glpat-" + "a1-" * 9 + "x", "***"),
        (f"token is {JWT}.", "token is ***."),
        ("there is no such key: reason", "there is no such key: reason"),
        ("type=secret,id=mine TestSecretMounts: no", "type=secret,id=mine TestSecretMounts: no"),
        ("entries[0].signature: is empty", "entries[0].signature: is empty"),
    ],
)
def test_credentials_are_known_by_their_shape(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact(shown) == shown


def test_what_our_environment_holds_is_hidden_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", "correct horse")
    monkeypatch.setenv("SOME_TOKEN", "short")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pa%20ss-word@proxy:3128")
    shown = redact("a correct horse, pa%20ss-word, pa ss-word, short")
    assert shown == "a ***, ***, ***, short"
    assert known_secrets({"A_SECRET": "x" * 8, "KEYS": "y" * 9, "X": "z" * 9}) == ["x" * 8]
    assert passwords("http://[bad") == []
    assert passwords("http://me:a/b@c@proxy:3128/x") == ["a/b@c"]
    assert passwords("http://me:a%2Fb@proxy/x") == ["a%2Fb", "a/b"]
    assert passwords("http://me@proxy:3128/x") == []


def test_errors_logs_and_tracebacks_hold_no_credential(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "correct horse")
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)

    @click.command()
    def probe() -> None:
        logging.getLogger("urllib3").debug("POST /build?x=correct horse\x1b[2J\n::error::")
        cause = RuntimeError("https://me:hunter2@host said correct horse")
        raise CompatError("of correct horse ##[error]\u202e", hint=f"not {TOKEN}") from cause

    share_options(probe)
    assert execute("probe", lambda _: probe, ["--debug"]) == CompatError.exit_code
    told = "".join(capsys.readouterr())
    assert "POST /build?x=***" in told
    assert "Traceback" in told
    assert "RuntimeError: https://***@host said ***" in told
    assert "error: of *** ## [error]\\u202e" in told
    assert "hint: not ***" in told
    assert not any(line.lstrip().startswith("::") for line in told.splitlines())
    assert "\x1b" not in told


@given(
    one=st.text("ab", min_size=1, max_size=5),
    other=st.text("abc", min_size=1, max_size=7),
    chunks=st.lists(st.text("abc", max_size=6)),
)
@example(one="aab", other="c", chunks=["a", "a", "a", "b", "a"])
def test_a_stream_is_masked_whatever_its_pieces(one: str, other: str, chunks: list[str]) -> None:
    heard = bytearray()
    mask = Mask(heard.extend, [one, other])
    for chunk in chunks:
        mask.feed(chunk.encode())
    mask.finish()
    assert one.encode() not in heard
    assert other.encode() not in heard
    left = "".join(chunks)
    if one not in left and other not in left:
        assert heard.decode() == left


def test_a_stream_without_secrets_waits_for_nothing() -> None:
    heard: list[bytes] = []
    mask = Mask(heard.append, [])
    mask.feed(b"a")
    mask.feed(b"")
    assert heard == [b"a"]


def test_a_leg_is_masked_for_the_proxies_that_it_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy:3128")
    assert secrets() == ["hunter2"]


def test_a_password_that_may_be_a_part_of_a_tests_name_leaves_it_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:oci@proxy:3128")
    assert secrets() == []
