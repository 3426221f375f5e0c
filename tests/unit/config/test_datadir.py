from __future__ import annotations

from pathlib import Path

import pytest

from harness.config import datadir
from harness.config.datadir import find_data
from harness.errors import ConfigError


def make(root: Path) -> Path:
    (root / "matrices").mkdir(parents=True)
    (root / "matrices" / "lines.yaml").touch()
    return root


def test_the_option_wins_over_the_environment(tmp_path: Path) -> None:
    given, other = make(tmp_path / "given"), make(tmp_path / "other")
    assert find_data(given, {"COMPAT_DATA": str(other)}).root == given
    assert find_data(None, {"COMPAT_DATA": str(other)}).root == other


def test_the_folders_lie_below_the_root(tmp_path: Path) -> None:
    data = find_data(make(tmp_path), {})
    assert data.lines_file == tmp_path / "matrices/lines.yaml"
    assert data.images_file == tmp_path / "matrices/images.yaml"
    assert data.patches == tmp_path / "patches"
    assert data.skiplists == tmp_path / "skiplists"
    assert data.examples == tmp_path / "examples"


def test_a_folder_without_lines_is_refused_by_the_name_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--data: .* holds no matrices/lines\.yaml"):
        find_data(tmp_path, {})
    with pytest.raises(ConfigError, match=r"COMPAT_DATA: .* holds no matrices/lines\.yaml"):
        find_data(None, {"COMPAT_DATA": str(tmp_path)})


def test_an_empty_variable_is_as_none() -> None:
    assert find_data(None, {"COMPAT_DATA": ""}) == find_data(None, {})


@pytest.mark.parametrize("place", ["checkout", "wheel"])
def test_what_came_with_the_package_is_found(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "harness"
    root = make(package.parent if place == "checkout" else package / "_data")
    monkeypatch.setattr(datadir, "__file__", str(package / "config" / "datadir.py"))
    assert find_data(None, {}).root == root


def test_a_package_without_data_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datadir, "__file__", str(tmp_path / "harness" / "config" / "datadir.py"))
    with pytest.raises(ConfigError) as caught:
        find_data(None, {})
    assert "--data" in caught.value.hint
