"""What follows from each verdict, row by row: all that reports and exit codes go by."""

from __future__ import annotations

import pytest

from harness.errors import ExitCode
from harness.model import Verdict

TABLE = """
regressed        1 blames_frontend deserves_detail unexpected of_pairs fails_anew ran
lost             1 blames_frontend deserves_detail unexpected of_pairs ran
infra            4 says_nothing deserves_detail unexpected of_pairs ran
indeterminate    3 says_nothing deserves_detail unexpected of_pairs ran
stale-entry      0 deserves_detail passes unexpected of_pairs of_lists ran
changed-failure  0 deserves_detail unexpected of_pairs fails_anew ran
flaky            0 deserves_detail of_pairs ran
unavailable      0 of_lists
refused          0 of_pairs ran
known            0 of_pairs of_lists ran
same-failure     0 ran
fixed            0 passes unexpected ran
compatible       0 passes plain of_pairs ran
skipped          0 plain
"""
ROWS = [line.split() for line in TABLE.split("\n") if line]
FACTS = {name for name, it in vars(Verdict).items() if isinstance(it, property)}


def test_verdicts_are_declared_worst_first() -> None:
    assert [row[0] for row in ROWS] == [verdict.value for verdict in Verdict]
    assert [verdict.weight for verdict in Verdict] == list(range(len(ROWS)))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_follows_from_a_verdict(row: list[str]) -> None:
    name, code, *wanted = row
    verdict = Verdict(name)
    assert verdict.exit_code is ExitCode(int(code))
    facts = FACTS - {"weight", "exit_code", "name", "value"}
    assert {it for it in facts if getattr(verdict, it)} == set(wanted)
