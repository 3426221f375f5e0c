"""How variables are replaced, form by form and instruction by instruction."""

from __future__ import annotations

import pytest

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same

REPLACEMENT = "#environment-replacement"


def forms() -> list[object]:
    """Return every form with its value, where x=foobarbaz, e is empty and u is unset."""
    return [
        pytest.param(
            form,
            value,
            id=name,
            marks=scenario(f"${{x{sign}}}", form, REPLACEMENT, since, area="Variables"),
        )
        for name, sign, form, value, since in (
            ("default", ":-word", "${x:-w} ${e:-w} ${u:-w}", "foobarbaz w w", ""),
            ("defaultUnset", "-word", "${x-w} [${e-w}] ${u-w}", "foobarbaz [] w", "1.4"),
            ("alternative", ":+word", "${x:+w} [${e:+w}] [${u:+w}]", "w [] []", ""),
            ("alternativeSet", "+word", "${x+w} ${e+w} [${u+w}]", "w w []", "1.4"),
            ("nested", ":-${y}", "${u:-${e:-${x}}}", "foobarbaz", ""),
            ("prefix", "#pattern", "${x#f*b}", "arbaz", "1.7-labs"),
            ("longPrefix", "##pattern", "${x##f*b}", "az", "1.7-labs"),
            ("suffix", "%pattern", "${x%b*}", "foobar", "1.7-labs"),
            ("longSuffix", "%%pattern", "${x%%b*}", "foo", "1.7-labs"),
            ("replace", "/pattern/word", "${x/ba/fo}", "fooforbaz", "1.7-labs"),
            ("replaceAll", "//pattern/word", "${x//ba/fo}", "fooforfoz", "1.7-labs"),
            ("escaped", " escaped", r"\$x \${x}", "$x ${x}", ""),
        )
    ]


@pytest.mark.parametrize(("form", "value"), forms())
def test_expand(build: Builds, form: str, value: str) -> None:
    """The label's value is what the form stands for."""
    dockerfile = f"""
        FROM scratch
        ARG x=foobarbaz
        ARG e=
        LABEL of="{form}"
    """
    same(form, build.image(dockerfile).config["Labels"]["of"], value)


@scenario("${x:?word}", "${x:?is not set}", REPLACEMENT, "1.4", area="Variables")
def test_expand_required(build: Builds) -> None:
    """A value that is required and not there fails the build, with the given words."""
    words = build.fails("FROM scratch\nARG e=\nLABEL of=${e:?given-words}\n")
    holds("the given words", "given-words" in words, words)
    image = build.image("FROM scratch\nARG x=1\nLABEL of=${x:?unset}\n")
    same("the label", image.config["Labels"]["of"], "1")


@scenario("Variables in instructions", "EXPOSE $p … WORKDIR $d …", REPLACEMENT, area="Variables")
def test_expand_instructions(build: Builds) -> None:
    """All instructions that the reference lists replace variables."""
    dockerfile = """
        FROM scratch
        ARG v=9
        ENV e=$v
        LABEL l=$v
        USER $v
        EXPOSE $v
        STOPSIGNAL $v
        VOLUME /$v
        WORKDIR /$v
    """
    config = build.image(dockerfile).config
    seen = [
        config["Env"][-1],
        config["Labels"]["l"],
        config["User"],
        *config["ExposedPorts"],
        config["StopSignal"],
        *config["Volumes"],
        config["WorkingDir"],
    ]
    same("values", seen, ["e=9", "9", "9", "9/tcp", "9", "/9", "/9"])


@scenario("Variables, not in exec forms", 'CMD ["$x"]', REPLACEMENT, area="Variables")
def test_expand_exec(build: Builds) -> None:
    """Exec forms are as they are written."""
    config = build.image('FROM scratch\nARG x=1\nCMD ["$x"]\nENTRYPOINT ["$x"]\n').config
    same("Cmd and Entrypoint", (config["Cmd"], config["Entrypoint"]), (["$x"], ["$x"]))
