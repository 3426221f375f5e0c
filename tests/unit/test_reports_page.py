"""The page says what the run says, shows text as text, and replaces nothing but a page of ours."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from harness.errors import InfrastructureError, UsageError
from harness.matrices import Shard
from harness.model import Leg, Outcome, Verdict
from harness.reports import write
from harness.reports.logs import Logs
from harness.reports.overview import spots
from harness.reports.page import details
from harness.reports.page.render import embedded
from harness.reports.write import write_reports
from tests.unit import exampleruns, matrixruns, runs

NIGHTLY = exampleruns.nightly()
HOSTILE = exampleruns.hostile()
VOID = {"meta", "link", "input", "rect", "br", "img"}


class Element:
    """An element with its attributes, its text and what is inside."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element] = []
        self.texts: list[str] = []
        self.parent = parent

    @property
    def text(self) -> str:
        return "".join([*self.texts, *(child.text for child in self.children)])

    def all(self, tag: str, **wanted: str) -> list[Element]:
        found = [self] if self.tag == tag and wanted.items() <= self.attributes.items() else []
        return found + [it for child in self.children for it in child.all(tag, **wanted)]


class Tree(HTMLParser):
    """Reads a document and refuses one whose elements do not close as they opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = self._at = Element("", {}, None)
        self.feed(text)
        assert self._at is self.root, f"<{self._at.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.children.append(made)
        if tag not in VOID:
            self._at = made

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._at.tag == tag
        assert self._at.parent
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        self._at.texts.append(data)


def rendered(example: matrixruns.Example, folder: Path, past: bool = True) -> Path:  # noqa: FBT001, FBT002 - a test's
    example.store(folder)
    write_reports(folder, exampleruns.history(example) if past else {})
    return folder / "page"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(NIGHTLY, tmp_path_factory.mktemp("nightly"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(HOSTILE, tmp_path_factory.mktemp("hostile"))


def tree(page: Path) -> Element:
    return Tree((page / "index.html").read_text(encoding="utf-8")).root


def given(page: Path, name: str) -> Any:  # noqa: ANN401 - JSON
    text = (page / f"{name}.js").read_text(encoding="utf-8")
    found = re.fullmatch(rf'"use strict";give\("{name}",(.*)\);\n', text)
    assert found
    return json.loads(found[1])


def index(page: Path) -> Any:  # noqa: ANN401 - JSON
    (script,) = tree(page).all("script", id="index")
    return json.loads(script.text)


def number(cell: str) -> int:
    return [it.id for it in NIGHTLY.matrix.cells].index(cell)


# -- what can be read without a script -----------------------------------------------------------


def test_the_grid_has_every_cell_with_letter_figures_and_date(page: Path) -> None:
    cells = {it.attributes["data-i"]: it for it in tree(page).all("a") if "data-i" in it.attributes}
    assert len(cells) == len(NIGHTLY.matrix.cells)
    for spot in spots(NIGHTLY.matrix):
        cell = cells[str(spot.index)]
        assert cell.all("b")[0].text == spot.word.letter
        figures = f"{spot.passing}/{spot.total}" if spot.result.counts else spot.label
        assert figures in cell.text
        assert cell.attributes["data-s"] == ("" if spot.result.counts else spot.label)
        assert cell.attributes["aria-label"].startswith(f"{spot.title}: {spot.label}")
    regressed = cells[str(number("v0.8.3--master--oci"))]
    assert "3 regressed" in regressed.text
    assert (
        regressed.all("time")[0].attributes["datetime"]
        == NIGHTLY.runs["v0.8.3--master--oci"].started
    )
    assert regressed.all("time")[0].text == "23 Nov"


def test_a_missing_cell_shows_when_it_last_ran(page: Path) -> None:
    (cell,) = tree(page).all("a", **{"data-i": str(number("v0.12.5--dockerfile_1.10.0--oci"))})
    assert cell.attributes["data-s"] == "missing"
    assert cell.all("time")[0].attributes["datetime"].startswith("2026-11-21")
    assert "last run 2026-11-21" in cell.attributes["aria-label"]


def test_every_row_and_column_has_a_head(page: Path) -> None:
    for table in tree(page).all("table"):
        rows = table.all("tr")
        columns = len(rows[0].all("th"))
        assert all(it.attributes["scope"] == "col" for it in rows[0].all("th"))
        for row in rows[1:]:
            assert [it.attributes["scope"] for it in row.all("th")] == ["row"]
            assert len(row.all("td")) == columns - 1


def test_root_causes_stand_on_the_page_the_broken_first(page: Path) -> None:
    causes = next(it for it in tree(page).all("section") if it.attributes.get("id") == "causes")
    letters = [it.attributes["data-v"] for it in causes.all("li")]
    assert letters == ["R", "R", "L", "I", "I", "E", "C", "F"]
    first, *_, failed = causes.all("li")[:4]
    assert "exec.meta.security is not supported" in first.text
    assert "3 tests in 4 pairs" in first.text
    assert "go build ended with code 1" in failed.text


def test_the_head_says_what_when_and_by_what(page: Path) -> None:
    root = tree(page)
    assert root.all("h1")[0].text.startswith("6 of 17 pairs regressed")
    (meta,) = root.all("p", **{"class": "meta"})
    for told in ("harness 0.1.0", "plan 9c1d9c1d9c1d", "1h 12m", "2026-11-23 01:59 UTC"):
        assert told in meta.text
    legend = root.all("details", **{"class": "legend"})[0].text
    assert all(verdict.value in legend for verdict in Verdict)


def test_a_shard_says_that_it_is_one(tmp_path: Path) -> None:
    matrix = msgspec.structs.replace(NIGHTLY.matrix, shard=Shard(index=3, total=20))
    shown = rendered(matrixruns.Example(matrix, NIGHTLY.runs), tmp_path)
    assert "shard 3/20 only" in tree(shown).all("p", **{"class": "eyebrow"})[0].text


def test_a_pair_that_broke_since_the_last_run_is_marked(page: Path) -> None:
    new = {it.attributes["data-i"] for it in tree(page).all("a") if it.all("i")}
    past = exampleruns.history(NIGHTLY)
    wanted = {
        str(i)
        for i, cell in enumerate(NIGHTLY.matrix.cells)
        if cell.verdict is Verdict.REGRESSED
        and past[cell.id].marks[-1].verdict is not Verdict.REGRESSED
    }
    assert new == wanted
    assert len(new) == 2


def test_the_policy_forbids_everything_from_elsewhere_and_nothing_asks_for_it(page: Path) -> None:
    root = tree(page)
    (policy,) = root.all("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(it.strip().partition(" ")[::2] for it in policy.attributes["content"].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    asked = [it.attributes["src"] for it in root.all("script") if "src" in it.attributes]
    asked += [it.attributes["href"] for it in root.all("link")]
    for address in asked:
        assert address.startswith("data:image/svg+xml,") or (page / address).is_file()
    assert not [it for it in root.all("script") if it.text and it.attributes["id"] != "index"]
    everything = "".join(it.read_text() for it in page.rglob("*.*"))
    assert "innerHTML" not in everything
    assert not re.findall(r"""(?:src|url|import)\s*[=(]\s*["']?(?:https?:)?//""", everything)


# -- what opens ----------------------------------------------------------------------------------


def test_a_cell_groups_its_tests_by_verdict_and_cause(page: Path) -> None:
    view = given(page, f"cells/{number('v0.8.3--master--oci')}")
    names = given(page, "tests")["names"]
    groups = [
        (it["letter"], [names[test["test"]] for test in it["tests"]]) for it in view["groups"]
    ]
    assert groups == [
        ("R", ["TestMountContext", "TestMountTmpfs", "TestSecretMounts"]),
        ("L", ["TestSSHSocketParams"]),
        ("X", ["TestUser"]),
        ("s", ["TestRunNetwork"]),
    ]
    test = view["groups"][0]["tests"][0]
    assert test["control"]["did"] == "pass 1.2s, pass 1.2s"
    assert test["candidate"]["did"] == "fail (assertion) 1.2s, fail (assertion) 1.2s"
    assert "is not supported by build server" in test["candidate"]["error"]
    assert view["command"] == "compat-run v0.8.3 master --worker oci"


def test_logs_are_linked_from_the_page_where_they_are(page: Path) -> None:
    cell = "v0.8.3--master--oci"
    test = given(page, f"cells/{number(cell)}")["groups"][0]["tests"][0]
    run = NIGHTLY.runs[cell]
    judged = next(it for it in run.judgements if it.name == test["name"])
    folder = page.parent / "cells" / cell
    for leg in Leg:
        linked = (page / unquote(test[leg.value]["log"])).resolve()
        assert linked == (folder / Logs(run).path(judged, leg)).resolve()
        assert linked.is_file()
    assert (page / unquote(test["candidate"]["daemon"])).is_file()


def test_a_log_that_is_gone_is_not_linked(tmp_path: Path) -> None:
    NIGHTLY.store(tmp_path)
    cell = "v0.8.3--master--oci"
    for log in (tmp_path / "cells" / cell).rglob("*.log"):
        log.unlink()
    write_reports(tmp_path)
    view = given(tmp_path / "page", f"cells/{number(cell)}")
    assert [name for name, _ in view["files"]] == ["run.json", "junit.xml"]
    assert not [test for it in view["groups"] for test in it["tests"] if "log" in test["candidate"]]


def test_a_log_that_is_a_link_to_elsewhere_is_not_linked(tmp_path: Path) -> None:
    folder = NIGHTLY.store(tmp_path / "run")
    logs = [path for path in folder.rglob("*.log") if path.is_file()]
    for log in logs:
        log.unlink()
        log.symlink_to("/etc/passwd")
    write_reports(folder)
    told = "".join(it.read_text("utf-8") for it in (folder / "page" / "cells").iterdir())
    assert logs
    assert ".log" not in told


def test_entries_in_force_have_reason_link_and_number_of_tests(page: Path) -> None:
    view = given(page, f"cells/{number('v0.6.4--master--oci')}")
    assert view["entries"][0] == {
        "where": runs.FILEOP.where,
        "status": "expected-failure",
        "reason": runs.FILEOP.reason,
        "issue": runs.FILEOP.issue,
        "tests": 5,
    }
    known = next(it for it in view["groups"] if it["letter"] == "K")
    assert {test["entry"] for test in known["tests"]} == {0}


def test_an_entry_that_matched_nothing_is_told(tmp_path: Path) -> None:
    matrixruns.store_run(tmp_path, runs.every_verdict_run())
    write_reports(tmp_path)
    view = given(tmp_path / "page", "cells/0")
    assert [it["where"] for it in view["entries"] if it["tests"] == 0] == ["skiplists/v0.6.yaml:40"]
    assert "the mirror lacks tonistiigi/hellofs:latest" in view["notes"]


def test_a_failed_cell_says_why_and_a_missing_one_how_to_run_it(page: Path) -> None:
    failed = given(page, f"cells/{number('v0.16.0--master--oci')}")
    assert failed["error"].startswith("build frontend master labs")
    assert failed["hint"] == "see the build's log"
    missing = given(page, f"cells/{number('v0.12.5--dockerfile_1.10.0--oci')}")
    assert missing["command"] == "compat-run v0.12.5 dockerfile/1.10.0 --worker oci"
    assert "never begun" in missing["headline"]


def test_letters_and_causes_agree_with_the_runs(page: Path) -> None:
    tests = given(page, "tests")
    for i, cell in enumerate(NIGHTLY.matrix.cells):
        first, letters, causes = tests["cells"][i]
        run = NIGHTLY.runs.get(cell.id)
        assert len(letters.replace(" ", "")) == (len(run.judgements) if run else 0)
        assert len(causes) == len(re.sub("[P ]", "", letters))
        assert not letters or first + len(letters) <= len(tests["names"])


def test_earlier_runs_are_there_if_there_is_a_history(page: Path, tmp_path: Path) -> None:
    past = given(page, "past")
    i = str(number("v0.8.3--master--oci"))
    assert past["runs"][i][0][:5] == [
        *("20261110-015907-5a17", "2026-11-10T01:59:07Z"),
        *("bbbbbbb", "compatible", "P"),
    ]
    test = given(page, "tests")["names"].index("TestMountContext")
    assert past["since"][i][str(test)][1] == "2026-11-19T01:59:07Z"
    bare = rendered(NIGHTLY, tmp_path, past=False)
    assert not (bare / "past.js").exists()
    assert index(bare)["history"] is False


def test_a_cell_with_very_many_tests_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "_LISTED", 3)
    monkeypatch.setattr(details, "_EXCERPTS", 1_000)
    numbers = count()
    rows = [
        runs.judgement(
            f"Test{next(numbers)}",
            Verdict.REGRESSED,
            [Outcome.PASS],
            [Outcome.FAIL],
            error="e" * 900,
        )
        for _ in range(5)
    ]
    cell = NIGHTLY.matrix.plan.cells[0]
    run = matrixruns.run_of(cell, rows)
    matrix = matrixruns.matrix_of([cell], [matrixruns.result_of(cell, run)])
    shown = rendered(matrixruns.Example(matrix, {cell.id: run}), tmp_path)
    view = given(shown, "cells/0")
    (group,) = view["groups"]
    assert len(group["tests"]) == 3
    assert "left out" in group["tests"][1]["candidate"]["error"]
    assert view["notes"][0] == "2 more tests are not shown here, all are in run.json"


