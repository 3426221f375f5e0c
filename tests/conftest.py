"""What every kind of test shares: the ground it stands on, a home of its own, golden files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.support import ground
from tests.support.session_leftovers import Watch
from tests.support.watched_processes import eventually

# No deadline per example: a busy machine is no fault of the code. What is found by chance is found
# by the thorough: the others try the same each time.
settings.register_profile("quick", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("thorough" if os.environ.get("COMPAT_THOROUGH") else "quick")

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]
"""Called with a path below tests/golden and the text that it should hold."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what the tests produce into tests/golden, to be read in the diff",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Let all of a session, its workers included, begin on known ground."""
    if config.option.collectonly or config.option.help:
        return (yield)
    with TemporaryDirectory(prefix="compat-tests-", ignore_cleanup_errors=True) as home:
        ground.establish(Path(home), secrets.token_hex(16))
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Fail at the end of a session that has left a process or a mount, and name its test."""
    watch = Watch(tmp_path_factory.getbasetemp())
    yield watch
    assert eventually(lambda: not watch.look("the end")), watch.look("the end")


@pytest.fixture(autouse=True)
def looked_after(request: pytest.FixtureRequest, watch: Watch) -> Iterator[None]:
    """Take note of what is there after a test that may start something."""
    yield
    if request.node.get_closest_marker("integration") or request.node.get_closest_marker("e2e"):
        watch.look(request.node.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no test be skipped: what cannot run here is a failure that names what is missing."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {report.longrepr}"
    return report


class Kinds(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Keeps integration tests in one worker, e2e tests in another, each in their order.

    What they start is shared by many of them. Files of unit tests go on beside both.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        kind = Path(file).parts[1]
        return file if kind == "unit" else kind


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Kinds:
    """Distribute by kind. `--dist loadgroup` does nothing with pytest 9.2 and xdist 3.8."""
    return Kinds(config, log)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with a golden file, or rewrite the file under --update-golden."""
    update = bool(request.config.getoption("--update-golden"))

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run pytest --update-golden and read the diff"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: pytest --update-golden"

    return check


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point HOME and the XDG folders into tmp_path and hide COMPAT_* and GIT_* of the caller."""
    home = tmp_path / "home"
    home.mkdir()
    for name in tuple(os.environ):
        if name.startswith(("COMPAT_", "_COMPAT", "GIT_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for kind in ("CACHE", "CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    return home
