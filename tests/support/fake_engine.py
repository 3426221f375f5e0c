"""An engine and a client program that are made up, as far as the docker backend asks them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.config.lines import load_lines
from harness.engine.builders import Build
from harness.engine.containers import Container, Ended, Power
from harness.engine.endpoint import Endpoint
from harness.engine.product import Product
from harness.errors import CompatError

ROOT = Path(__file__).parents[2]
LINES = load_lines(ROOT / "matrices" / "lines.yaml")
WHOLE = Power((), ())
LACKING = Power(("sys_resource", "bpf"), ("sys_resource",))


class FakeEngine:
    """Has images, and ends every container at once."""

    where = Endpoint("unix:///x", "the default")
    product = Product("Docker Engine", "20.10.24", "amd64", buildkit=True)

    def sweep(self) -> None:
        """Have nothing to remove."""

    def __init__(self, power: Power = WHOLE) -> None:
        self.images: set[str] = set()
        self.labels: dict[str, Mapping[str, str]] = {}
        self.given = power
        self.ran: list[Container] = []
        self.ticked: list[float | None] = []
        self.executed: list[tuple[str, tuple[str, ...]]] = []
        self.end = Ended(0, timed_out=False, out_of_memory=False, seconds=1.0)

    def has_image(self, name: str) -> bool:
        return name in self.images

    def check(self) -> None:
        """Be there."""

    def label(self, image: str, name: str) -> str:
        return self.labels[image].get(name, "")

    def power(self, _image: str) -> Power:
        return self.given

    def run(
        self,
        box: Container,
        _sink: Callable[[bytes], None],
        *,
        timeout: float,
        grace: float,
        tick: Callable[[str], float | None],
    ) -> Ended:
        assert timeout > grace > 0
        self.ran.append(box)
        self.ticked = [tick("box") for _ in range(2)]
        return self.end

    def execute(self, name: str, command: Sequence[str]) -> bytes:
        self.executed.append((name, tuple(command)))
        return b"SIGQUIT: quit\n"


@dataclasses.dataclass
class FakeBuilder:
    """Notes every image that is built, with the text of its Dockerfile."""

    engine: FakeEngine
    name: str = "/usr/bin/docker 20.10.24"
    why: str = "the first that can"
    built: list[tuple[Build, str]] = dataclasses.field(default_factory=list)
    errors: dict[str, list[CompatError]] = dataclasses.field(default_factory=dict)
    """What the first builds end with, by the names of their images."""

    @property
    def texts(self) -> list[str]:
        """The Dockerfiles alone."""
        return [text for _, text in self.built]

    def build(self, wanted: Build) -> str:
        self.built.append((wanted, wanted.dockerfile.read_text()))
        if errors := self.errors.get(wanted.tag):
            raise errors.pop(0)
        self.engine.images.add(wanted.tag)
        self.engine.labels[wanted.tag] = wanted.labels
        return ""
