"""The ground of all scenarios of a session: one registry and one daemon."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from kit import busybox
from kit.outcomes import tail
from kit.registry import Registry, end

FRONTEND = "docker/dockerfile:1"
"""The frontend under test: the name by which Dockerfiles ask for it, from the mirror."""

_GATEWAY = "SCENARIO_GATEWAY"
"""Environment variable with the archive of the frontend in ../gateway."""
_OWN = "scenarios/gateway"

_WAIT = 60.0
_PAUSE = 0.05
_ENTITLEMENTS = ("network.host", "security.insecure")

# BurntSushi's reader of old daemons and the strict one of new ones both take this.
_CONFIG = """
insecure-entitlements = [{allowed}]
[registry."docker.io"]
  mirrors = ["{registry}"]
[registry."{registry}"]
  http = true
"""

_DEVICE = {
    "cdiVersion": "0.6.0",
    "kind": "scenarios.example/device",
    "devices": [{"name": "one", "containerEdits": {"env": ["SCENARIO_DEVICE=one"]}}],
    "containerEdits": {"env": ["SCENARIO_VENDOR=here"]},
}
"""A device as CDI describes it, which is a variable and no more."""


class Live:
    """A registry with busybox and the frontend, and a daemon that takes Docker Hub's from it."""

    program, client = "buildkitd", "buildctl"
    """What is started, and what it is asked with."""

    def __init__(self) -> None:
        """Choose names; nothing is started yet."""
        self._temporary = tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self.log = self.folder / "buildkitd.log"
        self.socket = f"unix://{self.folder}/d.sock"
        self._registry: Registry | None = None
        self.gateway = ""
        """The name of the frontend of our own; empty where none was compiled for this daemon."""
        self.entitlements: tuple[str, ...] = ()
        """What the daemon knows, and allows."""
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start both. Raises RuntimeError if one of them does not answer."""
        self.serve()
        self._argv = self._command_line()
        self.restart()

    def serve(self) -> None:
        """Start the registry, with busybox and the frontend. Raises RuntimeError."""
        registry = self._registry = Registry(self.folder)
        busybox.push(registry, busybox.NAME)
        kind, _, archive = os.environ["FRONTEND_GATEWAY_ONLY"].partition(":")
        if kind != "local":
            raise RuntimeError(f"FRONTEND_GATEWAY_ONLY names no archive: {kind}")
        repository, _, tag = FRONTEND.partition(":")
        registry.push(repository, tag, Path(archive))
        if own := os.environ.get(_GATEWAY):
            registry.push(_OWN, "latest", Path(own))
            self.gateway = f"{registry.address}/{_OWN}"

    def stop(self) -> None:
        """End both, and remove all that they wrote."""
        if self._daemon:
            end(self._daemon)
        if self._registry:
            self._registry.stop()
        self._temporary.cleanup()

    @property
    def registry(self) -> Registry:
        """The registry, which is there from the start on."""
        assert self._registry
        return self._registry

    @property
    def command(self) -> str:
        """The daemon's command line."""
        return " ".join(self._argv)

    @property
    def root(self) -> Path:
        """The daemon's own folder."""
        return self.folder / "root"

    def alive(self) -> bool:
        """Say whether the daemon's process is there."""
        return self._daemon is not None and self._daemon.poll() is None

    def restart(self) -> None:
        """Start a daemon at the same address. Raises RuntimeError if it does not answer."""
        if self.alive():
            return
        with self.log.open("ab") as output:
            self._daemon = subprocess.Popen(self._argv, stdout=output, stderr=output)
        until = time.monotonic() + _WAIT
        ask = [self.client, "--addr", self.socket, "debug", "workers"]
        while self.alive() and time.monotonic() < until:
            asked = subprocess.run(ask, capture_output=True, check=False, timeout=_WAIT)
            if asked.returncode == 0 and asked.stdout.count(b"\n") > 1:
                return
            time.sleep(_PAUSE)
        raise RuntimeError(f"the daemon does not answer: {tail(self.log.read_text())}")

    def _command_line(self) -> list[str]:
        program = shutil.which(self.program)
        if program is None:
            raise RuntimeError(f"there is no {self.program} on PATH")
        told = subprocess.run([program, "--help"], capture_output=True, check=True, timeout=_WAIT)
        devices = b"--cdi-spec-dir" in told.stdout
        self.entitlements = (*_ENTITLEMENTS, "device") if devices else _ENTITLEMENTS
        config = self.folder / "buildkitd.toml"
        names = ", ".join(f'"{name}"' for name in self.entitlements)
        config.write_text(_CONFIG.format(allowed=names, registry=self.registry.address))
        argv = [program, "--config", str(config), "--root", str(self.root), "--addr", self.socket]
        argv += ["--oci-worker=true", "--containerd-worker=false", "--oci-worker-gc=false"]
        if devices:
            specs = self.folder / "cdi"
            specs.mkdir()
            (specs / "device.json").write_text(json.dumps(_DEVICE))
            argv += ["--cdi-spec-dir", str(specs)]
        return argv
