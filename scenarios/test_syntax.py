"""What a Dockerfile's first lines say, and how its lines are read."""

from __future__ import annotations

from functools import partial

from kit.builds import Builds
from kit.live import FRONTEND
from kit.marks import scenario
from kit.outcomes import holds, same

syntax = partial(scenario, area="Syntax")
FILES = {"a/b/f": "x", "g": "y"}
NEW = "FROM scratch\nCOPY --parents a/b/f /p/\n"


@syntax("# syntax=", "# syntax=docker/dockerfile:1", "#syntax")
def test_syntax_directive(build: Builds) -> None:
    """The daemon's own frontend hands the build to the one that is named."""
    dockerfile = f"# syntax={FRONTEND}\n{NEW}"
    same("files", build.tree(dockerfile, FILES, frontend="dockerfile.v0").files, ["p/a/b/f"])


@syntax("BUILDKIT_SYNTAX", "build-arg:BUILDKIT_SYNTAX=…", "#buildkit-built-in-build-args", "1.4")
def test_syntax_argument(build: Builds) -> None:
    """The daemon's own frontend hands the build to the one that is named."""
    opts = {"build-arg:BUILDKIT_SYNTAX": FRONTEND}
    same("files", build.tree(NEW, FILES, frontend="dockerfile.v0", opts=opts).files, ["p/a/b/f"])


@syntax("# syntax= behind a comment sign", "// syntax=docker/dockerfile:1", "#syntax", "1.5")
def test_syntax_inside(build: Builds) -> None:
    """The frontend hands the build to itself, as other frontends do, with all options."""
    dockerfile = f"# syntax={FRONTEND}\nFROM scratch\nARG a\nCOPY g /$a\n"
    same("files", build.tree(dockerfile, FILES, opts={"build-arg:a": "z"}).files, ["z"])


@syntax("# escape=", "# escape=`", "#escape")
def test_escape(build: Builds) -> None:
    """The sign goes on with a line, and the backslash is a letter."""
    dockerfile = "# escape=`\nFROM scratch\nLABEL `\n  a=c:\\x\n"
    same("label", build.image(dockerfile).config["Labels"]["a"], "c:\\x")


@syntax("Line ends and marks of Windows", "\\ufeffFROM …\\r\\n", "#format")
def test_windows_text(build: Builds) -> None:
    """A byte order mark and carriage returns are no part of the text."""
    dockerfile = "\ufeffFROM scratch\r\nLABEL a=1 \\\r\n  b=2\r\n"
    same("labels", build.image(dockerfile).config["Labels"], {"a": "1", "b": "2"})


@syntax("Comments and small letters", "from …\\n  # comment", "#format")
def test_small_letters(build: Builds) -> None:
    """Instructions may be in small letters, with space before them."""
    dockerfile = "# x\nfrom scratch\n   # y\n   label a=1\n"
    same("labels", build.image(dockerfile).config["Labels"], {"a": "1"})


@syntax("Unknown instructions", "FORM scratch", "#format")
def test_unknown_instruction(build: Builds) -> None:
    """The build fails, and says what was meant."""
    words = build.fails("FROM scratch\nCOPPY f /\n")
    holds("COPPY and COPY", "COPPY" in words and "COPY?" in words, words)


@syntax("Another Dockerfile", "--opt filename=other", "README.md")
def test_filename(build: Builds) -> None:
    """The file of that name is built."""
    image = build.image(
        "", opts={"filename": "sub/other"}, named={"sub/other": "FROM scratch\nLABEL a=1\n"}
    )
    same("labels", image.config["Labels"], {"a": "1"})
