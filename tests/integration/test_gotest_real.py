"""Living Go binaries of the oldest and newest toolchain in use, misbehaving on purpose.

The unit tests hold what is known of Go's output; these hold that Go still behaves so.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.backends.native.toolchain import Toolchain
from harness.gotest import selection
from harness.gotest.fingerprint import fingerprint
from harness.gotest.stream import Format
from harness.model import Outcome, Reason
from harness.store import Store
from harness.tools import process
from tests.integration.conftest import GoToolchain
from tests.unit.gomatch import runs
from tests.unit.streams import Heard, read

pytestmark = pytest.mark.integration

MODULE = Path(__file__).parent / "gomodules" / "hostile"
OLD, NEW = "1.21.13", "1.26.6"
PATIENCE = 60.0
"""Seconds; none of these programs takes more than three on an idle machine."""


@dataclass(frozen=True)
class Binary:
    """A compiled test binary and the toolchain that made it."""

    path: Path
    toolchain: Toolchain
    environment: dict[str, str]

    @property
    def go_minor(self) -> int:
        return int(self.toolchain.version.split(".")[1])

    def run(self, pattern: str, *flags: str, form: str = "test2json") -> tuple[Heard, int]:
        argv = [str(self.path), f"-test.v={form}", f"-test.run={pattern}", *flags]
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False
        )
        framing = Format.MARKED if form == "test2json" else Format.PLAIN
        return read(done.stdout, done.returncode, framing=framing), done.returncode

    def begun(self, *flags: str) -> set[str]:
        heard, _ = self.run("^TestNames$", *flags)
        return {*heard.parsed.leaves, *heard.parsed.parents}


@pytest.fixture(scope="module", params=[OLD, NEW])
def binary(
    request: pytest.FixtureRequest,
    go_store: Store,
    go_toolchain: GoToolchain,
    tmp_path_factory: pytest.TempPathFactory,
) -> Binary:
    toolchain = go_toolchain(request.param)
    environment = toolchain.environment(go_store) | {"GOFLAGS": "-trimpath"}
    path = tmp_path_factory.mktemp("go") / "hostile.test"
    argv = [str(toolchain.go), "test", "-c", "-o", str(path), "."]
    process.run(process.Request(argv, cwd=MODULE, env=environment, timeout=900))
    return Binary(path, toolchain, environment)


def test_ordinary_outcomes(binary: Binary) -> None:
    heard, status = binary.run("^Test(Pass|Skip|Fail)$")
    assert status == 1
    assert heard.outcomes == {
        "TestPass": Outcome.PASS,
        "TestSkip": Outcome.SKIP,
        "TestFail": Outcome.FAIL,
    }
    assert "the words of the failure" in heard.result("TestFail").error
    assert "not on this machine" in heard.result("TestSkip").error
    assert heard.parsed.notes == ()


@pytest.mark.parametrize("form", ["test2json", "true"])
def test_1_a_panic(binary: Binary, form: str) -> None:
    heard, status = binary.run("^TestPanic$", form=form)
    assert status == 2
    inside = heard.result("TestPanic/inside")
    assert (inside.outcome, inside.reason) == (Outcome.CRASH, Reason.PANIC)
    assert inside.error.startswith("panic: boom")
    assert "hostile_test.go:" in inside.error
    assert heard.outcomes["TestPanic/before"] is Outcome.PASS
    assert "TestPanic/after" not in heard.outcomes


def test_1_a_panic_fails_alike_under_every_go(binary: Binary) -> None:
    heard, _ = binary.run("^TestPanic$")
    assert heard.result("TestPanic/inside").fingerprint == fingerprint("panic: boom")


@pytest.mark.parametrize("form", ["test2json", "true"])
def test_1_a_panic_in_a_goroutine_of_nobody(binary: Binary, form: str) -> None:
    heard, _ = binary.run("^TestPanicElsewhere$", form=form)
    assert set(heard.outcomes.values()) == {Outcome.CRASH}
    assert "panic: boom in a goroutine" in heard.parsed.notes[0]
    assert "hostile.explode()" in heard.result("TestPanicElsewhere/culprit").error


def test_1_an_exit(binary: Binary) -> None:
    heard, status = binary.run("^TestExit$")
    assert status == 3
    assert heard.outcomes == {
        "TestExit/ended": Outcome.PASS,
        "TestExit/exiting": Outcome.CRASH,
    }


@pytest.mark.parametrize("form", ["test2json", "true"])
def test_2_3_and_6_the_binarys_own_timeout(binary: Binary, form: str) -> None:
    heard, _ = binary.run("^TestHang$", "-test.timeout=2s", form=form)
    stuck = heard.result("TestHang/TestStuck/worker=oci")
    assert (stuck.outcome, stuck.reason) == (Outcome.HANG, Reason.TIMEOUT)
    assert "testStuck" in stuck.error
    assert heard.outcomes["TestHang/TestWaits/worker=oci"] is Outcome.HANG
    quick = heard.outcomes["TestHang/TestQuick/worker=oci"]
    assert quick is (Outcome.PASS if form == "test2json" else Outcome.HANG)


def test_15_a_sigquit_shows_who_holds_the_run(binary: Binary) -> None:
    argv = [str(binary.path), "-test.v=test2json", "-test.run=^TestHang$"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        said = b"".join(until(running.stdout.fileno(), b"--- PASS: TestHang/TestQuick"))
        time.sleep(0.5)
        running.send_signal(signal.SIGQUIT)
        rest, _ = running.communicate(timeout=PATIENCE)
    heard = read(said + rest, running.returncode, timed_out=True)
    assert heard.result("TestHang/TestStuck/worker=oci").reason is Reason.TIMEOUT
    assert heard.result("TestHang/TestWaits/worker=oci").reason is Reason.INCOMPLETE
    assert heard.outcomes["TestHang/TestQuick/worker=oci"] is Outcome.PASS
    assert b"SIGQUIT: quit" in heard.logs["TestHang/TestStuck/worker=oci"]


def until(descriptor: int, words: bytes) -> Iterator[bytes]:
    said = b""
    while words not in said:
        chunk = os.read(descriptor, 1 << 16)
        assert chunk, said
        said += chunk
        yield chunk


def test_4_unterminated_output(binary: Binary) -> None:
    heard, _ = binary.run("^TestUnterminated$")
    assert heard.outcomes == {
        "TestUnterminated/pass": Outcome.PASS,
        "TestUnterminated/fail": Outcome.FAIL,
    }
    heard, _ = binary.run("^TestUnterminated$", form="true")
    assert Outcome.PASS not in heard.outcomes.values()


def test_5_output_that_pretends_to_be_events(binary: Binary) -> None:
    heard, _ = binary.run("^TestSpoof$")
    assert heard.outcomes == {"TestSpoof/victim": Outcome.PASS, "TestSpoof/liar": Outcome.FAIL}
    heard, _ = binary.run("^TestSpoof$", form="true")
    assert heard.outcomes["TestSpoof/liar"] is Outcome.FAIL
    assert "TestNever" not in heard.outcomes


def test_7_and_12_go_test_json(binary: Binary) -> None:
    argv = [str(binary.toolchain.go), "test", "-json", "-run", "^Test(Exit|Bytes|Panic)$", "."]
    for pattern, status in (("^TestBytes$", 1), ("^TestExit$", 1), ("^TestPanic$", 1)):
        argv[4] = pattern
        request = process.Request(
            argv, cwd=MODULE, env=binary.environment, timeout=300, accept=frozenset({status})
        )
        told = read(process.run(request).stdout, status, framing=Format.JSON)
        direct, _ = binary.run(pattern)
        assert told.outcomes == direct.outcomes, pattern
        assert told.parsed.parents == direct.parsed.parents
    assert "boom" in told.result("TestPanic/inside").error


def test_8_a_child_that_holds_stdout(binary: Binary) -> None:
    argv = [str(binary.path), "-test.v=test2json", "-test.run=^TestLeak$"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        said = b"".join(until(running.stdout.fileno(), b"\x16PASS\n"))
    heard = read(said, None, timed_out=True)
    assert heard.outcomes == {"TestLeak": Outcome.PASS}
    assert "left behind" in heard.parsed.broken


def test_12_bytes_that_are_no_text(binary: Binary) -> None:
    heard, _ = binary.run("^TestBytes$")
    assert b"\xff\xfe NUL \x00 and \x1b[31mred\x1b[0m\n" in heard.logs["TestBytes"]
    shown = heard.result("TestBytes").error
    assert shown.endswith("invalid \ufffd, NUL \u2400, red, \ufffdreversed")


def test_a_line_of_100_mb(binary: Binary) -> None:
    heard, _ = binary.run("^TestLongLine$")
    assert heard.outcomes == {"TestLongLine": Outcome.FAIL}
    assert len(heard.logs["TestLongLine"]) < 1 << 21
    assert b"bytes left out" in heard.logs["TestLongLine"]


def test_14_a_failing_serial_subtest_that_ends_the_enumeration(binary: Binary) -> None:
    heard, _ = binary.run("^TestEnumerationEnds$")
    assert heard.outcomes == {
        "TestEnumerationEnds": Outcome.FAIL,
        "TestEnumerationEnds/first": Outcome.PASS,
        "TestEnumerationEnds/serial": Outcome.FAIL,
    }
    assert "had not begun" in heard.parsed.notes[0]


def test_a_parent_that_fails_alone(binary: Binary) -> None:
    heard, _ = binary.run("^TestParentFailsAlone$")
    assert heard.outcomes["TestParentFailsAlone"] is Outcome.FAIL
    assert "after all went well" in heard.result("TestParentFailsAlone").error


def test_nothing_selected(binary: Binary) -> None:
    heard, status = binary.run("^TestNoSuch$")
    assert status == 0
    assert heard.parsed.notes == ("no test matched the selection",)


def test_each_hostile_name_can_be_selected_alone(binary: Binary) -> None:
    every = binary.begun()
    assert len(every) > 120
    for name in sorted(every)[:: 3 if binary.go_minor == 21 else 2]:
        value = "|".join(selection.paths_of([name]))
        heard, _ = binary.run(value)
        begun = {*heard.parsed.leaves, *heard.parsed.parents}
        wanted = {
            other
            for other in every
            if (other + "/").startswith(name + "/") or name.startswith(other + "/")
        }
        assert begun == wanted, value
        assert begun == {other for other in every if runs(other, value)}, value


def test_hostile_names_can_be_selected_and_skipped_together(binary: Binary) -> None:
    every = sorted(binary.begun() - {"TestNames"})
    chosen = every[::7]
    [value] = selection.select_names(chosen, binary.go_minor)
    heard, _ = binary.run(value)
    begun = {*heard.parsed.leaves, *heard.parsed.parents}
    assert begun == {name for name in ["TestNames", *every] if runs(name, value)}
    assert begun > set(chosen)
    skipped = selection.skip(selection.paths_of(chosen), binary.go_minor)
    left = binary.begun(f"-test.skip={skipped}")
    gone = {n for n in every if any((n + "/").startswith(top + "/") for top in chosen)}
    assert left == {"TestNames", *every} - gone


def test_an_entry_skips_its_sandboxes_and_leaves_their_neighbours(binary: Binary) -> None:
    paths = [
        re.sub(r"^\^TestIntegration\$", "^TestNames$", path)
        for path in selection.paths_of_entry("TestFn", worker="oci", params={"fileop": "false"})
    ]
    left = binary.begun(f"-test.skip={selection.skip(paths, binary.go_minor)}")
    gone = binary.begun() - left
    assert gone
    assert {name.split("/")[3] for name in gone} == {"fileop=false"}
    assert "TestNames/TestFn/worker=oci/frontend=gateway" in left
    assert "TestNames/TestFn/worker=oci-rootless/frontend=gateway" in left
