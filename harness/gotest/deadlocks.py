"""Reads goroutine dumps for what everybody waits for: the same stacks together, locks first.

A dump is what a Go program writes at SIGQUIT (runtime/traceback.go):

    goroutine 35 [sync.Mutex.Lock, 2 minutes]:
    sync.(*Mutex).Lock(...)
        /go/src/sync/mutex.go:90
    example.com/solver.(*CacheMounts).acquire(0xc0001…)
        /src/solver/cachemounts.go:45 +0x1a

Go writes the minutes from the second on, and `semacquire` for any lock before Go 1.20.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

HEADER = "SIGQUIT: quit"
"""First line of a dump that was asked for."""

GROUPS = 3
"""Groups of one dump that a report shows."""
_FRAMES = 6
_NUMBERS = 8

_GOROUTINE = re.compile(
    r"(?m)^goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^\],]+)(?:, (\d+) minutes)?[^\]]*\]:\n"
    r"((?:\S.*\n[ \t]+.*(?:\n|\Z))*)"
)
_FRAME = re.compile(r"(?m)^(created by )?(\S.*)\n[ \t]+(.*?):(\d+)(?: \+0x.*)?$")
_ARGUMENTS = re.compile(r"\([^()*]*\)$|\((?:[^()]|\([^()]*\))*\)$|\(\.\.\.\)$")
_LOCKS = re.compile(r"sync\.\(\*(?:RW)?Mutex\)\.R?Lock$")
_NEVER = ("chan receive (nil chan)", "chan send (nil chan)", "select (no cases)")
_GOS_OWN = re.compile(r"(?:runtime|sync|internal|time|syscall|os|net|testing)(?:[/.]|$)")


@dataclass(frozen=True)
class Frame:
    """One call on a stack."""

    function: str
    """With its package, without arguments."""
    place: str
    """`solver/cachemounts.go:45`: the file's folder and name."""
    creator: bool = False
    """It began the goroutine, and is not on its stack."""

    @property
    def gos_own(self) -> bool:
        """Whether the call is one of Go's own library."""
        return _GOS_OWN.match(self.function) is not None


@dataclass(frozen=True)
class Waiting:
    """Goroutines that stand at the same place."""

    numbers: tuple[int, ...]
    state: str
    """What Go says that they wait for."""
    minutes: int
    """How long the first of them does; 0 if it is not yet one."""
    frames: tuple[Frame, ...]

    @property
    def locked(self) -> bool:
        """Whether they wait for a lock, or for what can never come."""
        return _LOCKS.match(self.call) is not None or self.state in _NEVER

    @property
    def call(self) -> str:
        """The call into Go's own library in which they wait; empty if there is none."""
        inner = takewhile(lambda frame: frame.gos_own, self.frames)
        return next((frame.function for frame in reversed(list(inner))), "")

    @property
    def idle(self) -> bool:
        """Whether nothing but Go's own library is on their stack."""
        return all(frame.gos_own for frame in self.frames if not frame.creator)


def groups(dump: str) -> list[Waiting]:
    """Return the goroutines of a dump by their stacks, those that have waited longest first."""
    found: defaultdict[tuple[str, tuple[Frame, ...]], list[tuple[int, int]]] = defaultdict(list)
    for number, state, minutes, stack in _GOROUTINE.findall(dump):
        frames = tuple(_frames(stack))
        found[state, frames].append((int(minutes or 0), int(number)))
    every = [
        Waiting(
            numbers=tuple(number for _, number in sorted(members, key=lambda it: (-it[0], it[1]))),
            state=state,
            minutes=max(minutes for minutes, _ in members),
            frames=frames,
        )
        for (state, frames), members in found.items()
    ]
    return sorted(every, key=lambda it: (-it.minutes, -len(it.numbers), it.numbers))


def waiting(dump: str) -> list[Waiting]:
    """Return the groups of a dump that wait for something in the program's own code."""
    return [it for it in groups(dump) if not it.idle and it.state != "running"]


def render_waiting(program: str, those: Iterable[Waiting]) -> Iterator[str]:
    """Yield the first groups of one program in lines, as a maintainer reads them."""
    shown = list(those)
    for it in shown[:GROUPS]:
        yield f"{program}: {_who(it)}"
        yield from _stack(it)
    if len(shown) > GROUPS:
        yield f"{program}: {len(shown) - GROUPS} more groups of goroutines wait"


def in_short(those: Waiting) -> str:
    """Return in a clause who waits where."""
    own = next((frame for frame in those.frames if not (frame.gos_own or frame.creator)), None)
    return f"{_who(those)}" + (f" in {own.function} at {own.place}" if own else "")


def dumps_in(text: str) -> list[str]:
    """Cut the dumps that were asked for out of a program's whole output."""
    return [f"{HEADER}{part}" for part in text.split(HEADER)[1:]]


def _who(waiting: Waiting) -> str:
    since = f", {waiting.minutes} minutes" if waiting.minutes else ""
    numbers = ", ".join(map(str, waiting.numbers[:_NUMBERS]))
    many = len(waiting.numbers)
    if many == 1:
        return f"goroutine {numbers} [{waiting.state}{since}]"
    rest = ", …" if many > _NUMBERS else ""
    return f"{many} goroutines ({numbers}{rest}) [{waiting.state}{since}]"


def _stack(waiting: Waiting) -> Iterator[str]:
    """Write the call that waits and, below it, who made it; what is Go's own is left out."""
    if waiting.locked and waiting.call:
        yield f"    {waiting.call}"
    own = (frame for frame in waiting.frames if not (frame.gos_own or frame.creator))
    for frame in islice(own, _FRAMES):
        yield f"    {frame.function}  {frame.place}"


def _frames(stack: str) -> Iterator[Frame]:
    for created, call, file, line in _FRAME.findall(stack):
        function = call.partition(" in goroutine ")[0] if created else _ARGUMENTS.sub("", call)
        place = "/".join(file.split("/")[-2:])
        yield Frame(function, f"{place}:{line}", creator=bool(created))
