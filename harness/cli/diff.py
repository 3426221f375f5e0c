"""`compat diff`: what changed between two stored runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from harness.cli.show import present
from harness.cli.stored import find_run
from harness.errors import ExitCode
from harness.journal import cells, read_matrix
from harness.reports.live import display
from harness.repository.clones import DEFAULT_REPOSITORY, at_hand, find, is_url
from harness.repository.stories import Stories
from harness.store import default_cache
from harness.stored import report
from harness.stored.diff import Diff, compare


def diff(
    run1: str, run2: str, repo: str | None, cache: Path | None, *, as_json: bool, exit_code: bool
) -> ExitCode:
    """List cells and tests of which RUN2 says something else than RUN1, with both sides."""
    before, after = map(find_run, (run1, run2))
    matrix = read_matrix(after)
    found = compare(read_matrix(before), cells(before), matrix, cells(after))
    stories = _stories(found, _repository(repo, matrix.plan.repository, cache or default_cache()))
    present(
        lambda: report.as_json(found, stories),
        lambda terminal: report.render(found, stories, color=terminal.color),
        as_json=as_json,
    )
    return ExitCode.REGRESSION if exit_code and found.changed else ExitCode.COMPATIBLE


def _repository(asked: str | None, recorded: str, cache: Path) -> Path | None:
    """Return the folder of the repository that is to be read, or None if none is at hand.

    What a run records may be anybody's, so that it names a clone in the cache and never a path.
    """
    if asked:
        with display(sys.stderr) as listener:
            found, _ = find(asked, [], cache=cache, fetch=False, listener=listener)
        return found.git.path
    own = recorded if is_url(recorded) else DEFAULT_REPOSITORY
    return at_hand(os.environ.get("COMPAT_REPO") or own, cache=cache)


def _stories(found: Diff, repository: Path | None) -> report.Stories:
    if repository is None or not found.commits:
        return {}
    with Stories.open(repository) as stories:
        return {name: stories.between(*moved) for name, moved in found.commits.items()}
