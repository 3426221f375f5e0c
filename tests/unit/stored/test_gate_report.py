"""What a gate found is told whole, in bounds, and obeys nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.config.policy import Policy
from harness.model import Run, Verdict
from harness.model.matrix import CellResult
from harness.stored.gate import Kind, report
from tests.support import factories, nights
from tests.support.gates import MASTER, NOW, OTHER, PAIR, full, gate, judged, ran, run_of

Golden = Callable[[str, str], None]


def test_every_kind_is_told_as_it_was_read(golden: Golden) -> None:
    found = full()
    assert {finding.kind for finding in found.findings} | {Kind.NOTHING_RAN} == set(Kind)
    golden("gate/refused.txt", report.render(found))
    golden("gate/refused.md", report.markdown(found))
    golden("gate/refused.json", json.dumps(report.as_json(found), indent=2) + "\n")


def test_a_clean_gate_is_told_as_it_was_read(golden: Golden) -> None:
    rows = [judged("TestFoo", Verdict.KNOWN), judged("TestBar", Verdict.FLAKY)]
    found = gate(ran(*rows), policy=Policy(flaky_budget=1), releases=[MASTER])
    golden("gate/clean.txt", report.render(found))
    golden("gate/clean.md", report.markdown(found))


def _hostile() -> tuple[CellResult, Run]:
    run = factories.hostile_run()
    return nights.done(replace(run, pair=PAIR))


def test_hostile_names_are_told_as_they_were_read(golden: Golden) -> None:
    found = gate(_hostile())
    golden("gate/hostile.txt", report.render(found))
    golden("gate/hostile.md", report.markdown(found))


def test_no_character_acts_on_the_terminal() -> None:
    text = report.render(gate(_hostile()))
    assert all(line.isprintable() for line in text.split("\n"))
    assert "::error" not in "".join(line[:7] for line in text.splitlines())


_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)")


@given(
    st.text(max_size=40)
    | st.text(alphabet="`*_<>[]()#@!|\\~&\n :/https", max_size=40)
    | st.sampled_from([factories.HOSTILE, "@moby/core #1 <img src=x> ``` `` `"])
)
def test_in_markdown_everything_foreign_is_code(text: str) -> None:
    row = judged("TestFoo", Verdict.REGRESSED, f"error: {text}")
    run = run_of(PAIR, row, replace(row, name=f"TestX/{text}"))
    for line in report.markdown(gate(nights.done(run))).splitlines():
        prose = _SPAN.sub("", line)
        assert not set(prose) & set("@#<>|~\\`") - ({"#"} if line.startswith("#") else set()), line
        assert "http" not in prose


def test_an_address_that_is_none_is_no_link() -> None:
    entry = replace(factories.FILEOP, issue="javascript:alert(1)")
    row = replace(judged("TestFoo", Verdict.STALE_ENTRY), entry=entry)
    assert "](" not in report.markdown(gate(ran(row)))
    good = report.markdown(gate(ran(judged("TestFoo", Verdict.STALE_ENTRY))))
    assert "[the issue](<https://github.com/moby/buildkit/pull/3284>)" in good


def test_one_root_is_told_once_and_where_else() -> None:
    pairs = [nights.pair(suite=nights.commit(f"v0.{minor}.0")) for minor in range(13)]
    found = gate(*(ran(judged("TestFoo", Verdict.REGRESSED), pair=pair) for pair in pairs))
    text = report.render(found)
    assert text.count("TestFoo regressed in") == 1
    assert "regressed (13)" in text
    assert "also in  v0.1.0 × master (oci), " in text  # noqa: RUF001
    assert "and 2 more cells" in text
    assert len(report.as_json(found)["findings"]) == 13


def test_two_causes_in_one_test_are_two_matters() -> None:
    row = judged("TestFoo", Verdict.REGRESSED)
    failed = replace(row.candidate[0], error="otherwise")
    found = gate(ran(row), ran(replace(row, candidate=(failed,)), pair=OTHER))
    assert report.render(found).count("TestFoo regressed in") == 2


def test_a_flood_of_findings_fits_into_a_comment() -> None:
    rows = [judged(f"Test{number}", Verdict.REGRESSED, f"{number} " * 200) for number in range(999)]
    found = gate(ran(*rows))
    assert len(report.markdown(found)) < 65_536
    assert "… and 969 more" in report.render(found)
    assert len(report.as_json(found)["findings"]) == 999


def test_a_comment_that_overflows_says_so() -> None:
    rows = [
        judged(f"Test{verdict}{number}", verdict, "```" * 300 + str(number))
        for verdict in (Verdict.REGRESSED, Verdict.LOST, Verdict.FLAKY, Verdict.INFRA)
        for number in range(60)
    ]
    text = report.markdown(gate(ran(*rows)))
    assert len(text) < 65_536
    assert "There is more than fits here" in text


def test_colours_add_nothing_but_colours() -> None:
    found = full()
    coloured = report.render(found, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == report.render(found)


def test_the_clock_of_the_answer_is_utc() -> None:
    assert gate(ran(), now=NOW.astimezone(UTC)).checked == "2026-11-23T20:00:00Z"
