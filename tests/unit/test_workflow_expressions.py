"""What evaluates expressions for the tests of workflows says what GitHub says, or refuses."""

from __future__ import annotations

import pytest

from tests.support.workflow_expressions import Evaluator, Open, Status, UnknownError

NAMES = {
    "inputs": {"matrix": "", "shards": 3, "push": False},
    "needs": {"plan": {"result": "success", "outputs": Open(code="1")}},
    "github": {"ref": "refs/heads/main", "run_id": 7},
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("inputs.matrix || 'nightly'", "nightly"),
        ("inputs.shards && 'some' || 'none'", "some"),
        ("needs.plan.outputs.code == '1'", True),
        ("needs.plan.outputs.code == 1", True),
        ("needs.plan.outputs.other", ""),
        ("needs.plan.result != 'SUCCESS'", False),
        ("!inputs.push && (inputs.matrix == '' || inputs.push)", True),
        ("github.ref == format('refs/heads/{0}', 'main')", True),
        ("""fromJSON('{"shard": ["1/2"]}')""", {"shard": ["1/2"]}),
        ("'it''s'", "it's"),
    ],
)
def test_expressions_come_to_what_they_say(text: str, found: object) -> None:
    assert Evaluator(NAMES).value(text) == found


def test_a_template_is_a_text_and_a_single_expression_is_not() -> None:
    read = Evaluator(NAMES)
    assert read.text("a-${{ github.run_id }}-${{ inputs.push }}") == "a-7-false"
    assert read.whole("${{ inputs.shards }}") == 3
    assert read.whole("x${{ inputs.shards }}") == "x3"


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [
        ("", True, False),
        ("always()", True, True),
        ("failure()", False, True),
        ("inputs.shards == 3", True, False),
        ("!cancelled() && inputs.shards == 3", True, True),
    ],
)
def test_a_condition_asks_for_success_unless_it_says_otherwise(
    condition: str, *, after_success: bool, after_failure: bool
) -> None:
    failed = Status(success=False, failure=True)
    assert Evaluator(NAMES).wanted(condition) is after_success
    assert Evaluator(NAMES, failed).wanted(condition) is after_failure


@pytest.mark.parametrize(
    "text",
    ["inputs.missing", "needs.merge.result", "hashFiles('a')", "inputs.shards >= 2", "'a' 'b'", ""],
)
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(UnknownError):
        Evaluator(NAMES).value(text)
