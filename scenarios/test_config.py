"""Instructions that say how an image is run."""

from __future__ import annotations

import pytest

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same

SECOND = 10**9
"""In the nanoseconds of a config."""


@scenario("ENV", "ENV a=1 b=$a", "#env")
def test_env(build: Builds) -> None:
    """Quotes and escapes are those of a shell; a line's variables are set when it is over."""
    dockerfile = r"""
        FROM scratch
        ENV a=1 b="two words" c=with\ space d='$a'
        ENV a=2 e=$a f=${a}x
        ENV old style = here
    """
    found = build.image(dockerfile).config["Env"][1:]
    expected = ["a=2", "b=two words", "c=with space", "d=$a", "e=1", "f=1x", "old=style = here"]
    same("Env", sorted(found), expected)


@scenario("ENV in commands", "ENV a=1\\nRUN echo $a", "#env")
def test_env_run(build: Builds) -> None:
    """Commands have the variables, those of the base image too."""
    same("/got", build.got("FROM busybox\nENV a=1\nRUN echo $a $PATH >/got\n"), "1 /bin")


@scenario("LABEL", 'LABEL a=1 "b c"="d e"', "#label")
def test_label(build: Builds) -> None:
    """Labels of the base image stay, and quotes are taken off."""
    dockerfile = """
        FROM busybox
        ARG v=3
        LABEL a=1 "b c"="d e"
        LABEL f="$v \\
        g"
    """
    expected = {"a": "1", "b c": "d e", "base": "busybox", "f": "3 g"}
    same("Labels", build.image(dockerfile).config["Labels"], expected)


@scenario("MAINTAINER", "MAINTAINER name", "#maintainer-deprecated")
def test_maintainer(build: Builds) -> None:
    """The name is the author."""
    image = build.image("FROM scratch\nMAINTAINER A Name <a@b>\n")
    same("author", image.document_config["author"], "A Name <a@b>")


@scenario("EXPOSE", "EXPOSE 80 53/udp 8000-8002", "#expose")
def test_expose(build: Builds) -> None:
    """Ports are TCP's if nothing else is said, and ranges stand for all of their ports."""
    found = build.image("FROM scratch\nARG p=80\nEXPOSE $p 53/udp 8000-8002\n").config
    expected = ["53/udp", "80/tcp", "8000/tcp", "8001/tcp", "8002/tcp"]
    same("ExposedPorts", sorted(found["ExposedPorts"]), expected)


@scenario("VOLUME", 'VOLUME /a ["/b c"]', "#volume")
def test_volume(build: Builds) -> None:
    """Both forms name volumes."""
    found = build.image('FROM scratch\nVOLUME /a /d\nVOLUME ["/b c"]\n').config["Volumes"]
    same("Volumes", sorted(found), ["/a", "/b c", "/d"])


@scenario("USER", "USER app:crew", "#user")
def test_user(build: Builds) -> None:
    """Commands run as the user, and the image says so."""
    dockerfile = """
        FROM busybox
        RUN mkdir -m 777 /w
        USER app:crew
        RUN echo $(id -u):$(id -g) >/w/got
    """
    image = build.image(dockerfile)
    seen = (image.config["User"], image.layer(-1)["w/got"].text, image.layer(-1)["w/got"].owner)
    same("User, ids and owner", seen, ("app:crew", "1234:2345", "1234:2345"))


@scenario("WORKDIR", "WORKDIR /a\\nWORKDIR b", "#workdir")
def test_workdir(build: Builds) -> None:
    """Relative paths go on from the last; the folder is made, and commands run in it."""
    dockerfile = """
        FROM busybox
        ENV D=/a
        WORKDIR $D
        WORKDIR b
        RUN pwd >/got
    """
    image = build.image(dockerfile)
    seen = (image.config["WorkingDir"], image.layer(-1)["got"].text)
    same("WorkingDir and pwd", seen, ("/a/b", "/a/b"))


@scenario("WORKDIR after USER", "USER app\\nWORKDIR /w", "#workdir")
def test_workdir_user(build: Builds) -> None:
    """The folder that is made is the user's."""
    tree = build.tree("FROM busybox\nUSER app\nWORKDIR /w/x\n")
    same("owner of /w/x", tree["w/x"].owner, "1234:1235")


@scenario("STOPSIGNAL", "STOPSIGNAL SIGQUIT", "#stopsignal")
def test_stopsignal(build: Builds) -> None:
    """The signal is the image's."""
    same("StopSignal", build.image("FROM scratch\nSTOPSIGNAL 9\n").config["StopSignal"], "9")


@scenario("CMD", 'CMD ["a", "b"]', "#cmd")
def test_cmd(build: Builds) -> None:
    """The last one counts; the shell form is the shell's."""
    exec_form = build.image('FROM busybox\nCMD x\nCMD ["a", "b"]\n').config["Cmd"]
    shell_form = build.image("FROM busybox\nCMD a b\n").config["Cmd"]
    same("Cmd", (exec_form, shell_form), (["a", "b"], ["/bin/sh", "-c", "a b"]))


