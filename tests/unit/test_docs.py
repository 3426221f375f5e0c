"""The documents name everything that there is, nothing that there is not, and lead nowhere void."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
import pytest
from msgspec import inspect

from harness.cli.umbrella import COMMANDS, short_form, umbrella
from harness.config import conditions, lines, series, skiplists
from harness.config.yamlfile import Place
from harness.errors import ExitCode
from harness.images import recipes
from harness.journal.schema import run_schema
from harness.launcher import make_plan
from harness.model import Status, Verdict
from harness.reports.words import WORDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").glob("*/*.md")])

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

FENCE = re.compile(
    r"^(?P<fence>```+)(?P<kind>\w*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
SHELLS = {"console", "sh"}
PROGRAMS = {"compat", "compat-run", "./compat-run"}
LAUNCHER_WORDS = {"tests", "--no-install"}


def _prose(text: str) -> str:
    return FENCE.sub("", text)


def _sections(text: str) -> dict[str, str]:
    """Give the text under each heading, up to the next heading of any depth."""
    parts = HEADING.split(_without_fenced_headings(text))
    return dict(zip(parts[2::3], parts[3::3], strict=True))


def _without_fenced_headings(text: str) -> str:
    return FENCE.sub(lambda block: block[0].replace("\n#", "\n·#"), text)


def _spans(text: str) -> set[str]:
    return set(SPAN.findall(_prose(text)))


def _rows(text: str) -> dict[str, str]:
    """Give table rows by what stands in backticks in their first cell."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| "):
            first, _, rest = line.removeprefix("| ").partition(" | ")
            found.update(dict.fromkeys(SPAN.findall(first.replace("\\|", "|")), rest))
    return found


# -- commands ------------------------------------------------------------------------------------


def _walk(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(command, info_name=name, parent=parent)
    yield ctx.command_path, command
    if isinstance(command, click.Group):
        for child in command.list_commands(ctx):
            found = command.get_command(ctx, child)
            assert found is not None
            yield from _walk(found, child, ctx)


ALL_COMMANDS = dict(_walk(umbrella, "compat", None))
SHARED = {"--debug", "-h", "--help", "--version"}


def _names(parameter: click.Parameter) -> list[str]:
    if isinstance(parameter, click.Argument):
        return [parameter.human_readable_name]
    return [*parameter.opts, *parameter.secondary_opts]


@pytest.mark.parametrize("path", [path for path in ALL_COMMANDS if path != "compat"])
def test_the_reference_has_a_section_for_every_command_with_every_option(path: str) -> None:
    sections = _sections((REFERENCE / "commands.md").read_text(encoding="utf-8"))
    section = sections[f"`{path}`"]
    documented = {span.split(" ")[0] for span in _rows(section)}
    there = {name for one in ALL_COMMANDS[path].params for name in _names(one)}
    assert documented == there - SHARED


def test_the_reference_has_a_section_for_no_other_command() -> None:
    sections = _sections((REFERENCE / "commands.md").read_text(encoding="utf-8"))
    named = {title.strip("`") for title in sections if title.startswith("`compat")}
    assert named == ALL_COMMANDS.keys() - {"compat"}


def test_the_options_of_every_command_are_told_once() -> None:
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    assert _spans(text) >= SHARED


class Example(NamedTuple):
    """A command line in a document."""

    page: Path
    line: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.line}"


def _shell_lines(text: str) -> Iterator[str]:
    """Give the command lines of code blocks: all of `sh`, those behind a prompt of `console`."""
    for block in FENCE.finditer(text):
        joined = block["text"].replace("\\\n", " ")
        if block["kind"] == "sh":
            yield from joined.splitlines()
        elif block["kind"] == "console":
            yield from (row[2:] for row in joined.splitlines() if row.startswith(("$ ", "# ")))


