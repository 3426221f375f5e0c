"""Containers are run to an end that is told as it was, and none is left; the engine is made up."""

from __future__ import annotations

import threading
import time
from typing import cast

import pytest
import requests
from docker.api.client import APIClient

from harness.engine import client as engines
from harness.engine.client import OWNER, PROJECT, Engine
from harness.engine.containers import Container, Ended, Power
from harness.engine.endpoint import Endpoint
from harness.engine.errors import EngineFailed, EngineGone
from harness.errors import ExitCode, Interrupted
from harness.tools import machine
from harness.tools.crew import Crew
from tests.support.engine_api import FakeApi

BOX = Container("image", ("program", "-x"), labels={"a": "b"})
STATUS = "Name:\tshim\nCapBnd:\t{:016x}\n"
ALL = (1 << 41) - 1
SYS_RESOURCE = 1 << 24
PODMAN = {"Version": "4.3.1", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]}


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def engine(api: FakeApi) -> Engine:
    return _engine(api)


def _engine(api: FakeApi) -> Engine:
    return Engine(cast("APIClient", api), Endpoint("unix:///x", "the default"))


def _run(engine: Engine, *, timeout: float = 10, grace: float = 0) -> tuple[Ended, bytes]:
    heard = bytearray()
    ended = engine.run(BOX, heard.extend, timeout=timeout, grace=grace)
    return ended, bytes(heard)


def test_output_and_status_come_through_and_the_container_goes(
    engine: Engine, api: FakeApi
) -> None:
    api.says, api.status = [b"one\n", b"two\n"], 1
    ended, heard = _run(engine)
    assert heard == b"one\ntwo\n"
    assert (ended.status, ended.timed_out, ended.out_of_memory) == (1, False, False)
    assert api.removed == ["container-1"]


def test_a_container_bears_our_labels_and_keeps_no_log(engine: Engine, api: FakeApi) -> None:
    _run(engine)
    (made,) = api.created
    assert made["labels"] == {PROJECT: "yes", OWNER: machine.process(), "a": "b"}
    assert made["host_config"]["log_config"]["Type"] == "none"
    assert "MaskedPaths" not in made["host_config"]


def test_nothing_is_masked_where_that_is_asked_for(engine: Engine, api: FakeApi) -> None:
    engine.run(Container("i", (), unmasked=True), bytearray().extend, timeout=9, grace=0)
    host = api.created[0]["host_config"]
    assert (host["MaskedPaths"], host["ReadonlyPaths"]) == ([], [])


def test_podman_is_asked_the_same_in_its_own_words(api: FakeApi) -> None:
    api.said = PODMAN
    engine = _engine(api)
    options = {"security_opt": ["seccomp=unconfined"]}
    box = Container("i", (), options=options, unmasked=True)
    engine.run(box, bytearray().extend, timeout=9, grace=0)
    host = api.created[0]["host_config"]
    assert host["SecurityOpt"] == ["seccomp=unconfined", "unmask=ALL"]
    assert "MaskedPaths" not in host


def test_podman_s_privileged_is_all_that_it_has(api: FakeApi) -> None:
    api.said = PODMAN
    assert _engine(api).power("image") == Power((), ())
    assert api.created == []


def test_files_are_there_before_the_start(engine: Engine, api: FakeApi) -> None:
    box = Container("i", (), files=(("/compat", lambda: iter([b"t", b"ar"])),))
    engine.run(box, bytearray().extend, timeout=9, grace=0)
    assert api.put == [("/compat", b"tar")]


@pytest.mark.parametrize(
    ("archives", "taken"), [({"/kept": b"tar"}, [[b"tar"]]), ({}, [[]])], ids=["there", "removed"]
)
def test_what_was_kept_is_taken_out_of_a_container_before_it_goes(
    engine: Engine, api: FakeApi, archives: dict[str, bytes], taken: list[list[bytes]]
) -> None:
    api.archives, got = archives, []
    box = Container("i", (), results=(("/kept", lambda chunks: got.append(list(chunks))),))
    engine.run(box, bytearray().extend, timeout=9, grace=0)
    assert got == taken
    assert (api.signals, api.removed) == ([], ["container-1"])


