"""Flags of a Go test binary, as scenarios understand them."""

import pytest

from harness.backends.leg import MARKING
from harness.gotest.selection import paths_of_entry, select, select_names
from harness.scenarios.inside.flags import Flags, parse

NAME = "TestIntegration/TestScenarioCopyChmod/worker=oci"
OTHER = "TestIntegration/TestScenarioCopyChmodSymbolic/worker=oci"


def test_what_a_leg_says_is_read() -> None:
    argv = ["-test.v=test2json", "-test.count=1", "-test.parallel=4", "-test.timeout=1810.500s"]
    assert parse([*argv, "-test.run=^A$", "-test.skip=^B$"]) == Flags("^A$", "^B$", 4, 1810.5)
    assert parse(["-test.timeout=1h2m3s"]).timeout == 3723


@pytest.mark.parametrize("argument", ["-k", "-test.run", "-test.timeout=soon", "-test.parallel=x"])
def test_what_is_none_is_refused(argument: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse([argument])


def test_our_own_selections_select_what_they_name() -> None:
    everything = Flags(run=select(worker="oci"))
    assert everything.takes(NAME)
    assert not everything.takes(NAME.replace("oci", "containerd"))
    assert not Flags(run=select(["TestScenarioRun*"], worker="oci")).takes(NAME)
    (one,) = select_names([NAME], MARKING)
    assert Flags(run=one).takes(NAME)
    assert not Flags(run=one).takes(OTHER)
    (both,) = select_names([NAME, OTHER], MARKING)
    assert Flags(run=both).takes(NAME)
    assert Flags(run=both).takes(OTHER)


def test_what_an_entry_skips_is_skipped_and_nothing_else() -> None:
    paths = paths_of_entry("TestScenarioCopyChmod", worker="oci")
    flags = Flags(skip="|".join(paths))
    assert not flags.takes(NAME)
    assert flags.takes(OTHER)
    below = paths_of_entry("TestScenarioCopyChmod", worker="oci", subtest="x")
    assert Flags(skip="|".join(below)).takes(NAME), "it is about a part of it, which there is not"


def test_brackets_and_backslashes_are_gos() -> None:
    assert Flags(run="^Test(?:A|B)$/[/|]").takes("TestA/|")
    assert Flags(run=r"a\/b").takes("a/b") == Flags(run=r"a\/b").takes("xa/b")
