"""What of a caller's environment reaches which program; and that nothing goes another way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.backends.steps import BEFORE_MODULES, ENVIRONMENT
from harness.tools import inherited as module
from harness.tools.inherited import GIT, GO, ITSELF, PLAIN, REMOTE_GIT, Kind, inherited, reaches
from tests.support.hostile_environment import HOSTILE

EVERY = {name: kind for name, kind in vars(module).items() if isinstance(kind, Kind)}
KINDS = {name: kind for name, kind in EVERY.items() if kind is not ITSELF}
"""Of other programs. This one is told what its user told us, and keeps from its own the same."""
ROOT = Path(harness.__file__).parent

READERS = {
    "cli/adopt.py": 1,
    "cli/doctor.py": 1,
    "cli/floors.py": 1,
    "cli/gate.py": 1,
    "cli/images.py": 1,
    "cli/lists.py": 1,
    "cli/planning.py": 1,
    "cli/reclassify.py": 1,
    "reports/live.py": 1,
    "engine/connect.py": 1,
    "repository/stories.py": 5,
    "tools/pip.py": 1,
    "tools/redaction.py": 1,
    "launcher/__init__.py": 1,
}
"""Modules that give the environment to a function which reads variables by name, or that hides
what it holds; and how often. None of these starts a program with it, but the launcher the one
that it is there to start."""

HANDS_ON = {"tools/inherited.py": 1}
STARTS = {
    *("tools/process.py", "tools/guard.py", "inside/init.py", "launcher/__init__.py"),
    "scenarios/inside/child.py",
}


@pytest.mark.parametrize("variable", HOSTILE)
def test_a_variable_that_no_kind_names_reaches_no_program(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, HOSTILE[variable])
    for name, kind in KINDS.items():
        assert not reaches(variable, kind), name
        assert inherited(kind).get(variable) == kind.fixed.get(variable), name


@pytest.mark.parametrize(
    ("variable", "kinds"),
    [
        ("PATH", KINDS.keys() - {"CONTAINER", "LEG"}),
        ("HOME", KINDS.keys() - {"GO", "GIT", "CONTAINER", "LEG"}),
        ("USER", KINDS.keys() - {"GO", "GIT", "CONTAINER"}),
        ("https_proxy", KINDS.keys() - {"GO", "PLAIN", "PYTHON"}),
        ("SSH_AUTH_SOCK", {"GIT", "REMOTE_GIT", "SSH", "BUILDER"}),
        ("GIT_CONFIG_VALUE_3", {"REMOTE_GIT"}),
        ("GIT_CONFIG_GLOBAL", {"REMOTE_GIT"}),
        ("GH_TOKEN", {"REMOTE_GIT", "SSH", "BUILDER"}),
        ("DOCKER_CONFIG", {"BUILDER"}),
        ("DOCKER_HOST", set()),
        ("REQUESTS_CA_BUNDLE", {"PIP"}),
        ("LD_LIBRARY_PATH", {"PYTHON", "PIP"}),
        ("LD_PRELOAD", set()),
        ("LC_ALL", set()),
    ],
)
def test_what_reaches_whom(variable: str, kinds: set[str]) -> None:
    assert {name for name, kind in KINDS.items() if reaches(variable, kind)} == kinds


def test_this_program_is_called_as_its_user_would_call_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPAT_CACHE", "/elsewhere")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    found = inherited(ITSELF)
    assert (found["COMPAT_CACHE"], found["LC_ALL"]) == ("/elsewhere", "de_DE.UTF-8")


def test_what_is_said_on_purpose_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/caller")
    assert inherited(PLAIN, HOME="/home/ours", LC_ALL="x")["HOME"] == "/home/ours"
    assert inherited(PLAIN, LC_ALL="x")["LC_ALL"] == "x"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert inherited(PLAIN)["LC_ALL"] == "C.UTF-8"


def test_git_that_reads_what_is_here_has_one_configuration() -> None:
    file = Path(inherited(GIT)["GIT_CONFIG_GLOBAL"])
    assert "[safe]" in file.read_text("utf-8")
    assert "HOME" not in inherited(GIT)
    assert "GIT_CONFIG_GLOBAL" not in inherited(REMOTE_GIT)


def test_go_is_told_all_that_changes_what_it_builds() -> None:
    told = {name for name in ENVIRONMENT | BEFORE_MODULES if name.startswith(("GO", "CGO"))}
    assert {"GO111MODULE", "GOFLAGS", "GOAMD64", "GOENV", "GOFIPS140", "CGO_ENABLED"} <= told
    assert all(ENVIRONMENT.values()), "an empty value is one that go.env may give"
    assert not any(reaches(name, GO) for name in told)


def _uses(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield each use of os.environ that is more than reading one variable by its name."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb"}:
            above = parents[node]
            single = isinstance(above, ast.Subscript) or (
                isinstance(above, ast.Attribute) and above.attr == "get"
            )
            if isinstance(node.value, ast.Name) and node.value.id == "os" and not single:
                yield node


def _counted(name: str) -> int:
    return len(list(_uses(ast.parse((ROOT / name).read_text("utf-8")))))


def test_no_module_hands_the_environment_on_but_one() -> None:
    files = (str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py"))
    found = {name: number for name in files if (number := _counted(name))}
    assert found == READERS | HANDS_ON | {"inside/init.py": 1}


def test_programs_are_started_in_few_places() -> None:
    words = ("Popen(", "posix_spawn(", "os.exec", "os.fork(", "subprocess.run(", "os.system(")
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if any(word in path.read_text("utf-8") for word in words)
    }
    assert found == STARTS
