from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.config import yamlfile
from harness.config.yamlfile import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_SHOWN,
    Mapping,
    Place,
    Problems,
    Scalar,
    Sequence,
    parse,
)
from harness.errors import ConfigError
from tests.support.project_docs import ROOT

HOSTILE = {
    "empty": (b"", "is empty"),
    "only a comment": (b"# nothing\n", "is empty"),
    "not utf-8": (b"a: 1\nb: \xff\n", ":2:4: is not UTF-8"),
    "utf-16": ("a: 1".encode("utf-16"), ":1:1: is not UTF-8"),
    "nul": (b"a: x\0y\n", ":1:5: holds a character that YAML does not allow (U+0000)"),
    "escaped nul": (b'a: "\\0"', ":1:4: holds a control character"),
    "escaped surrogate": (b'a: "\\ud800"', ":1:4: holds a control character or half a surrogate"),
    "escape beyond unicode": (b'a: "\\UFFFFFFFF"', ":1:7: is not YAML"),
    "absurd directive": (b"%YAML " + b"1" * 5000 + b".1\n---\na: 1", ":1:7: is not YAML"),
    "tab": (b"a:\n\t- b\n", ":2:1: is not YAML: found character '\\t'"),
    "open quote": (b'a: "b\n', "is not YAML"),
    "python object": (b"a: !!python/object/apply:os.system [id]\n", ":1:4: tags are not read"),
    "standard tag": (b"a: !!str 1\n", ":1:4: tags are not read"),
    "named tag": (b"%TAG ! tag:x,2000:\n---\na: !b 1\n", ":3:4: tags are not read"),
    "tag of control characters": (b"a: !%1b%5b2J 1\n", "read here ('!\\x1b[2J')"),
    "anchor": (b"a: &x 1\n", ":1:4: anchors and aliases"),
    "alias bomb": (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", ":1:4: anchors and aliases"),
    "alias to nothing": (b"a: *x\n", ":1:4: anchors and aliases"),
    "second document": (b"a: 1\n---\nb: 2\n", ":2:1: holds a second document"),
    "deep flow": (b"[" * 20_000, f"nested more than {MAX_DEPTH} levels"),
    "deep block": (b"- " * 1000 + b"x", f"nested more than {MAX_DEPTH} levels"),
    "deep mapping": (b"\n".join(b" " * i + b"a:" for i in range(400)), "nested more than"),
    "key is a list": (b"? [a]\n: b\n", "a key is a list or a mapping"),
    "large": (b"a" * (MAX_BYTES + 1), f"is larger than {MAX_BYTES} bytes"),
}


FUZZ = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)


def write(folder: Path, raw: bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_place(name: str, tmp_path: Path) -> None:
    raw, wanted = HOSTILE[name]
    path = write(tmp_path, raw)
    with pytest.raises(ConfigError) as caught:
        parse(path, Problems())
    assert str(caught.value).startswith(str(path))
    assert wanted in str(caught.value)


def test_a_tab_is_answered_with_what_to_write_instead(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(write(tmp_path, b"a:\n\t- b\n"), Problems())
    assert caught.value.hint == "indent with spaces, not tabs"


@pytest.mark.parametrize("make", ["missing", "folder", "nul in the name"])
def test_what_is_no_file_is_refused(make: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    if make == "folder":
        path.mkdir()
    elif make == "nul in the name":
        path = tmp_path / "x\0y"
    with pytest.raises(ConfigError, match="there is no such file"):
        parse(path, Problems())


@given(
    raw=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
@FUZZ
def test_any_bytes_give_a_tree_or_a_config_error(raw: bytes, tmp_path: Path) -> None:
    try:
        node = parse(write(tmp_path, raw), Problems())
    except ConfigError as error:
        assert str(error)  # noqa: PT017 - either outcome is right, any other exception is not
    else:
        assert isinstance(node, Mapping | Sequence | Scalar)


def test_values_keep_their_text_and_place(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbfa: 0.10\nb:\n  - "yes"\n  - yes\n')
    root = parse(path, Problems(), name="given.yaml")
    assert isinstance(root, Mapping)
    (_, number), (key, items) = root.entries
    assert number == Scalar(Place("given.yaml", 1, 4), "0.10", "float")
    assert key == Scalar(Place("given.yaml", 2, 1), "b", "str")
    assert isinstance(items, Sequence)
    assert items.items == (
        Scalar(Place("given.yaml", 3, 5), "yes", "str"),
        Scalar(Place("given.yaml", 4, 5), "yes", "bool"),
    )


def test_a_duplicate_key_names_the_first_and_keeps_it(tmp_path: Path) -> None:
    problems = Problems()
    root = parse(write(tmp_path, b"a: 1\nb: 2\na: 3\n"), problems, name="f")
    assert isinstance(root, Mapping)
    assert [(key.text, value.text) for key, value in root.entries if isinstance(value, Scalar)] == [
        ("a", "1"),
        ("b", "2"),
    ]
    with pytest.raises(ConfigError, match="f:3:1: a: the key stands twice; first on line 1"):
        problems.raise_any()


def test_one_problem_keeps_its_hint_apart() -> None:
    problems = Problems()
    problems.add(Place("f", 2, 3), "a.b", "is wrong", "write right")
    with pytest.raises(ConfigError) as caught:
        problems.raise_any()
    assert str(caught.value) == "f:2:3: a.b: is wrong"
    assert caught.value.hint == "write right"


def test_all_problems_come_in_the_order_of_the_file_up_to_a_bound() -> None:
    problems = Problems()
    for line in range(MAX_SHOWN + 5, 0, -1):
        problems.add(Place("f", line, 1), "", "is wrong", "mend it")
    with pytest.raises(ConfigError) as caught:
        problems.raise_any()
    lines = str(caught.value).splitlines()
    assert lines[0] == "f:1:1: is wrong [mend it]"
    assert len(lines) == MAX_SHOWN + 1
    assert lines[-1] == "f: 5 more problems"


def test_no_problem_raises_nothing() -> None:
    Problems().raise_any()


def test_every_data_file_is_the_same_tree_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = ("matrices", "skiplists", "patches", "examples")
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.yaml"))]
    fast = [parse(file, Problems()) for file in files]
    monkeypatch.setattr(yamlfile, "_FAST", yaml.SafeLoader)
    assert [parse(file, Problems()) for file in files] == fast
    assert len(files) > 10
