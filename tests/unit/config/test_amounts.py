from __future__ import annotations

import pytest

from harness.config.amounts import Age, Idle, Limit, Size
from harness.config.yamlfile import Complaint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("168h", 604800), ("1s", 1)],
)
def test_a_limit_is_in_seconds(text: str, seconds: float) -> None:
    assert Limit.parse(text) == seconds


def test_an_age_may_be_in_days() -> None:
    assert float(Age.parse("7d")) == 7 * 24 * 3600
    with pytest.raises(Complaint, match="'7d' is no length of time"):
        Limit.parse("7d")


def test_what_is_in_use_now_was_unused_for_no_time_at_all() -> None:
    assert not Idle.parse("0")
    assert float(Idle.parse("14d")) == 14 * 24 * 3600
    with pytest.raises(Complaint, match="'367d' is not between 0 and 366d"):
        Idle.parse("367d")


@pytest.mark.parametrize("text", ["soon", "-5m", "1e3", "5 m", "5M", "5w", "٣s", "1h30m", "1."])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Complaint, match="is no length of time") as caught:
        Limit.parse(text)
    assert caught.value.hint == "write 90s, 30m or 2h"


@pytest.mark.parametrize(
    ("kind", "text", "bound"),
    [(Limit, "0", "168h"), (Limit, "169h", "168h"), (Age, "367d", "366d")],
)
def test_a_length_of_time_has_bounds(kind: type[Limit], text: str, bound: str) -> None:
    with pytest.raises(Complaint, match=f"is not between 1s and {bound}"):
        kind.parse(text)


@pytest.mark.parametrize(
    ("text", "size"), [("512MiB", 512 << 20), ("4GiB", 4 << 30), ("1MiB", 1 << 20)]
)
def test_a_size_is_in_bytes(text: str, size: int) -> None:
    assert Size.parse(text) == size


@pytest.mark.parametrize("text", ["4GB", "4", "4 GiB", "0GiB", "-1GiB", "1.5GiB", "99999999GiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(Complaint, match="is no size") as caught:
        Size.parse(text)
    assert caught.value.hint == "write 512MiB or 4GiB"
