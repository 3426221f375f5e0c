"""Git, through GitPython's command wrapper: reading refs, ancestry and trees of a bare repository.

Values that come from users pass `check_ref_text` before they get here, and every command that
takes a revision ends its options first, so that a name can never be read as an option.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import git as gitpython
from git.exc import GitCommandError, GitCommandNotFound

from harness.errors import InfrastructureError, MissingToolError
from harness.tools.process import redact

INSTALL = "apt-get install git"

_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


def forget_callers_repository() -> None:
    """Drop GIT_* from our environment, once at start: a hook's GIT_DIR must not reach our git.

    The habit is pre-commit's (pre_commit/git.py, no_git_env).
    """
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]


class GitFailed(InfrastructureError):  # noqa: N818 - an event, named as one
    """Git ended with an error; the message carries its last words."""


class Git:
    """One repository, bare or not, that is only read, apart from `fetch`."""

    def __init__(self, path: Path) -> None:
        """Take the folder that holds the repository; nothing is checked yet."""
        self.path = path
        self._git = gitpython.Git(path)
        self._env = dict(_QUIET)

    def run(self, *args: str, env: Mapping[str, str] | None = None) -> str:
        """Run one git command and give its standard output.

        Raises GitFailed with the command's last words, MissingToolError without git.
        """
        try:
            return str(
                self._git.execute(
                    ["git", *args],
                    env={**self._env, **(env or {})},
                    strip_newline_in_stdout=True,
                )
            )
        except GitCommandNotFound as error:
            raise MissingToolError("git is not installed", hint=INSTALL) from error
        except GitCommandError as error:
            words = redact(str(error.stderr).removeprefix("\n  stderr: ").strip("' \n"))
            raise GitFailed(f"git {args[0]} failed in {self.path}: {words}") from error

    def ok(self, *args: str) -> bool:
        """Tell whether a command ends with status 0, for commands that answer by it."""
        status = self._git.execute(
            ["git", *args], env=self._env, with_exceptions=False, with_extended_output=True
        )
        return bool(status[0] == 0)

    def is_repository(self) -> bool:
        """Tell whether git finds a repository at this very folder."""
        return self.path.is_dir() and self.ok("rev-parse", "--git-dir")

    def refs(self) -> Iterator[tuple[str, str]]:
        """Yield (full ref name, commit sha) of all tags and branches, tags peeled."""
        listing = self.run(
            "for-each-ref",
            "--format=%(refname) %(objectname) %(*objectname)",
            "refs/tags",
            "refs/heads",
            "refs/remotes",
        )
        for row in listing.splitlines():
            name, sha, *peeled = row.split(" ")
            yield name, (peeled[0] if peeled and peeled[0] else sha)

    def commit(self, rev: str) -> str | None:
        """Give the full sha of the commit that `rev` names, or None."""
        if not self.ok("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"):
            return None
        return self.run("rev-parse", "--verify", "--end-of-options", f"{rev}^{{commit}}").split(
            "\n"
        )[-1]

    def date(self, sha: str) -> str:
        """Committer date of a commit as YYYY-MM-DD in UTC."""
        return self.run(
            "log", "-1", "--date=format-local:%Y-%m-%d", "--format=%cd", sha, env={"TZ": "UTC"}
        )

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Tell whether `older` is `newer` or an ancestor of it."""
        return self.ok("merge-base", "--is-ancestor", older, newer)

    def merge_base(self, one: str, other: str) -> str | None:
        """Best common ancestor of two commits, or None if they share no history."""
        if not self.ok("merge-base", one, other):
            return None
        return self.run("merge-base", one, other)

    def read(self, sha: str, path: str) -> str | None:
        """Content of a file in a commit's tree, or None if there is none."""
        if not self.ok("cat-file", "-e", f"{sha}:{path}"):
            return None
        return self.run("cat-file", "blob", f"{sha}:{path}")

    def has(self, sha: str, path: str) -> bool:
        """Tell whether a commit's tree has this file or folder."""
        return self.ok("cat-file", "-e", f"{sha}:{path}")

    def export(self, sha: str, index: Path, dest: Path) -> None:
        """Write a commit's tree to the existing folder `dest`.

        `index` is a scratch file of the caller's: nothing is registered in the repository,
        so that a killed export leaves no lock and no worktree behind.
        """
        env = {"GIT_INDEX_FILE": str(index)}
        self.run("read-tree", sha, env=env)
        self.run("checkout-index", "--all", f"--prefix={dest}/", env=env)

    def fetch(self) -> None:
        """Update every tag and branch of a mirror clone from where it came."""
        self.run("fetch", "--quiet", "--prune", "--tags", "origin", "+refs/heads/*:refs/heads/*")


def clone(url: str, dest: Path) -> Git:
    """Clone tags and branches of `url` into the new bare repository `dest`.

    Raises GitFailed if it cannot be reached.
    """
    parent = Git(dest.parent)
    parent.run("clone", "--quiet", "--bare", "--end-of-options", url, str(dest))
    return Git(dest)