# -- hostile text --------------------------------------------------------------------------------


def test_hostile_names_make_no_elements(hostile: Path, page: Path) -> None:
    root, plain = tree(hostile), tree(page)
    assert len(root.all("script")) == len(plain.all("script"))
    assert not root.all("img")
    warnings = {"ul", "li"}
    assert {it.tag for it in _walk(root)} - warnings <= {it.tag for it in _walk(plain)}
    assert not [name for it in _walk(root) for name in it.attributes if name.startswith("on")]


def _walk(element: Element) -> list[Element]:
    return [element, *(it for child in element.children for it in _walk(child))]


def test_nothing_hostile_stands_bare_in_what_is_written(hostile: Path) -> None:
    for file in hostile.rglob("*.*"):
        if file.name == "index.html" or file.parent.name == "cells" or file.name == "tests.js":
            text = file.read_text(encoding="utf-8")
            assert "<img" not in text
            assert "alert(1)</script" not in text
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", text)


def test_embedded_json_is_json_and_leaves_no_script() -> None:
    value = {"a": "</script><!--<script>&\u2028\u2029", "b": [1.5, None, True]}
    text = embedded(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


# -- the folder ----------------------------------------------------------------------------------


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(it.relative_to(folder)): it.read_bytes() for it in folder.rglob("*") if it.is_file()
    }


