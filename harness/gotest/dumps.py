"""Finds the last words of a Go process (a panic, a fatal error, SIGQUIT) and reads them."""

from __future__ import annotations

import re

LIMIT = 4 * 1024 * 1024
"""Bytes of a dump that are kept; a daemon's client with hundreds of goroutines needs one MiB."""

_HEADERS = (b"\npanic: ", b"\nfatal error: ", b"\nSIGQUIT: quit", b"\nSIGABRT: abort")
_REACH = max(map(len, _HEADERS)) - 1
_LISTED = re.compile(r"(?m)^running tests:((?:\n\t.+)+)")
_TIMED_OUT = re.compile(r"panic: test timed out after \S+")
_RECOVERED = re.compile(r" \[recovered(?:, repanicked)?\]$")
_FRAME = re.compile(r"(?m)^(?:created by )?([^\s(]{1,1000})(?:\(| in goroutine |$)")
_STARTED = re.compile(r"(?m)^created by (?!testing\.)")
_TEST = re.compile(r"[tT]est\w*")

_HEADLINE = 300
"""Characters of what a process died of; a program may panic with any text."""
_MACHINERY = re.compile(
    r"(?m)^(?:created by )?(?:runtime|testing|sync|time|internal/\w+)\.\S.*\n\t.*\n?"
    r"|^panic\(.*\n\t.*\n?"
)


class DumpWatch:
    """Watches all output for the header of a dump at the start of a line.

    The last header counts. Which text is kept depends on the bytes, not on their pieces.
    """

    def __init__(self) -> None:
        """Begin at the start of a line."""
        self._tail = b"\n"
        self._kept: bytearray | None = None

    @property
    def seen(self) -> bool:
        """True from the header of a dump on."""
        return self._kept is not None

    def feed(self, data: bytes) -> None:
        """Take output in the order it came."""
        if len(data) < _REACH:
            seen = hay = self._tail + data
        else:
            hay = self._tail + data[:_REACH]
            seen = data
        at = max(map(data.rfind, _HEADERS))
        if at >= 0:
            self._start(data[at + 1 :])
        else:
            at = max(map(hay.rfind, _HEADERS))
            if at >= 0:
                self._start(hay[at + 1 :] + data[_REACH:])
            else:
                self._keep(data)
        self._tail = seen[-_REACH:]

    def reset(self) -> None:
        """Forget a dump: the process went on, so those words were not its last."""
        self._kept = None
        self._tail = b"\n"

    def text(self) -> str:
        """Return the dump, at most LIMIT bytes of it, or an empty string."""
        return (self._kept or b"").decode("utf-8", "replace")

    def _start(self, data: bytes) -> None:
        self._kept = bytearray(data[:LIMIT])

    def _keep(self, data: bytes) -> None:
        if self._kept is not None and len(self._kept) < LIMIT:
            self._kept += data[: LIMIT - len(self._kept)]


def headline(dump: str) -> str:
    """Return what the process died of, on one line, in the same words for every Go."""
    end = dump.find("\n", 0, _HEADLINE)
    return _RECOVERED.sub("", dump[: end if end >= 0 else _HEADLINE].strip())


def timed_out(dump: str) -> bool:
    """Return whether the test binary's own -test.timeout ended it."""
    return _TIMED_OUT.match(dump) is not None


def asked_to_quit(dump: str) -> bool:
    """Return whether a SIGQUIT from outside produced the dump."""
    return dump.startswith("SIGQUIT: quit")


def listed(dump: str) -> list[str]:
    """Return the tests that Go names under `running tests:`; waiting ones are not among them."""
    found = _LISTED.search(dump)
    if found is None:
        return []
    lines = found[1].split("\n\t")[1:]
    return [line.rpartition(" (")[0] or line for line in lines]


def functions(dump: str) -> set[str]:
    """Return the test functions on the stacks, first letter raised as upstream names tests."""
    names = map(_test_function, _FRAME.findall(dump))
    return {name[:1].upper() + name[1:] for name in names if name}


def _test_function(frame: str) -> str:
    """Return the innermost test function in a frame's name, `x.TestA` of `x.TestA.func2.1`."""
    parts = frame.split(".")
    for at in range(len(parts) - 1, 0, -1):
        closed = at + 1 == len(parts) or parts[at + 1].startswith("func")
        if closed and _TEST.fullmatch(parts[at]):
            return parts[at]
    return ""


def goroutines(dump: str) -> dict[str, str]:
    """Return the first goroutine that has it on its stack for each test function."""
    found: dict[str, str] = {}
    for part in dump.split("\n\n"):
        if part.startswith("goroutine "):
            for name in functions(part):
                found.setdefault(name, part)
    return found


def first_goroutine(dump: str) -> str:
    """Return the dump up to the second goroutine: the message and the stack that died."""
    second = dump.find("\n\ngoroutine ", dump.find("\ngoroutine ") + 1)
    return dump if second < 0 else dump[:second]


def started_by_a_test(stack: str) -> bool:
    """Return whether a stack is of a goroutine that was started by something else than testing.

    Go fails no test before it ends the binary for the panic of such a one.
    """
    return _STARTED.search(stack) is not None


def own_frames(stack: str) -> str:
    """Return a stack without the frames of Go's own runtime and testing packages."""
    return _MACHINERY.sub("", stack).strip()
