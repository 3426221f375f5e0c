"""Git: refs, ancestry and trees of one repository, which is only read, and clones of ours.

Names that come from users pass `refnames.check_text` before they get here, and a command that takes
one ends its options first, so that a name can never be read as an option. Git is told where the
repository is and never looks for one, so that no other can be taken for it. It runs through
process.py like every program: with a time limit, and stopped when its caller is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import InfrastructureError
from harness.repository.credentials import Remote
from harness.tools.inherited import GIT, REMOTE_GIT, Kind, inherited
from harness.tools.process import CommandFailed, Completed, Request, find, run
from harness.tools.redaction import redact

_SETTINGS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "log.showSignature=false"),
)
"""Over a repository's own: what would start programs, and be read for what was asked for."""

_SHA256_DIGITS = 64

_PATIENCE = 600.0
"""Seconds for what reads the repository."""

_NETWORK_PATIENCE = 3600.0
"""Seconds for what fetches; a first clone of BuildKit takes minutes."""

_MISSING = b" missing"
_NO_SUCH = "couldn't find remote ref"
_SYMBOLIC = "ref: "

_YES_OR_NO = frozenset({0, 1})
"""Statuses by which git answers; any other means that it cannot say."""


class GitFailed(InfrastructureError):  # noqa: N818 - an event, named as one
    """Git ended with an error; the message carries its last words."""


