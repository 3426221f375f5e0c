"""Small real repositories, laid out as BuildKit's is, for the tests of what reads one."""

from __future__ import annotations

from pathlib import Path

from harness.tools.inherited import GIT, inherited
from harness.tools.process import Request, run

TESTS = "frontend/dockerfile/dockerfile_test.go"
"""The file that makes a repository a BuildKit with tests."""


class Origin:
    """A repository with a work tree that a test writes to; each commit is a day younger."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._days = 0
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--template=", "--initial-branch=master")

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def git(self, *args: str, **env: str) -> str:
        environment = inherited(GIT, TZ="UTC", **env)
        words = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
        return run(Request([*words, *args], cwd=self.path, env=environment)).text.strip()

    def commit(self, subject: str, files: dict[str, str] | None = None, *, tag: str = "") -> str:
        """Write files and commit everything; gives the commit's id."""
        for name, content in ({TESTS: f"// {subject}\n"} if files is None else files).items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        self._days += 1
        when = f"2020-02-{self._days:02}T23:30:00-05:00"
        self.git("add", "--all")
        self.git(
            *("commit", "--quiet", "--allow-empty", f"--message={subject}"),
            GIT_AUTHOR_DATE=when,
            GIT_COMMITTER_DATE=when,
        )
        if tag:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, start: str = "HEAD") -> None:
        """Make a branch and go there."""
        self.git("checkout", "--quiet", "-b", name, start)

    def go_to(self, name: str) -> None:
        self.git("checkout", "--quiet", name)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file below a folder with its size and time of change: what a write alters."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
    }
