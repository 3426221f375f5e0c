"""Any tree of t.Run, whatever its subtests are called: what is planted in it is found."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.gotest.settle import Aside, Parsed
from harness.model import Format, Leg, LegRun, Outcome, Result, Verdict
from harness.verdict.collate import is_suite, judgements
from tests.support import hostile_streams
from tests.support.factories import leg_run
from tests.support.go_trees import Go, Ran, Spec, printed
from tests.support.streams import RECORDINGS, read, recording

CALLED = [
    *(
        "a",
        "a/b",
        "a/b/c",
        "b",
        "b/c",
        "a#01",
        "a/b#01",
        "a/",
        "/",
        "",
        "k=v",
        "a/k=v",
        "linux/arm",
    ),
    *("linux/arm/v7", "TestFn/worker=oci", "TestFn/worker=oci/frontend=gateway"),
]
OUTCOMES = st.sampled_from([Outcome.PASS, Outcome.PASS, Outcome.FAIL, Outcome.SKIP])


def specs(
    called: st.SearchStrategy[str], parallel: st.SearchStrategy[bool], depth: int
) -> st.SearchStrategy[Spec]:
    if not depth:
        return st.builds(Spec, called, parallel, OUTCOMES)
    inner = specs(st.sampled_from(CALLED), st.booleans(), depth - 1)
    return st.builds(Spec, called, parallel, OUTCOMES, st.lists(inner, max_size=4))


ROOTS = st.sampled_from(["TestNest", "TestIntegration"])
TREES = specs(ROOTS, st.just(value=False), 3)


def serial(spec: Spec) -> bool:
    return not spec.parallel and all(map(serial, spec.below))


def parsed_of(go: Go, form: Format) -> Parsed:
    status = int(go.root.outcome is Outcome.FAIL)
    return read(printed(go, form), status, framing=form).parsed


def hold(parsed: Parsed, go: Go) -> None:
    """Hold what is promised of each test against a run of which everything is known."""
    results = {result.name: result for result in parsed.results}
    tests = {test.name: test for test in go.root.everything()}
    assert results.keys() | parsed.aside.keys() == tests.keys()
    assert not results.keys() & parsed.aside.keys()
    for name, test in tests.items():
        if name in results:
            assert results[name].outcome is test.outcome
        else:
            failed = test.outcome is Outcome.FAIL
            assert test.below
            assert parsed.aside[name] is (Aside.FAILED_BELOW if failed else Aside.PASSED)
            assert not failed or any(
                it.name in results and it.outcome is Outcome.FAIL for it in test.everything()
            )


def by_itself(test: Ran) -> bool:
    """Whether a test has something to say that no subtest says."""
    failed_below = any(it.outcome is Outcome.FAIL for it in test.below)
    return not test.below or (test.outcome is Outcome.FAIL and not failed_below)


@pytest.mark.parametrize("form", Format)
@settings(deadline=None, max_examples=120)
@given(spec=TREES, seed=st.integers(0, 2**16))
def test_every_test_has_a_result_or_is_a_parent_that_is_set_aside_with_a_reason(
    form: Format, spec: Spec, seed: int
) -> None:
    go = Go(spec, seed)
    parsed = parsed_of(go, form)
    hold(parsed, go)
    if form is Format.PLAIN or serial(spec):
        expected = {test.name for test in go.root.everything() if by_itself(test)}
        assert {result.name for result in parsed.results} == expected


def leg(side: Leg, go: Go, form: Format) -> LegRun:
    parsed = parsed_of(go, form)
    run = leg_run(side, parsed.results)
    return msgspec.structs.replace(
        run, parents=parsed.parents, failed_below=parsed.failed_below, exit_status=0
    )


PLANTED = st.sampled_from(
    [(Outcome.FAIL, Verdict.REGRESSED), (Outcome.SKIP, Verdict.LOST)],
)


@pytest.mark.parametrize("form", Format)
@settings(deadline=None, max_examples=120)
@given(spec=TREES, seed=st.integers(0, 2**16), data=st.data())
def test_what_is_planted_is_found(form: Format, spec: Spec, seed: int, data: st.DataObject) -> None:
    said, verdict = data.draw(PLANTED)
    before = Go(spec, seed)
    tests = [test for test in before.root.everything() if test.outcome is Outcome.PASS]
    if said is Outcome.SKIP:  # of a parent that skips when its subtests are over they tell
        tests = [test for test in tests if not test.below]
    tests = [test for test in tests if not is_suite(test.name)]
    assume(tests)
    planted = data.draw(st.sampled_from(tests))
    after = Go(changed(spec, planted.spec, said), seed)
    legs = [leg(side, go, form) for side, go in ((Leg.CONTROL, before), (Leg.CANDIDATE, after))]
    verdicts = {row.name: row.verdict for row in judgements(legs, (), {})}
    assert verdicts[planted.name] is verdict
    for run in legs:
        for name in {result.name for result in run.results} - verdicts.keys():
            assert is_suite(name)


def changed(spec: Spec, planted: Spec, said: Outcome) -> Spec:
    below = [changed(child, planted, said) for child in spec.below]
    return replace(spec, own=said if spec is planted else spec.own, below=below)


@pytest.mark.parametrize("name", sorted(path.name[:-7] for path in RECORDINGS.glob("*.log.gz")))
def test_of_real_streams_every_test_is_accounted_for(name: str) -> None:
    data = recording(name)
    for part in range(1, 5):
        accounted(read(data[: len(data) * part // 4], None).parsed)


def test_of_streams_of_no_sense_every_test_is_accounted_for() -> None:
    for number in range(300):
        data, form = hostile_streams.stream(number)
        accounted(read(data, framing=form).parsed)


def accounted(parsed: Parsed) -> None:
    results = {result.name: result for result in parsed.results}
    assert results.keys().isdisjoint(parsed.aside)
    over = {name for name, why in parsed.aside.items() if why is not Aside.CUT_OFF}
    assert over == parsed.parents.keys() - results.keys()
    for name in parsed.aside:
        assert any(below(result, name) for result in parsed.results)
        if parsed.aside[name] is Aside.FAILED_BELOW:
            assert any(below(it, name) and it.outcome.failing for it in parsed.results)


def below(result: Result, name: str) -> bool:
    return result.name.startswith(f"{name}/")
