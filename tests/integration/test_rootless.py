"""The user of a rootless leg, for real: programs, IDs, signals, and what is kept of its daemons.

The suite is a shell script in the place of the test binary, as in test_sandbox.py. It does what
the tests' sandbox of old and new lines does.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.backends.native import needs, rootless
from harness.backends.native.sandbox import run_leg
from harness.backends.processes import PROCESSES
from harness.config.datadir import find_data
from harness.config.lines import load_lines
from tests.support.shell_legs import MARK, Leg, sleepers

pytestmark = pytest.mark.integration

AS_USER = 'sudo -u "#${BUILDKIT_INTEGRATION_ROOTLESS_IDPAIR%:*}" -i --'


@pytest.fixture
def leg(tmp_path: Path) -> Leg:
    """Return a leg whose suite lies where no other user may go."""
    (tmp_path / "home").mkdir(mode=0o700)
    return Leg(tmp_path / "home" / "leg")


def says(leg: Leg, script: str) -> str:
    output = bytearray()
    request = leg.request(f"set -eu\n{script}")
    worker = load_lines(find_data(None, {}).lines_file).worker("oci-rootless")
    assert [it for it in worker.needs if not needs.meets(it)] == []
    asked = type(request)(**{**vars(request), "rootless": True, "programs": worker.programs})
    assert run_leg(asked, output.extend).status == 0, output.decode()
    return output.decode().strip()


def test_a_daemon_of_another_user_has_ids_of_its_own_and_is_found_where_root_alone_may_go(
    leg: Leg,
) -> None:
    (leg.folder / "suite/bin/buildkitd").write_text(
        "#!/bin/sh\nid -u\ncat /proc/self/uid_map\necho kept >&2\n", "utf-8"
    )
    before = Path("/etc/passwd").read_bytes()
    for exec_ in ("", "exec"):  # without in old lines, with it in new ones
        number, *ranges, kept = says(leg, f"{AS_USER} {exec_} rootlesskit buildkitd").splitlines()
        assert (number, kept) == ("0", "kept"), "root, as far as it sees"
        own, others = (list(map(int, line.split())) for line in ranges)
        assert own == [0, 54_321, 1]
        assert others == [1, 100_000, 65_536]
    logs = list((leg.folder / "out" / PROCESSES).glob("buildkitd.*.log"))
    assert {log.read_text("utf-8") for log in logs} == {"kept\n"}
    assert Path("/etc/passwd").read_bytes() == before


@pytest.mark.parametrize("exec_", ["", "exec"])
def test_a_signal_for_sudo_ends_the_daemon(exec_: str, leg: Leg) -> None:
    (leg.folder / "suite/bin/buildkitd").write_text(
        f"#!/bin/sh\ntouch $TMPDIR/ready\nexec sleep {MARK}\n", "utf-8"
    )
    leg.timeout = 30.0
    says(
        leg,
        f"""
        cat >$TMPDIR/daemon <<END
#!/bin/sh
export TMPDIR=$TMPDIR
exec rootlesskit buildkitd
END
        chmod 755 $TMPDIR/daemon
        {AS_USER} {exec_} $TMPDIR/daemon >$TMPDIR/log 2>&1 &
        until [ -e $TMPDIR/ready ]; do sleep 0.05; done
        kill -TERM $!
        while pgrep -f {MARK} >$TMPDIR/left; do sleep 0.05; done
        """,
    )
    assert sleepers() == []


def test_this_machine_may_run_rootless_daemons() -> None:
    assert rootless.hindrance() is None
