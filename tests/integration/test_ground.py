"""What test sessions stand on whatever they are started from, and what is told of leftovers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ground
from tests.support.session_leftovers import Watch
from tests.support.watched_processes import PATIENCE, Child, eventually

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
BEGINS = """
import json, locale, os, resource, subprocess, sys, time
from pathlib import Path
from tests.support import ground
ground.establish(Path(sys.argv[1]), "a word")
"""
TELLS = """
print(json.dumps({
    "ignored": subprocess.getoutput("grep SigIgn /proc/self/status").split()[1],
    "blocked": subprocess.getoutput("grep SigBlk /proc/self/status").split()[1],
    "umask": os.umask(0),
    "environment": dict(os.environ),
    "encoding": locale.getencoding(),
    "error": os.environ.update(LANGUAGE="de") or os.strerror(2),
    "noon": time.strftime("%H", time.localtime(43200)),
    "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
}))
"""
WAITS = """
try:
    print("ready", flush=True)
    time.sleep(600)
finally:
    print("cleared up", flush=True)
"""
HOSTILE = """
trap "" HUP INT QUIT TERM CHLD USR1
umask 077
ulimit -S -n 64
exec "$@"
"""
CALLERS = {
    "LC_ALL": "POSIX",
    "LANG": "tr_TR",
    "TZ": "Asia/Kathmandu",
    "TERM": "dumb",
    "CI": "true",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "GIT_DIR": "/nowhere",
    "NO_COLOR": "1",
    "GOFLAGS": "-mod=no-such",
    "DOCKER_HOST": "tcp://127.0.0.1:9",
    "COLUMNS": "20",
    "PIP_INDEX_URL": "https://index.example.com",
}


def test_a_session_stands_on_the_same_ground_whatever_it_is_started_from(tmp_path: Path) -> None:
    argv = ["nohup", "sh", "-c", HOSTILE, "sh", sys.executable, "-c", BEGINS + TELLS]
    done = subprocess.run(
        [*argv, str(tmp_path)],
        env={**os.environ, **CALLERS, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    told = json.loads(done.stdout)
    environment = told.pop("environment")
    assert told == {
        "ignored": "0000000000000000",
        "blocked": "0000000000000000",
        "umask": 0o022,
        "encoding": "UTF-8",
        "error": "No such file or directory",
        "noon": "12",
        "descriptors": 4096,
    }
    known = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    assert {name: environment[name] for name in known} == known
    kept = CALLERS.keys() & environment.keys() - known.keys()
    assert {name: environment[name] for name in kept} == {
        "PIP_INDEX_URL": "https://index.example.com"
    }
    assert environment["PIP_PROXY"] == "http://127.0.0.1:9"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_session_that_is_ended_clears_up(number: signal.Signals, tmp_path: Path) -> None:
    with Child(
        [sys.executable, "-c", BEGINS + WAITS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        out, err = child.communicate(timeout=PATIENCE)
    assert out == "cleared up\n"
    assert "KeyboardInterrupt" in err


def test_what_is_left_is_named_with_the_test_that_left_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ground.MARK, "a session of this test's own")
    watch = Watch(tmp_path)
    assert watch.look("test_one") == []
    with Child(["sleep", "86397.5"]) as child:
        assert eventually(lambda: watch.look("test_two") != [])
        (left,) = watch.look("test_three")
        assert left == f"process {child.pid} sleep 86397.5, since test_two"
    assert watch.look("test_four") == []