@scenario("ENTRYPOINT", 'ENTRYPOINT ["a"]', "#entrypoint")
def test_entrypoint(build: Builds) -> None:
    """It forgets the base image's command, and keeps one of its own stage."""
    inherited = build.image('FROM busybox\nENTRYPOINT ["a"]\n').config
    own = build.image('FROM busybox\nCMD ["c"]\nENTRYPOINT a b\n').config
    same("Cmd where inherited", (inherited["Entrypoint"], inherited.get("Cmd")), (["a"], None))
    same("Cmd where own", (own["Entrypoint"], own["Cmd"]), (["/bin/sh", "-c", "a b"], ["c"]))


@scenario("SHELL", 'SHELL ["/bin/sh", "-ec"]', "#shell")
def test_shell(build: Builds) -> None:
    """Commands and the shell forms of others have it, and the image remembers it."""
    dockerfile = """
        FROM busybox
        SHELL ["/bin/sh", "-uc"]
        RUN (echo $- | grep -o u) >/got
        CMD a
    """
    image = build.image(dockerfile)
    shell = ["/bin/sh", "-uc"]
    seen = (image.config["Shell"], image.config["Cmd"], image.layer(-1)["got"].text)
    same("Shell, Cmd and /got", seen, (shell, [*shell, "a"], "u"))


@pytest.mark.parametrize(
    ("option", "key", "expected"),
    [
        pytest.param(
            f"--{option}={value}",
            key,
            expected,
            id=key,
            marks=scenario(
                f"HEALTHCHECK --{option}",
                f"HEALTHCHECK --{option}={value}",
                "#healthcheck",
                since,
            ),
        )
        for option, value, key, expected, since in (
            ("interval", "5m", "Interval", 300 * SECOND, ""),
            ("timeout", "3s", "Timeout", 3 * SECOND, ""),
            ("start-period", "1.5s", "StartPeriod", 1.5 * SECOND, ""),
            ("start-interval", "2s", "StartInterval", 2 * SECOND, "1.6"),
            ("retries", "4", "Retries", 4, ""),
        )
    ],
)
def test_healthcheck(build: Builds, option: str, key: str, expected: float) -> None:
    """The option is in the image's config."""
    found = build.image(f"FROM scratch\nHEALTHCHECK {option} CMD true\n").config["Healthcheck"]
    same(key, found.get(key), expected)
    same("Test", found["Test"], ["CMD-SHELL", "true"])


@scenario("HEALTHCHECK NONE", "HEALTHCHECK NONE", "#healthcheck")
def test_healthcheck_none(build: Builds) -> None:
    """The image says that there is none."""
    dockerfile = """
        FROM scratch AS s
        HEALTHCHECK CMD ["a"]
        FROM s
        HEALTHCHECK NONE
    """
    same("Test", build.image(dockerfile).config["Healthcheck"]["Test"], ["NONE"])


@scenario("ONBUILD", "ONBUILD RUN …", "#onbuild")
def test_onbuild(build: Builds) -> None:
    """The image remembers; a stage that begins with it does it, and forgets."""
    dockerfile = """
        FROM busybox AS base
        ONBUILD ENV a=1
        ONBUILD RUN echo $a >/got
        FROM base
    """
    base = build.image(dockerfile, opts={"target": "base"}).config
    same("OnBuild", base["OnBuild"], ["ENV a=1", "RUN echo $a >/got"])
    image = build.image(dockerfile)
    seen = (image.layer(-1)["got"].text, image.config.get("OnBuild"))
    same("/got and OnBuild", seen, ("1", None))


@scenario("ONBUILD COPY --from", "ONBUILD COPY --from=stage f /", "#onbuild", "1.11")
def test_onbuild_from(build: Builds) -> None:
    """The file is that of a stage of the Dockerfile which begins with the image."""
    dockerfile = """
        FROM busybox AS base
        ONBUILD COPY --from=s f /got
        FROM scratch AS s
        COPY f /
        FROM base
    """
    same("/got", build.got(dockerfile, {"f": "x"}), "x")


@scenario("ONBUILD RUN --mount=from", "ONBUILD RUN --mount=from=stage …", "#onbuild", "1.11")
def test_onbuild_mount(build: Builds) -> None:
    """What is mounted is a stage of the Dockerfile which begins with the image."""
    dockerfile = """
        FROM busybox AS base
        ONBUILD RUN --mount=from=s,target=/m cp /m/f /got
        FROM scratch AS s
        COPY f /
        FROM base
    """
    same("/got", build.got(dockerfile, {"f": "x"}), "x")


@scenario("History", "docker history", "#format", area="Image")
def test_history(build: Builds) -> None:
    """There is an entry for each instruction; those without a layer say so."""
    dockerfile = """
        FROM scratch
        COPY f /
        ENV a=1
        CMD ["x"]
    """
    image = build.image(dockerfile, {"f": "x"})
    seen = [(one["created_by"].split()[0], one.get("empty_layer", False)) for one in image.history]
    same("history", seen, [("COPY", False), ("ENV", True), ("CMD", True)])
    same("layers", len(image.layers), 1)
    holds(
        "instructions of BuildKit",
        image.history[0]["comment"].startswith("buildkit"),
        image.history,
    )
