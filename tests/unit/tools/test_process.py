"""What is shown of commands; programs are integration tests."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tools.process import CommandFailed, quoted
from harness.tools.redaction import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:hunter2@host/x.git", "https://***@host/x.git"),
        ("https://hunter2@host/x.git", "https://***@host/x.git"),
        ("https://me:hun@ter2@host/x", "https://***@host/x"),
        ("two: ftp://a:b@c and ssh://d@e.", "two: ftp://***@c and ssh://***@e."),
        ("GITHUB_TOKEN=hunter2 go", "GITHUB_TOKEN=*** go"),
        ("Password: hunter2", "Password: ***"),
        ("api_key=hunter2&x=1", "api_key=***"),
        ("https://host/a@b", "https://host/a@b"),
        ("git@host:path", "git@host:path"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_credentials_are_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown


printable = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/")
secrets = st.text(printable, min_size=4)


@given(secrets)
def test_no_password_of_a_url_is_ever_shown(secret: str) -> None:
    # The block stands for the password's last character: it is found whatever quoting does.
    url = f"https://somebody:{secret}\N{FULL BLOCK}@example.com/x"
    for shown in (redact(f"cannot reach {url}: gone"), quoted(["git", "clone", url])):
        assert "\N{FULL BLOCK}" not in shown


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="=:@"), min_size=1)))
def test_a_command_is_shown_as_a_shell_would_read_it(argv: list[str]) -> None:
    assert shlex.split(quoted(argv)) == argv


def test_a_failed_command_shows_its_last_words_and_no_credential() -> None:
    error = CommandFailed(["curl", "https://a:b@c"], 22, "x" * 9000 + "\ntoken=hunter2\n")
    assert str(error).startswith("curl https://***@c ended with status 22:\nxxx")
    assert str(error).endswith("\ntoken=***")
    assert len(str(error)) < 5000
    assert str(CommandFailed(["sleep"], None, "")) == "sleep was killed at its time limit"
