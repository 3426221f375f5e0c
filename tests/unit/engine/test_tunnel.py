"""The command line of ssh is made of an address, and of nothing that could be an option."""

from __future__ import annotations

import pytest

from harness.engine.errors import EngineFailed
from harness.engine.tunnel import ssh_command

DIAL = "docker system dial-stdio"


@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("ssh://Lab", ["--", "Lab", DIAL]),
        ("ssh://me@lab:2222", ["-l", "me", "-p", "2222", "--", "lab", DIAL]),
        ("ssh://me@[fe80::1]", ["-l", "me", "--", "fe80::1", DIAL]),
        ("ssh://-oProxyCommand=evil", ["--", "-oProxyCommand=evil", DIAL]),
        (
            "ssh://lab/run/podman/it's.sock",
            ["--", "lab", "docker --host 'unix:///run/podman/it'\"'\"'s.sock' system dial-stdio"],
        ),
    ],
)
def test_an_address_becomes_a_command_line(url: str, end: list[str]) -> None:
    argv = ssh_command(url)
    assert argv[0] == "ssh"
    assert argv[-len(end) :] == end
    assert "BatchMode=yes" in argv[: -len(end)]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ssh://", "names no host"),
        ("ssh://lab:port", "is no address"),
        ("ssh://[fe80::1", "is no address"),
        ("ssh://me:secret@lab", "takes no password"),
    ],
)
def test_what_is_no_address_is_refused(url: str, words: str) -> None:
    with pytest.raises(EngineFailed, match=words) as caught:
        ssh_command(url)
    assert "secret" not in str(caught.value)
