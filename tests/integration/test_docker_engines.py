"""Every way to an engine: TCP with certificates, ssh, and the contexts of Docker's own program."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.builders.docker import find_client
from harness.tools.process import find
from tests.support import tls
from tests.support.engine_program import Program
from tests.support.watched_processes import eventually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("seen")]

_SSHD = """
mount -t tmpfs none /run
mkdir /run/sshd
exec "$1" -D -e -f "$2"
"""
"""sshd wants that folder, which only its service makes."""

_SERVER = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
"""
_CLIENT = """
Host *
  IdentityFile {folder}/user
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
"""


def works(program: Program) -> str:
    """Merge the pair anew and run it, and give where that was."""
    pairs = program.daemon.docker("images", "--quiet", "compat/pair").split()
    if pairs:
        program.daemon.docker("rmi", "--force", *set(pairs))
    ended = program.pair()
    assert ended.code == 0, ended.err + ended.out
    assert program.daemon.docker("images", "--quiet", "compat/pair")
    assert program.daemon.containers() == []
    return ended.err


def test_tcp_with_certificates(program: Program, certificates: Path) -> None:
    variables = {
        "DOCKER_HOST": f"tcp://{tls.ADDRESS}",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(certificates / "client"),
        "REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt",
    }
    there = replace(program, within=program.daemon.inside, environment=variables)
    works(there)
    unknown = {**variables, "DOCKER_CERT_PATH": str(certificates / "server")}
    refused = replace(there, environment=unknown).pair()
    assert refused.code == 4
    assert f"no engine answers at tcp://{tls.ADDRESS} (DOCKER_HOST): " in refused.err


@pytest.mark.parametrize("secured", [False, True], ids=["socket", "tls"])
def test_a_context_of_docker_s_program(
    program: Program, certificates: Path, tmp_path: Path, *, secured: bool
) -> None:
    own = certificates / "client"
    pem = f",ca={own}/ca.pem,cert={own}/cert.pem,key={own}/key.pem" if secured else ""
    host = f"tcp://{tls.ADDRESS}" if secured else program.daemon.host
    for words in (["create", "other", "--docker", f"host={host}{pem}"], ["use", "other"]):
        subprocess.run(
            [find_client().path, "context", *words],
            env={"PATH": os.environ["PATH"], "DOCKER_CONFIG": str(tmp_path)},
            capture_output=True,
            timeout=60,
            check=True,
        )
    variables = {"DOCKER_HOST": "", "DOCKER_CONFIG": str(tmp_path)}
    within = program.daemon.inside if secured else ()
    works(replace(program, within=within, environment=variables))


def test_ssh(program: Program, tmp_path: Path) -> None:
    user = pwd.getpwuid(os.geteuid()).pw_name
    with listening(tmp_path) as port:
        socket_path = program.daemon.host.removeprefix("unix://")
        variables = {
            "DOCKER_HOST": f"ssh://{user}@127.0.0.1:{port}{socket_path}",
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        }
        there = replace(program, environment=variables)
        works(there)
        (tmp_path / "known").write_text("")
        refused = there.pair()
    assert refused.code == 4
    assert "Host key verification failed" in refused.err


@contextmanager
def listening(folder: Path) -> Iterator[int]:
    """Run sshd on the loopback, and give programs an `ssh` that knows it; gives its port."""
    for name in ("host", "user"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(argv, timeout=60, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "server").write_text(_SERVER.format(folder=folder, port=port))
    (folder / "client").write_text(_CLIENT.format(folder=folder))
    key = (folder / "host.pub").read_text()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key}")
    (folder / "bin").mkdir()
    program = folder / "bin" / "ssh"
    program.write_text(f'#!/bin/sh\nexec {find("ssh")} -F {folder}/client "$@"\n')
    program.chmod(0o755)
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _SSHD, "sh"]
    log = folder / "sshd.log"
    with log.open("wb") as file:
        child = subprocess.Popen([*argv, find("sshd"), folder / "server"], stdout=file, stderr=file)
    try:
        assert eventually(lambda: "listening on" in log.read_text()), log.read_text()
        yield port
    finally:
        child.kill()
        child.wait(60)