@pytest.mark.parametrize("ended", [False, True])
def test_a_container_at_its_limit_is_ended_before_it_is_read(
    engine: Engine, api: FakeApi, *, ended: bool
) -> None:
    api.archives, api.hangs, api.ended, got = {"/kept": b"tar"}, True, ended, list[bytes]()
    box = Container("i", (), results=(("/kept", got.extend),))
    engine.run(box, bytearray().extend, timeout=0.05, grace=0)
    assert (got, api.signals, api.removed) == ([b"tar"], ["SIGKILL"], ["container-1"])


def test_an_engine_that_comes_back_is_rid_of_what_it_could_not_remove(
    engine: Engine, api: FakeApi
) -> None:
    api.breaks = api.keeps = requests.ConnectionError("refused")
    with pytest.raises(EngineGone):
        _run(engine)
    with pytest.raises(EngineGone):  # it removes nothing yet, but makes no difference to what runs
        _run(engine)
    assert api.removed == []
    api.breaks = api.keeps = None
    _run(engine)
    assert sorted(api.removed) == ["container-1", "container-2", "container-3"]
    _run(engine)
    assert api.removed[3:] == ["container-4"]


def test_a_program_that_obeys_at_its_limit_writes_its_goroutines(
    engine: Engine, api: FakeApi
) -> None:
    api.hangs = api.obeys = True
    api.status = 2
    ended, heard = _run(engine, timeout=0.05, grace=10)
    assert api.signals == ["SIGQUIT"]
    assert heard == b"goroutine 1 [running]\n"
    assert (ended.status, ended.timed_out) == (2, True)


def test_one_that_does_not_obey_is_removed(engine: Engine, api: FakeApi) -> None:
    api.hangs = True
    ended, _ = _run(engine, timeout=0.05, grace=0.05)
    assert (ended.status, ended.timed_out) == (None, True)
    assert api.signals == ["SIGQUIT"]
    assert api.removed == ["container-1"]


def test_without_grace_nothing_is_asked(engine: Engine, api: FakeApi) -> None:
    api.hangs = True
    assert _run(engine, timeout=0.05)[0].status is None
    assert api.signals == []


def test_a_sink_that_fails_leaves_no_container(engine: Engine, api: FakeApi) -> None:
    api.says, api.hangs = [b"x"], True

    def full(_chunk: bytes) -> None:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        engine.run(BOX, full, timeout=10, grace=0)
    assert api.removed == ["container-1"]


def test_a_stop_ends_it_without_a_time_limit(engine: Engine, api: FakeApi) -> None:
    api.says, api.hangs = [b"x"], True
    begun = threading.Event()
    with Crew(1, "leg") as crew:
        future = crew.start(engine.run, BOX, lambda _c: begun.set(), timeout=60, grace=0)
        assert begun.wait(60)
        crew.stop()
    ended = future.result()
    assert (ended.status, ended.timed_out) == (None, False)
    assert api.removed == ["container-1"]


def test_nothing_is_started_after_a_stop(engine: Engine, api: FakeApi) -> None:
    with Crew(1, "leg") as crew:
        crew.stop()
        future = crew.start(_run, engine)
    with pytest.raises(Interrupted):
        future.result()
    assert api.created == []


def test_an_engine_that_breaks_off_is_infrastructure(engine: Engine, api: FakeApi) -> None:
    api.breaks = requests.ConnectionError("reset")
    with pytest.raises(EngineGone, match=r"the engine went away \(.*\): reset") as caught:
        _run(engine)
    assert caught.value.exit_code is ExitCode.INFRASTRUCTURE
    assert "rerun" in caught.value.hint


def test_that_a_container_cannot_be_removed_hides_no_failure(engine: Engine, api: FakeApi) -> None:
    api.breaks = requests.ConnectionError("reset")
    api.keeps = requests.ConnectionError("refused")
    with pytest.raises(EngineGone, match="reset"):
        _run(engine)


