"""The documents name everything that there is, nothing that there is not, and lead nowhere void."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
import pytest
from msgspec import inspect

from harness.cli.lazy import HELP
from harness.cli.umbrella import COMMANDS, short_form, umbrella
from harness.config import (
    conditions,
    engines,
    expectations,
    floors,
    lines,
    matrixfile,
    oracle,
    policy,
    series,
    skiplists,
)
from harness.config.yamlfile import Place
from harness.errors import ExitCode
from harness.images import recipes
from harness.journal.schema import matrix_schema, run_schema
from harness.launcher import make_plan
from harness.model import Status
from harness.reports.words import LOOKS, STATES, WORDS
from harness.stored.gate import CODES, Kind
from tests.support import project_docs

ROOT = project_docs.ROOT
REFERENCE = project_docs.DOCS / "reference"
COMMANDS_PAGE = REFERENCE / "commands.md"
CONFIGURATION_PAGE = REFERENCE / "configuration.md"
RUN_PAGE = REFERENCE / "run-json.md"
MATRIX_PAGE = REFERENCE / "matrix-json.md"

every_page = pytest.mark.parametrize(
    "page", project_docs.PAGES, ids=lambda page: str(page.relative_to(ROOT))
)


# -- commands ------------------------------------------------------------------------------------


def _walk(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(command, info_name=name, parent=parent, help_option_names=HELP)
    yield ctx.command_path, command
    if isinstance(command, click.Group):
        for child in command.list_commands(ctx):
            found = command.get_command(ctx, child)
            assert found is not None
            yield from _walk(found, child, ctx)


ALL_COMMANDS = {path: found for path, found in _walk(umbrella, "compat", None) if path != "compat"}
SHARED = {"--debug", "-h", "--help", "--version"}
LAUNCHER_WORDS = {"tests", "--no-install"}


def _names(parameter: click.Parameter) -> list[str]:
    if isinstance(parameter, click.Argument):
        return [parameter.human_readable_name]
    return [*parameter.opts, *parameter.secondary_opts]


@pytest.mark.parametrize("path", ALL_COMMANDS)
def test_the_reference_has_a_section_for_every_command_with_every_option(path: str) -> None:
    table = project_docs.rows(project_docs.sections(COMMANDS_PAGE)[f"`{path}`"])
    documented = {name.split(" ")[0] for name in table}
    assert documented == {n for p in ALL_COMMANDS[path].params for n in _names(p)} - SHARED


def test_the_reference_has_a_section_for_no_other_command() -> None:
    titles = {title.strip("`") for title in project_docs.sections(COMMANDS_PAGE)}
    assert {title for title in titles if title.startswith("compat")} == ALL_COMMANDS.keys()


def test_the_options_of_every_command_are_told_once() -> None:
    assert project_docs.spans(project_docs.text(COMMANDS_PAGE)) >= SHARED


class Example(NamedTuple):
    """A command line in a document."""

    page: Path
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {shlex.join(self.words)}"


EXAMPLES = [
    Example(page, tuple(words))
    for page in project_docs.PAGES
    for words in project_docs.commands(page)
]


def _understand(program: str, args: list[str]) -> str:
    """Have click read a command line without running it; return the command that it names."""
    command = umbrella if program == "compat" else short_form(args)
    ctx = command.make_context(program, args, help_option_names=HELP)
    while isinstance(command, click.Group):
        rest = [*ctx._protected_args, *ctx.args]
        name, found, args = command.resolve_command(ctx, rest)
        assert found is not None
        command = found
        ctx = command.make_context(name, args, parent=ctx)
    return command.callback.__name__ if command.callback else ""


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_every_example_is_a_command_that_the_programs_understand(example: Example) -> None:
    program, *args = example.words
    if program == "./compat-run":
        plan = make_plan(ROOT, args)
        if args[0] == "tests":
            assert plan.argv[plan.argv.index("--") + 1 :] == tuple(args[1:])
            return
        args = [arg for arg in args if arg not in LAUNCHER_WORDS]
    assert _understand(program.removeprefix("./"), args)


def test_there_is_an_example_of_every_command_and_of_the_two_that_begin() -> None:
    shown = {example.words[:3] for example in EXAMPLES}
    for path, command in ALL_COMMANDS.items():
        words = tuple(path.split(" "))
        found = any(one[: len(words)] == words for one in shown)
        assert found or isinstance(command, click.Group), path
    readme = {example.words for example in EXAMPLES if example.page == ROOT / "README.md"}
    assert readme >= {("./compat-run", "demo"), ("./compat-run", "v0.6", "master")}
    assert ("./compat-run", "tests") in readme


@every_page
def test_no_page_names_a_command_that_does_not_exist(page: Path) -> None:
    for span in project_docs.spans(project_docs.text(page)):
        named = re.match(r"(?:\./)?compat(?:-run)? ([a-z][a-z-]*)(?: |$)", span)
        assert named is None or named[1] in {*COMMANDS, *LAUNCHER_WORDS}, span


# -- configuration -------------------------------------------------------------------------------

FILES: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "Conditions": (conditions.Condition,),
    "`matrices/lines.yaml`": (
        *(lines._File, lines.Worker, lines._Settings, lines._Range, lines._Entry),
    ),
    "`matrices/images.yaml`": (recipes._File, recipes.Part, recipes.Recipe),
    "`matrices/*.yaml`": (
        *(matrixfile.Matrix, matrixfile.Row, matrixfile.Selector),
        *(matrixfile.LinePart, matrixfile.DockerfilePart),
        *(matrixfile.Exclude, matrixfile.Include, expectations.Expectation),
    ),
    "`policy`": (policy.Policy,),
    "`matrices/engines.yaml`": (engines.Engines, engines.Vendored),
    "`matrices/oracle.yaml`": (oracle.Oracle, oracle.Suspect, oracle.Ignored),
    "`patches/*/series.yaml`": (series._Series, series._Entry),
    "`skiplists/*.yaml`": (skiplists._File, skiplists.Entry),
    "`skiplists/floors/*.yaml`": (floors._File, floors.Floor),
}
NESTED = {
    "`matrices/lines.yaml`": {f"stage.{name}" for name in lines.Stage.__struct_fields__},
    "`matrices/images.yaml`": {f"files.*.{name}" for name in recipes.File.__struct_fields__},
    "`skiplists/*.yaml`": {status.value for status in Status},
}


def _keys(kind: type[msgspec.Struct]) -> dict[str, bool]:
    """Return the keys that a mapping may have, and whether each is required."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return {
        field.encode_name: field.required
        for field in info.fields
        if not (isinstance(field.type, inspect.DataclassType) and field.type.cls is Place)
    }


