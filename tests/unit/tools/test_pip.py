"""What reaches pip: how to get to an index, and nothing that changes an installation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.tools import pip
from harness.tools.process import Completed, Request

LISTED = """\
global.cert='/etc/ssl/corporate.crt'
global.constraint='/etc/constraints.txt'
global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'
global.index-url='https://global.example/simple'
global.target='/srv'
install.index-url='https://install.example/simple'
install.no-binary=':all:'
install.prefix='/opt'
index.index-url='https://index.example/simple'
list.format='json'
Looking at nothing: this is no setting
"""


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Let pip's configuration files say LISTED, and return what was asked."""
    asked: list[Request] = []

    def run(request: Request) -> Completed:
        asked.append(request)
        return Completed(0, LISTED.encode(), b"")

    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(pip, "run", run)
    return asked


def _settings(command: str = "install") -> dict[str, str]:
    env = pip.environment(Path("python"), command)
    return {name: value for name, value in env.items() if name.startswith("PIP_")}


FROM_FILES = {
    "PIP_CERT": "/etc/ssl/corporate.crt",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_EXTRA_INDEX_URL": "https://a.example/simple https://b.example/simple",
    "PIP_INDEX_URL": "https://install.example/simple",
}


@pytest.mark.usefixtures("listed")
def test_files_say_where_an_index_is_and_nothing_else() -> None:
    assert _settings() == FROM_FILES


@pytest.mark.usefixtures("listed")
def test_each_command_has_its_own_section() -> None:
    assert _settings("index")["PIP_INDEX_URL"] == "https://index.example/simple"


@pytest.mark.usefixtures("listed")
def test_a_variable_wins_over_files_and_an_empty_one_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example/simple")
    monkeypatch.setenv("PIP_CERT", "")
    assert _settings() == {**FROM_FILES, "PIP_INDEX_URL": "https://variable.example/simple"}


REACHING = {
    "PIP_CACHE_DIR": "/var/cache/pip",
    "PIP_CERT": "/ca",
    "PIP_CLIENT_CERT": "/me",
    "PIP_DEFAULT_TIMEOUT": "180",
    "PIP_EXTRA_INDEX_URL": "https://more.example/simple",
    "PIP_FIND_LINKS": "/wheels /more-wheels",
    "PIP_INDEX_URL": "https://index.example/simple",
    "PIP_KEYRING_PROVIDER": "subprocess",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_NO_INDEX": "1",
    "PIP_PROXY": "http://proxy.example:3128",
    "PIP_RETRIES": "9",
    "PIP_TIMEOUT": "60",
    "PIP_TRUSTED_HOST": "index.example",
}


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("name", REACHING)
def test_a_variable_that_says_how_to_reach_an_index_is_kept(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, REACHING[name])
    assert _settings() == {**FROM_FILES, name: REACHING[name]}


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    "name",
    [
        "PIP_BUILD_CONSTRAINT",
        "PIP_CONFIG_SETTINGS",
        "PIP_CONSTRAINT",
        "PIP_DRY_RUN",
        "PIP_GLOBAL_OPTION",
        "PIP_IGNORE_INSTALLED",
        "PIP_NO_BINARY",
        "PIP_NO_DEPS",
        "PIP_NO_SUCH_OPTION_YET",
        "PIP_ONLY_BINARY",
        "PIP_PLATFORM",
        "PIP_PRE",
        "PIP_PREFIX",
        "PIP_PYTHON",
        "PIP_QUIET",
        "PIP_REQUIRE_HASHES",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_UPLOADED_PRIOR_TO",
        "PIP_USER",
        "PIP_VERSION",
    ],
)
def test_a_variable_that_changes_an_installation_is_not_kept(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    assert _settings() == FROM_FILES


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("PIP_USE_FEATURE", "fast-deps truststore", "truststore"),
        ("PIP_USE_DEPRECATED", "legacy-certs", "legacy-certs"),
        ("PIP_USE_DEPRECATED", "legacy-resolver", None),
    ],
)
def test_of_features_those_that_speak_to_an_index_are_kept(
    name: str, value: str, kept: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert _settings().get(name) == kept


def test_the_files_are_asked_with_nothing_but_the_users_own_file(
    listed: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TARGET": "/srv", "QUIET": "3", "CONFIG_FILE": "/my/pip.conf"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    _settings()
    (request,) = listed
    assert request.env is not None
    asked = {name: value for name, value in request.env.items() if name.startswith("PIP_")}
    assert asked == {
        "PIP_CONFIG_FILE": "/my/pip.conf",
        "PIP_PYTHON": "python",
        "PIP_QUIET": "0",
    }


@pytest.mark.usefixtures("listed")
def test_python_reads_nothing_of_ours_and_pip_unpacks_where_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, "anything")
    request = pip.pip(Path("python"), "install", "click", unpack=Path("/here"))
    assert request.argv[:5] == ["python", "-P", "-m", "pip", "install"]
    assert request.env is not None
    assert request.env["TMPDIR"] == "/here"
    assert not [name for name in request.env if name.startswith("PYTHON")]
