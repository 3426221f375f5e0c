"""The table of features as text, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import jsonschema
import msgspec
import pytest

from harness.model import Channel
from harness.reports.features import markdown, terminal
from harness.reports.features.document import Features, features_schema
from harness.reports.features.gather import Gathered
from harness.reports.features.words import LOOKS, chosen
from tests.support import feature_runs, project_docs
from tests.support.schemas import meaning

SCHEMA = project_docs.DOCS / "features.schema.json"
PAGE = project_docs.DOCS / "reference" / "features.md"


@pytest.fixture
def document() -> Features:
    gathered = Gathered()
    for run in (*feature_runs.runs(), *feature_runs.runs(channel=Channel.MAINLINE)):
        gathered.add(run)
    return gathered.document()


@pytest.fixture
def hostile() -> Features:
    gathered = Gathered()
    gathered.add(feature_runs.hostile())
    return gathered.document()


def test_the_table_on_a_terminal(document: Features, golden: Callable[[str, str], None]) -> None:
    golden("features/terminal.txt", terminal.render(document))


def test_one_daemon_on_a_terminal(document: Features, golden: Callable[[str, str], None]) -> None:
    golden("features/daemon.txt", terminal.render(chosen(document, "v0.6"), wordy=True))


def test_the_table_as_markdown(document: Features, golden: Callable[[str, str], None]) -> None:
    golden("features/features.md", markdown.render(document))


def test_where_nothing_was_run_it_says_so() -> None:
    nothing = Gathered().document()
    assert "compat scenarios" in terminal.render(nothing)
    assert "no run of scenarios" in markdown.render(nothing)


def test_hostile_words_act_on_nothing(hostile: Features) -> None:
    for text in (terminal.render(hostile, wordy=True), markdown.render(hostile)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\n::error" not in text
    lines = markdown.render(hostile).splitlines()
    (table,) = (line for line in lines if line.startswith("| ") and "script" in line)
    assert (
        table.replace(r"\|", "").count("|")
        == len(["feature", "version", "old", "own", "since"]) + 1
    )
    assert "](javascript" not in table.replace("`", "")[:3]


def test_the_committed_schema_means_what_the_types_mean() -> None:
    written = json.loads(SCHEMA.read_text("utf-8"))
    meant = json.loads(json.dumps(features_schema()))  # tuples of defaults are lists there
    assert meaning(written) == meaning(meant), (
        "python -m harness.reports.features.document > docs/features.schema.json"
    )


def test_the_table_as_json_satisfies_its_schema(document: Features, hostile: Features) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    for it in (document, hostile):
        validator.validate(json.loads(msgspec.json.encode(it)))


@pytest.mark.parametrize(
    "kind", ["Features", "Board", "Daemon", "Feature", "Mark", "Tried", "Seen"]
)
def test_everything_in_the_table_is_documented(kind: str) -> None:
    table = project_docs.rows(project_docs.sections(PAGE)[f"`{kind}`"])
    assert table.keys() == features_schema()["$defs"][kind]["properties"].keys()


def test_every_answer_is_documented_with_its_letter() -> None:
    section = project_docs.rows(project_docs.sections(PAGE)["Answers"])
    assert {name: rest.partition(" ")[0] for name, rest in section.items()} == {
        it.name: it.letter for it in LOOKS.values()
    }