def test_every_file_of_the_reference_is_held_to_its_types() -> None:
    titles = {it for it in project_docs.sections(CONFIGURATION_PAGE) if it.startswith("`")}
    assert titles == FILES.keys() - {"Conditions"}


@pytest.mark.parametrize("title", FILES)
def test_the_reference_has_every_key_of_every_file_and_no_other(title: str) -> None:
    documented = project_docs.rows(project_docs.sections(CONFIGURATION_PAGE)[title]).keys()
    there = {key for kind in FILES[title] for key in _keys(kind)}
    assert documented == there | NESTED.get(title, set())


@pytest.mark.parametrize("title", FILES)
def test_the_reference_marks_the_required_keys(title: str) -> None:
    section = project_docs.sections(CONFIGURATION_PAGE)[title]
    marked = re.findall(r"^\| `(\w+)` •", section, re.MULTILINE)
    required = {key for kind in FILES[title] for key, needed in _keys(kind).items() if needed}
    assert set(marked) == required


@pytest.mark.parametrize("side", conditions.Commits.__struct_fields__)
def test_the_reference_names_both_sides_of_a_history(side: str) -> None:
    table = project_docs.rows(project_docs.sections(CONFIGURATION_PAGE)["Conditions"])
    assert f"`{side}`" in table["contains"]


def _code() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in (*(ROOT / "harness").rglob("*.py"), ROOT / "compat-run")
    )


def test_every_environment_variable_is_documented_and_none_that_nobody_reads() -> None:
    read = set(re.findall(r"\bCOMPAT_[A-Z_]+\b", _code()))
    table = project_docs.rows(project_docs.sections(CONFIGURATION_PAGE)["Environment variables"])
    assert {name for name in table if name.startswith("COMPAT_")} == read
    for page in project_docs.PAGES:
        assert set(re.findall(r"\bCOMPAT_[A-Z_]+\b", project_docs.text(page))) <= read, page


def test_every_kind_of_artefact_has_its_line_in_the_description_of_the_cache() -> None:
    published = set(re.findall(r"\.publish\(\s*\"([\w-]+)\"", _code()))
    table = project_docs.rows(project_docs.sections(CONFIGURATION_PAGE)["The cache"])
    assert published
    assert published <= {name.rstrip("/") for name in table}


# -- results -------------------------------------------------------------------------------------