class Git:
    """One repository, bare or not, that is only read, apart from `fetch`."""

    def __init__(self, path: Path) -> None:
        """Take the folder that holds the repository; nothing is checked yet."""
        self.path = path
        below = path / ".git"
        self._git_dir = str((below if below.exists() else path).absolute())
        self._seen: dict[tuple[str, str], bool] = {}
        self._texts: dict[tuple[str, str], str] = {}

    def run(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        kind: Kind = GIT,
        patience: float = _PATIENCE,
    ) -> str:
        """Run one git command and return its standard output without the last line's end.

        Raises GitFailed with the command's last words, MissingToolError without git.
        """
        return self._call(*args, env=env, kind=kind, patience=patience).text.removesuffix("\n")

    def _says_yes(self, *args: str) -> bool:
        return self._call(*args, accept=_YES_OR_NO).status == 0

    def _call(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        kind: Kind = GIT,
        patience: float = _PATIENCE,
        accept: frozenset[int] = frozenset({0}),
        stdin: bytes = b"",
    ) -> Completed:
        environment = inherited(kind, **{"GIT_DIR": self._git_dir, **(env or {})})
        return _git(args, self.path, environment, patience=patience, accept=accept, stdin=stdin)

    def check(self) -> None:
        """Check that there is a repository at this very folder, and all of its history.

        Raises GitFailed if not.
        """
        if self.run("rev-parse", "--is-shallow-repository") == "true":
            raise GitFailed(
                f"{self.path} is a shallow clone, so no commit's place in history can be told",
                hint="git fetch --unshallow",
            )

    def refs(self) -> Iterator[tuple[str, str]]:
        """Yield (full ref name, commit sha) of all tags and branches that lead to a commit."""
        listing = self.run(
            "for-each-ref",
            "--format=%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)",
            "refs/tags",
            "refs/heads",
            "refs/remotes",
        )
        # Names may hold what Python takes for the end of a line, such as U+2028, but no line feed.
        for row in listing.split("\n") if listing else ():
            name, kind, sha, inner, peeled = row.split(" ")
            if "commit" in {kind, inner}:
                yield name, peeled or sha
            elif inner == "tag" and (commit := self.commit(sha)):
                yield name, commit  # a tag of a tag

    def history(self) -> list[str]:
        """Return `TIME SHA PARENT…` of each commit behind a tag or branch, children before parents.

        The time is the committer's, in seconds since 1970.
        """
        words = ("--topo-order", "--parents", "--timestamp", "--tags", "--branches", "--remotes")
        return self.run("rev-list", *words).splitlines()

    def commit(self, rev: str) -> str | None:
        """Return the full sha of the commit that `rev` names, or None."""
        args = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
        found = self._call(*args, accept=_YES_OR_NO)
        # Git before 2.30 prints --end-of-options too.
        return found.text.split()[-1] if found.status == 0 else None

    def commits(self, digits: str) -> list[str]:
        """Return the commits whose ids begin with these hex digits, in order."""
        return self.which(sorted(self.run("rev-parse", f"--disambiguate={digits}").split()))

    def which(self, ids: Iterable[str]) -> list[str]:
        """Return which of these ids are those of commits here, in their order."""
        asked = "".join(f"{it}\n" for it in ids).encode()
        rows = self._call("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
        return [row.removesuffix(" commit") for row in rows.text.split("\n") if "commit" in row]

    def date(self, sha: str) -> str:
        """Committer date of a commit as YYYY-MM-DD in UTC."""
        return self.run(
            "log", "-1", "--date=format-local:%Y-%m-%d", "--format=%cd", sha, env={"TZ": "UTC"}
        )

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether `older` is `newer` or an ancestor of it; what is not here is neither."""
        try:
            return self._says_yes("merge-base", "--is-ancestor", older, newer)
        except GitFailed:
            if self.commit(older) is None:
                return False
            raise

    def merge_base(self, one: str, other: str) -> str | None:
        """Best common ancestor of two commits, or None if they share no history."""
        found = self._call("merge-base", one, other, accept=_YES_OR_NO)
        return found.text.strip() if found.status == 0 else None

    def read(self, sha: str, path: str) -> str | None:
        """Content of a file in a commit's tree, or None if there is none."""
        if not self.has(sha, path):
            return None
        known = self._texts.get((sha, path))
        return self.run("cat-file", "blob", f"{sha}:{path}") if known is None else known

    def has(self, sha: str, path: str) -> bool:
        """Return whether a commit's tree has this file or folder."""
        if (sha, path) in self._seen:
            return self._seen[sha, path]
        return bool(self.run("ls-tree", "--full-tree", "--name-only", sha, "--", path))

    def search(self, sha: str, pattern: str, path: str) -> list[str]:
        """List what an extended regular expression matches in files of a commit's tree.

        `path` is a glob whose `*` does not cross a slash.
        """
        how = ("-h", "-o", "-E", "--no-color", "--no-line-number", "--no-column", "--full-name")
        asked = ("grep", *how, "-e", pattern, sha, "--", f":(top,glob){path}")
        return self._call(*asked, accept=_YES_OR_NO).text.splitlines()

    def look_ahead(self, shas: Iterable[str], paths: Iterable[str], texts: Iterable[str]) -> None:
        """Prefetch for many commits what `has` and `read` will be asked.

        `paths` are known then, of `texts` the content too. Raises GitFailed.
        """
        asked = [(sha, path) for sha in sorted(shas) for path in paths]
        rows = self._batch("--batch-check", asked).splitlines()
        self._seen |= {
            one: not row.endswith(_MISSING) for one, row in zip(asked, rows, strict=True)
        }
        wanted = [(sha, path) for sha in sorted(shas) for path in texts]
        rest = self._batch("--batch", wanted)
        for one in wanted:
            head, _, rest = rest.partition(b"\n")
            there = not head.endswith(_MISSING)
            size = int(head.rpartition(b" ")[2]) if there else 0
            self._seen[one] = there
            self._texts[one] = rest[:size].decode("utf-8", "replace").removesuffix("\n")
            rest = rest[size + 1 :] if there else rest

    def ids(self, asked: Sequence[tuple[str, str]]) -> list[str]:
        """Return what git knows the content of each (commit, path) by; empty where nothing is.

        Raises GitFailed.
        """
        rows = self._batch("--batch-check=%(objectname)", asked).splitlines()
        return ["" if row.endswith(_MISSING) else row.decode() for row in rows]

    def blob(self, digits: str) -> bytes:
        """Return the content that git knows by this id, every byte of it. Raises GitFailed."""
        return self._call("cat-file", "blob", digits).stdout

    def _batch(self, how: str, asked: Iterable[tuple[str, str]]) -> bytes:
        names = "".join(f"{sha}:{path}\n" for sha, path in asked)
        return self._call("cat-file", how, stdin=names.encode()).stdout if names else b""

    def export(self, sha: str, scratch: Path, dest: Path) -> None:
        """Write a commit's tree to the existing folder `dest`, as its own attributes say.

        At `scratch`, which the caller removes, a repository without settings is made and borrows
        the objects. So neither configuration nor attributes of this one count, and nothing is
        registered in it: a killed export leaves no lock and no worktree behind.
        """
        if self._says_yes("config", "--get-regexp", r"^remote\..*\.promisor$"):
            self.run("archive", "--output=/dev/null", sha)  # fetches what a partial clone lacks
        objects = str((self.path / self.run("rev-parse", "--git-path", "objects")).absolute())
        words = ("--object-format=sha256",) if len(sha) == _SHA256_DIGITS else ()
        _git(("init", "--quiet", "--bare", *words, str(scratch)), self.path, inherited(GIT))
        env = {
            "GIT_DIR": str(scratch),
            "GIT_OBJECT_DIRECTORY": objects,
            "GIT_WORK_TREE": str(dest),
        }
        self.run("read-tree", sha, env=env)
        self.run("checkout-index", "--all", env=env)

    def fetch(self, remote: Remote) -> None:
        """Update every tag and branch of a clone of ours from where it came.

        The caller holds the clone's lock: locks of git's own that lie about are those of a
        fetch that was killed.
        """
        for stale in [*self.path.glob("*.lock"), *self.path.glob("refs/**/*.lock")]:
            stale.unlink(missing_ok=True)
        self._fetch(remote, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        self._follow_head(remote)

    def fetch_one(self, remote: Remote, full: str) -> None:
        """Fetch one ref that is neither tag nor branch; one that the remote lacks is not there."""
        try:
            self._fetch(remote, f"+{full}:{full}")
        except GitFailed as error:
            if _NO_SUCH not in str(error):
                raise

    def _fetch(self, remote: Remote, *refspecs: str) -> None:
        self.run(
            # Tidying up is a part of this, not a process that goes on behind our back.
            *("-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false"),
            *("fetch", "--quiet", "--prune", "origin", *refspecs),
            env=remote.environment,
            kind=REMOTE_GIT,
            patience=_NETWORK_PATIENCE,
        )

    def _follow_head(self, remote: Remote) -> None:
        """Set HEAD to the remote's, which a fetch leaves as it was when the clone was made."""
        args = ("ls-remote", "--symref", "origin", "HEAD")
        said = self.run(*args, env=remote.environment, patience=_NETWORK_PATIENCE)
        for row in said.split("\n") if said else ():
            what, _, name = row.partition("\t")
            if name != "HEAD":
                continue
            if what.startswith(_SYMBOLIC):
                self.run("symbolic-ref", "HEAD", what.removeprefix(_SYMBOLIC))
            else:
                self._fetch(remote, "HEAD")
                self.run("update-ref", "--no-deref", "HEAD", what)
            return


def clone(remote: Remote, dest: Path) -> Git:
    """Clone tags and branches of a remote into the new bare repository `dest`.

    Raises GitFailed if it cannot be reached.
    """
    how = ("clone", "--quiet", "--bare", "--origin=origin", "--end-of-options")
    environment = inherited(REMOTE_GIT, **remote.environment)
    _git((*how, remote.url, str(dest)), dest.parent, environment, patience=_NETWORK_PATIENCE)
    return Git(dest)


def add_history(source: Path, sha: str, tags: Iterable[str], tree: Path) -> None:
    """Make a folder with a commit's files a repository of that commit alone, named by `tags`.

    It stands by itself, so that `git describe` works where nothing else of this machine is, as
    in the context of a build. Raises GitFailed.
    """
    _git(("init", "--quiet", str(tree)), tree, inherited(GIT))
    made = Git(tree)
    made.run("fetch", "--quiet", "--depth=1", "--no-tags", str(source.absolute()), sha)
    made.run("update-ref", "--no-deref", "HEAD", sha)
    made.run("read-tree", sha)
    for tag in tags:
        made.run("tag", tag, sha)


def _git(
    args: tuple[str, ...],
    cwd: Path,
    environment: Mapping[str, str],
    *,
    patience: float = _PATIENCE,
    accept: frozenset[int] = frozenset({0}),
    stdin: bytes = b"",
) -> Completed:
    """Run git, quietly and in English."""
    argv = [str(find("git")), *_SETTINGS, *args]
    request = Request(argv, cwd, environment, stdin=stdin, timeout=patience, accept=accept)
    try:
        return run(request)
    except CommandFailed as error:
        doing = next((word for word in args if not word.startswith("-") and "=" not in word), "")
        words = redact(error.output.strip()) if error.status is not None else "too slow"
        raise GitFailed(f"git {doing} failed in {cwd}: {words}") from error
