"""Ancestry read from the whole history at once, held against its definition."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.repository.git import Git
from harness.repository.graph import Graph

Parents = list[list[int]]


class Written(Git):
    """A history that is written down: each commit's parents, which come before it."""

    def __init__(self, parents: Parents) -> None:
        super().__init__(Path("/no/repository"))
        self.parents = parents

    def history(self) -> list[str]:
        rows = enumerate(self.parents)
        return [" ".join([str(n * 86400), sha(n), *map(sha, of)]) for n, of in rows][::-1]


def sha(number: int) -> str:
    return f"{number:040x}"


def reached(parents: Parents, start: int) -> set[int]:
    return {start}.union(*(reached(parents, parent) for parent in parents[start]))


@st.composite
def histories(draw: st.DrawFn) -> Parents:
    size = draw(st.integers(1, 12))
    return [
        draw(st.lists(st.integers(0, n - 1), max_size=2, unique=True)) if n else []
        for n in range(size)
    ]


@given(histories(), st.data())
def test_ancestry_is_what_its_definition_says(parents: Parents, data: st.DataObject) -> None:
    graph = Graph(Written(parents))
    numbers = st.integers(0, len(parents) - 1)
    for one, other in data.draw(st.lists(st.tuples(numbers, numbers), min_size=1)):
        behind = reached(parents, one)
        common = behind & reached(parents, other)
        assert graph.is_ancestor(sha(other), sha(one)) == (other in behind)
        base = graph.merge_base(sha(one), sha(other))
        best = {n for n in common if not any(n in reached(parents, m) for m in common - {n})}
        assert base in {sha(n) for n in best} if common else base is None


def test_a_parent_that_is_not_here_ends_the_history() -> None:
    graph = Graph(Written([[], [0]]))
    graph._git.history = lambda: [f"86400 {sha(1)} {sha(0)}"]  # type: ignore[method-assign]
    assert graph.is_ancestor(sha(1), sha(1))
    assert graph.date(sha(1)) == "1970-01-02"
