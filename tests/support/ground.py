"""The ground on which every test session stands, whatever it was started from.

Known signal dispositions, umask, limits, locale, time zone, home and environment, no terminal
and no proxy. A test that wants something else sets it itself.
"""

from __future__ import annotations

import fcntl
import locale
import os
import re
import resource
import signal
import termios
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from harness.store import default_cache

MARK = "BUILDKIT_COMPAT_TESTS"
"""Environment variable with a word of the session's own: all that it starts inherits it."""

_KEPT = re.compile(
    "PATH|USER|LOGNAME|TMPDIR|LD_LIBRARY_PATH|VIRTUAL_ENV|PYENV_ROOT|COMPAT_.*"
    "|PYTHON(PATH|DONTWRITEBYTECODE|PYCACHEPREFIX)|(PYTEST|TOX|HYPOTHESIS|COV(ERAGE)?)_.*"
    # How this machine reaches its package index.
    "|PIP_.*|npm_config_.*|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
)
_INDEX = (".config/pip", ".pip", ".npmrc")
"""Files of a home that say where the package index is."""

_IGNORED_BY_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
_RAISED = ("AS", "CPU", "DATA", "FSIZE", "NPROC")
_DESCRIPTORS = 4096


def establish(home: Path, mark: str) -> None:
    """Make this process and all that it starts independent of what it was started from.

    `home` is an empty folder. Ends the process by KeyboardInterrupt at SIGTERM and SIGHUP too, so
    that fixtures end what they have begun.
    """
    _signals()
    _limits()
    os.umask(0o022)
    _leave_terminal()
    cache, index = default_cache(), Path("~").expanduser()
    proxy = next((os.environ[it] for it in ("HTTPS_PROXY", "https_proxy") if it in os.environ), "")
    for name in tuple(os.environ):
        if not _KEPT.fullmatch(name):
            del os.environ[name]
    if proxy:
        os.environ.setdefault("PIP_PROXY", proxy)
    os.environ |= {
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "COMPAT_CACHE": str(cache),  # the Go toolchains in it are 70 MB of download each
        MARK: mark,
    }
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    # Otherwise the C library translates errors as soon as a test sets LANGUAGE, and keeps doing so.
    locale.setlocale(locale.LC_MESSAGES, "C")
    time.tzset()
    for name in _INDEX:
        if (index / name).exists():
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).symlink_to(index / name)


def _signals() -> None:
    """Set what a terminal gives, and let an end by another's wish be an orderly one."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals() - _IGNORED_BY_PYTHON:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)  # the second time it is meant
    raise KeyboardInterrupt(signal.Signals(number).name)


def _limits() -> None:
    for name in _RAISED:
        _, hard = resource.getrlimit(kind := getattr(resource, f"RLIMIT_{name}"))
        resource.setrlimit(kind, (hard, hard))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _leave_terminal() -> None:
    """Have no controlling terminal, at which programs could ask; Ctrl-C still arrives."""
    if os.getsid(0) == os.getpid():
        return  # all that it leads would be hung up
    with suppress(OSError), Path("/dev/tty").open("rb") as terminal:  # there may be none
        fcntl.ioctl(terminal, termios.TIOCNOTTY)
