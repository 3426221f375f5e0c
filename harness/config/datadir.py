"""Where the data folders are: given, the checkout's own, or those inside an installed wheel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "COMPAT_DATA"
LINES = Path("matrices", "lines.yaml")


@dataclass(frozen=True)
class Data:
    """The files and folders that people edit."""

    root: Path

    @property
    def matrices(self) -> Path:
        """Lines, images and matrices."""
        return self.root / "matrices"

    @property
    def lines_file(self) -> Path:
        """Release lines (harness.config.lines)."""
        return self.root / LINES

    @property
    def images_file(self) -> Path:
        """Recipes of the images that tests mirror (harness.images)."""
        return self.matrices / "images.yaml"

    @property
    def engines_file(self) -> Path:
        """Which BuildKit Docker Engine has inside (harness.config.engines)."""
        return self.matrices / "engines.yaml"

    @property
    def oracle_file(self) -> Path:
        """What daemons should never say (harness.config.oracle)."""
        return self.matrices / "oracle.yaml"

    @property
    def patches(self) -> Path:
        """Patch series (harness.config.series)."""
        return self.root / "patches"

    @property
    def skiplists(self) -> Path:
        """Skip lists (harness.config.skiplists)."""
        return self.root / "skiplists"

    @property
    def floors(self) -> Path:
        """Floors of tests (harness.config.floors)."""
        return self.skiplists / "floors"

    @property
    def scenarios(self) -> Path:
        """Tests of ours, run by `compat scenarios` (harness.scenarios)."""
        return self.root / "scenarios"

    @property
    def examples(self) -> Path:
        """The demo's sources."""
        return self.root / "examples"


def find_data(option: Path | None, environment: Mapping[str, str]) -> Data:
    """Find the data folders: `--data`, else COMPAT_DATA, else what came with this package.

    Raises:
        ConfigError: A folder that was named holds no matrices/lines.yaml, or none came along.

    """
    named = option or (Path(environment[VARIABLE]) if environment.get(VARIABLE) else None)
    if named is not None:
        source = "--data" if option else VARIABLE
        if not (named / LINES).is_file():
            hint = f"name a folder that holds {LINES}, patches/ and skiplists/"
            raise ConfigError(f"{source}: {named} holds no {LINES}", hint=hint)
        return Data(named.resolve())
    package = Path(__file__).resolve().parents[1]
    for root in (package.parent, package / "_data"):
        if (root / LINES).is_file():
            return Data(root)
    hint = "install the package again, or name a folder with --data"
    raise ConfigError(f"no {LINES} came with this package ({package})", hint=hint)
