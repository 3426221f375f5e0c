from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta

from harness.config.schema import MAX_TEXT, load
from harness.config.yamlfile import Complaint, Place
from harness.errors import ConfigError
from harness.model import Channel, Record

Version = Annotated[
    str, Meta(pattern=r"\A\d+\.\d+\Z", description="a version", examples=['"1.21"'])
]


class Even:
    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def parse(cls, text: str) -> Self:
        if not text.endswith("2"):
            raise Complaint("is odd", hint="end it with 2")
        return cls(int(text))


class Child(Record, frozen=True, kw_only=True):
    place: Place
    name: str
    only: str | None = None

    def __post_init__(self) -> None:
        if self.name == "bad":
            raise Complaint("cannot be", key="name", hint="take another")
        if self.only == "alone":
            raise Complaint("fits with nothing")


class File(Record, frozen=True, kw_only=True):
    version: Version = "0.1"
    channel: Channel = Channel.LABS
    flag: bool | None = None
    day: date | None = None
    even: Even | None = None
    count: Annotated[int, Meta(ge=1, le=12)] | None = None
    share: Annotated[float, Meta(ge=0, lt=1)] | None = None
    words: tuple[str, ...] = ()
    table: dict[Version, str] | None = None
    children: tuple[Child, ...] = ()


class Strict(Record, frozen=True, kw_only=True):
    reason: str
    version: Version


def read(folder: Path, text: str) -> File:
    path = folder / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, File, name="f")


def complaint(folder: Path, text: str) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return str(caught.value), caught.value.hint


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """
version: "0.10"
channel: mainline
flag: false
day: 2027-01-31
words: [a, b c]
table: {"1.2": x}
children:
  - {name: first}
  - name: second
    only: "1"
""",
    )
    assert file == File(
        version="0.10",
        channel=Channel.MAINLINE,
        flag=False,
        day=date(2027, 1, 31),
        words=("a", "b c"),
        table={"1.2": "x"},
        children=(
            Child(place=Place("f", 9, 5), name="first"),
            Child(place=Place("f", 10, 5), name="second", only="1"),
        ),
    )


def test_a_class_with_parse_makes_its_own_values(tmp_path: Path) -> None:
    even = read(tmp_path, 'even: "12"').even
    assert even is not None
    assert even.number == 12
    assert complaint(tmp_path, 'even: "13"') == ("f:1:7: even: is odd", "end it with 2")


def test_one_text_stands_for_a_list_of_one(tmp_path: Path) -> None:
    assert read(tmp_path, "words: alone").words == ("alone",)


def test_a_quoted_date_is_a_date_too(tmp_path: Path) -> None:
    assert read(tmp_path, 'day: "2027-01-31"').day == date(2027, 1, 31)


