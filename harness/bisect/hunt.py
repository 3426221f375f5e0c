"""From two ends to the commit: along first parents to a merge, then inside the merge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs

from harness.bisect.answers import Answer, Kind, Notebook
from harness.bisect.content import Candidate, Content
from harness.bisect.found import CannotTellError, Found, Turned
from harness.bisect.line import History, Step, check_path
from harness.bisect.races import Races
from harness.bisect.search import Says, Search, run
from harness.bisect.weigh import chance
from harness.errors import UsageError
from harness.reports.text import plural
from harness.verdict import evidence

MOST_UNCLEAR = 16
"""Commits in a row that cannot tell, after which something else is wrong."""

CONFIDENCE = 0.95
"""How likely an answer is to be, unless told otherwise, where attempts may differ."""

_KEPT = "what was learnt is kept: the same command goes on with it"


class RacyError(Exception):
    """A commit does now this, now that."""

    def __init__(self, answer: Answer) -> None:
        """Take what it did."""
        failed = sum(map(bool, answer.seen))
        super().__init__(
            f"{answer.commit[:12]} does not do the same every time, this time it failed in "
            f"{failed} of {plural(len(answer.seen), 'attempt')}"
        )


@dataclass(frozen=True)
class _Turn:
    """Where the answer turns on one line."""

    old: Answer
    before: str
    """The last commit known to do as the old end."""
    new: Answer
    suspects: tuple[str, ...]


@dataclass
class Hunt:
    """Answers of commits, each found out once, and what follows from them."""

    history: History
    content: Content
    notebook: Notebook
    test: Callable[[Sequence[str], bool], Answer]
    """Runs the first of these commits, or another one that is cheaper: all are alike. Told
    whether they are an end of the range, on which all else rests."""
    say: Callable[[str], None]
    sample: Callable[[Sequence[str]], Answer]
    """Runs one of these commits once more, whatever is known of them."""
    built: Callable[[Sequence[str]], bool] = lambda _commits: False
    """Whether one of these commits is built already."""
    trusted: bool = False
    """Whether the older end is said to work: then it is run only if all others fail."""
    confidence: float = CONFIDENCE
    races: bool = False
    """Whether the test is known to fail now and then."""
    _known: set[str] = field(default_factory=set)
    _ran: set[str] = field(default_factory=set)
    _answers: dict[str, Answer] = field(default_factory=dict)
    """By what is built, for commits of different lines."""
    _unclear: list[Answer] = field(default_factory=list)
    _row: int = 0

    def hunt(self, old: str, new: str) -> Found:
        """Find what turned the answer between two ends.

        Raises UsageError if no path leads from `old` to `new` or nothing between them matters,
        CannotTellError if the ends do not answer or answer alike, and what a run raises.
        """
        check_path(self.history, old, new)
        steps = self.history.line(old, new)
        candidates = self.content.candidates(old, steps)
        side = self.content.matter.side
        self.say(
            f"{plural(len(steps), 'commit')} along first parents, "
            f"{plural(len(candidates) - 1, 'candidate')}: the others change nothing that the "
            f"{side} is built from"
        )
        if len(candidates) == 1:
            raise UsageError(
                f"nothing that the {side} is built from differs between {old[:12]} and {new[:12]}",
                hint="widen the range, or look along another --axis",
            )
        if not (self.races or self.notebook.racy):
            try:
                return self._in_any_words(old, new, candidates, steps)
            except RacyError as error:
                self.say(f"{error}: from here on attempts are weighed")
        races = Races(
            *(self.history, self.content, self.notebook, self.sample, self.say, self.confidence)
        )
        return races.hunt(old, new, candidates, len(steps))

    def _in_any_words(
        self, old: str, new: str, candidates: Sequence[Candidate], steps: Sequence[Step]
    ) -> Found:
        """Find it; where too many between fail in other words than the end, since when any do."""
        self._unclear, self._row = [], 0
        try:
            return self._certain(old, new, candidates, len(steps))
        except CannotTellError:
            nearer = None
            if self._row == MOST_UNCLEAR:
                nearer = self._nearer(old, new, candidates, steps)
            if nearer is None:
                raise
        near, far = (nearer[1], new) if nearer[0] == old else (nearer[0], old)
        told = f"{near[:12]} fails, too, in other words than {far[:12]}"
        self.say(f"{told}: the search goes on from there")
        found = self.hunt(*nearer)
        return structs.replace(found, notes=(*found.notes, told))

    def _nearer(
        self, old: str, new: str, candidates: Sequence[Candidate], steps: Sequence[Step]
    ) -> tuple[str, str] | None:
        """Return ends of which the failing one is the nearest to the other that is known to fail.

        None if both ends fail, or none, or nothing between them does.
        """
        ends = [self._answers.get(self.content.key(candidates[at].first)) for at in (0, -1)]
        # An older end that is said to work has not been run.
        fails = [answer is not None and answer.kind is Kind.FAILS for answer in ends]
        seen = {answer.commit for answer in self._unclear if answer.kind is Kind.FAILS}
        between = [step.sha for step in steps if step.sha in seen]
        if not between or fails[0] == fails[1]:
            return None
        return (old, between[0]) if fails[1] else (between[-1], new)

    def _certain(self, old: str, new: str, candidates: Sequence[Candidate], line: int) -> Found:
        """Find it by what each commit does. Raises RacyError where one does now this, now that."""
        ends = self._ends(candidates)
        turn, merge, notes = self._turn(candidates, ends, *ends), "", []
        if turn.old is ends[0] and self.trusted:
            turn = replace(turn, old=self._older(candidates, ends[1]))
        while len(turn.suspects) == 1 and (sides := self.history.parents(turn.suspects[0])[1:]):
            merge = merge or turn.suspects[0]
            inner = self._inside(old, turn, sides, ends)
            if isinstance(inner, str):
                notes.append(inner)
                break
            turn = inner
        self._confirm(turn)
        return Found(
            turned=_turned(*ends),
            suspects=turn.suspects,
            merge=merge,
            old=turn.old,
            new=turn.new,
            commits=self.history.count(old, new),
            line=line,
            candidates=len(candidates) - 1,
            runs=len(self._ran),
            known=len(self._known - self._ran),
            unclear=tuple(self._unclear),
            notes=tuple(notes),
        )

    def _confirm(self, turn: _Turn) -> None:
        """Try the commit that works beside the turn until it is unlikely to do so by chance.

        A commit that fails has failed. One that works may have what makes it fail now and then.
        """
        works = turn.old if turn.old.kind is Kind.WORKS else turn.new
        fails = turn.new if works is turn.old else turn.old
        if works.kind is not Kind.WORKS or not fails.failure:
            return
        failed, tries = self.notebook.number({*fails.failure}), 0
        # The search chose this commit because it passed: that attempt is no proof.
        while failed and chance(failed, self._passes(works) - 1) > 1 - evidence.CONFIDENCE:
            again = self.sample([works.commit])
            self.notebook.see(again)
            tries += 1
            if any(again.seen):
                raise RacyError(again)
            if not again.seen and tries > MOST_UNCLEAR:
                raise CannotTellError(
                    f"{works.commit[:12]} worked, and then it could not be told: {again.words}",
                    hint=f"mend that; {_KEPT}",
                )

    def _passes(self, works: Answer) -> int:
        return len(self.notebook.seen([works.commit]))

    def _ends(self, candidates: Sequence[Candidate]) -> tuple[Answer, Answer]:
        new = self._answer(candidates[-1].commits, end=True)
        self._check_end("newer", new, "--bad")
        if self.trusted and new.kind is Kind.FAILS:
            words = "said to work, and not run"
            return Answer(kind=Kind.WORKS, commit=candidates[0].first, words=words), new
        return self._older(candidates, new), new

    def _older(self, candidates: Sequence[Candidate], new: Answer) -> Answer:
        """Return what the older end does, which must be something else than the newer one."""
        old = self._answer(candidates[0].commits, end=True)
        self._check_end("older", old, "--good")
        if old.like(new):
            raise CannotTellError(
                f"the ends do not differ: the test {old.kind} at {old.commit[:12]} and at "
                f"{new.commit[:12]} alike ({old.words})",
                hint="choose a --good or --bad where it does otherwise; for a test that fails "
                f"now and then, --confidence {self.confidence:g} weighs many attempts",
            )
        return old

    def _check_end(self, name: str, end: Answer, option: str) -> None:
        if end.kind is Kind.UNCLEAR:
            raise CannotTellError(
                f"the {name} end, {end.commit[:12]}, cannot tell: {end.words}",
                hint=f"choose another {option}; {end.run or 'run the pair alone'} says more",
            )

    def _turn(
        self,
        candidates: Sequence[Candidate],
        ends: tuple[Answer, Answer],
        old: Answer,
        new: Answer,
    ) -> _Turn:
        """Search a line whose first commit does as `old`, its last as `new`."""
        answers = {0: old, len(candidates) - 1: new}
        search = Search(
            [one.weight for one in candidates],
            built=lambda at: self.built(candidates[at].commits),
        )

        def ask(at: int) -> Says:
            answers[at] = self._answer(candidates[at].commits)
            says = answers[at].says(*ends)
            self.say(
                f"{answers[at].commit[:12]}: {says} (of "
                f"{plural(search.new - search.old - 1, 'candidate')} between the ends)"
            )
            self._heard(answers[at], says)
            return says

        for at, one in enumerate(candidates):
            # What a search with other ends was told costs nothing, wherever it lies.
            known = self.notebook.get(one.commits)
            says = known.says(*ends) if known else Says.UNCLEAR
            if search.old < at < search.new and says is not Says.UNCLEAR:
                answers[at] = self._answer(one.commits)
                search.tell(at, says)
        found = run(search, ask)
        between = candidates[found.old + 1 : found.new + 1]
        return _Turn(
            old=answers[found.old],
            before=candidates[found.old].commits[-1],
            new=answers[found.new],
            suspects=tuple(one.first for one in between),
        )

    def _inside(
        self, end: str, turn: _Turn, sides: Sequence[str], ends: tuple[Answer, Answer]
    ) -> _Turn | str:
        """Search the side of a merge that turned it; a sentence if it is the merge itself.

        `end` is the old end of the whole range.
        """
        (merge,) = turn.suspects
        answers = {side: self._answer([side]) for side in sides}
        turned = [side for side, answer in answers.items() if answer.says(*ends) is Says.NEW]
        if len(turned) != 1:
            how = "more than one side does" if turned else "no side of it does alone"
            return f"{merge[:12]} is a merge, and {how} as the newer end"
        (side,) = turned
        base = self.history.merge_base(turn.before, side)
        if base is None:
            return f"{side[:12]} shares no history with what {merge[:12]} merged it into"
        old = turn.old
        within = self.history.is_ancestor(end, base) and self.history.is_ancestor(base, turn.before)
        if not within:  # else the search has it behind a commit that does as the old end
            old = self._answer([base])
        candidates = self.content.candidates(base, self.history.line(base, side))
        if old.says(*ends) is not Says.OLD or len(candidates) == 1:
            return f"{side[:12]}, merged by {merge[:12]}, left where it was as with the newer end"
        return self._turn(candidates, ends, old, answers[side])

    def _answer(self, commits: Sequence[str], *, end: bool = False) -> Answer:
        """Return what is known of commits that are built from the same, or run one of them."""
        if answer := self.notebook.get(commits):
            self._known.add(answer.commit)
        else:
            key = self.content.key(commits[0])
            if same := self._answers.get(key):
                return same
            answer = self.test(commits, end)
            self._ran.add(answer.commit)
            self.notebook.put(answer)
        if answer.racy:
            raise RacyError(answer)
        self._answers[self.content.key(commits[0])] = answer
        return answer

    def _heard(self, answer: Answer, says: Says) -> None:
        self._row = self._row + 1 if says is Says.UNCLEAR else 0
        if says is Says.UNCLEAR:
            self._unclear.append(answer)
        if self._row == MOST_UNCLEAR:
            raise CannotTellError(
                f"{MOST_UNCLEAR} commits in a row cannot tell, the last one, "
                f"{answer.commit[:12]}: {answer.words}",
                hint=f"mend that, or give nearer ends; {_KEPT}",
            )


def _turned(old: Answer, new: Answer) -> Turned:
    if old.kind is new.kind:
        return Turned.CHANGED
    return Turned.BROKE if new.kind is Kind.FAILS else Turned.MENDED
