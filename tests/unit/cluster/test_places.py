"""What a task needs, and the sentence where nobody has it."""

from __future__ import annotations

import pytest

from harness.cluster.places import SHARE, Executor, lacking, of_build, of_cell, pairs
from harness.errors import UsageError

NATIVE = of_cell(legs=2, memory=1 << 30, backend="native", engine=False)
WHOLE = {"cores": 2.0, "memory": float(1 << 30), "privileged": 1.0}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("dask://scheduler:8786", "tcp://scheduler:8786"),
        ("dask://10.0.0.7:1", "tcp://10.0.0.7:1"),
        ("dask://[::1]:65535", "tcp://[::1]:65535"),
    ],
)
def test_an_address(text: str, address: str) -> None:
    assert Executor.parse(text, 3) == Executor(address=address, jobs=3)


def test_workers_here() -> None:
    assert Executor.parse("local:4") == Executor(workers=4)


@pytest.mark.parametrize(
    "text",
    [
        *("", "local", "local:", "local:0", "local:257", "local:-1", "local:two", "local:٣"),
        *("dask://", "dask://host", "dask://host:0", "dask://host:65536", "tcp://host:8786"),
        *("dask://host:8786/path", "dask://user@host:8786", "dask://host:87:86", "scheduler:8786"),
        "local:4\n",
    ],
)
def test_what_names_nobody_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Executor.parse(text)
    assert "dask://HOST:PORT" in caught.value.hint
    assert caught.value.exit_code == 2


def test_workers_here_are_as_many_as_the_jobs() -> None:
    with pytest.raises(UsageError, match="local:2 says how many pairs run at once"):
        Executor.parse("local:2", 3)


def test_what_tasks_need() -> None:
    assert NATIVE == {"cores": 2, "memory": 1 << 30, "privileged": SHARE}
    docker = of_cell(legs=1, memory=5, backend="docker", engine=False)
    assert docker == {"cores": 1, "memory": 5, "engine": SHARE}
    scenario = of_cell(legs=2, memory=5, backend="native", engine=True)
    assert set(scenario) == {"cores", "memory", "privileged", "engine"}
    assert set(of_build(memory=5, backend="native")) == {"cores", "memory"}
    assert set(of_build(memory=5, backend="docker")) == {"cores", "memory", "engine"}


def test_one_who_has_all_is_enough() -> None:
    assert lacking("a cell", NATIVE, [{}, WHOLE]) == ""


@pytest.mark.parametrize(
    ("workers", "told"),
    [
        ([], "no worker has cores=2, which a cell needs"),
        (
            [WHOLE | {"cores": 1.0}],
            "no worker has cores=2, which a cell needs (the most is cores=1)",
        ),
        (
            [WHOLE | {"memory": 5.0}],
            "no worker has memory=1073741824, which a cell needs (the most is memory=5)",
        ),
        (
            [{"cores": 2.0, "memory": 2e9}],
            "no worker has the resource `privileged`, which a cell needs",
        ),
        (
            [{"cores": 2.0, "privileged": 1.0}, {"memory": 2e9}],
            (
                "no worker has all of cores=2, memory=1073741824, the resource `privileged`, "
                "which a cell needs together"
            ),
        ),
    ],
)
def test_what_nobody_has_is_named(workers: list[dict[str, float]], told: str) -> None:
    assert lacking("a cell", NATIVE, workers) == told


def test_pairs_are_what_the_cores_of_each_hold() -> None:
    assert pairs([{"cores": 5.0}, {"cores": 2.0}, {"cores": 1.0}, {}]) == 3
    assert pairs([]) == 1
