"""A leg's namespaces, for real: what is inside, what is not, and that nothing comes out alive.

The suite is a shell script in the place of the test binary. Needs root, as the backend does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from harness.backends.native import sandbox
from harness.backends.native.sandbox import _spec, run_leg
from harness.backends.processes import PROCESSES
from harness.errors import InfrastructureError
from harness.model import Reason
from harness.tools.crew import Crew
from tests.support import cgroups
from tests.support.shell_legs import MARK, Leg, sleepers
from tests.support.watched_processes import PATIENCE, alive, eventually, mounts

pytestmark = pytest.mark.integration

HANG = f"echo ready; setsid sleep {MARK} </dev/null >/dev/null 2>&1 & exec sleep {MARK}"


@pytest.fixture
def leg(tmp_path: Path) -> Leg:
    return Leg(tmp_path / "leg")


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 0", 0), ("exit 1", 1), ("exit 2", 2), ("kill -9 $$", 137), ("kill -6 $$", 134)],
)
def test_the_status_of_the_test_binary_comes_out(script: str, status: int, leg: Leg) -> None:
    end, _ = leg(script)
    assert (end.status, end.timed_out) == (status, False)


def test_output_comes_out_while_the_leg_runs(leg: Leg) -> None:
    # The script ends in time only if its first line was seen outside.
    seen = leg.folder / "out" / "seen"

    def sink(chunk: bytes) -> None:
        if b"ready" in chunk:
            seen.touch()

    script = f"echo ready; until [ -e {seen} ]; do sleep 0.05; done; echo $* >&2"
    assert run_leg(leg.request(script), sink).status == 0


def test_the_test_binary_gets_selection_limits_and_its_own_folder(leg: Leg) -> None:
    words = leg.says("echo $*; pwd; echo $GOMAXPROCS").splitlines()
    assert words[0] == (
        "-test.v=test2json -test.count=1 -test.parallel=2 -test.timeout=130.000s "
        "-test.run=^TestIntegration$"
    )
    assert words[1:] == [str(leg.folder / "suite/src"), "3"]


def test_a_leg_sees_only_its_own_processes_and_the_first_one_reaps(leg: Leg) -> None:
    script = (
        "tr '\\0' ' ' < /proc/1/cmdline; echo\n"
        "( sleep 0.2 & )\n"
        "while cat /proc/[0-9]*/comm 2>&1 | grep -qx sleep; do :; done\n"
        "echo none is left unreaped\n"
        "ls -d /proc/[0-9]* | wc -l\n"
    )
    first, zombies, count = leg.says(script).splitlines()
    assert "init.py" in first
    assert zombies == "none is left unreaped"
    assert int(count) <= 6


def test_a_daemon_that_a_test_left_behind_is_gone(leg: Leg) -> None:
    script = f"setsid setsid sleep {MARK} </dev/null & sleep 0.3; ls -d /proc/[0-9]* | wc -l"
    before = time.monotonic()
    leg.says(script)
    assert time.monotonic() - before < 100
    assert eventually(lambda: not sleepers())


def test_temporary_files_are_private_and_gone(leg: Leg) -> None:
    script = (
        "echo $TMPDIR; [ ${#TMPDIR} -le 16 ]\n"
        "touch $TMPDIR/file $HOME/file; stat -c %a $TMPDIR\n"
        "stat -f -c %T $TMPDIR; ls -A $HOME\n"
    )
    tmp, mode, kind, home = leg.says(script).splitlines()
    assert (mode, kind, home) == ("1777", "tmpfs", "file")
    assert not Path(tmp).exists()


def test_state_of_the_machine_is_neither_seen_nor_changed(
    leg: Leg, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = leg.folder / "out" / "etc-buildkit"
    hidden.mkdir(parents=True)
    (hidden / "buildkitd.toml").write_text("the user's", "utf-8")
    absent = leg.folder / "out" / "is-not-there"
    monkeypatch.setattr(sandbox, "_HIDDEN", (str(hidden), str(absent)))
    script = f"ls -A {hidden}; echo changed > {hidden}/buildkitd.toml; touch {hidden}/new"
    assert leg.says(script) == ""
    assert [path.name for path in hidden.iterdir()] == ["buildkitd.toml"]
    assert (hidden / "buildkitd.toml").read_text("utf-8") == "the user's"
    assert not absent.exists()


def test_no_mount_of_a_leg_is_seen_outside(leg: Leg) -> None:
    before = mounts(leg.folder)
    target = leg.folder / "out" / "target"
    target.mkdir(parents=True)
    assert leg.says(f"mount -t tmpfs x {target}; touch {target}/inside; ls {target}") == "inside"
    assert mounts(leg.folder) == before
    assert not [*target.iterdir()]


NET = """\
import os, socket
print(os.readlink("/proc/self/ns/net"))
print(sum(1 for _ in open("/proc/net/route")) - 1)
print(sorted(os.listdir("/proc/sys/net/ipv4/conf")))
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), timeout=5).close()
    print("loopback works")
