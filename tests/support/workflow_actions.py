"""Stands in for the actions that the workflows use: artifacts and caches are folders here.

What they do otherwise than a plain copy is done here, too: an artifact and a cache are never
changed, owners, modes and hidden files do not travel in one, several paths keep what lies
below their common folder, a single artifact that a pattern finds is laid into `path` itself
(https://github.com/actions/download-artifact/issues/426).
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Given = Mapping[str, str]
Outputs = Mapping[str, str]


class ActionError(Exception):
    """An action ends its step as failed."""


@dataclass
class Service:
    """What GitHub keeps: the artifacts of each run, and caches from run to run."""

    root: Path
    checkout: Callable[[Path], None]
    """Lays this project into a workspace."""
    artifacts: dict[str, Path] = field(default_factory=dict)
    """Of the run that goes on."""
    caches: dict[str, Path] = field(default_factory=dict)
    """By key, oldest first."""
    published: list[Path] = field(default_factory=list)
    """Pages, newest last."""

    def use(self, name: str, given: Given, workspace: Path) -> Outputs:
        """Do what an action does. Raises ActionError."""
        known: dict[str, tuple[Callable[[Given, Path], Outputs | None], set[str]]] = {
            "actions/checkout": (self._checkout, {"repository", "ref", "persist-credentials"}),
            "actions/setup-python": (_nothing, {"python-version"}),
            "docker/login-action": (_nothing, {"registry", "username", "password"}),
            "actions/upload-artifact": (
                self._upload,
                {"name", "path", "overwrite", "if-no-files-found"},
            ),
            "actions/download-artifact": (
                self._download,
                {"name", "pattern", "path", "merge-multiple"},
            ),
            "actions/cache/restore": (self._restore, {"path", "key", "restore-keys"}),
            "actions/cache/save": (self._save, {"path", "key"}),
            "actions/upload-pages-artifact": (self._upload_page, {"path"}),
            "actions/deploy-pages": (self._deploy, set()),
        }
        action = name.partition("@")[0]
        if action not in known:
            raise ActionError(f"nothing stands in for {action}")
        does, takes = known[action]
        if unknown := given.keys() - takes:
            raise ActionError(f"{action} is given {', '.join(sorted(unknown))}, not known here")
        return does(given, workspace) or {}

    def _checkout(self, given: Given, workspace: Path) -> None:
        if given.get("repository", "this/project") != "this/project":
            raise ActionError(f"another repository: {given['repository']}")
        self.checkout(workspace)

    def _upload(self, given: Given, workspace: Path) -> None:
        name, lines = given["name"], given["path"].split()
        left_out = [workspace / it[1:] for it in lines if it.startswith("!")]
        paths = [workspace / it for it in lines if not it.startswith("!")]
        every = [it for path in paths for it in _files(path)]
        files = [it for it in every if not (_is_below(it, left_out) or _is_hidden(it, workspace))]
        if not files and given.get("if-no-files-found") == "ignore":
            return
        if not files:
            raise ActionError(f"the artifact {name} would be empty: {' '.join(lines)}")
        if name in self.artifacts and given.get("overwrite") != "true":
            raise ActionError(f"there is an artifact {name} already")
        roots = [path if path.is_dir() else path.parent for path in paths]
        self.artifacts[name] = self._kept(files, Path(os.path.commonpath(roots)))

    def _download(self, given: Given, workspace: Path) -> None:
        target = workspace / given.get("path", ".")
        if name := given.get("name"):
            if name not in self.artifacts:
                raise ActionError(f"there is no artifact {name}; there are {[*self.artifacts]}")
            _lay(self.artifacts[name], target)
            return
        found = fnmatch.filter(self.artifacts, given["pattern"])
        for name in found:
            flat = len(found) == 1 or given.get("merge-multiple") == "true"
            _lay(self.artifacts[name], target if flat else target / name)

    def _restore(self, given: Given, workspace: Path) -> Outputs:
        # `path` is part of what a cache is found by: the very words, not what they name.
        kept = {key: it for key, it in self.caches.items() if key.startswith(f"{given['path']}\n")}
        exact = f"{given['path']}\n{given['key']}"
        prefixes = [exact, *(f"{given['path']}\n{it}" for it in _lines(given, "restore-keys"))]
        newest = [key for it in prefixes for key in reversed(kept) if key.startswith(it)]
        if newest:
            _lay(kept[newest[0]], workspace)
        return {"cache-hit": str(exact in kept).lower()}

    def _save(self, given: Given, workspace: Path) -> None:
        paths = [workspace / it for it in _lines(given, "path")]
        if missing := [it for it in paths if not it.exists()]:
            raise ActionError(f"nothing to keep in {', '.join(map(str, missing))}")
        key = f"{given['path']}\n{given['key']}"
        if key in self.caches:
            raise ActionError(f"there is a cache {given['key']} already")
        files = [it for path in paths for it in _files(path)]
        self.caches[key] = self._kept(files, workspace)

    def _upload_page(self, given: Given, workspace: Path) -> None:
        self._upload({"name": "github-pages", **given}, workspace)

    def _deploy(self, _given: Given, _workspace: Path) -> Outputs:
        page = self.artifacts.get("github-pages")
        if page is None or not (page / "index.html").is_file():
            raise ActionError("there is no page with an index.html")
        self.published.append(page)
        return {"page_url": "https://example.com/"}

    def _kept(self, files: Iterable[Path], root: Path) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="kept-", dir=self.root))
        for file in files:
            there = folder / file.relative_to(root)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, there)  # neither owner nor mode comes back
        return folder


def _nothing(_given: Given, _workspace: Path) -> None:
    """Do nothing: what it would bring is there."""


def _lines(given: Given, name: str) -> list[str]:
    return given.get(name, "").split()


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(it for it in path.rglob("*") if it.is_file())


def _is_hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts)


def _is_below(file: Path, folders: Iterable[Path]) -> bool:
    return any(file.is_relative_to(folder) for folder in folders)


def _lay(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)
