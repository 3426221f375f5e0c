"""Real programs, well-behaved and not: what is read of them, and that nothing stays behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import Interrupted
from harness.tools.crew import Crew
from harness.tools.process import CommandFailed, Request, run, stream
from tests.support.watched_processes import PATIENCE, Child, alive, eventually

pytestmark = pytest.mark.integration

Start = Callable[..., Request]

LONG = 300.0
"""Half of the seconds that all these programs would go on for."""

SLEEPERS = """\
sleep 600 & echo $! >> pids
( sleep 600 & echo $! >> pids; wait ) &
echo $$ >> pids
until [ $(wc -l < pids) = 3 ]; do sleep 0.02; done
echo ready
wait
"""
"""A shell with a child and a grandchild, whose process ids it leaves in a file."""

LIMITS = (0.5, 5.0, 50.0)
"""Seconds for what should be under way when its time is over: more, where it was not yet."""

ELSEWHERE = """\
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("half", "w").write(f"{os.getpid()}\\n")
        os.rename("half", "pids")
        until = time.monotonic() + 600
        while time.monotonic() < until:
            if "loud" in sys.argv:
                os.write(1, b"." * 100)
            time.sleep(0.05)
    os._exit(0)
os.wait()
while not os.path.exists("pids"):
    time.sleep(0.01)
