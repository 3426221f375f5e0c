"""What the logs of a sandbox's daemons say: whether they lived to be stopped, and who panicked.

A failing test prints the log of each child of its sandbox (`stderr: /usr/bin/buildkitd --…`), with
a line on how that ended from v0.12 on: `> stopped 2026-11-23 … exit status 0 0`
(util/testutil/integration, StartCmd). Not all that stands in a daemon's log is the daemon's: it
copies there what its containers write on stderr, external frontends among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from harness.gotest import dumps
from harness.gotest.logs import readable
from harness.model import Program

_CHILD = re.compile(rb"(?m)^std(?:out|err): (\S.*)$")
_NAME = re.compile(rb"(?:^|[\s/])(buildkitd|dockerd|containerd|registry)[\w.-]*(?:\s|$)")
_PANIC = re.compile(rb"(?m)^(?:panic|fatal error): ")
_LOGGED = re.compile(rb"(?m)^ +\w+\.go:\d+: ?")
_LOGGED_LINE = re.compile(rb"(?m)^ +\w+\.go:\d+: ?(.*)$")
_BLOCK_LINE = re.compile(rb"(?m)^[ \t]*\t {12}\t")

_DEATH = re.compile(r"[^\n]+\n(?:[^\n]*\n){0,40}?goroutine \d+ .*:\n(?:\S.*\n[ \t]+.*(?:\n|\Z))*")
"""A header, what belongs to the message, and the stack: lines with the source line below each."""
_ALIVE = re.compile(rb'(?m)^(?:time="[^"\n]*" level=|\{"level":|> (?:sending|stop requested) )')
"""What a daemon writes that goes on, and its sandbox when it asks for the end."""
_ASKED = re.compile(rb"(?m)^> (?:sending|stop requested) ")
_STOPPED = re.compile(rb"(?m)^> stopped .*(?:exit status (\d+)|signal: \w+)\b")
_SESSION = re.compile(rb'msg="session (started|finished)')

_PANICKED = b"2"
"""The status with which a Go program ends that panicked."""

_REACH = 64 * 1024
"""Bytes behind the word `panic` in which the stack of the panicking program stands."""

_OWNERS: tuple[tuple[Program, re.Pattern[str]], ...] = tuple(
    (program, re.compile(frames))
    for program, frames in (
        (Program.TEST_BINARY, r"(?m)^testing\.tRunner\(|_test\.go:\d+"),
        (Program.FRONTEND, r"dockerfile-frontend|frontend/gateway/grpcclient\b"),
        (Program.RUNC, r"opencontainers/runc/(?:\w+\.go|libcontainer\.\(\*)|/runc/main\.go"),
        (Program.REGISTRY, r"/distribution(?:/v\d+)?/(?:registry(?:\.|/handlers|/storage)|cmd/)"),
        (Program.CONTAINERD, r"containerd(?:/v\d+)?/cmd/(?:containerd|ctr)|containerd-shim"),
    )
)
"""Frames that only one program can have on its stack."""
_BUILT_IN = re.compile(r"/frontend/(?:dockerfile|dockerui|subrequests|attestations)\b")
"""An external frontend's frames, or those of the one built into its daemon or test binary."""
_RETURNED = re.compile(r"(?m)\Apanic: (?!runtime error).*\n(?:.*\n)*?goroutine 1 .*:\nmain\.main\(")


class Fate(Enum):
    """What became of the daemons, as far as their logs say."""

    DIED = "died"
    LIVED = "lived"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Panic:
    """Last words of a Go program."""

    program: Program
    words: str
    """The message and the frames of the goroutine, without those of Go's own packages."""
    returned: bool = False
    """True if it is how a frontend's main ends with an error: the error itself was returned."""

    @property
    def stable(self) -> str:
        """What two runs have in common; addresses and goroutines' numbers are others each time."""
        return self.words.partition("\n")[0]


@dataclass(frozen=True)
class DaemonEvidence:
    """What is known of the daemons of one test."""

    fate: Fate = Fate.UNTOLD
    panics: tuple[Panic, ...] = ()

    def panic_of(self, *programs: Program) -> Panic | None:
        """Return the last such program's panic that is more than an error that it returned."""
        found = [it for it in self.panics if it.program in programs and not it.returned]
        return found[-1] if found else None