def _commands(line: str) -> Iterator[list[str]]:
    """Give the words of each command in a line that runs one of our programs."""
    words = list(shlex.shlex(line, posix=True, punctuation_chars=True))
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words = list(lexer)
    command: list[str] = []
    for word in [*words, ";"]:
        if set(word) <= set("();<>|&"):
            if command and command[0] in PROGRAMS:
                yield command
            command = [] if not word.startswith((">", "<")) else ["(a file)"]
        elif command or not re.fullmatch(r"sudo|env|time|\w+=.*", word):
            command.append(word)


EXAMPLES = [
    Example(page, line)
    for page in PAGES
    for line in _shell_lines(page.read_text(encoding="utf-8"))
    if any(_commands(line))
]


def _parse(program: str, args: list[str]) -> None:
    """Have click read the arguments, without running anything."""
    command = umbrella if program == "compat" else short_form(args)
    ctx = command.make_context(program, args)
    while isinstance(command, click.Group):
        rest = [*ctx._protected_args, *ctx.args]
        name, found, args = command.resolve_command(ctx, rest)
        assert found is not None
        command = found
        ctx = command.make_context(name, args, parent=ctx)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_every_example_is_a_command_that_the_programs_understand(example: Example) -> None:
    for program, *args in _commands(example.line):
        if program == "./compat-run" and args[:1] == ["tests"]:
            assert make_plan(ROOT, args).argv[-len(args[1:]) or None :] == tuple(args[1:])
            continue
        own = [arg for arg in args if program != "./compat-run" or arg not in LAUNCHER_WORDS]
        try:
            _parse(program.removeprefix("./"), own)
        except click.exceptions.Exit as end:  # --help and --version end here
            assert end.exit_code == 0


def test_there_are_examples_to_check() -> None:
    documented = {path for path in ALL_COMMANDS if path != "compat"}
    text = "\n".join(example.line for example in EXAMPLES)
    groups = {path for path, command in ALL_COMMANDS.items() if isinstance(command, click.Group)}
    assert {path for path in documented - groups if path not in text} == set()
    assert any(example.page == ROOT / "README.md" for example in EXAMPLES)


@every_page
def test_no_page_names_a_command_that_does_not_exist(page: Path) -> None:
    known = {*COMMANDS, *LAUNCHER_WORDS}
    for span in _spans(page.read_text(encoding="utf-8")):
        match = re.match(r"(?:\./)?compat(?:-run)? ([a-z][a-z-]*)(?: |$)", span)
        assert match is None or match[1] in known, span


# -- configuration -------------------------------------------------------------------------------

FILES: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "Conditions": (conditions.Condition,),
    "`matrices/lines.yaml`": (lines._File, lines._Settings, lines._Range, lines._Entry),
    "`matrices/images.yaml`": (recipes._File, recipes.Part, recipes.Recipe),
    "`patches/*/series.yaml`": (series._Series, series._Entry),
    "`skiplists/*.yaml`": (skiplists._File, skiplists.Entry),
}
NESTED = {
    "`matrices/lines.yaml`": {f"stage.{name}" for name in lines.Stage.__struct_fields__},
    "`matrices/images.yaml`": {f"files.*.{name}" for name in recipes.File.__struct_fields__},
}


