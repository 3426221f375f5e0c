"""What a bisection says in the end."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.bisect import report
from harness.bisect.answers import Answer, Kind
from harness.bisect.found import Found, Turned, Weighed
from harness.model import Tally
from harness.repository.stories import CommitLine, Story

COMMIT, MERGE = "c" * 40, "e" * 40
PULLS = "https://github.com/moby/buildkit/pull"
OLD = Answer(kind=Kind.WORKS, commit="a" * 40, words="compatible", run="/runs/1")
NEW = Answer(kind=Kind.FAILS, commit=COMMIT, words="regressed", failure=("f1",), run="/runs/2")
FOUND = Found(
    turned=Turned.BROKE,
    suspects=(COMMIT,),
    merge=MERGE,
    old=OLD,
    new=NEW,
    commits=994,
    line=378,
    candidates=127,
    runs=8,
    known=1,
)


def _story(sha: str, subject: str, pull: int | None = None, files: int = 2) -> Story:
    commit = CommitLine(sha=sha, day="2024-01-13", author="Somebody", subject=subject, pull=pull)
    return Story(commit=commit, files=tuple(f"solver/{number}.go" for number in range(files)))


WEIGHED = Weighed(
    probability=0.96789,
    confidence=0.95,
    before=Tally(attempts=31),
    after=Tally(failed=9, attempts=17),
)

TOLD = {
    COMMIT: _story(COMMIT, "replace the resolver"),
    MERGE: _story(MERGE, "Merge pull request #4563 from somebody/resolver", 4563),
}


def test_text_names_the_commit_its_pull_request_and_both_runs() -> None:
    text = report.render(FOUND, TOLD, "TestSBOM", PULLS)
    assert text.splitlines() == [
        "what broke TestSBOM:",
        f"  {COMMIT} replace the resolver",
        "  Somebody, 2024-01-13",
        "  https://github.com/moby/buildkit/pull/4563",
        "    solver/0.go",
        "    solver/1.go",
        "merged by",
        f"  {MERGE} Merge pull request #4563 from somebody/resolver",
        "  Somebody, 2024-01-13",
        "last as the old end: aaaaaaaaaaaa compatible  /runs/1",
        "first as the new end: cccccccccccc regressed  /runs/2",
        "compare: compat diff /runs/1 /runs/2",
        "994 commits, 378 along first parents, 127 candidates; 8 run, 1 known before",
    ]


def test_text_counts_files_that_are_many_and_hides_nothing_that_acts_on_a_terminal() -> None:
    told = TOLD | {COMMIT: _story(COMMIT, "clear \x1b[2J the screen", files=15)}
    text = report.render(FOUND, told, "TestSBOM", PULLS)
    assert "    and 3 more\n" in text
    assert "\x1b" not in text
    assert "\x1b[1mwhat broke" in report.render(FOUND, told, "TestSBOM", PULLS, color=True)


def test_several_that_are_left_are_all_named_with_what_they_said() -> None:
    silent = Answer(kind=Kind.UNCLEAR, commit=MERGE, words="solver does not build")
    found = msgspec.structs.replace(
        FOUND, suspects=(MERGE, COMMIT), merge="", unclear=(silent,), notes=("as it is",)
    )
    text = report.render(found, TOLD, "TestSBOM", PULLS)
    assert text.startswith("one of 2 commits broke TestSBOM:\n")
    assert "  eeeeeeeeeeee cannot tell: solver does not build\n" in text
    assert "note: as it is\n" in text
    assert int(found.exit_code) == 3


def test_json_has_all_of_it() -> None:
    told = report.as_json(FOUND, TOLD, "TestSBOM", PULLS)
    assert (told["test"], told["turned"], told["exit_code"]) == ("TestSBOM", "broke", 0)
    (suspect,) = told["suspects"]
    assert suspect["commit"]["sha"] == COMMIT
    assert suspect["link"] == f"{PULLS}/4563"
    assert suspect["files"] == ("solver/0.go", "solver/1.go")
    assert told["merge"]["pull"] == 4563
    assert Path(told["new"]["run"]) == Path("/runs/2")
    assert (told["commits"], told["candidates"], told["runs"]) == (994, 127, 8)


def test_a_finding_that_is_likely_says_how_likely_and_why() -> None:
    found = msgspec.structs.replace(FOUND, weighed=WEIGHED)
    words = (
        "0.96789 likely (0.95 was asked for): it fails in 0 of 31 attempts before that, in 9 of 17"
    )
    assert f"{words} from there on" in report.render(found, TOLD, "TestSBOM", PULLS).splitlines()
    assert report.as_json(found, TOLD, "TestSBOM", PULLS)["weighed"]["probability"] == 0.96789
    assert found.exit_code == 0
    unsure = msgspec.structs.replace(WEIGHED, probability=0.9)
    assert msgspec.structs.replace(found, weighed=unsure).exit_code == 3
