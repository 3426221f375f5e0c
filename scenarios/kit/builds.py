"""Builds with the frontend under test on the daemon at hand."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Self

from kit import busybox
from kit.images import Image, read_archive, read_registry
from kit.live import FRONTEND, Live
from kit.outcomes import BuildFailedError, WrongError
from kit.trees import Files, Tree, read_tar, write

_PATIENCE = 60.0
LIMIT = 900.0
"""Seconds of a build; the harness watches for hangs much sooner."""


class Builds:
    """Builds of one scenario, in its own folder."""

    def __init__(self, live: Live, folder: Path) -> None:
        """Build on a daemon, and keep files in a folder."""
        self.live = live
        self.folder = folder
        self.source = FRONTEND
        """The frontend."""
        self.buildctl = live.client
        """What is called."""
        self.nonce = uuid.uuid4().hex
        """What no other scenario has, for names and contents that must not meet."""
        self.log = ""
        """What the client printed in the last build."""
        self.numbers = count()
        self.built: list[str] = []
        """The Dockerfiles that were built, each once; kept with what came of the scenario."""

    @cached_property
    def base(self) -> str:
        """The name of a busybox that no other scenario builds on; pushed when it is asked for.

        It has not the nonce: nobody forgets the base while something built on it is kept.
        While another build holds their base, daemons run again what they have in their cache:
        https://github.com/moby/buildkit/issues/4674.
        """
        name = f"base-{uuid.uuid4().hex}"
        busybox.push(self.live.registry, name, whose=name)
        return f"{self.live.registry.address}/{name}"

    def tree(self, dockerfile: str, files: Files | None = None, **more: object) -> Tree:
        """Build, and return the files of the result."""
        return read_tar(self.run(dockerfile, files, output="type=tar", **more).read_bytes())  # type: ignore[arg-type] # run's own

    def image(self, dockerfile: str, files: Files | None = None, **more: object) -> Image:
        """Build, and return the image."""
        more = {"output": "type=oci", **more}
        return read_archive(self.run(dockerfile, files, **more).read_bytes())  # type: ignore[arg-type] # run's own

    def pushed(
        self, dockerfile: str, files: Files | None = None, output: str = "", **more: object
    ) -> Image:
        """Build, push with further options of the exporter, and return what the registry has."""
        name = f"{self.live.registry.address}/{self.nonce}"
        options = ",".join(filter(None, (f"type=image,name={name},push=true", output)))
        self.run(dockerfile, files, output=options, **more)  # type: ignore[arg-type] # run's own
        return read_registry(self.live.registry, self.nonce)

    def got(self, dockerfile: str, files: Files | None = None, **more: object) -> str:
        """Build, and return the text of /got, which is in the last layer."""
        return self.image(dockerfile, files, **more).layer(-1)["got"].text

    def fails(self, dockerfile: str, files: Files | None = None, **more: object) -> str:
        """Build what must fail, and return what the client said. Raises WrongError."""
        try:
            self.tree(dockerfile, files, **more)
        except BuildFailedError as error:
            return error.words
        raise WrongError("expected the build to fail; it succeeded")

    def run(  # noqa: PLR0913 - what a client may be told
        self,
        dockerfile: str,
        files: Files | None = None,
        *,
        output: str,
        opts: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        local: bool = True,
        environment: Mapping[str, str] | None = None,
        frontend: str = "",
        named: Files | None = None,
    ) -> Path:
        """Build and return the path of what came out. Raises BuildFailedError, WrongError.

        `opts` are the frontend's, `arguments` the client's. Without `local` there is neither
        context nor Dockerfile but those that `opts` name. `frontend` is the daemon's own that is
        asked instead of the one under test, `named` what is beside the Dockerfile.
        """
        number = next(self.numbers)
        self.note(dockerfile if local else "")
        dest = self.folder / f"out{number}"
        argv = ["--frontend", frontend or "gateway.v0"]
        argv += [] if frontend else ["--opt", f"source={self.source}"]
        if local:
            context = write(self.folder / f"context{number}", files or {})
            beside = {"Dockerfile": dedent(dockerfile), **(named or {})}
            folder = write(self.folder / f"file{number}", beside)
            argv += ["--local", f"context={context}", "--local", f"dockerfile={folder}"]
        for key, value in (opts or {}).items():
            argv += ["--opt", f"{key}={value}"]
        placed = not output or "push=" in output or "dest=" in output
        if output:
            argv += ["--output", output if placed else f"{output},dest={dest}"]
        self.client(*argv, *arguments, environment=environment)
        if not placed and not dest.exists():
            raise WrongError(f"expected --output {output} to write something; nothing is there")
        return dest

    def note(self, dockerfile: str) -> None:
        """Keep a Dockerfile as one that was built."""
        text = dedent(dockerfile).strip("\n")
        if text and text not in self.built:
            self.built.append(text)

    def forget(self) -> None:
        """Let the daemon remove what it keeps of commands that have this scenario's nonce.

        Raises RuntimeError if it does not within a minute: what a build used is in use for a while.
        """
        until = time.monotonic() + _PATIENCE
        while kept := self.kept():
            if time.monotonic() > until:
                raise RuntimeError(f"the daemon goes on keeping {kept}")
            # Old daemons look for nothing but ids where they prune.
            self.ask("prune", "--all", *(f"--filter=id=={one}" for one in kept))

    def kept(self) -> list[str]:
        """Return the ids of what the daemon keeps of commands that have this scenario's nonce."""
        records = self.ask("du", "--verbose").split("\n\n")
        return [one.split()[1] for one in records if self.nonce in one]

    def beside(self, name: str) -> Self:
        """Return builds of the same scenario that may run at the same time, in another folder."""
        other = type(self)(self.live, self.folder / name)
        other.built = self.built
        return other

    def end(self) -> None:
        """Leave nothing; a daemon is gone with all that it has."""

    def allow(self, *entitlements: str) -> list[str]:
        """Return the client's arguments that ask for entitlements, of which the daemon knows."""
        known = [name for name in entitlements if name in self.live.entitlements]
        return [part for name in known for part in ("--allow", name)]

    def client(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Call the client's `build`, and return what it printed. Raises BuildFailedError."""
        return self.ask("build", "--progress", "plain", *arguments, environment=environment)

    def ask(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Call the client, and return what it printed. Raises BuildFailedError."""
        ended = subprocess.run(
            [self.buildctl, "--addr", self.live.socket, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            check=False,
            env={**os.environ, **(environment or {})},
        )
        self.log = ended.stdout.decode(errors="replace")
        if ended.returncode:
            raise BuildFailedError(self.log)
        return self.log