@pytest.mark.parametrize("example", [NIGHTLY, HOSTILE], ids=["nightly", "hostile"])
def test_written_again_every_report_is_the_same(
    example: matrixruns.Example, tmp_path: Path
) -> None:
    rendered(example, tmp_path)
    first = content(tmp_path)
    rendered(example, tmp_path)
    assert content(tmp_path) == first


def test_a_single_run_is_a_matrix_of_one_cell(tmp_path: Path) -> None:
    matrixruns.store_run(tmp_path, runs.regressed_run())
    written = write_reports(tmp_path)
    assert written.headline == "v0.6.4 × master (oci) regressed"  # noqa: RUF001 - the sign meant
    assert written.files[0] == tmp_path / "page" / "index.html"
    first = content(tmp_path)
    write_reports(tmp_path)
    assert content(tmp_path) == first


def test_elsewhere_logs_are_linked_to_where_they_are(tmp_path: Path) -> None:
    NIGHTLY.store(tmp_path / "run")
    before = content(tmp_path / "run")
    write_reports(tmp_path / "run", out=tmp_path / "deep" / "site")
    assert content(tmp_path / "run") == before
    page = tmp_path / "deep" / "site" / "page"
    view = given(page, f"cells/{number('v0.8.3--master--oci')}")
    log = view["groups"][0]["tests"][0]["candidate"]["log"]
    assert (page / unquote(log)).resolve().is_relative_to(tmp_path / "run" / "cells")
    assert (tmp_path / "deep/site/cells/v0.8.3--master--oci/junit.xml").is_file()


