"""Status, interval, sentence, mark, verdict and exit code say the same of any evidence."""

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.rule import Ruling, decide
from evalhub.decision.wording import SAME_RUN
from evalhub.declare.declaration import validate
from evalhub.declare.policy import Primaries
from evalhub.declare.verdicts import Status, Verdict, split_mark
from tests.decision.made_up import a_budget, a_criterion, a_guard, a_share
from tests.decision.recorded import records, slowly

PASSES = re.compile(
    "gains more than|by more than the .* asked|stays within|loses less than|by less than"
    "|if anything is lost, then less|, where .* may be lost|nothing can differ"
)
FAILS = re.compile(
    "loses more than|beyond|over the budget|falls short|a loss, not|, not (fewer|less)"
    "|nothing can be gained|harm shown"
)


@st.composite
def criteria(draw: st.DrawFn) -> Criterion:
    """Any interval around any bound, of anything that can be asked, whatever its p-values are."""
    low, high = sorted(draw(st.lists(st.integers(-60, 60), min_size=2, max_size=2)))
    tier = draw(st.sampled_from(["critical", "supporting", "advisory"]))
    rising, p_harm = draw(st.booleans()), draw(st.sampled_from([0.0001, 0.004, 0.02, 0.5]))
    asked = {"p_harm": p_harm, "higher_is_better": rising, "metric": "length", "unit": "characters"}
    kind = draw(st.sampled_from(["primary", "guard", "preference", "budget", "share"]))
    ends = low / 1000, high / 1000
    if kind in ("primary", "preference"):
        bound = draw(st.sampled_from([-0.03, 0.0, 0.02]))
        return a_criterion(*ends, role=kind, min_gain=bound, **asked)
    if kind == "guard":
        return a_guard(*ends, margin=draw(st.sampled_from([0.0, 0.02])), tier=tier, **asked)
    made = a_budget if kind == "budget" else a_share
    row = made(1 + 5 * ends[0], 1 + 5 * ends[1], p_harm=p_harm)
    return row.model_copy(update={"tier": tier})


def can_show_nothing(row: Criterion) -> bool:
    """Whether more may be lost than these items could lose, and no gain is shown."""
    allowed = row.margin if row.role == "guard" else -(row.min_gain or 0.0)
    if row.most_lost is None or allowed is None or row.role == "budget" or row.method == SAME_RUN:
        return False
    if row.factor is None:
        gained = row.lower > 0
    elif row.higher_is_better:
        gained = (row.ratio_lower or 0.0) > 1
    else:
        gained = row.ratio_upper is not None and row.ratio_upper < 1
    return row.most_lost <= allowed + 1e-9 and not gained


def place(row: Criterion) -> str:
    """Where the interval lies, read from its ends alone; open where nothing could be shown."""
    lower, upper, bound = row.lower, row.upper, row.bound
    if row.factor is not None:
        sign = 1 if row.higher_is_better else -1
        ends = [sign * end for end in (row.ratio_lower or 0.0, row.ratio_upper or 1e9)]
        (lower, upper), bound = sorted(ends), sign * row.factor
    assert bound is not None
    if lower > bound:
        return "open" if can_show_nothing(row) else "pass"
    return "fail" if upper < bound else "open"


def check(row: Criterion, reasons: Sequence[str]) -> None:
    same_run = row.method == SAME_RUN
    said = row.sentence.removesuffix(row.needed_why) if row.needed_why else row.sentence
    if not same_run and (row.factor is None or row.ratio is not None):
        assert row.status == place(row)
    assert bool(PASSES.search(said)) == (row.status is Status.PASS) or same_run
    assert bool(FAILS.search(said)) == (row.status is Status.FAIL) or same_run
    assert said.endswith(": open, ") == (row.status is Status.OPEN)
    if not (same_run and row.status is Status.PASS):
        (reason,) = {each for each in reasons if each[2:].startswith(row.sentence)}
        assert split_mark(reason)[0] is row.status
    # A loss isn't said to gain, nor a gain to lose; and no one is asked for less than nothing.
    assert "than the -" not in said
    if row.factor is None and row.lower > 0:
        assert "lose" not in said
    if row.factor is None and row.upper < 0:
        assert not re.search("gain, where|gains", said)


