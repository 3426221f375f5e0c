"""features.html: whole without scripts, of ours alone, and only where scenarios were run."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.model import Channel, Run
from harness.reports.features.gather import Gathered
from harness.reports.features.page import render
from harness.reports.write import write_reports
from tests.support import example_runs, feature_runs
from tests.support.html_pages import Element, Tree


def page(*runs: Run) -> str:
    gathered = Gathered()
    for run in runs:
        gathered.add(run)
    return "".join(render(gathered.document()))


@pytest.fixture(scope="module")
def both() -> str:
    return page(*feature_runs.runs(), *feature_runs.runs(channel=Channel.MAINLINE))


@pytest.fixture(scope="module")
def labs(both: str) -> Element:
    (section,) = Tree(both).root.all("section", id="master-labs")
    return section


def row(section: Element, name: str) -> Element:
    return next(it for it in section.all("tr") if it.attributes.get("data-feature") == name)


def test_a_row_has_a_letter_and_words_for_each_daemon(labs: Element) -> None:
    cells = [it.text for it in row(labs, "copy-exclude").all("td")]
    assert cells == [
        "W½partly wrong, 1 of 2 work",
        *("Yworks", "Yworks", "Yworks"),
        "v0.12.5 (not v0.6.4)",
    ]


def test_a_row_opens_to_the_dockerfiles_that_were_built() -> None:
    first, *others = feature_runs.runs()
    built = ("FROM scratch\nCOPY <x> /\n", "FROM two\n")
    rows = tuple(
        replace(row, candidate=tuple(replace(it, built=built) for it in row.candidate))
        for row in first.judgements
    )
    tree = Tree(page(replace(first, judgements=rows), *others))
    (more,) = tree.root.all("tr", id="master-labs.copy-chmod-symbolic.more")
    told = [it for it in more.all("details") if it.attributes.get("class") == "source"]
    assert [it.all("summary")[0].text.strip() for it in told[:2]] == [
        "Dockerfile 1",
        "Dockerfile 2",
    ]
    assert told[0].all("pre")[0].text == built[0]
    assert ["open" in it.attributes for it in told] == [True, True, False]
    assert "def test" in told[2].all("pre")[0].text


def test_a_row_opens_to_its_scenario_and_to_what_was_seen(labs: Element) -> None:
    (more,) = labs.all("tr", id="master-labs.copy-chmod-symbolic.more")
    assert more.all("a")[0].attributes["href"] == f"{feature_runs.DOCS}#copy"
    seen = [(it.all("dt")[0].text, it.all("dd")[0].text) for it in more.all("dl")[0].children]
    # Texts stand before those of what is inside.
    assert [it for it, _ in seen] == [" v0.6.4, v0.12.5W", " v0.17.3, masterY"]
    assert "mode of /f: expected 0555, seen 0000" in seen[0][1]
    assert "FROM scratch" in more.all("pre")[-1].text
    assert "Dockerfile 1.14-labs" in more.text


def test_a_row_in_doubt_says_why(labs: Element) -> None:
    (more,) = labs.all("tr", id="master-labs.copy-link-chmod.more")
    assert "on the frontend's own daemon too" in more.text
    assert row(labs, "copy-link-chmod").all("i")[0].text == "!"


def test_frontends_and_daemons_can_be_chosen(both: str) -> None:
    selects = {it.attributes["id"]: it for it in Tree(both).root.all("select")}
    assert [it.text for it in selects["daemon"].children] == [
        *("all", "v0.6.4", "v0.12.5", "v0.17.3", "master")
    ]
    assert len(selects["frontend"].children) == 2
    assert "frontend" not in {it.attributes["id"] for it in Tree(page()).root.all("select")}


def test_the_policy_knows_its_style_and_its_script_and_nothing_else(both: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', both)
    assert policy
    told = dict(it.strip().split(" ", 1) for it in policy[1].split(";"))
    for tag, key in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", both, re.DOTALL)
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert told[key] == f"'sha256-{digest}'"
    assert told["default-src"] == "'none'"
    assert not re.search(r'(?:src|href)="(?!https://docs\.docker\.com/|#|data:image/svg)', both)


def test_hostile_words_make_no_elements(both: str) -> None:
    evil = page(feature_runs.hostile())
    assert len(Tree(evil).root.all("script")) == 1
    assert "\x1b" not in evil
    assert "\u202e" not in evil
    assert "javascript:" not in "".join(it.attributes["href"] for it in Tree(evil).root.all("a"))
    assert {it.tag for it in Tree(evil).root.all("i")} <= {"i"}
    tags = {re.match(r"\w+", it)[0] for it in re.findall(r"<(\w[^>]*)", evil)}  # type: ignore[index]
    assert tags <= {re.match(r"\w+", it)[0] for it in re.findall(r"<(\w[^>]*)", both)}  # type: ignore[index]


def test_without_scenarios_it_says_so() -> None:
    assert "No scenario was run" in page()


def test_it_is_a_report_of_runs_with_scenarios_alone(tmp_path: Path) -> None:
    written = write_reports(feature_runs.matrix().store(tmp_path / "with"))
    assert written.files[-1] == tmp_path / "with" / "features.html"
    assert written.files[-1].read_text("utf-8") == page(*feature_runs.runs())
    index = (tmp_path / "with" / "page" / "index.html").read_text("utf-8")
    assert 'href="../features.html"' in index
    without = write_reports(example_runs.nightly().store(tmp_path / "without"))
    assert "features.html" not in {it.name for it in without.files}