"""


def test_offline_there_is_the_loopback_and_no_route(leg: Leg) -> None:
    space, routes, interfaces, loopback = leg.says(f"{sys.executable} -I -c '{NET}'").splitlines()
    assert space != str(Path("/proc/self/ns/net").readlink())
    assert routes == "0"
    assert set(json.loads(interfaces.replace("'", '"'))) <= {"all", "default", "lo"}
    assert loopback == "loopback works"


def test_online_a_leg_has_the_machines_network(leg: Leg) -> None:
    leg.offline = False
    assert leg.says("readlink /proc/self/ns/net") == str(Path("/proc/self/ns/net").readlink())


def test_the_mirror_is_a_copy(leg: Leg, tmp_path: Path) -> None:
    leg.mirror = tmp_path / "mirror"
    (leg.mirror / "docker").mkdir(parents=True)
    (leg.mirror / "docker" / "image").write_text("seeded", "utf-8")
    script = (
        "cat $BUILDKIT_REGISTRY_MIRROR_DIR/docker/image\n"
        "echo pushed > $BUILDKIT_REGISTRY_MIRROR_DIR/docker/image\n"
        "touch $BUILDKIT_REGISTRY_MIRROR_DIR/docker/new\n"
    )
    assert leg.says(script) == "seeded"
    assert [path.name for path in (leg.mirror / "docker").iterdir()] == ["image"]
    assert (leg.mirror / "docker" / "image").read_text("utf-8") == "seeded"


def test_the_suites_programs_come_first_and_the_machines_are_there(leg: Leg) -> None:
    script = "buildkitd; command -v buildkit-runc registry >/dev/null; runc --version | head -n 1"
    buildkitd, runc = leg.says(script).splitlines()
    assert buildkitd == "this is buildkitd"
    assert runc.startswith("runc version")


def test_what_daemons_say_on_stderr_is_kept_outside_with_their_ids(leg: Leg) -> None:
    daemon = leg.folder / "suite/bin/buildkitd"
    daemon.write_text("#!/bin/sh\necho I am $$ >&2\n", "utf-8")
    said = leg.says("buildkitd & a=$!; buildkitd & b=$!; wait; echo ids $a $b").splitlines()
    ids = next(line.split()[1:] for line in said if line.startswith("ids "))
    kept = {path.name: path for path in (leg.folder / "out" / PROCESSES).glob("*.log")}
    assert {name: path.read_text("utf-8") for name, path in kept.items()} == {
        f"buildkitd.{pid}.log": f"I am {pid}\n" for pid in ids
    }


def test_nothing_of_the_users_environment_goes_in_but_proxies_and_these_are_not_written_down(
    leg: Leg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("https_proxy", "http://somebody:hunter3@proxy")
    leg.environment = {"BUILDKIT_RUN_NETWORK_INTEGRATION_TESTS": "1"}
    said = dict(line.split("=", 1) for line in leg.says("env").splitlines())
    assert said["https_proxy"] == "http://somebody:hunter3@proxy"
    assert said["BUILDKIT_RUN_NETWORK_INTEGRATION_TESTS"] == "1"
    assert said["FRONTEND_GATEWAY_ONLY"] == f"local:{leg.folder}/frontend/frontend.tar"
    assert {"AWS_SECRET_ACCESS_KEY", "GIT_DIR"}.isdisjoint(said)
    assert said["HOME"] != os.environ["HOME"]
    files = (path for path in (leg.folder / "out").rglob("*") if path.is_file())
    written = b"".join(path.read_bytes() for path in files)
    assert b"hunter" not in written


def test_signals_that_python_ignores_are_not_ignored_by_tests(leg: Leg) -> None:
    ignored = int(leg.says("grep SigIgn /proc/self/status").split()[1], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not ignored & 1 << (number - 1)


def test_namespaces_that_cannot_be_prepared_are_nobodys_test_result(
    leg: Leg, tmp_path: Path
) -> None:
    leg.mirror = tmp_path / "gone"
    with pytest.raises(InfrastructureError, match="namespaces of a leg could not be prepared"):
        leg("exit 0")


def test_a_test_binary_that_cannot_be_run_is_nobodys_test_result(leg: Leg) -> None:
    request = leg.request("exit 0")
    (leg.folder / "suite/bin/dockerfile.test").write_bytes(b"\x7fELF")
    with pytest.raises(InfrastructureError, match="could not be prepared"):
        run_leg(request, lambda _: None)


@pytest.mark.parametrize(("script", "status"), [("exec {}", 137), ("{}; exit 1", 1)])
def test_memory_that_ran_out_is_told_by_the_kernel(script: str, status: int, leg: Leg) -> None:
    end, output = leg(f"{cgroups.limit(megabytes=32)}; {script.format('tail /dev/zero')}")
    assert end.status == status, output
    assert [(fault.reason, fault.sure) for fault in end.faults] == [(Reason.OOM, True)]


def test_a_kill_for_another_cause_is_no_want_of_memory(leg: Leg) -> None:
    assert leg("kill -9 $$")[0].faults == ()


def test_at_the_time_limit_everything_is_killed(leg: Leg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "GRACE", 0.2)
    for seconds in (1.5, 15.0, 60.0):  # more, where it was not under way yet
        leg.timeout = seconds
        end, output = leg(HANG)
        assert (end.status, end.timed_out) == (None, True)
        if output:
            break
    assert output == "ready\n"
    assert eventually(lambda: not sleepers())


def test_a_stopped_leg_is_killed_and_tells_what_it_had(leg: Leg) -> None:
    output = bytearray()
    with Crew(1, "leg") as crew:
        running = crew.start(run_leg, leg.request(HANG), output.extend)
        assert eventually(lambda: len(sleepers()) == 2)
        crew.stop()
    assert (running.result().status, running.result().timed_out) == (None, False)
    assert output == b"ready\n"
    assert eventually(lambda: not sleepers())


@pytest.mark.parametrize("victim", ["harness", "unshare", "init"])
def test_after_kill_9_no_process_and_no_mount_is_left(
    victim: str, leg: Leg, tmp_path: Path
) -> None:
    before = mounts(tmp_path)
    leg.request(HANG)
    script = tmp_path / "holder.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from harness.tools.crew import Crew\n"
        "from harness.tools.process import Request, stream\n"
        "from harness.backends.native.sandbox import command\n"
        "argv = command(Path(sys.argv[1]), offline=True)\n"
        "with Crew(1, 'leg') as crew:\n"
        "    crew.start(stream, Request(argv, timeout=60), lambda _: None).result()\n",
        "utf-8",
    )
    (leg.folder / "out" / PROCESSES).mkdir(parents=True)
    spec = _spec(leg.request(HANG), Path("/mnt"), {}, {})
    (tmp_path / "spec.json").write_bytes(msgspec.json.encode(spec))
    child = subprocess.Popen(
        [sys.executable, script, tmp_path / "spec.json"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.DEVNULL,
    )
    with child:
        try:
            assert eventually(lambda: len(sleepers()) == 2)
            chain = [child.pid]
            while len(chain) < 3:
                chain += [pid for pid in _children(chain[-1]) if not _is_reaper(pid)]
            os.kill(chain[["harness", "unshare", "init"].index(victim)], signal.SIGKILL)
            assert eventually(lambda: not sleepers())
            child.wait(PATIENCE)
        finally:
            child.kill()
    assert mounts(tmp_path) == before
    assert eventually(lambda: not any(map(alive, chain[1:])))


def _children(pid: int) -> list[int]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text("ascii").split()]


def _is_reaper(pid: int) -> bool:
    return b"reaper.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