def test_every_exit_code_is_documented() -> None:
    section = project_docs.sections(REFERENCE / "exit-codes.md")["Exit codes"]
    table = re.findall(r"^\| (\d+) \| `(\w+)` \|", section, re.MULTILINE)
    assert [(int(code), name) for code, name in table] == [(c.value, c.name) for c in ExitCode]


def test_every_finding_of_the_gate_is_documented_with_its_code() -> None:
    section = project_docs.sections(REFERENCE / "exit-codes.md")["The gate"]
    table = re.findall(r"^\| `([a-z-]+)` \|.*\| (\d) \|$", section, re.MULTILINE)
    assert [(kind, int(code)) for kind, code in table] == [(k.value, CODES[k]) for k in Kind]


@pytest.mark.parametrize(
    ("page", "title"),
    [("README.md", "What a verdict means"), ("docs/explanation/verdicts.md", "The words")],
)
def test_every_verdict_is_explained_in_the_order_of_the_report(page: str, title: str) -> None:
    section = project_docs.sections(ROOT / page)[title]
    table = re.findall(r"^\| (\S) (\w) \| `([a-z-]+)` \|", section, re.MULTILINE)
    assert table[: len(WORDS)] == [(it.symbol, it.letter, it.name) for it in WORDS.values()]
    states = [(it.symbol, it.letter, it.name) for it in LOOKS if it in STATES.values()]
    assert table[len(WORDS) :] in ([], states)


@pytest.mark.parametrize("kind", sorted(run_schema()["$defs"]))
def test_everything_in_run_json_is_documented(kind: str) -> None:
    definition = run_schema()["$defs"][kind]
    if "enum" in definition:
        assert set(definition["enum"]) <= project_docs.spans(project_docs.text(RUN_PAGE))
    else:
        table = project_docs.rows(project_docs.sections(RUN_PAGE)[f"`{kind}`"])
        assert table.keys() == definition["properties"].keys()


@pytest.mark.parametrize(
    "kind", sorted(matrix_schema()["$defs"].keys() - run_schema()["$defs"].keys())
)
def test_everything_in_matrix_json_is_documented(kind: str) -> None:
    definition = matrix_schema()["$defs"][kind]
    if "enum" in definition:
        assert set(definition["enum"]) <= project_docs.spans(project_docs.text(MATRIX_PAGE))
    else:
        table = project_docs.rows(project_docs.sections(MATRIX_PAGE)[f"`{kind}`"])
        assert table.keys() == definition["properties"].keys()


# -- links ---------------------------------------------------------------------------------------


def test_the_scenario_that_is_shown_is_one_that_is_run() -> None:
    page = (project_docs.DOCS / "how-to" / "see-which-features-work.md").read_text("utf-8")
    (shown,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert shown in (ROOT / "scenarios" / "test_copy.py").read_text("utf-8")


def test_the_architecture_has_every_room() -> None:
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "harness").iterdir()
        if (path / "__init__.py").exists() or (path.suffix == ".py" and path.name[0] != "_")
    }
    section = project_docs.sections(project_docs.DOCS / "architecture.md")["Rooms"]
    assert there == {name.removeprefix("harness/") for name in project_docs.rows(section)}


def test_the_architecture_shows_the_direction_of_imports_as_it_is_held() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    layers = [re.findall(r"harness\.(\w+)", layer) for layer in contract["layers"]]
    there = [[n for n in names if list((ROOT / "harness").glob(f"{n}*"))] for names in layers]
    section = project_docs.sections(project_docs.DOCS / "architecture.md")["Imports"]
    shown = section.partition("```text\n")[2].partition("```")[0].splitlines()
    assert [set(line.split(" | ")) for line in shown] == [set(names) for names in there]


@every_page
def test_every_link_is_https_or_leads_to_something_in_the_repository(page: Path) -> None:
    for link in project_docs.links(page):
        path, _, anchor = link.partition("#")
        if link.startswith("https://"):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in project_docs.anchors(target), link


def test_the_index_leads_to_every_page() -> None:
    index = project_docs.DOCS / "README.md"
    reached = {
        (project_docs.DOCS / link.partition("#")[0]).resolve() for link in project_docs.links(index)
    }
    assert set(project_docs.DOCS.rglob("*.md")) - {index} <= reached


@every_page
def test_no_page_shows_the_home_of_who_wrote_it(page: Path) -> None:
    homes = re.findall(r"(?<![\w.~-])/(?:home/(\w+)|Users/(\w+)|(root)\b)", project_docs.text(page))
    assert {"".join(home) for home in homes} <= {"you"}
