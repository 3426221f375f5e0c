"""Build checks, and other questions to a frontend."""

from __future__ import annotations

from functools import partial

import pytest

from kit.builds import Builds
from kit.marks import scenario
from kit.outcomes import holds, same

CHECKS = "https://docs.docker.com/build/checks/"
BAD = "FROM scratch AS Base\ncopy f /\n"
lint = partial(scenario, area="Lint")


@lint("# check=error=true", "# check=error=true", "#check", "1.8")
def test_check_error(build: Builds) -> None:
    """The build fails and names the rule."""
    words = build.fails(f"# check=error=true\n{BAD}", {"f": "x"})
    holds("the rule", "StageNameCasing" in build.log, words)


@lint("# check=skip", "# check=skip=Rule,Rule;error=true", "#check", "1.8")
def test_check_skip(build: Builds) -> None:
    """What is skipped fails no build."""
    skip = "# check=skip=StageNameCasing,ConsistentInstructionCasing;error=true\n"
    same("files", build.tree(skip + BAD, {"f": "x"}).files, ["f"])


@lint("BUILDKIT_DOCKERFILE_CHECK", "build-arg:BUILDKIT_DOCKERFILE_CHECK=error=true", CHECKS, "1.8")
def test_check_argument(build: Builds) -> None:
    """The client can ask for failure, and to skip all."""
    argument = "build-arg:BUILDKIT_DOCKERFILE_CHECK"
    words = build.fails(BAD, {"f": "x"}, opts={argument: "error=true"})
    holds("the rule", "StageNameCasing" in build.log, words)
    tree = build.tree(BAD, {"f": "x"}, opts={argument: "skip=all;error=true"})
    same("files", tree.files, ["f"])


@lint("Warnings", "buildctl build", CHECKS, "1.8")
def test_check_warning(build: Builds) -> None:
    """The client prints the rule, and the build succeeds."""
    build.tree(BAD, {"f": build.nonce})
    holds("the rule in what the client prints", "StageNameCasing" in build.log, build.log[-500:])


REQUESTS = [
    ("lint", "StageNameCasing", "1.8"),
    ("outline", "arg-of-outline", "1.4"),
    ("frontend.targets", "description of it", "1.4"),
    ("subrequests.describe", "subrequests.describe", "1.4"),
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(
            name if "." in name else f"frontend.{name}",
            expected,
            id=name.rpartition(".")[2],
            marks=lint(
                f"Question {name.rpartition('.')[2]}",
                f"--opt requestid=frontend.{name}",
                "https://github.com/moby/buildkit/tree/master/frontend/subrequests",
                since,
            ),
        )
        for name, expected, since in REQUESTS
    ],
)
def test_question(build: Builds, name: str, expected: str) -> None:
    """The client prints the answer."""
    dockerfile = """
        # base description of it
        FROM scratch AS Base
        # outlined what it is for
        ARG outlined=arg-of-outline
        COPY f /
    """
    opts = {"requestid": "frontend.subrequests.describe" if "describe" in name else name}
    build.run(dockerfile, {"f": "x"}, output="", opts=opts)
    holds(f"{expected!r} in what the client prints", expected in build.log, build.log[-800:])