@pytest.mark.parametrize("there", ["notes.txt", "index.html"])
def test_a_folder_of_somebody_else_is_left_alone(there: str, tmp_path: Path) -> None:
    NIGHTLY.store(tmp_path)
    mine = tmp_path / "page" / there
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(UsageError, match="is there already and is no page of this program"):
        write_reports(tmp_path)
    assert mine.read_text() == "mine"
    assert not [it for it in tmp_path.iterdir() if it.name.startswith(".")]


def test_after_an_error_the_old_page_is_still_there(tmp_path: Path) -> None:
    rendered(NIGHTLY, tmp_path)
    before = content(tmp_path / "page")
    (tmp_path / "cells" / "v0.16.0--dockerfile_1.4.3--oci" / "run.json").write_text("{")
    with pytest.raises(UsageError, match=r"v0\.16\.0--dockerfile_1\.4\.3--oci/run\.json"):
        write_reports(tmp_path)
    assert content(tmp_path / "page") == before
    assert not [it for it in tmp_path.iterdir() if it.name.startswith(".")]


def test_a_disk_that_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    NIGHTLY.store(tmp_path)

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "summary_markdown", full)
    with pytest.raises(InfrastructureError, match="No space left on device"):
        write_reports(tmp_path)
    assert not (tmp_path / "page").exists()
