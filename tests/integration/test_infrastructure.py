"""What machines do to a leg, done for real: none of it is laid at a frontend's door."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Overdue, Sink
from harness.backends.native.sandbox import run_leg
from harness.config.oracle import SILENT
from harness.engine.registry_errors import (
    ANSWERS_BADLY,
    LIMITED,
    PLAIN,
    UNNAMED,
    UNTRUSTED,
    Cause,
    cause_of,
)
from harness.errors import DiskFull, ExitCode
from harness.events import ignore
from harness.gotest.reasons import explain
from harness.journal.folder import LegFolder
from harness.model import Leg as Side
from harness.model import LegRun, Reason
from harness.run.legs import LegRunner
from tests.support.shell_legs import Leg
from tests.support.small_disks import disk

pytestmark = pytest.mark.integration

CONFIG = """\
version: 0.1
storage: {filesystem: {rootdirectory: /tmp/registry}}
http: {addr: "127.0.0.1:5999"}
"""

PULL = f"""{__import__("sys").executable} -I -c 'import urllib.request as r
try: r.urlopen("http://127.0.0.1:5999/v2/")
except OSError as error: print("    x_test.go:1: GET http://127.0.0.1:5999/v2/:", error); exit(1)'
"""

TESTS = r"""
printf '\026=== RUN   TestIntegration\n'
registry serve %s >/dev/null 2>&1 &
server=$!
until PULL >/dev/null; do sleep 0.1; done
%s
printf '\026=== RUN   TestIntegration/TestPull/worker=oci\n'
if PULL; then end=PASS; else end=FAIL; fi
printf '\026--- %%s: TestIntegration/TestPull/worker=oci (0.05s)\n' $end
printf '\026=== RUN   TestIntegration/TestOther/worker=oci\n    x_test.go:2: no such file\n'
printf '\026--- FAIL: TestIntegration/TestOther/worker=oci (0.05s)\n'
printf '\026--- FAIL: TestIntegration (0.10s)\n\026=== NAME  \n\026FAIL\n'
kill $server 2>/dev/null; wait
exit 1
"""


class Sandbox:
    """The part of a backend that runs a leg."""

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue) -> LegExit:
        return run_leg(leg, sink, overdue)


def ran(leg: Leg, folder: Path, script: str) -> LegRun:
    request = leg.request(script)
    runner = LegRunner(Sandbox(), ignore, SILENT)  # type: ignore[arg-type] # it builds nothing
    return runner.run(request, LegFolder(folder / "out", "out"), Side.CANDIDATE, 0, None)


@pytest.mark.parametrize("killed", [True, False])
def test_a_registry_that_is_killed_excuses_the_tests_that_show_it(
    killed: bool,  # noqa: FBT001 - a case
    tmp_path: Path,
) -> None:
    leg = Leg(tmp_path / "leg")
    config = leg.folder / "suite/src/registry.yml"
    config.write_text(CONFIG, "utf-8")
    kill = "kill -9 $(pgrep -P $server); while PULL >/dev/null; do sleep 0.1; done"
    script = (TESTS % (config, kill if killed else ":")).replace("PULL", PULL.strip())
    run = ran(leg, tmp_path, script)
    reasons = {result.name.split("/")[1]: result.reason for result in run.results}
    pull = Reason.IMAGE_PULL if killed else None
    assert reasons == {"TestPull": pull, "TestOther": Reason.ASSERTION}
    # Elsewhere on this machine memory may run out meanwhile.
    faults = [fault.words for fault in run.faults if fault.reason is Reason.IMAGE_PULL]
    assert len(faults) == killed
    assert all(words.endswith("died by itself, with status 137") for words in faults)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    with disk(tmp_path / "small", "2m") as folder:
        yield folder


def test_a_disk_that_fills_while_a_leg_writes_is_a_full_disk(small: Path, tmp_path: Path) -> None:
    script = "printf '\\026=== RUN   TestIntegration\\n'; head -c 5000000 /dev/zero; exit 0"
    with pytest.raises(DiskFull, match=r"small/out.*: No space left on device") as caught:
        ran(Leg(tmp_path / "leg"), small, script)
    assert caught.value.exit_code is ExitCode.INFRASTRUCTURE


class Refusing(BaseHTTPRequestHandler):
    """A registry that refuses everything."""

    status = 429

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Retry-After", "1")  # else the client waits for a minute
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def registry(status: int, certificate: Path | None = None) -> Iterator[str]:
    handler = type("Handler", (Refusing,), {"status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def refused(where: str, *, tls: bool) -> str:
    """Return what Go's own registry client says of a registry."""
    argv = ["skopeo", "inspect", f"--tls-verify={str(tls).lower()}", f"docker://{where}/a:b"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode
    return ended.stderr


def self_signed(folder: Path) -> Path:
    file = folder / "both.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nobody"]
    subprocess.run([*argv, "-keyout", file, "-out", folder / "c"], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + (folder / "c").read_bytes())
    return file


def in_a_test(said: str) -> Reason:
    """Read a client's error as a failing test shows it."""
    quoted = said.replace("\n", " ").replace("\\", "")
    return explain(f"    x_test.go:7: {quoted}\n".encode()).reason


@pytest.mark.parametrize(
    ("status", "cause", "reason"),
    [
        (429, LIMITED, Reason.RATE_LIMIT),
        (500, ANSWERS_BADLY, Reason.IMAGE_PULL),
        (503, ANSWERS_BADLY, Reason.IMAGE_PULL),
    ],
)
def test_a_registry_that_refuses_is_no_failure_of_a_frontend(
    status: int, cause: Cause, reason: Reason
) -> None:
    with registry(status) as where:
        said = refused(where, tls=False)
    assert cause_of(said) is cause
    assert in_a_test(said) is reason


def test_a_registry_without_proper_tls_is_no_failure_of_a_frontend(tmp_path: Path) -> None:
    with registry(200, self_signed(tmp_path)) as where:
        untrusted = refused(where, tls=True)
    with registry(200) as where:
        plain = refused(where, tls=True)
    assert (cause_of(untrusted), cause_of(plain)) == (UNTRUSTED, PLAIN)
    assert (in_a_test(untrusted), in_a_test(plain)) == (Reason.NETWORK, Reason.NETWORK)


def test_a_name_that_cannot_be_found_is_no_failure_of_a_frontend() -> None:
    said = refused("registry.invalid", tls=True)
    assert cause_of(said) is UNNAMED
    assert in_a_test(said) is Reason.NETWORK
