"""summary.md of a matrix is bounded, counts what it leaves out, and is obeyed by nobody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.reports import markdown
from harness.reports.markdown import code, fenced, in_table, summary_markdown
from harness.reports.overview import cell_views
from tests.support import example_runs
from tests.support.matrix_factories import Example
from tests.support.surveys import many, surveyed

Golden = Callable[[str, str], None]
NIGHTLY = example_runs.nightly()
HOSTILE = example_runs.hostile()
EXAMPLES = {"nightly": NIGHTLY, "hostile": HOSTILE}


def summary(example: Example) -> str:
    return summary_markdown(example.matrix, cell_views(example.matrix), surveyed(example))


@pytest.mark.parametrize("name", EXAMPLES)
def test_summaries_are_as_they_were_read(name: str, golden: Golden) -> None:
    golden(f"matrix/{name}.md", summary(EXAMPLES[name]))


def test_a_summary_stays_below_the_limit_and_counts_what_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert markdown.LIMIT < 1024**2
    monkeypatch.setattr(markdown, "LIMIT", 30_000)
    text = summary(many(10, 12))
    assert 20_000 < len(text.encode()) < 30_000
    left = re.search(r"… and (\d+) more, all on the page\.", text)
    assert left
    assert int(left[1]) + text.count("<details>") == 120
    assert text.count("<details>") == text.count("</details>")


def test_a_summary_of_very_many_pairs_stays_below_the_limit() -> None:
    text = summary(many(210, 1))
    assert len(text.encode()) < markdown.LIMIT
    assert "… and 10 more rows and columns, all on the page" in text


def rendered(text: str) -> list[Token]:
    """Read Markdown as GitHub does: CommonMark with tables and HTML."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def test_hostile_text_in_a_summary_is_code_and_nothing_else() -> None:
    tokens = rendered(summary(HOSTILE))
    ours = re.compile(r"</?details>|</?summary>|</?code>|[^<>]|\n")
    for token in tokens:
        if token.type.startswith("html"):
            assert not ours.sub("", token.content), token.content
        if token.type == "text":
            assert not re.search(r"@\w", token.content), token.content
    kinds = Counter(token.type for token in tokens)
    assert kinds["image"] == kinds["link_open"] == 0
    assert kinds["heading_open"] == 3
    assert sum(token.tag == "h1" for token in tokens if token.type == "heading_open") == 1


ticks = st.text(st.sampled_from("`|\\ \nab<@#~-"), max_size=30)


@given(ticks)
def test_code_cannot_be_left(text: str) -> None:
    tokens = rendered(f"before {code(text)} after")
    inside = [token for token in tokens if token.type == "code_inline"]
    assert len(inside) == 1
    assert [it.content for it in tokens if it.type == "text"] == ["before ", " after"]


@given(ticks)
def test_code_cannot_leave_its_column(text: str) -> None:
    tokens = rendered(f"| a | b |\n|---|---|\n| {in_table(text)} | end |\n")
    cells = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "td_open"]
    assert len(cells) == 2
    assert cells[1] == "end"


@given(ticks)
def test_a_fence_cannot_be_left(text: str) -> None:
    tokens = rendered(f"<details>\n\n{fenced(text)}\n</details>\n")
    assert [it.type for it in tokens] == ["html_block", "fence", "html_block"]
