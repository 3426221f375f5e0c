"""The one file that speaks to a container engine: images, and containers that are run to an end.

Any engine with Docker's API will do, wherever it listens. Every call has a time limit, every
failure is an EngineFailed, and a container is removed whatever happens to its caller. Building
is left to the client programs (builders/): BuildKit's session is theirs to speak.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from docker.api.client import APIClient
from docker.errors import APIError, NotFound
from docker.types import LogConfig

from harness.engine.capabilities import bounding, split
from harness.engine.containers import Container, Ended, Power
from harness.engine.endpoint import CALL, Endpoint
from harness.engine.errors import EngineFailed, asking, failure
from harness.engine.product import product
from harness.engine.stream import Attached
from harness.errors import Interrupted
from harness.tools import machine
from harness.tools.stop import stop_asked

_log = logging.getLogger(__name__)

PROJECT = "org.buildkit-compat.project"
"""Label of everything that the harness makes on an engine."""

OWNER = "org.buildkit-compat.owner"
"""Label of a container: the process that removes it, as machine.process names it."""

_STOP_CALL = 30

_PATIENCE = 5.0
"""Seconds for the removal of a container after a failure or an interruption."""

_LISTEN = 0.1
"""Seconds between two looks at the clock while a container says nothing."""

_PROBE = "cat /proc/sys/kernel/cap_last_cap /proc/$PPID/status"
"""For a shell in the engine's PID namespace: its parent is the engine's own helper."""


def _keep_on(_name: str) -> None:
    """Stand in for somebody who wants to end a container."""


@dataclass(frozen=True)
class _Limit:
    """When a container is to be asked for its goroutines and ended."""

    deadline: float
    grace: float
    tick: Callable[[], float | None]


class Engine:
    """One engine that answers."""

    def __init__(self, api: APIClient, where: Endpoint) -> None:
        """Take a connected client. Raises what the Docker SDK raises."""
        self._api = api
        self.where = where
        self.product = product(api.version())
        self._power: Power | None = None
        self._asked = threading.Lock()
        self._left: set[str] = set()
        """Containers that could not be removed, because the engine was away or did not obey."""

    def check(self) -> None:
        """Check that the engine answers. Raises EngineGone."""
        with asking("ping"):
            self._api.ping()

    @contextmanager
    def ask(self, what: str) -> Iterator[APIClient]:
        """Return the client for calls that fail as an EngineFailed which says what was asked."""
        with asking(what):
            yield self._api

    def describe(self) -> dict[str, str]:
        """Return what results depend on: make, version, storage driver, cgroup version, kernel."""
        with asking("docker info"):
            info = self._api.info()
        names = ("ServerVersion", "Driver", "CgroupVersion", "KernelVersion")
        told = {name: str(info.get(name, "unknown")) for name in names}
        return {"Product": self.product.name, "Architecture": self.product.architecture, **told}

    def sweep(self) -> None:
        """Remove the containers of processes of this machine that were killed."""
        wanted = {"label": [PROJECT, OWNER]}
        with asking("list containers"):
            listed = self._api.containers(all=True, filters=wanted)
        for container in listed:
            if machine.gone(container["Labels"][OWNER]):
                self._remove(container["Id"])

    def _sweep_own(self) -> None:
        """Remove what this process had to leave, if the engine is back and lets it."""
        for name in tuple(self._left):
            self._try_remove(name)

    def has_image(self, name: str) -> bool:
        """Return whether the engine holds an image; if so, that counts as its use.

        Engines keep when an image was last named, not when it was used: so it is named anew.
        """
        repository, _, tag = name.rpartition(":")
        with asking(f"look for image {name}"):
            try:
                self._api.tag(name, repository, tag)
            except NotFound:
                return False
            return True

    def label(self, image: str, name: str) -> str:
        """Return what a label of an image says; empty if it has no such label."""
        with asking(f"look at image {image}"):
            found: Mapping[str, Any] = self._api.inspect_image(image)  # type: ignore[no-untyped-call] # of its stubs
        return str((found["Config"]["Labels"] or {}).get(name, ""))

    def tag(self, image: str, name: str) -> None:
        """Add one more name to an image, REPOSITORY:TAG."""
        repository, _, tag = name.rpartition(":")
        with asking(f"name image {image} {name}"):
            self._api.tag(image, repository, tag)

    def untag(self, name: str) -> None:
        """Take one of its names from an image that has another."""
        with asking(f"take the name {name} from an image"):
            self._api.remove_image(name, noprune=True)

    def save(self, image: str) -> Iterator[bytes]:
        """Return an image as the tar that `docker save` writes."""
        with asking(f"save image {image}"):
            yield from self._api.get_image(image)

    def read(self, image: str, path: str) -> Iterator[bytes]:
        """Return a file or folder of an image as a tar."""
        with self._created(Container(image, ("true",))) as name, asking(f"read {path}"):
            chunks, _ = self._api.get_archive(name, path)
            yield from chunks

    def power(self, image: str) -> Power:
        """Return what the engine can give, by a container of an image that has a shell.

        In the engine's PID namespace the parent of a container's first process is the engine's
        own helper, whose bounding set is the engine's. Podman means by `privileged` no more than
        it has itself, so it need not be asked.
        """
        if self.product.podman:
            return Power((), ())
        with self._asked:  # by both legs of a pair at once
            if self._power is None:
                self._power = self._ask_power(image)
            return self._power

    def _ask_power(self, image: str) -> Power:
        said = bytearray()
        command = ("-c", _PROBE)
        options = {"pid_mode": "host", "network_mode": "none"}
        probe = Container(image, command, options={**options, "entrypoint": "/bin/sh"})
        ended = self.run(probe, said.extend, timeout=CALL, grace=0.0)
        text = said.decode("utf-8", "replace")
        last, _, status = text.partition("\n")
        if ended.status != 0 or not last.isdecimal() or not bounding(status):
            raise EngineFailed(f"the engine's capabilities cannot be told from: {text[-400:]}")
        _, absent = split(bounding(status), int(last))
        known = [name for name in absent if self._knows(image, name)]
        return Power(tuple(absent), tuple(known))

    def _knows(self, image: str, capability: str) -> bool:
        """Try a name: engines can be older than their kernel."""
        try:
            with self._created(Container(image, ("true",), options={"cap_drop": [capability]})):
                return True
        except EngineFailed as error:
            refused = error.__cause__
            if isinstance(refused, APIError) and refused.status_code == HTTPStatus.BAD_REQUEST:
                return False
            raise

    def run(
        self,
        container: Container,
        sink: Callable[[bytes], None],
        *,
        timeout: float,
        grace: float,
        tick: Callable[[str], float | None] = _keep_on,
    ) -> Ended:
        """Run a container to its end and hand its output to `sink` as it comes.

        `tick` gets its name now and then; where it gives seconds, these are the container's last.
        At the time limit its first process gets SIGQUIT, at which Go programs write their
        goroutines, and `grace` more seconds. It is removed in any case. Raises EngineFailed, what
        `sink` raises, and Interrupted if the crew of this thread was stopped before.
        """
        if stop_asked():
            raise Interrupted(f"did not start a container of {container.image}")
        # The container goes first: that is what ends its stream, on any kind of connection.
        with Attached() as output, self._created(container) as name:
            for folder, archive in container.files:
                with asking(f"copy files to {folder}"):
                    self._api.put_archive(name, folder, archive())
            with asking("attach to a container"):
                output.read(self._api.attach(name, stdout=True, stderr=True, stream=True))
            begun = time.monotonic()
            with asking("start a container"):
                self._api.start(name)
            limit = _Limit(begun + timeout, grace, partial(tick, name))
            killed, timed_out = self._listen(name, output, sink, limit)
            seconds = time.monotonic() - begun
            status, out_of_memory = (None, False) if killed else self._end(name)
            if container.results and not stop_asked():
                self._hand_out(name, container, running=killed)
            return Ended(status, timed_out, out_of_memory, seconds)

    def _listen(
        self,
        name: str,
        output: Attached,
        sink: Callable[[bytes], None],
        limit: _Limit,
    ) -> tuple[bool, bool]:
        """Hand on output until it ends; give (was stopped, met its time limit)."""
        timed_out, deadline, grace = False, limit.deadline, limit.grace
        while (chunk := output.next(_LISTEN)) is not None:
            if chunk:
                sink(chunk)
            if stop_asked():
                return True, timed_out
            if (last := limit.tick()) is not None:
                timed_out, deadline = True, min(deadline, time.monotonic() + last)
            if time.monotonic() > deadline:
                if timed_out or not grace:
                    return True, True
                timed_out, deadline = True, time.monotonic() + grace
                with asking("ask a container for its goroutines"):
                    self._api.kill(name, "SIGQUIT")
        if output.failure is not None:
            raise failure("listen to a container", output.failure) from output.failure
        return False, timed_out

    def _hand_out(self, name: str, container: Container, *, running: bool) -> None:
        """Send what was asked for of a container that has ended, or is ended here."""
        if running:
            with asking("end a container"):
                try:
                    self._api.kill(name, "SIGKILL")
                except APIError as error:
                    if error.status_code != HTTPStatus.CONFLICT:  # it has just ended
                        raise
                self._api.wait(name, timeout=_STOP_CALL)
        for folder, take in container.results:
            with asking(f"read {folder} of a container"):
                try:
                    chunks, _ = self._api.get_archive(name, folder)
                except NotFound:
                    chunks = iter(())  # whatever ran there has removed it
                take(chunks)

    def execute(self, name: str, command: Sequence[str]) -> bytes:
        """Run a program inside a container that runs, and return what it printed."""
        with asking(f"run a program in container {name[:12]}"):
            started = self._api.exec_create(name, list(command))
            return bytes(self._api.exec_start(started["Id"]))

    def _end(self, name: str) -> tuple[int, bool]:
        try:
            with asking("wait for a container"):
                status = self._api.wait(name, timeout=_STOP_CALL)["StatusCode"]
                state = self._api.inspect_container(name)["State"]
        except EngineFailed as error:
            if isinstance(error.__cause__, NotFound):
                raise EngineFailed("the container was removed by someone else") from error
            raise
        return int(status), bool(state.get("OOMKilled"))

    @contextmanager
    def _created(self, container: Container) -> Iterator[str]:
        options = dict(container.options)
        entrypoint = options.pop("entrypoint", None)
        with asking(f"create a container of {container.image}"):
            host = self._api.create_host_config(log_config=LogConfig(type="none"), **options)
            if container.unmasked and self.product.podman:
                host["SecurityOpt"] = [*(host.get("SecurityOpt") or []), "unmask=ALL"]
            elif container.unmasked:
                host |= {"MaskedPaths": [], "ReadonlyPaths": []}
            self._sweep_own()
            name = self._api.create_container(
                container.image,
                list(container.command),
                entrypoint=entrypoint,
                environment=dict(container.environment),
                labels={PROJECT: "yes", OWNER: machine.process(), **container.labels},
                host_config=host,
                use_config_proxy=False,  # what a leg inherits, the caller's environment says
            )["Id"]
        try:
            yield name
        except BaseException:
            self._let_go(name)
            raise
        if stop_asked():
            self._let_go(name)
            return
        try:
            self._remove(name)
        except EngineFailed:
            self._left.add(name)
            raise

    def _let_go(self, name: str) -> None:
        """Remove a container for somebody who cannot wait for it; else a later sweep does it."""
        self._left.add(name)
        remover = threading.Thread(target=self._try_remove, args=(name,), daemon=True)
        remover.start()
        remover.join(_PATIENCE)

    def _try_remove(self, name: str) -> None:
        try:
            self._remove(name)
        except EngineFailed as error:
            _log.debug("left to the next container, or the next run: %s", error)
        else:
            self._left.discard(name)

    def _remove(self, name: str) -> None:
        with asking(f"remove container {name[:12]}"):
            try:
                self._api.remove_container(name, force=True, v=True)
            except NotFound:
                _log.debug("container %s was removed by someone else", name[:12])
