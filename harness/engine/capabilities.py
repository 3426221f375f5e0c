"""Linux capabilities by name: a set of them is a number in /proc/PID/status (capabilities(7))."""

from __future__ import annotations

import re

# fmt: off
NAMES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
    "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
    "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
    "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
    "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
    "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
)
# fmt: on
"""In the order of linux/capability.h."""

WRITTEN = tuple(f"CAP_{name.upper()}" for name in NAMES)
"""The same as capabilities(7) writes them."""

_BOUNDING = re.compile(r"^CapBnd:\s*([0-9a-f]+)$", re.MULTILINE)


def bounding(status: str) -> int:
    """Read the bounding set from the text of /proc/PID/status; 0 if it is not there."""
    found = _BOUNDING.search(status)
    return int(found[1], 16) if found else 0


def held(status: str) -> frozenset[str]:
    """Return the bounding set in the text of /proc/PID/status, as capabilities(7) writes it."""
    has = bounding(status)
    return frozenset(name for number, name in enumerate(WRITTEN) if has >> number & 1)


def split(held: int, last: int) -> tuple[list[str], list[str]]:
    """Sort what a kernel knows up to number `last` into (held, absent), by name."""
    known = NAMES[: last + 1]
    has = [name for number, name in enumerate(known) if held >> number & 1]
    return has, [name for name in known if name not in has]