def test_a_container_that_stays_is_told(engine: Engine, api: FakeApi) -> None:
    api.keeps = requests.ConnectionError("refused")
    with pytest.raises(EngineGone, match="remove container"):
        _run(engine)


def test_a_container_that_somebody_else_removed_is_told(engine: Engine, api: FakeApi) -> None:
    api.gone = True
    with pytest.raises(EngineFailed, match="removed by someone else"):
        _run(engine)


def test_a_stop_does_not_wait_for_an_engine_that_does_not_answer(
    engine: Engine, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_PATIENCE", 0.05)
    api.says, api.hangs = [b"x"], True
    api.frozen = threading.Event()
    begun = threading.Event()
    before = time.monotonic()
    with Crew(1, "leg") as crew:
        future = crew.start(engine.run, BOX, lambda _c: begun.set(), timeout=60, grace=0)
        assert begun.wait(60)
        crew.stop()
    assert future.result().status is None
    assert time.monotonic() - before < 50  # and not the 60 s that it may take
    assert api.removed == []
    api.frozen.set()


def test_what_the_engine_says_of_a_refusal_is_told(engine: Engine, api: FakeApi) -> None:
    api.refuses = {"log_config": 409}
    with pytest.raises(EngineFailed, match="create a container of image: log_config is refused"):
        _run(engine)


def test_a_container_that_ran_out_of_memory_is_told(engine: Engine, api: FakeApi) -> None:
    api.oom, api.status = True, 137
    assert _run(engine)[0].out_of_memory


def test_an_engine_with_every_capability_lacks_none(engine: Engine, api: FakeApi) -> None:
    api.says = [b"40\n", STATUS.format(ALL).encode()]
    assert engine.power("image").absent == ()
    assert api.created[0]["host_config"]["pid_mode"] == "host"


def test_what_an_engine_lacks_is_asked_once(engine: Engine, api: FakeApi) -> None:
    api.says = [b"40\n", STATUS.format(ALL ^ SYS_RESOURCE).encode()]
    first = engine.power("image")
    asked = len(api.created)
    assert first == engine.power("image") == Power(("sys_resource",), ("sys_resource",))
    assert len(api.created) == asked
    assert len(api.removed) == asked


def test_a_capability_that_the_engine_does_not_know_need_not_be_dropped(
    engine: Engine, api: FakeApi
) -> None:
    api.says = [b"40\n", STATUS.format(ALL >> 1).encode()]
    api.refuses = {"checkpoint_restore": 400}
    assert engine.power("image") == Power(("checkpoint_restore",), ())


def test_another_refusal_is_no_answer(engine: Engine, api: FakeApi) -> None:
    api.says = [b"40\n", STATUS.format(ALL >> 1).encode()]
    api.refuses = {"checkpoint_restore": 500}
    with pytest.raises(EngineFailed, match="is refused"):
        engine.power("image")


@pytest.mark.parametrize("said", [b"", b"sh: cat: not found\n", b"40\nName:\tshim\n"])
def test_capabilities_that_cannot_be_told_are_an_error(
    engine: Engine, api: FakeApi, said: bytes
) -> None:
    api.says = [said]
    with pytest.raises(EngineFailed, match="cannot be told"):
        engine.power("image")


def test_only_containers_of_processes_that_are_gone_are_swept(engine: Engine, api: FakeApi) -> None:
    world, pid, began = machine.process().rsplit(" ", 2)
    api.running = {
        "ours": {PROJECT: "yes", OWNER: machine.process()},
        "gone": {PROJECT: "yes", OWNER: f"{world} {pid} {int(began) - 1}"},
        "elsewhere": {PROJECT: "yes", OWNER: f"other-machine 1 {began}"},
    }
    engine.sweep()
    assert api.removed == ["gone"]


def test_an_image_that_is_there_counts_as_used_when_it_is_looked_for(
    engine: Engine, api: FakeApi
) -> None:
    api.images = {"compat/suite:1"}
    assert engine.has_image("compat/suite:1")
    assert not engine.has_image("compat/suite:2")
    assert api.used == ["compat/suite:1"]
