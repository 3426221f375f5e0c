"""What -test.run and -test.skip select in living Go binaries whose names were made to be hard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.gotest import selection
from tests.support.go_binaries import DEBIAN, NEW, OLD, Binary
from tests.support.go_matching import runs

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=[OLD, NEW])
def binary(request: pytest.FixtureRequest, hostile: Callable[[str], Binary]) -> Binary:
    return hostile(request.param)


def test_every_go_gives_a_test_the_same_name(hostile: Callable[[str], Binary]) -> None:
    new = hostile(NEW).begun()
    assert "TestNames/plain#01" in new
    assert hostile(OLD).begun() == new
    assert hostile(DEBIAN).begun(form="true") == new


def test_each_subtest_has_a_name_of_its_own(hostile: Callable[[str], Binary]) -> None:
    for version, form in ((DEBIAN, "true"), (OLD, "test2json"), (NEW, "test2json")):
        heard, _ = hostile(version).run("^TestNames$", form=form)
        assert not any("again" in note for note in heard.parsed.notes)


def test_each_hostile_name_can_be_selected_alone(binary: Binary) -> None:
    every = binary.begun()
    assert len(every) > 120
    for name in sorted(every)[:: 3 if binary.go_minor == 21 else 2]:
        value = "|".join(selection.paths_of([name]))
        heard, _ = binary.run(value)
        begun = {*heard.leaves, *heard.parsed.parents}
        wanted = {
            other
            for other in every
            if (other + "/").startswith(name + "/") or name.startswith(other + "/")
        }
        assert begun == wanted, value
        assert begun == {other for other in every if runs(other, value)}, value


def test_hostile_names_can_be_selected_and_skipped_together(binary: Binary) -> None:
    every = sorted(binary.begun() - {"TestNames"})
    chosen = every[::7]
    [value] = selection.select_names(chosen, binary.go_minor)
    heard, _ = binary.run(value)
    begun = {*heard.leaves, *heard.parsed.parents}
    assert begun == {name for name in ["TestNames", *every] if runs(name, value)}
    assert begun > set(chosen)
    skipped = selection.skip(selection.paths_of(chosen), binary.go_minor)
    left = binary.begun(f"-test.skip={skipped}")
    gone = {n for n in every if any((n + "/").startswith(top + "/") for top in chosen)}
    assert left == {"TestNames", *every} - gone


def test_an_entry_skips_its_sandboxes_and_leaves_their_neighbours(binary: Binary) -> None:
    paths = [
        re.sub(r"^\^TestIntegration\$", "^TestNames$", path)
        for path in selection.paths_of_entry("TestFn", worker="oci", params={"fileop": "false"})
    ]
    left = binary.begun(f"-test.skip={selection.skip(paths, binary.go_minor)}")
    gone = binary.begun() - left
    assert gone
    assert {name.split("/")[3] for name in gone} == {"fileop=false"}
    assert "TestNames/TestFn/worker=oci/frontend=gateway" in left
    assert "TestNames/TestFn/worker=oci-rootless/frontend=gateway" in left
