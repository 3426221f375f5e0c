"""The container engine that answers, in the place of a daemon."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from harness.config.datadir import Data
from harness.engine.product import product
from harness.errors import ConfigError, UsageError
from harness.model import Channel, Pair, Source, Vary
from harness.plan import engines
from harness.plan.axes import Axes
from tests.support.factories import FRONTEND
from tests.support.project_docs import ROOT


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the engine says of itself."""
    said: dict[str, object] = {"Version": "20.10.24+dfsg1", "ApiVersion": "1.41"}
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/some.sock")
    monkeypatch.setattr(engines, "connect", lambda: SimpleNamespace(product=product(said)))
    return said


@pytest.mark.usefixtures("answer")
def test_an_engine_is_named_with_the_buildkit_inside() -> None:
    found = engines.answering(Data(ROOT))
    assert found.name == "Docker Engine 20.10.24+dfsg1"
    assert found.buildkit == "eeb7b65ab7d651770a5ec52a06ea7c96eb97a249"


@pytest.mark.usefixtures("answer")
def test_an_engine_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://somebody@example.com")
    with pytest.raises(UsageError, match="is on another machine"):
        engines.answering(Data(ROOT))


def test_an_engine_without_buildkit_is_refused(answer: dict[str, object]) -> None:
    answer["Components"] = [{"Name": "Podman Engine"}]
    with pytest.raises(
        UsageError, match=r"Podman Engine 20\.10\.24\+dfsg1 builds without BuildKit"
    ):
        engines.answering(Data(ROOT))


@pytest.mark.usefixtures("answer")
def test_data_without_the_table_of_engines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"engines\.yaml is not there"):
        engines.answering(Data(tmp_path))


def test_an_engine_with_the_buildkit_of_the_tests_commit_is_no_daemon_of_theirs() -> None:
    source = Source(commit=FRONTEND, channel=Channel.LABS)
    pair = Pair(
        suite=FRONTEND,
        frontend=FRONTEND,
        suite_channel=Channel.LABS,
        frontend_channel=Channel.LABS,
        worker="oci",
        backend="native",
        engine="Docker Engine 29.7.2",
    )
    axes = Axes(source, Vary.DAEMON, scenarios=True)
    found = axes.of(pair)
    assert found.tests == source
    assert found.built_daemon == found.control_daemon
    assert found.identity != replace(found, engine="").identity
    with pytest.raises(UsageError, match="nothing varies"):
        axes.of(replace(pair, engine=""))
