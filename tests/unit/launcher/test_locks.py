"""What is installed is pinned whole: each version, each hash, and no index is named."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.launcher.environment import EXTRAS

ROOT = Path(__file__).parents[3]
LOCKS = ROOT / "locks"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock."""

    wanted: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name as indexes write it."""
        return canonicalize_name(self.wanted.name)

    @property
    def version(self) -> Version:
        """The one version that is wanted."""
        (specifier,) = self.wanted.specifier
        assert specifier.operator == "=="
        return Version(specifier.version)

    def on(self, python: str) -> bool:
        """Return whether it is installed by a CPython of this version on Linux."""
        if self.wanted.marker is None:
            return True
        return self.wanted.marker.evaluate(
            {
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
                "python_full_version": f"{python}.0",
                "python_version": python,
                "sys_platform": "linux",
            }
        )


def _pins(name: str) -> list[Pin]:
    """Read a lock; every line is a comment or belongs to a pin."""
    text = re.sub(r"\\\n\s*", "", (LOCKS / name).read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    pins = []
    for line in lines:
        wanted, *hashes = re.split(r"\s+--hash=", line.strip())
        pins.append(Pin(Requirement(wanted), tuple(hashes)))
    return pins


def _ranges(name: str) -> list[Requirement]:
    """Collect what pyproject.toml asks of a lock."""
    groups: dict[str, Any] = PROJECT["dependency-groups"]

    def group(key: str) -> list[str]:
        found = []
        for entry in groups[key]:
            found += [entry] if isinstance(entry, str) else group(entry["include-group"])
        return found

    own: list[str] = PROJECT["project"]["dependencies"]
    extra: list[str] = PROJECT["project"]["optional-dependencies"]["dask"]
    asked = {
        "run.txt": own,
        "dask.txt": own + extra,
        "runner.txt": group("runner"),
        "dev.txt": own + extra + group("dev"),
    }
    return [Requirement(text) for text in asked[name]]


NAMES = sorted(path.name for path in LOCKS.glob("*.txt"))


def test_there_is_a_lock_for_the_product_its_extra_the_runner_and_all_else() -> None:
    assert NAMES == ["dask.txt", "dev.txt", "run.txt", "runner.txt"]


def test_the_launcher_knows_what_is_an_extras_alone() -> None:
    wanted = PROJECT["project"]["optional-dependencies"].values()
    assert [Requirement(one).name for extra in wanted for one in extra] == [*EXTRAS]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", NAMES)
def test_every_range_is_met_under_every_python(name: str, python: str) -> None:
    pinned = {pin.name: pin.version for pin in _pins(name) if pin.on(python)}
    for wanted in _ranges(name):
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), wanted


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", NAMES)
def test_no_package_is_pinned_twice_under_one_python(name: str, python: str) -> None:
    names = [pin.name for pin in _pins(name) if pin.on(python)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", NAMES)
def test_every_pin_has_hashes(name: str) -> None:
    for pin in _pins(name):
        assert pin.version >= Version("0")
        assert pin.hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", it) for it in pin.hashes), pin


@pytest.mark.parametrize("name", ["dask.txt", "run.txt", "runner.txt"])
def test_the_smaller_locks_are_parts_of_the_whole_one(name: str) -> None:
    whole = {(pin.name, pin.version, pin.hashes) for pin in _pins("dev.txt")}
    assert {(pin.name, pin.version, pin.hashes) for pin in _pins(name)} <= whole


def test_what_builds_the_wheel_is_locked() -> None:
    pinned = {pin.name: pin.version for pin in _pins("dev.txt")}
    for wanted in map(Requirement, PROJECT["build-system"]["requires"]):
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)])


def test_the_linter_from_npm_is_locked_with_all_that_it_needs() -> None:
    lock = json.loads((LOCKS / "npm" / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((LOCKS / "npm" / "package.json").read_text("utf-8"))["devDependencies"]
    root = lock["packages"].pop("")
    assert root["devDependencies"] == wanted
    assert {f"node_modules/{name}" for name in wanted} <= set(lock["packages"])
    for entry in lock["packages"].values():
        assert entry["version"]
        assert entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry, "it names an index: --omit-lockfile-registry-resolved"


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_no_lock_names_an_index(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "://" not in text
    options = re.findall(r"(?m)^\s*(-{1,2}[\w-]+)", text)
    assert set(options) == {"--hash"}