WRONG = {
    "version: 0.10": (
        "f:1:10: version: '0.10' is a number to YAML, not a text",
        'quote it: "0.10"',
    ),
    "version: 1": ("f:1:10: version: '1' is a number to YAML, not a text", 'quote it: "1"'),
    "version: 1:30": (
        "f:1:10: version: '1:30' is a number to YAML, not a text",
        'quote it: "1:30"',
    ),
    "words: [yes]": ("f:1:9: words[0]: 'yes' is a boolean to YAML, not a text", 'quote it: "yes"'),
    "words: 2027-01-01": (
        "f:1:8: words: '2027-01-01' is a date to YAML, not a text",
        'quote it: "2027-01-01"',
    ),
    "version: v1": ("f:1:10: version: 'v1' is not a version", 'write for example "1.21"'),
    "version:": ("f:1:9: version: is empty", "give it a value, or remove the key"),
    "version: ~": ("f:1:10: version: is empty", "give it a value, or remove the key"),
    "version: '  '": ("f:1:10: version: is empty", "give it a value, or remove the key"),
    "version: [a]": ("f:1:10: version: is a list, not a text", ""),
    "words: []": ("f:1:8: words: is an empty list", "give it a member, or remove the key"),
    "words: {a: b}": ("f:1:8: words: is a mapping, not a list", ""),
    "words: [[a]]": ("f:1:9: words[0]: is a list, not a text", ""),
    "flag: yes": ("f:1:7: flag: 'yes' is no boolean", "write true or false"),
    "flag: maybe": ("f:1:7: flag: 'maybe' is no boolean", "write true or false"),
    "day: 2027-02-30": ("f:1:6: day: '2027-02-30' is no date", "write YYYY-MM-DD"),
    "day: tomorrow": ("f:1:6: day: 'tomorrow' is no date", "write YYYY-MM-DD"),
    "channel: lab": (
        "f:1:10: channel: 'lab' is not known here; did you mean `labs`?",
        "write one of: experimental, labs, mainline",
    ),
    "table: [a]": ("f:1:8: table: is a list, not a mapping", ""),
    "table: {1.10: x}": (
        "f:1:9: table: '1.10' is a number to YAML, not a text",
        'quote it: "1.10"',
    ),
    "children: alone": ("f:1:11: children: is a text, not a list", ""),
    "children: [alone]": (
        "f:1:12: children[0]: is a text, not a mapping",
        "keys: name, only",
    ),
    "children: [{only: x}]": (
        "f:1:12: children[0]: the key `name` is missing",
        "add `name: …`",
    ),
    "children: [{name: bad}]": ("f:1:19: children[0].name: cannot be", "take another"),
    "children: [{name: x, only: alone}]": ("f:1:12: children[0]: fits with nothing", ""),
    "children: [{name: x, place: y}]": (
        "f:1:22: children[0].place: there is no such key",
        "known keys: name, only",
    ),
    "[a]": (
        "f:1:1: is a list, not a mapping",
        "keys: version, channel, flag, day, even, count, share, words, table, children",
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_value_is_told_with_place_path_and_remedy(text: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, text) == WRONG[text]


def test_an_unknown_key_is_answered_with_the_nearest(tmp_path: Path) -> None:
    message, hint = complaint(tmp_path, "verison: x\n")
    assert message == "f:1:1: verison: there is no such key; did you mean `version`?"
    assert hint.startswith("known keys: version, channel")


def test_a_missing_key_is_answered_with_an_example(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("reason: x\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, Strict, name="f")
    assert str(caught.value) == "f:1:1: the key `version` is missing"
    assert caught.value.hint == 'add `version: "1.21"`'


@pytest.mark.parametrize("text", ["0", "13", "-1", "1.5", "0x5", "1_0", "many", "007"])
def test_a_number_is_whole_and_in_its_range(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, "count: 12").count == 12
    message, _ = complaint(tmp_path, f"count: {text}")
    assert message == f"f:1:8: count: {text!r} is no whole number from 1 to 12"


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.25", 0.25), (".25", 0.25), ('"0.25"', 0.25), ("0", 0), ("0.0", 0), ("0.999", 0.999)],
)
def test_a_fraction_is_read_however_yaml_takes_it(tmp_path: Path, text: str, number: float) -> None:
    assert read(tmp_path, f"share: {text}").share == number


@pytest.mark.parametrize(
    "text",
    [
        *("-0.1", "1", "1.0", "2", "0.2.5", "25%", "1e-1", "1.0e-1", "0x1", "1_0.5", "1:30.5"),
        *("nan", ".nan", "inf", ".inf", "-.inf", "0.", ".", "+.5", "half"),
    ],
)
def test_a_fraction_is_decimal_and_in_its_range(tmp_path: Path, text: str) -> None:
    message, hint = complaint(tmp_path, f"share: {text}")
    assert message == f"f:1:8: share: {text!r} is no number from 0 to below 1"
    assert hint == "write it in decimal digits: 0.25"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("share: true", "f:1:8: share: 'true' is a boolean to YAML, not a number"),
        ("share: 2027-01-01", "f:1:8: share: '2027-01-01' is a date to YAML, not a number"),
        ("share: [0.5]", "f:1:8: share: is a list, not a number"),
        ("share:", "f:1:7: share: is empty"),
        ("count: true", "f:1:8: count: 'true' is a boolean to YAML, not a whole number"),
        ("flag: 1", "f:1:7: flag: '1' is a number to YAML, not true or false"),
    ],
)
def test_another_kind_of_value_is_told_as_what_it_is(tmp_path: Path, text: str, told: str) -> None:
    message, hint = complaint(tmp_path, text)
    assert message == told
    assert "quote it" not in hint


class Unread(Record, frozen=True, kw_only=True):
    blob: tuple[bytes, ...] = ()


class Unheld(Record, frozen=True, kw_only=True):
    text: Annotated[str, Meta(max_length=3)] = ""


class Undescribed(Record, frozen=True, kw_only=True):
    text: dict[str, Annotated[str, Meta(pattern="^a")]] | None = None


class Step(Record, frozen=True, kw_only=True):
    step: Annotated[int, Meta(multiple_of=2)] = 2


class Either(Record, frozen=True, kw_only=True):
    either: int | str | None = None


class Odd(Record, frozen=True, kw_only=True):
    odd: Path | None = None


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Unread, "Unread.blob, its members: the reader of data files cannot read a BytesType"),
        (Unheld, "Unheld.text: the reader of data files does not hold `max_length`"),
        (Undescribed, "Undescribed.text, its values: .* does not hold `pattern`"),
        (Step, "Step.step: the reader of data files does not hold `multiple_of`"),
        (Either, "Either.either: the reader of data files cannot choose between types"),
        (Odd, "Odd.odd: Path has no classmethod parse"),
    ],
)
def test_a_type_that_cannot_be_read_is_told_whatever_the_file_says(
    tmp_path: Path, kind: type[Record], told: str
) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("{}", "utf-8")
    with pytest.raises(TypeError, match=told):
        load(file, kind)