def daemon_evidence(daemon: bytes, *, answered: bool) -> DaemonEvidence:
    """Read the logs of a sandbox's children, one behind the other, as t.Log wrote them.

    `answered` says that a daemon told its client how a container ended, so it lived by then.
    """
    fates: list[Fate] = []
    panics: list[Panic] = []
    for program, said in _children(_LOGGED.sub(b"", daemon)):
        child = _Child(program, said, answered=answered)
        panics += child.panics
        if program in {Program.DAEMON, Program.CONTAINERD}:
            fates.append(child.fate)
    lived = bool(fates) and all(fate is Fate.LIVED for fate in fates)
    fate = Fate.DIED if Fate.DIED in fates else Fate.LIVED if lived else Fate.UNTOLD
    return DaemonEvidence(fate, tuple(panics))


def panics_in(said: bytes) -> tuple[Panic, ...]:
    """Return the panics that a test repeats in its own words, of programs that it ran."""
    if b"goroutine " not in said:
        return ()
    stacks = (stack for _, stack in _stacks(_BLOCK_LINE.sub(b"", _LOGGED.sub(b"", said))))
    owned = ((stack, _owner(stack)) for stack in stacks)
    return tuple(_panic(stack, program) for stack, program in owned if program)


def logged(said: bytes) -> bytes:
    """Return the lines that a test logged, which are its daemons' once it has failed."""
    return b"\n".join(_LOGGED_LINE.findall(said))


def _children(logs: bytes) -> Iterator[tuple[Program, bytes]]:
    """Yield who it is and what it wrote on stderr, for each child."""
    heads = list(_CHILD.finditer(logs))
    ends = [head.start() for head in heads][1:]
    for head, end in zip(heads, (*ends, len(logs)), strict=False):
        if head[0].startswith(b"stderr"):
            name = _NAME.search(head[1])
            known = {b"containerd": Program.CONTAINERD, b"registry": Program.REGISTRY}
            yield known.get(name[1] if name else b"", Program.DAEMON), logs[head.end() : end]


class _Child:
    """A program that the sandbox started: how it ended, and the panics that stand in its log."""

    def __init__(self, program: Program, said: bytes, *, answered: bool) -> None:
        self.program = program
        self.answered = answered
        self._last_alive = max((it.start() for it in _ALIVE.finditer(said)), default=-1)
        self._stopped = _STOPPED.search(said)
        end = self._stopped.start() if self._stopped else len(said)
        asked = _ASKED.search(said, 0, end)
        self._asked = asked is not None
        stacks = list(_stacks(said))
        found = [
            (self._owner(start, stack, last=start == stacks[-1][0]), stack)
            for start, stack in stacks
        ]
        self.panics = [_panic(stack, owner) for owner, stack in found if owner]
        own = [at for (at, _), (owner, _) in zip(stacks, found, strict=True) if owner is program]
        # A test may ask a daemon to stop that has just panicked and not ended yet.
        self._fell_first = asked is not None and any(at < asked.start() for at in own)
        self.fate = self._fate(said, died=bool(own))

    @property
    def _fell(self) -> bool:
        """Whether it ended badly before it was asked to, or by a panic."""
        status = self._stopped[1] if self._stopped else b"0"
        return status == _PANICKED or (status != b"0" and not self._asked)

    def _owner(self, start: int, stack: str, *, last: bool) -> Program | None:
        """Return who panicked; None if it was a program that a build ran, or nothing came of it."""
        owner = _owner(stack)
        if owner and owner not in {self.program, Program.TEST_BINARY}:
            return owner
        alive = start < self._last_alive
        if self.program is Program.DAEMON and _BUILT_IN.search(stack) and (alive or self.answered):
            return Program.FRONTEND
        return self.program if not alive or (self._fell and last) else None

    def _fate(self, said: bytes, *, died: bool) -> Fate:
        if self._asked:
            return Fate.DIED if self._fell and self._fell_first else Fate.LIVED
        if died or self._stopped:
            return Fate.DIED if died or self._fell else Fate.LIVED
        sessions = _SESSION.findall(said)
        begun, over = sessions.count(b"started"), sessions.count(b"finished")
        return Fate.LIVED if 0 < begun <= over else Fate.UNTOLD


def _stacks(text: bytes) -> Iterator[tuple[int, str]]:
    """Yield where a panic begins, its message and the first goroutine behind it."""
    starts = [match.start() for match in _PANIC.finditer(text)]
    for start, end in pairwise([*starts, len(text)]):
        if death := _DEATH.match(readable(text[start : min(end, start + _REACH)])):
            yield start, death[0]


def _owner(stack: str) -> Program | None:
    return next((program for program, frames in _OWNERS if frames.search(stack)), None)


def _panic(stack: str, program: Program) -> Panic:
    words = dumps.own_frames(stack)
    returned = program is Program.FRONTEND and _RETURNED.match(words) is not None
    return Panic(program, words, returned=returned)
