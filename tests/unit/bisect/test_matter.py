"""Which files decide over what is built."""

from __future__ import annotations

import pytest

from harness.backends.native.build import Package
from harness.bisect.matter import Matter, weight
from harness.model import Side

PACKAGES = (
    Package("frontend/dockerfile/parser", ()),
    Package("solver/pb", ("solver/pb/defaults/caps.json",)),
    Package("vendor/example.com/yaml", ()),
)
THERE = (
    *("frontend/dockerfile/parser", "frontend/dockerfile", "solver/pb", "solver", "cmd/buildkitd"),
    *("vendor/example.com/yaml", "vendor/example.com/toml"),
)
FRONTEND = Matter.of(Side.FRONTEND, PACKAGES, THERE)
SUITE = Matter.of(Side.SUITE, PACKAGES, THERE)


@pytest.mark.parametrize(
    ("path", "frontend", "suite"),
    [
        ("frontend/dockerfile/parser/parser.go", True, True),
        ("frontend/dockerfile/parser/parser_test.go", False, True),
        ("frontend/dockerfile/parser/README.md", False, True),
        ("frontend/dockerfile/dockerfile_test.go", False, True),
        ("frontend/dockerfile/release/labs/tags", True, True),
        ("frontend/dockerfile/cmd/dockerfile-frontend/Dockerfile", True, True),
        ("solver/solver.go", False, False),
        ("solver/pb/defaults/caps.json", True, True),
        ("solver/pb/defaults/new.json", True, True),
        ("solver/pb/asm_amd64.s", True, True),
        ("cmd/buildkitd/main.go", False, False),
        ("vendor/example.com/yaml/yaml.go", True, True),
        ("vendor/example.com/toml/toml.go", False, False),
        ("README.md", False, False),
        ("go.mod", False, False),
        ("vendor/modules.txt", False, False),
    ],
)
def test_what_a_package_is_compiled_from_matters(path: str, *, frontend: bool, suite: bool) -> None:
    assert (FRONTEND.takes(path), SUITE.takes(path)) == (frontend, suite)


def test_a_package_that_neither_end_has_may_have_been_one() -> None:
    assert FRONTEND.takes("util/passing/passing.go")


def test_a_name_that_git_had_to_escape_may_be_anything() -> None:
    assert FRONTEND.takes('"solver/\\303\\244.go"')


def test_every_source_matters_where_go_could_not_be_asked() -> None:
    matter = Matter(Side.FRONTEND)
    paths = ("cmd/buildkitd/main.go", "cmd/buildkitd/main_test.go", "docs/a.md")
    assert [matter.takes(path) for path in paths] == [True, False, False]


GO_MOD = """\
module example.com/kit

go 1.20

godebug (
    panicnil=1
)

require example.com/yaml v1.0.0
"""
MODULES = """\
# example.com/toml v1.0.0
## explicit; go 1.17
example.com/toml
# example.com/yaml v1.0.0
## explicit; go 1.16
example.com/yaml
example.com/yaml/inner
# example.com/old v1.0.0
## explicit
example.com/old
"""


def _language(go_mod: str = GO_MOD, modules: str = MODULES) -> tuple[str, ...]:
    return FRONTEND.language({"go.mod": go_mod, "vendor/modules.txt": modules})


@pytest.mark.parametrize(
    ("old", "new", "matters"),
    [
        ("require example.com/yaml v1.0.0", "require example.com/yaml v1.0.1", False),
        ("go 1.20", "go 1.21", True),
        ("go 1.20", "go 1.20\ntoolchain go1.21.3", True),
        ("panicnil=1", "panicnil=0", True),
    ],
)
def test_of_go_mod_what_go_compiles_by_matters(old: str, new: str, *, matters: bool) -> None:
    assert old in GO_MOD
    assert (_language() != _language(GO_MOD.replace(old, new))) is matters


@pytest.mark.parametrize(
    ("old", "new", "matters"),
    [
        ("go 1.17", "go 1.18", False),
        ("go 1.16", "go 1.18", True),
        ("yaml v1.0.0", "yaml v2", False),
    ],
)
def test_of_vendored_modules_the_language_of_those_that_are_used(
    old: str, new: str, *, matters: bool
) -> None:
    assert old in MODULES
    assert (_language() != _language(modules=MODULES.replace(old, new))) is matters


def test_own_files_weigh_more_than_vendored_ones() -> None:
    vendored = [f"vendor/example.com/yaml/{number}.go" for number in range(300)]
    assert weight(vendored) < weight(["solver/pb/a.go"]) < weight(["solver/pb/a.go", "b.go"])
