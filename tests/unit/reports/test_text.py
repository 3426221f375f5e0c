"""Text of others is shown, never obeyed."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.reports.text import (
    age,
    clip,
    duration,
    excerpt,
    json_text,
    plural,
    size,
    visible,
    visible_block,
)

ANYTHING = st.text(st.characters())  # lone surrogates too
LETTERS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def allowed_in_xml(character: str) -> bool:
    """Return whether XML 1.0 (https://www.w3.org/TR/xml/#charsets) allows a character."""
    code = ord(character)
    return (
        character in "\t\n\r"
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or code >= 0x10000
    )


@settings(deadline=None)
@given(ANYTHING)
def test_nothing_invisible_or_acting_is_left(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(it) for it in shown} & LETTERS
    assert all(map(allowed_in_xml, shown))


@settings(deadline=None)
@given(ANYTHING)
def test_a_block_keeps_line_feeds_and_tabs_and_nothing_else(text: str) -> None:
    shown = visible_block(text)
    assert shown.count("\n") == text.count("\n")
    assert shown.count("\t") == text.count("\t")
    assert shown.replace("\n", "␊").replace("\t", "␉") == visible(text)


@settings(deadline=None)
@given(ANYTHING)
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("TestCopy/äöü/日本/🐳", "TestCopy/äöü/日本/🐳"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("a\r\nb\tc\x00\x7f", "a␍␊b␉c␀␡"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("\x9b31m", "\\x9b31m"),
        ("in\u200bvisible\ufeff", "in\\u200bvisible\\ufeff"),
        ("\udce9", "\\udce9"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_each_kind_of_trick_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@settings(deadline=None)
@given(ANYTHING, st.integers(1, 50))
def test_clipped_text_keeps_to_its_limit_and_says_so(text: str, limit: int) -> None:
    cut = clip(text, limit)
    assert len(cut) <= limit
    assert cut == text or cut == text[: limit - 1] + "…"


def test_an_excerpt_keeps_both_ends_and_counts_the_middle() -> None:
    assert excerpt("short", 5) == "short"
    assert excerpt("head" + "x" * 100 + "tail", 8) == "head\n… 100 characters left out …\ntail"


@settings(deadline=None)
@given(st.text(max_size=500), st.integers(1, 100))
def test_an_excerpt_loses_nothing_uncounted(text: str, limit: int) -> None:
    cut = excerpt(text, limit)
    assert cut == text or f"… {len(text) - limit} characters left out …" in cut
    assert len(cut) <= limit + 40 or cut == text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0s"),
        (42.06, "42.1s"),
        (59.4, "59.4s"),
        (59.96, "1m 00s"),
        (151.25, "2m 31s"),
        (3599.6, "1h 00m"),
        (3725, "1h 02m"),
    ],
)
def test_durations_read_naturally(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("number", "noun", "shown"),
    [
        (0, "test", "0 tests"),
        (1, "test", "1 test"),
        (2, "entry", "2 entries"),
        (1, "entry", "1 entry"),
    ],
)
def test_plurals(number: int, noun: str, shown: str) -> None:
    assert plural(number, noun) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (36 * 3600, "36 hours"),
        (14.9 * 24 * 3600, "14 days"),
    ],
)
def test_ages_are_told_in_the_largest_unit_of_which_there_are_two(
    seconds: float, shown: str
) -> None:
    assert age(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (20 * 1024**3, "20.0 GiB"),
        (5000 * 1024**3, "5000.0 GiB"),
    ],
)
def test_sizes_are_told_in_powers_of_1024(count: int, shown: str) -> None:
    assert size(count) == shown


def test_json_begins_no_command_and_means_the_same() -> None:
    value = {"##[error]": ["::error::", "\u202e\x1b[2J", "###[x", "\\##[", "#\\u0023["]}
    text = json_text(value)
    assert json.loads(text) == value
    assert "##[" not in text
    assert text.isascii()
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
