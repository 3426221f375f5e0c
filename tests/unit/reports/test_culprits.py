"""Reports say who broke what, where somebody has asked; what is said may be anybody's."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.bisect import blamed
from harness.errors import ExitCode, UsageError
from harness.journal import CULPRITS_FILE, cells, read_culprits, write_culprits
from harness.model.culprits import CULPRITS_VERSION, Blame, Culprits, Suspect
from harness.reports.write import write_reports
from tests.support import stored_matrices
from tests.support.factories import regressed_run

PLAN = stored_matrices.plan(["v0.6.4"], ["master"])
(CELL,) = PLAN.cells
SUSPECT = Suspect(
    sha="30c069cb" * 5,
    subject="sbom: <b>scan</b>\n::error::",
    author="Somebody",
    day="2024-01-24",
    link="https://example.com/pull/4563",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stored_matrices.store(tmp_path, PLAN, {CELL.id: regressed_run()})
    return tmp_path


@pytest.fixture
def culprits(folder: Path) -> Culprits:
    ((_, run),) = cells(folder)
    assert run is not None
    names = tuple(it.name for it in run.judgements if it.verdict.blames_frontend)
    assert names
    blame = Blame(
        verdict=run.verdict,
        cause="no such mount",
        daemon="v0.6.4",
        frontend="master",
        tests={CELL.id: names},
        tried=names[0],
        suspects=(SUSPECT,),
    )
    return Culprits(schema=CULPRITS_VERSION, run="20261123-200000-cd34", blames=(blame,))


def _texts(folder: Path) -> dict[str, str]:
    names = ("page/index.html", "summary.md", "junit.xml", f"cells/{CELL.id}/junit.xml")
    return {name: (folder / name).read_text("utf-8") for name in names}


def test_every_report_has_the_culprit_beside_the_cause(folder: Path, culprits: Culprits) -> None:
    write_culprits(folder, culprits)
    write_reports(folder)
    for name, text in _texts(folder).items():
        assert "broken by 30c069cb30c0" in text, name
        assert "<b>scan" not in text.replace("`broken by", "") or name == "summary.md", name
        assert "\n::error::" not in text, name
    page, _, junit, cell = _texts(folder).values()
    assert f'<a href="{SUSPECT.link}" rel="noreferrer">broken by' in page
    for text in (junit, cell):
        assert f'name="culprit" value="{SUSPECT.sha}"' in text


def test_another_runs_culprits_and_other_kinds_of_links_are_left_out(
    folder: Path, culprits: Culprits
) -> None:
    write_culprits(folder, replace(culprits, run="another"))
    write_reports(folder)
    assert not any("broken by" in text for text in _texts(folder).values())
    (blame,) = culprits.blames
    strange = replace(blame, suspects=(replace(SUSPECT, link="javascript:alert()"),))
    write_culprits(folder, replace(culprits, blames=(strange,)))
    write_reports(folder)
    assert not any("javascript:" in text for text in _texts(folder).values())


def test_a_damaged_file_is_a_sentence(folder: Path) -> None:
    (folder / CULPRITS_FILE).write_text('{"schema": 1, "run": "x", "blames": [{}]}')
    with pytest.raises(UsageError, match=CULPRITS_FILE):
        read_culprits(folder, "x")


def test_the_command_says_what_is_known_and_what_is_not(culprits: Culprits) -> None:
    (blame,) = culprits.blames
    unknown = replace(blame, suspects=(), words="the time was up")
    several = replace(blame, suspects=(SUSPECT, SUSPECT))
    told = replace(culprits, blames=(blame, unknown, several))
    text = blamed.render(told)
    assert "\n  what broke it is not known: the time was up\n" in text
    assert "broken by one of 2 commits, the first one 30c069cb30c0" in text
    assert text.endswith("1 of 3 causes found\n")
    assert blamed.exit_code(told) == ExitCode.INDETERMINATE
    assert blamed.as_json(culprits)["exit_code"] == 0
    assert blamed.render(replace(culprits, blames=())) == "nothing regressed\n"
