"""Trees: a commit's files with a patch series applied, found again by what went into them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.config.series import Patch
from harness.errors import PatchError
from harness.repository.git import Git, GitFailed
from harness.store import Published, Store, key_of
from harness.tools.inherited import GIT, inherited
from harness.tools.process import CommandFailed, Request, run

_FAILED = re.compile(r"error: patch failed: (?P<file>.+):(?P<line>\d+)")
_MISSING = re.compile(r"error: (?P<file>.+): No such file or directory")


def tree(store: Store, git: Git, sha: str, patches: Sequence[Patch]) -> Published:
    """Return the folder with a commit's patched files.

    Raises PatchError naming the patch, the file and the line of the hunk that does not apply.
    """
    key = key_of({"commit": sha, "patches": [patch.sha256 for patch in patches]})

    def make(folder: Path) -> None:
        scratch = folder.with_suffix(".git")  # goes with what is half made
        try:
            git.export(sha, scratch, folder)
        except GitFailed as error:  # it does not say why it cannot write a file
            error.hint = f"if it could not write, see that {store.root} has free space (df -h)"
            raise
        for patch in patches:
            apply(patch, folder, sha)

    return store.publish("tree", key, make)


def apply(patch: Patch, folder: Path, sha: str) -> None:
    """Apply a patch to the files of a commit that lie in a folder.

    Raises PatchError naming the patch, the file and the line of the hunk that does not apply.
    """
    # GIT_DIR points nowhere so that git applies to plain files wherever the cache lies.
    environment = inherited(GIT, GIT_DIR="/dev/null")
    argv = ["git", "apply", "--whitespace=nowarn", "-"]
    request = Request(argv, cwd=folder, env=environment, stdin=patch.text)
    try:
        run(request)
    except CommandFailed as error:
        raise PatchError(
            f"patch {patch.name} does not apply to {sha[:12]}: {_where(error.output)}",
            hint="narrow its condition in series.yaml, or make a patch for this range",
        ) from error


def _where(words: str) -> str:
    if hunk := _FAILED.search(words):
        return f"{hunk['file']}, hunk at line {hunk['line']}"
    if gone := _MISSING.search(words):
        return f"{gone['file']} is not in this tree"
    return words.strip()