def expected(found: Sequence[Criterion], primaries: Primaries) -> Verdict:
    """The verdict by what the documents say, from statuses alone: guards that could show nothing
    keep no ship back, where something else critical speaks of quality."""
    rivals = [each for each in found if each.role == "primary"]
    others = [each for each in found if each not in rivals and each.tier != "advisory"]
    failed = any(each.status is Status.FAIL for each in others)
    critical = [each for each in found if each.tier == "critical"]
    shown = any(each.role != "budget" and not can_show_nothing(each) for each in critical)
    spared = [each for each in others if shown and each.role == "guard" and can_show_nothing(each)]
    shipped = all(
        each.status is Status.PASS
        for each in others
        if each.tier == "critical" and each not in spared
    )
    if rivals and primaries == "any-of":
        failed |= all(each.status is Status.FAIL for each in rivals)
        failed |= any(each.upper < min(0.0, each.min_gain or 0.0) for each in rivals)
        shipped &= any(each.status is Status.PASS for each in rivals)
    elif rivals:
        failed |= any(each.status is Status.FAIL for each in rivals)
        shipped &= all(each.status is Status.PASS for each in rivals)
    return Verdict.HOLD if failed else Verdict.SHIP if shipped else Verdict.MORE


def check_all(found: Ruling) -> None:
    for row in found.criteria:
        check(row, found.reasons)
    assert found.verdict is expected(found.criteria, found.primaries)
    marks = [split_mark(each)[0] for each in found.reasons]
    decides = [
        mark
        for mark, each in zip(marks, found.reasons, strict=True)
        if not each.endswith(("decides nothing)", "no ship back)", "is enough)", "pays for that)"))
    ]
    if found.verdict is Verdict.SHIP:
        assert set(decides) <= {Status.PASS}
        assert " open" not in re.sub("leaves .* open", "", found.headline)
    elif found.verdict is Verdict.HOLD:
        assert Status.FAIL in decides
    else:
        assert Status.OPEN in decides
        assert Status.FAIL not in decides
        assert " open" in found.headline or "nothing is shown" in found.headline
    assert not re.search("−|than the -", found.headline)
    codes = {"ship": 0, "hold": 1, "need-more-data": 2, "invalid": 3}
    assert found.verdict.exit_code == codes[found.verdict]


@slowly
@given(st.lists(criteria(), min_size=1, max_size=6), st.sampled_from(["all-of", "any-of"]))
def test_words_marks_and_verdict_follow_the_picture(
    drawn: list[Criterion], primaries: Primaries
) -> None:
    named = [each.model_copy(update={"name": f"c{i}"}) for i, each in enumerate(drawn)]
    check_all(decide("tuned", named, primaries=primaries))


@slowly
@given(records())
def test_so_they_do_where_scores_are_measured(record: dict[str, object]) -> None:
    read = validate(DecisionRecord, record)
    named = [each.model_copy(update={"name": f"c{i}"}) for i, each in enumerate(read.criteria)]
    check_all(decide("tuned", named, primaries=read.rule.primaries))


@slowly
@given(
    st.lists(criteria(), min_size=1, max_size=4),
    st.lists(criteria(), min_size=1, max_size=3),
    st.sampled_from(["all-of", "any-of"]),
)
def test_what_passes_never_weakens_a_hold(
    drawn: list[Criterion], more: list[Criterion], primaries: Primaries
) -> None:
    """But a primary that gains, where one is enough and the others only gained too little."""
    passing = [
        each
        for each in more
        if place(each) == "pass" and not (primaries == "any-of" and each.role == "primary")
    ]
    before = decide("tuned", drawn, primaries=primaries)
    after = decide("tuned", [*drawn, *passing], primaries=primaries)
    if before.verdict is Verdict.HOLD:
        assert after.verdict is Verdict.HOLD
    assert [each.status for each in after.criteria[: len(drawn)]] == [
        each.status for each in before.criteria
    ]