os.write(1, b"done")
"""
"""Leaves a grandchild in a session of its own, which no signal to the group reaches."""


@pytest.fixture
def shell(tmp_path: Path) -> Start:
    def request(script: str, *, timeout: float = PATIENCE) -> Request:
        return Request(["sh", "-c", script], cwd=tmp_path, timeout=timeout)

    return request


@pytest.fixture
def python(tmp_path: Path) -> Start:
    def request(script: str, *args: str, timeout: float = PATIENCE) -> Request:
        return Request([sys.executable, "-c", script, *args], cwd=tmp_path, timeout=timeout)

    return request


def pids(folder: Path) -> list[int]:
    file = folder / "pids"
    return [int(line) for line in file.read_text("ascii").split()] if file.exists() else []


def test_run_keeps_status_and_both_outputs_apart(shell: Start) -> None:
    done = run(shell("echo out; echo err >&2"))
    assert (done.status, done.stdout, done.stderr) == (0, b"out\n", b"err\n")


def test_a_status_that_is_not_accepted_raises_with_the_command_and_its_last_words(
    shell: Start,
) -> None:
    with pytest.raises(CommandFailed, match=r"sh -c .* ended with status 3:\nlast words") as caught:
        run(shell("echo last words >&2; exit 3"))
    assert caught.value.status == 3


def test_an_accepted_status_is_returned(tmp_path: Path) -> None:
    request = Request(["sh", "-c", "exit 1"], cwd=tmp_path, accept=frozenset({0, 1}))
    assert run(request).status == 1


def test_a_program_reads_its_input_once_and_whole_while_it_writes(python: Start) -> None:
    # Far more than any pipe holds, both ways, and slower than one look at the clock.
    script = (
        "import sys, time\n"
        "while chunk := sys.stdin.buffer.read1(65536):\n"
        "    sys.stdout.buffer.write(chunk)\n"
        "    time.sleep(0.01)\n"
    )
    text = os.urandom(3_000_000)
    request = python(script)
    assert run(Request(request.argv, stdin=text)).stdout == text


def test_a_program_without_input_finds_an_empty_one(shell: Start) -> None:
    assert run(shell("cat")).stdout == b""


@pytest.mark.parametrize("how", ["run", "stream"])
def test_the_time_limit_kills_children_and_grandchildren(
    how: str, shell: Start, tmp_path: Path
) -> None:
    heard = bytearray()
    for seconds in LIMITS:
        if how == "run":
            with pytest.raises(CommandFailed, match="killed at its time limit") as caught:
                run(shell(SLEEPERS, timeout=seconds))
            heard += caught.value.output.encode()
        else:
            ended = stream(shell(SLEEPERS, timeout=seconds), heard.extend)
            assert (ended.status, ended.timed_out) == (None, True)
        left = pids(tmp_path)
        assert eventually(lambda: not any(map(alive, pids(tmp_path))))
        if heard:
            break
        (tmp_path / "pids").unlink(missing_ok=True)
    assert heard == b"ready\n"
    assert len(left) == 3


@pytest.mark.parametrize("how", ["run", "stream"])
def test_what_a_program_leaves_in_the_background_ends_with_it(
    how: str, shell: Start, tmp_path: Path
) -> None:
    request = shell("sleep 600 >/dev/null 2>&1 & echo $! > pids")
    if how == "run":
        assert run(request).status == 0
    else:
        assert stream(request, lambda _: None).status == 0
    assert eventually(lambda: not any(map(alive, pids(tmp_path))))


@pytest.mark.parametrize("how", ["run", "stream"])
@pytest.mark.parametrize("voice", ["silent", "loud"])
def test_a_grandchild_that_holds_the_output_does_not_hold_us(
    voice: str, how: str, python: Start, tmp_path: Path
) -> None:
    request = python(ELSEWHERE, voice)
    heard = bytearray()
    begun = time.monotonic()
    try:
        if how == "run":
            done = run(request)
            heard += done.stdout
            assert done.status == 0
        else:
            ended = stream(request, heard.extend)
            assert (ended.status, ended.timed_out) == (0, False)
        assert time.monotonic() - begun < LONG
        assert b"done" in heard
    finally:
        for pid in pids(tmp_path):
            os.kill(pid, signal.SIGKILL)


def test_a_time_limit_holds_when_a_grandchild_that_escaped_keeps_the_output(
    python: Start, tmp_path: Path
) -> None:
    for seconds in LIMITS:
        try:
            with pytest.raises(CommandFailed, match="time limit") as caught:
                run(python(ELSEWHERE + "time.sleep(600)", "silent", timeout=seconds))
        finally:
            escaped = [pid for pid in pids(tmp_path) if alive(pid)]
            for pid in escaped:
                os.kill(pid, signal.SIGKILL)
        if "done" in caught.value.output:
            break
    assert len(escaped) == 1


def test_a_program_that_closes_its_output_is_waited_for(shell: Start, tmp_path: Path) -> None:
    ended = stream(shell("exec >&- 2>&-; sleep 0.3; touch finished; exit 4"), lambda _: None)
    assert ended.status == 4
    assert (tmp_path / "finished").exists()


def test_a_stream_hands_on_both_outputs_in_the_order_of_their_writing(shell: Start) -> None:
    heard = bytearray()
    ended = stream(shell("for i in 1 2 3; do echo o$i; echo e$i >&2; done; exit 5"), heard.extend)
    assert bytes(heard) == b"o1\ne1\no2\ne2\no3\ne3\n"
    assert (ended.status, ended.timed_out) == (5, False)


def test_a_stream_hands_on_output_while_the_program_runs(shell: Start, tmp_path: Path) -> None:
    # The program ends only if its first line has been seen by then.
    def sink(chunk: bytes) -> None:
        if b"ready" in chunk:
            (tmp_path / "seen").touch()

    script = "echo ready; until [ -e seen ]; do sleep 0.05; done; echo more"
    assert stream(shell(script), sink).status == 0


def test_the_last_words_before_an_end_are_never_lost(shell: Start) -> None:
    for _ in range(10):
        heard = bytearray()
        stream(shell("sleep 0.1; echo last words"), heard.extend)
        assert bytes(heard) == b"last words\n"


def test_a_stream_of_any_length_takes_bounded_memory(python: Start) -> None:
    total = 0
    longest = 0

    def sink(chunk: bytes) -> None:
        nonlocal total, longest
        total += len(chunk)
        longest = max(longest, len(chunk))

    script = "import os\nfor _ in range(200): os.write(1, b'x' * 1_000_000)"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert stream(python(script, timeout=60), sink).status == 0
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert total == 200_000_000
    assert longest <= 65536
    assert grown < 32 * 1024  # KiB


def test_a_sink_that_fails_ends_the_program(shell: Start, tmp_path: Path) -> None:
    def full(_chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        stream(shell(SLEEPERS), full)
    assert eventually(lambda: not any(map(alive, pids(tmp_path))))


def test_a_stopped_crew_leaves_no_process_and_says_that_it_was_interrupted(
    shell: Start, tmp_path: Path
) -> None:
    ready = threading.Event()
    begun = time.monotonic()
    with Crew(2, "test") as crew:
        streamed = crew.start(stream, shell(SLEEPERS), lambda _: ready.set())
        assert ready.wait(PATIENCE)
        ran = crew.start(run, shell("echo $$ >> pids; exec sleep 600"))
        assert eventually(lambda: len(pids(tmp_path)) == 4)
        crew.stop()
    assert time.monotonic() - begun < LONG
    assert (streamed.result().status, streamed.result().timed_out) == (None, False)
    with pytest.raises(Interrupted):
        ran.result()
    assert eventually(lambda: not any(map(alive, pids(tmp_path))))


def test_a_stopped_crew_starts_no_program_and_the_next_one_does(
    shell: Start, tmp_path: Path
) -> None:
    with Crew(1, "test") as crew:
        crew.stop()
        late = crew.start(run, shell("touch started"))
    with pytest.raises(Interrupted, match="did not start sh"):
        late.result()
    assert not (tmp_path / "started").exists()
    with Crew(1, "test") as crew:
        assert crew.start(run, shell("exit 0")).result().status == 0
    assert run(shell("exit 0")).status == 0


def test_a_stop_reaches_the_crews_of_a_crew(shell: Start, tmp_path: Path) -> None:
    def inner() -> None:
        with Crew(1, "inner") as crew:
            crew.start(run, shell("echo $$ > pids; exec sleep 600"))
            crew.wait()

    with Crew(1, "outer") as crew:
        crew.start(inner)
        assert eventually(lambda: len(pids(tmp_path)) == 1)
        crew.stop()
    assert eventually(lambda: not any(map(alive, pids(tmp_path))))


def test_an_interrupt_of_the_main_thread_leaves_no_process(tmp_path: Path) -> None:
    # In a process of its own: the signal is the real one, as a terminal sends it.
    script = (
        "import sys\n"
        "from harness.tools.process import Request, run\n"
        "run(Request(['sh', '-c', sys.argv[1]]))\n"
    )
    child: Child[bytes] = Child(
        [sys.executable, "-c", script, SLEEPERS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
    )
    with child:
        assert eventually(lambda: len(pids(tmp_path)) == 3)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE)
    assert b"KeyboardInterrupt" in err
    assert eventually(lambda: not any(map(alive, pids(tmp_path))))
