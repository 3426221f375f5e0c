"""RUN: forms and flags other than mounts."""

from __future__ import annotations

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same
from kit.servers import Web
from kit.trees import write

SYS_ADMIN = 1 << 21
DEVICE = "scenarios.example/device=one"


@scenario("RUN, shell form", "RUN command && …", "#run")
def test_run_shell(build: Builds) -> None:
    """The shell reads the line, and lines that go on; comments between them are none of it."""
    dockerfile = r"""
        FROM busybox
        RUN echo $((1 + 1)) \
            # a comment
            >/got
    """
    same("/got", build.got(dockerfile), "2")


@scenario("RUN, exec form", 'RUN ["program", "argument"]', "#run")
def test_run_exec(build: Builds) -> None:
    """No shell reads the arguments."""
    dockerfile = """
        FROM busybox
        RUN ["cp", "/etc/group", "/$got"]
        RUN ["mv", "/$got", "/got"]
    """
    holds("the file under its odd name", "crew" in build.got(dockerfile), build.log)


@scenario("RUN, heredoc", "RUN <<EOF", "#here-documents", "1.4")
def test_run_heredoc(build: Builds) -> None:
    """The shell runs all of the lines."""
    dockerfile = """
        FROM busybox
        RUN <<EOF
        a=1
        echo $a >/got
        EOF
    """
    same("/got", build.got(dockerfile), "1")


@scenario("RUN, heredoc with interpreter", "RUN <<EOF\\n#!/bin/awk -f", "#here-documents", "1.4")
def test_run_heredoc_shebang(build: Builds) -> None:
    """The program that the first line names runs the rest."""
    dockerfile = """
        FROM busybox
        RUN <<EOF
        #!/bin/awk -f
        BEGIN { print 2 * 16 > "/got" }
        EOF
    """
    same("/got", build.got(dockerfile), "32")


@scenario("RUN, heredoc as input", "RUN cat <<EOF >/f", "#here-documents", "1.4")
def test_run_heredoc_input(build: Builds) -> None:
    """The program reads the text, several of them in their order."""
    dockerfile = """
        FROM busybox
        RUN cat <<A - <<B >/got
        1
        A
        2
        B
    """
    same("/got", build.got(dockerfile), "2")


@scenario("RUN that fails", "RUN exit 7", "#run")
def test_run_fails(build: Builds) -> None:
    """The words have the command, and what it printed."""
    words = build.fails("FROM busybox\nRUN echo some words; exit 7\n")
    holds("command and words", "exit 7" in words and " some words\n" in words, words)


@scenario("RUN --network=none", "RUN --network=none …", "#run---networknone", "1.3")
def test_run_network_none(build: Builds, web: Web) -> None:
    """Nothing is to be reached."""
    write(web.folder, {"f": "there"})
    fetch = f"wget -qO- {web.url('f')} || echo nothing"
    same("/got", build.got(f"FROM busybox\nRUN --network=none ({fetch}) >/got\n"), "nothing")


@scenario("RUN --network=host", "RUN --network=host …", "#run---networkhost", "1.3")
def test_run_network_host(build: Builds, web: Web) -> None:
    """The host's loopback is to be reached."""
    write(web.folder, {"f": "there"})
    dockerfile = f"FROM busybox\nRUN --network=host wget -qO /got {web.url('f')}\n"
    same("/got", build.got(dockerfile, arguments=build.allow("network.host")), "there")


@scenario("RUN --network=host, not allowed", "RUN --network=host …", "#run---networkhost", "1.3")
def test_run_network_not_allowed(build: Builds) -> None:
    """A build that was not allowed to have the host's network fails and says so."""
    words = build.fails("FROM busybox\nRUN --network=host true\n")
    holds("network.host to be named", "network.host" in words, words)


@scenario("RUN --security=insecure", "RUN --security=insecure …", "#run---security", "1.20")
def test_run_insecure(build: Builds) -> None:
    """The command has what it otherwise lacks: CAP_SYS_ADMIN."""
    dockerfile = """
        FROM busybox
        RUN --security=insecure awk '/CapEff/ {print $2}' /proc/self/status >/got
    """
    found = build.got(dockerfile, arguments=build.allow("security.insecure"))
    holds("CAP_SYS_ADMIN", int(found, 16) & SYS_ADMIN, found)


@scenario("RUN --security=sandbox", "RUN --security=sandbox …", "#run---security", "1.20")
def test_run_sandbox(build: Builds) -> None:
    """The command has no CAP_SYS_ADMIN."""
    dockerfile = """
        FROM busybox
        RUN --security=sandbox awk '/CapEff/ {print $2}' /proc/self/status >/got
    """
    found = build.got(dockerfile)
    holds("no CAP_SYS_ADMIN", not int(found, 16) & SYS_ADMIN, found)


@scenario("RUN --security=insecure, not allowed", "RUN --security=insecure …", "#run---security")
def test_run_insecure_not_allowed(build: Builds) -> None:
    """A build that was not allowed to be insecure fails and says so."""
    words = build.fails("FROM busybox\nRUN --security=insecure true\n")
    holds("security.insecure to be named", "security.insecure" in words, words)


@scenario("RUN --device", "RUN --device=vendor/class=name …", "#run---device", "1.14-labs")
def test_run_device(build: Builds) -> None:
    """The command has what the device's description brings."""
    dockerfile = f"""
        FROM busybox
        RUN --device={DEVICE},required echo $SCENARIO_DEVICE/$SCENARIO_VENDOR >/got
    """
    same("variables", build.got(dockerfile, arguments=build.allow("device")), "one/here")


@scenario("RUN --device, all of a vendor", "RUN --device=…=* …", "#run---device", "1.14-labs")
def test_run_device_all(build: Builds) -> None:
    """The command has all devices of that kind."""
    dockerfile = """
        FROM busybox
        RUN --device=scenarios.example/device=* echo $SCENARIO_DEVICE >/got
    """
    same("variables", build.got(dockerfile, arguments=build.allow("device")), "one")


@scenario("RUN --device, not allowed", "RUN --device=… …", "#run---device", "1.14-labs")
def test_run_device_not_allowed(build: Builds) -> None:
    """A build that was not allowed to have the device fails."""
    words = build.fails(f"FROM busybox\nRUN --device={DEVICE} true\n")
    holds("the device to be named", "device" in words, words)


@scenario("RUN --device, missing", "RUN --device=…,required …", "#run---device", "1.14-labs")
def test_run_device_missing(build: Builds) -> None:
    """A device that is required and not there fails the build."""
    dockerfile = "FROM busybox\nRUN --device=scenarios.example/device=none,required true\n"
    words = build.fails(dockerfile, arguments=build.allow("device"))
    holds("the device to be named", "device" in words, words)