def test_a_long_value_is_neither_read_nor_repeated(tmp_path: Path) -> None:
    message, _ = complaint(tmp_path, f"words: {'a' * (MAX_TEXT + 1)}")
    assert message == f"f:1:8: words: is longer than {MAX_TEXT} characters"
    message, _ = complaint(tmp_path, f"version: {'a' * MAX_TEXT}")
    assert len(message) < 120
    message, _ = complaint(tmp_path, f"? {'a' * 5000}\n: x")
    assert len(message) < 120


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    message, _ = complaint(tmp_path, "version: 0.1\nflag: maybe\nversion: x\nwrods: [a]\n")
    assert [line.split(" ")[0] for line in message.splitlines()] == [
        "f:1:10:",
        "f:2:7:",
        "f:3:1:",
        "f:4:1:",
    ]


def test_the_default_name_of_a_file_is_its_path(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: b\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, File)
    assert str(caught.value).startswith(f"{path}:1:1: a: ")


PLAIN = st.sampled_from(
    ["version", "channel", "flag", "day", "even", "words", "table", "children", "name", "only"]
)
FUZZ = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)
VALUES = st.recursive(
    st.sampled_from(["x", "0.1", '"0.1"', "~", "true", "2027-01-01", "labs", "-1", '""']) | PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(PLAIN, inner, max_size=3).map(
            lambda items: f"{{{', '.join(f'{key}: {value}' for key, value in items.items())}}}"
        )
    ),
    max_leaves=8,
)


@given(values=st.dictionaries(PLAIN, VALUES, min_size=1, max_size=5))
@FUZZ
def test_any_mix_of_values_is_read_or_complained_about(
    values: dict[str, str], tmp_path: Path
) -> None:
    try:
        file = read(tmp_path, "\n".join(f"{key}: {value}" for key, value in values.items()))
    except ConfigError as error:
        for line in str(error).splitlines():
            assert line.startswith("f:")
    else:
        assert isinstance(file, File)
