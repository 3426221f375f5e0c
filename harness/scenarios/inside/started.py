"""A folder of scenarios as a program: bin/dockerfile.test of its artefact."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.dont_write_bytecode = True
    HOME = Path(__file__).resolve().parents[1]
    sys.path.insert(0, str(HOME / "lib"))

    from harness.scenarios.inside.main import main

    sys.exit(main(sys.argv[1:], HOME / "src"))