def _keys(kind: type[msgspec.Struct]) -> dict[str, bool]:
    """Give the keys that a mapping may have, and whether each is required."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return {
        field.encode_name: field.required
        for field in info.fields
        if not (isinstance(field.type, inspect.DataclassType) and field.type.cls is Place)
    }


def _configuration() -> dict[str, str]:
    return _sections((REFERENCE / "configuration.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("title", FILES)
def test_the_reference_has_every_key_of_every_file_and_no_other(title: str) -> None:
    there = {key for kind in FILES[title] for key in _keys(kind)} | NESTED.get(title, set())
    statuses = {status.value for status in Status} if "skiplists" in title else set()
    assert _rows(_configuration()[title]).keys() == there | statuses


@pytest.mark.parametrize("title", FILES)
def test_the_reference_marks_the_required_keys(title: str) -> None:
    required = {key for kind in FILES[title] for key, needed in _keys(kind).items() if needed}
    marked = set(re.findall(r"^\| `([\w*.]+)` •", _configuration()[title], re.MULTILINE))
    assert {key for key in marked if "." not in key} == required


@pytest.mark.parametrize("kind", conditions.Commits.__struct_fields__)
def test_the_reference_names_both_sides_of_a_history(kind: str) -> None:
    assert f"`{kind}`" in _rows(_configuration()["Conditions"])["contains"] or kind in _rows(
        _configuration()["Conditions"]
    )


def test_every_environment_variable_is_documented_and_read() -> None:
    sources = [*(ROOT / "harness").rglob("*.py"), ROOT / "compat-run"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    read = set(re.findall(r"\bCOMPAT_[A-Z]+\b", code))
    table = _rows(_configuration()["Environment variables"])
    assert {name for name in table if name.startswith("COMPAT_")} == read
    for page in PAGES:
        named = re.findall(r"\bCOMPAT_[A-Z]+\b", page.read_text(encoding="utf-8"))
        assert set(named) <= read, page


def test_every_kind_of_artefact_has_its_line_in_the_description_of_the_cache() -> None:
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "harness").rglob("*.py"))
    published = set(re.findall(r"\.publish\(\s*\"(\w+)\"", "\n".join(sources)))
    documented = {name.rstrip("/") for name in _rows(_configuration()["The cache"])}
    assert published
    assert published <= documented


# -- results -------------------------------------------------------------------------------------


def test_every_exit_code_is_documented() -> None:
    sections = _sections((REFERENCE / "exit-codes.md").read_text(encoding="utf-8"))
    table = re.findall(r"^\| (\d+) \| `(\w+)` \|", sections["Exit codes"], re.MULTILINE)
    assert {int(code): name for code, name in table} == {code.value: code.name for code in ExitCode}


VERDICT_TABLES = {
    "README.md": "What a verdict means",
    "docs/explanation/verdicts.md": "The words",
}


@pytest.mark.parametrize("page", VERDICT_TABLES)
def test_every_verdict_is_explained_in_the_order_of_the_report(page: str) -> None:
    section = _sections((ROOT / page).read_text(encoding="utf-8"))[VERDICT_TABLES[page]]
    table = re.findall(r"^\| (\S) (\w) \| `([a-z-]+)` \|", section, re.MULTILINE)
    assert table == [(word.symbol, word.letter, verdict) for verdict, word in WORDS.items()]
    assert {verdict for _, _, verdict in table} == set(Verdict)


@pytest.mark.parametrize("kind", sorted(run_schema()["$defs"]))
def test_every_field_of_run_json_is_documented(kind: str) -> None:
    definition = run_schema()["$defs"][kind]
    sections = _sections((REFERENCE / "run-json.md").read_text(encoding="utf-8"))
    if "properties" in definition:
        assert _rows(sections[f"`{kind}`"]).keys() == definition["properties"].keys()
    else:
        assert set(definition["enum"]) <= _spans((REFERENCE / "run-json.md").read_text("utf-8"))


# -- links and text ------------------------------------------------------------------------------


def _anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, made as GitHub makes them."""
    text = _without_fenced_headings(page.read_text(encoding="utf-8"))
    titles = (title for _, title in HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_page
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(_prose(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            assert link.startswith("https://"), link
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in _anchors(target), link


def test_the_index_leads_to_every_page() -> None:
    index = DOCS / "README.md"
    links = LINK.findall(index.read_text(encoding="utf-8"))
    reached = {(DOCS / link.partition("#")[0]).resolve() for link in links}
    assert {page for page in DOCS.rglob("*.md") if page != index} <= reached


@every_page
def test_no_page_shows_the_home_of_who_wrote_it(page: Path) -> None:
    homes = re.findall(r"(?<![\w.~-])/(?:home|Users)/(\w+)|(?<![\w.~-])(/root)\b", page.read_text())
    assert {"".join(home) for home in homes} <= {"you"}
