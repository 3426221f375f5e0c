"""From two ends to the commit where a test fails now and then: by how often, not by whether.

Each attempt is one run of a commit. First the ends, until it is decided that the test fails more
often at one of them; then whichever commit is as likely before the turn as behind it, until one
is as likely to have turned it as was asked for. What is seen is kept after each attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.bisect.answers import Answer, Kind, Notebook
from harness.bisect.content import Candidate, Content
from harness.bisect.found import CannotTellError, Found, Turned, Weighed
from harness.bisect.line import History
from harness.bisect.weigh import NOTHING, Weighing, tally
from harness.model import Tally
from harness.reports.text import plural
from harness.verdict import evidence

MOST = 200
"""Attempts of one command, after which what is undecided remains so."""

_KEPT = "what was seen is kept: the same command goes on with it"


@dataclass
class Races:
    """The attempts of commits, and how likely that makes each of them."""

    history: History
    content: Content
    notebook: Notebook
    sample: Callable[[Sequence[str]], Answer]
    """Runs one of these commits, which are alike, once more."""
    say: Callable[[str], None]
    confidence: float
    _like: set[str] = field(default_factory=set)
    _last: dict[str, Answer] = field(default_factory=dict)
    _left: int = MOST

    def hunt(self, old: str, new: str, candidates: Sequence[Candidate], line: int) -> Found:
        """Find what turned the rate of failures between two ends.

        Raises CannotTellError if the ends cannot be told apart, and what a run raises.
        """
        rises = self._ends(candidates)
        row = self._row(candidates, rises=rises)
        turns, share = self._turn(row, candidates), 1.0
        place, merge, notes = turns[0], "", []
        seen = row.sides(place)
        share *= sum(row.shares()[at] for at in turns)
        suspects = tuple(candidates[at].first for at in turns)
        before, after = candidates[place - 1].commits, candidates[place].commits
        while len(suspects) == 1 and (sides := self.history.parents(suspects[0])[1:]):
            merge = merge or suspects[0]
            base = self.history.merge_base(before[-1], sides[0]) if len(sides) == 1 else None
            if base is None:
                notes.append(f"{suspects[0][:12]} merges what cannot be put in a row")
                break
            side = self.content.candidates(base, self.history.line(base, sides[0]))
            inner = [*side, Candidate((suspects[0],), 1.0)]
            row = self._row(inner, seen, rises=rises)
            turns = self._turn(row, inner)
            place, share = turns[0], share * sum(row.shares()[at] for at in turns)
            seen = row.sides(place)
            if turns == (len(inner) - 1,):
                notes.append(f"{suspects[0][:12]} is a merge, and its side does as before it")
                break
            suspects = tuple(inner[at].first for at in turns)
            before, after = inner[place - 1].commits, inner[place].commits
        return Found(
            turned=Turned.BROKE if rises else Turned.MENDED,
            suspects=suspects,
            merge=merge,
            old=self._told(before),
            new=self._told(after),
            commits=self.history.count(old, new),
            line=line,
            candidates=len(candidates) - 1,
            runs=MOST - self._left,
            known=0,
            notes=tuple(notes),
            weighed=Weighed(
                probability=share, confidence=self.confidence, before=seen[0], after=seen[1]
            ),
        )

    def _ends(self, candidates: Sequence[Candidate]) -> bool:
        """Try the ends until it is decided at which of them the test fails more often.

        Returns whether that is the newer one.
        """
        ends = candidates[0].commits, candidates[-1].commits
        while True:
            seen = [self.notebook.seen(end) for end in ends]
            self._like = set(max(seen, key=lambda it: sum(map(bool, it)))) - {""}
            old, new = (tally(it, self._like) for it in seen)
            for one, other, rises in ((old, new, True), (new, old, False)):
                if evidence.decided(one, other):
                    return rises
            if min(old.attempts, new.attempts) >= evidence.MOST or not self._left:
                raise CannotTellError(
                    f"the ends cannot be told apart: the test fails {_often(old)} at "
                    f"{ends[0][0][:12]} and {_often(new)} at {ends[1][0][:12]}",
                    hint="choose a --good or --bad where it fails more, or less, often",
                )
            end = ends[0] if old.attempts < new.attempts else ends[1]
            answer = self._try(end)
            if not answer.seen:
                raise CannotTellError(
                    f"{answer.commit[:12]}, an end, cannot tell: {answer.words}",
                    hint=f"choose another end; {answer.run or 'run the pair alone'} says more",
                )

    def _row(
        self, candidates: Sequence[Candidate], outside: Sequence[Tally] = (), *, rises: bool
    ) -> Weighing:
        """Put candidates in a row, with what is known of them, and of what lies outside."""
        tallies = [tally(self.notebook.seen(it.commits), self._like) for it in candidates]
        if outside:
            # The ends of this row are among what was seen outside of it.
            tallies[0], tallies[-1] = outside
        return Weighing([it.weight for it in candidates], rises, tallies)

    def _turn(self, row: Weighing, candidates: Sequence[Candidate]) -> tuple[int, ...]:
        """Try candidates of a row until one is likely enough, or the attempts are used up."""
        while max(shares := row.shares()) < self.confidence and self._left:
            at = row.next(shares)
            if at is None:
                break
            answer = self._try(candidates[at].commits)
            row.tell(at, tally(answer.seen, self._like))
            if row.tallies[at] == NOTHING:
                row.silent.add(at)
            best = max(range(len(shares)), key=shares.__getitem__)
            self.say(
                f"{answer.commit[:12]}: {answer.words}, fails {_often(row.tallies[at])} "
                f"(before, {candidates[best].first[:12]} was {shares[best]:.3g} likely)"
            )
        return row.likely(self.confidence)

    def _try(self, commits: Sequence[str]) -> Answer:
        self._left -= 1
        answer = self.sample(commits)
        self.notebook.see(answer)
        self._last[commits[0]] = answer
        return answer

    def _told(self, commits: Sequence[str]) -> Answer:
        """Return the last run of commits that are alike; without one it was never tried."""
        known = self._last.get(commits[0]) or self.notebook.get(commits)
        nothing = Answer(kind=Kind.UNCLEAR, commit=commits[0], words="not tried this time")
        return known or nothing


def _often(seen: Tally) -> str:
    return f"{seen.failed} of {plural(seen.attempts, 'time')}"
