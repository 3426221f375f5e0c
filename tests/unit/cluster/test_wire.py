"""What is sent and comes back: whole, or told that it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

import harness
from harness.cluster.wire import Answer, Damaged, failure, kin, seal, unseal
from harness.engine.registry_errors import ABSENT, LIMITED, ImageRefused
from harness.errors import UsageError

ANSWER = Answer(key="k", path="/p", cached=True, go_minor=21, warnings=("w",))


def test_an_answer_arrives_as_it_was_sealed() -> None:
    assert unseal(seal(ANSWER)) == ANSWER


@pytest.mark.parametrize("place", [0, 31, 32, 40, -1])
def test_a_bit_that_flipped_is_seen(place: int) -> None:
    sealed = bytearray(seal(ANSWER))
    sealed[place] ^= 1
    with pytest.raises(Damaged):
        unseal(bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 31, 32, 50])
def test_an_answer_that_was_cut_off_is_seen(length: int) -> None:
    with pytest.raises(Damaged):
        unseal(seal(ANSWER)[:length])


def test_an_error_keeps_what_a_user_reads() -> None:
    error = UsageError("asked wrongly", hint="ask otherwise")
    error.add_context("build suite v0.6.4")
    found = failure(error)
    assert (found.error, found.hint, found.exit_code) == (
        "build suite v0.6.4: asked wrongly",
        "ask otherwise",
        2,
    )


def test_an_error_keeps_what_a_server_withholds() -> None:
    limited = ImageRefused("pull", "h.test/go:1", LIMITED, "429")
    assert failure(limited).lacks == limited.lacks == "a higher rate limit of h.test"
    assert failure(ImageRefused("pull", "h.test/go:1", ABSENT, "404")).lacks == ""


def test_kin_names_what_is_different() -> None:
    ours = kin()
    assert ours.other(kin()) == ""
    other = replace(ours, harness="0123", python="3.99", machine="riscv64")
    told = ours.other(other)
    assert f"another version of this program (0123, not {ours.harness})" in told
    assert f"another Python (3.99, not {ours.python})" in told
    assert f"another machine (riscv64, not {ours.machine})" in told


def test_any_file_of_the_package_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "harness"
    (package / "__pycache__").mkdir(parents=True)
    (package / "_data").mkdir()
    (package / "__init__.py").touch()
    monkeypatch.setattr(harness, "__file__", str(package / "__init__.py"))
    before = kin()
    for left_out in ("__pycache__", "_data"):
        (package / left_out / "a").write_text("differs")
    assert kin() == before
    (package / "page.html").write_text("another page")
    assert kin().harness != before.harness
