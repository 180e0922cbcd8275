"""The page of one criterion: how it was computed, its power, how it counts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.decision.criteria.primary import PrimaryKind
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.tails import tail_sentences
from evalhub.decision.wording import SAME_RUN, percent, shows_nothing, with_sign
from evalhub.report.charts.parts import Chart
from evalhub.report.ends import ends_of, look_of
from evalhub.report.interval_plot import interval_plot
from evalhub.report.methods import Method, methods
from evalhub.report.power_advice import EvidenceSampling, power_advice, smallest_effect
from evalhub.report.power_plot import PowerPlot, power_plot

TIERS = {
    "critical": "It is critical: a ship waits until it holds.",
    "supporting": "It is supporting: failing holds the candidate, doubt holds nothing.",
    "advisory": "It is advisory: it is reported and decides nothing.",
}


@dataclass(frozen=True, slots=True)
class CriterionPage:
    """Everything on one criterion; `number` is its position in the record, from 1."""

    number: int
    values: Criterion
    plot: Chart | None
    interval_by: Sequence[Method]
    test_by: Sequence[Method]
    power: PowerPlot | None
    gap: str
    smallest: str
    advice: Sequence[str]
    rule: Sequence[str]

    @property
    def effective(self) -> float:
        """Effective sample size: how many independent items its items are worth."""
        return self.values.n / self.values.design_effect


def criterion_page(
    record: DecisionRecord, number: int, sampling: EvidenceSampling | None = None
) -> CriterionPage:
    """The page of the record's `number`-th criterion, counted from 1."""
    row = record.criteria[number - 1]
    smallest = smallest_effect(row)
    explained = methods().explaining
    interval_by = explained(row.method)
    return CriterionPage(
        number=number,
        values=row,
        plot=interval_plot(row, record.noise_of(row)),
        interval_by=interval_by,
        test_by=[each for each in explained(row.test) if each not in interval_by],
        power=power_plot(row),
        gap=_in_unit(row.gap, row),
        smallest="" if smallest is None else _in_unit(smallest, row),
        advice=power_advice(row, sampling or EvidenceSampling()),
        rule=_rule(record, row),
    )


def _in_unit(gap: float, row: Criterion) -> str:
    """A gap in the metric's unit, or as a share of the baseline where a ratio is asked."""
    if row.factor is None or not row.baseline:
        return f"{gap:,.3g}"
    return f"{percent(gap / abs(row.baseline))} of the baseline"


def _rule(record: DecisionRecord, row: Criterion) -> list[str]:
    if row.method == SAME_RUN:
        return [_role_text(record, row)]
    above, below = "above", "below"
    if row.factor is not None and not row.higher_is_better:
        above, below = below, above
    bound = f"{with_sign(row.bound)}" if row.bound else "0"
    if row.factor is not None:
        bound = f"{percent(row.factor)} of the baseline"
    if shows_nothing(row):
        return [
            "It is open whatever its interval: nothing on these items could show a loss beyond "
            "what may be lost.",
            *([] if row.kind.spared_without_power else [_role_text(record, row)]),
            *_levels(record, row),
        ]
    return [
        f"It holds with its whole interval {above} {bound}, fails with all of it {below}, and is "
        "open between.",
        *(f"{each}." for each in tail_sentences(row)),
        _role_text(record, row),
        *_levels(record, row),
        _harm(record, row),
    ]


def _role_text(record: DecisionRecord, row: Criterion) -> str:
    primaries = sum(each.role == PrimaryKind.role for each in record.criteria)
    if row.role == PrimaryKind.role and primaries > 1:
        if record.rule.primaries == "any-of":
            return f"It is one of {primaries} primaries, of which one has to gain and none lose."
        return f"It is one of {primaries} primaries, all of which have to gain."
    return TIERS[row.tier]


def _levels(record: DecisionRecord, row: Criterion) -> list[str]:
    """The level of each end of the interval, and why."""
    passing, harm = (each.capitalize() for each in ends_of(row))
    alpha, text = record.rule.alpha, f"{passing} end, to pass: one-sided α = {row.alpha:.3g}"
    if row.alpha < alpha * (1 - 1e-9):
        why = []
        if row.kind.counts_users:
            why.append("other primary metrics that were asked of these two versions before")
        if record.ledger:
            look = look_of(record)
            why.append("the test set’s ledger" + ("" if look is None else f" (look {look})"))
        if record.rule.primaries == "any-of" and row.role == PrimaryKind.role:
            why.append("the other primaries, of which one is enough")
        shared = " and ".join(why) or "the study’s other candidates"
        text += f", less than the policy’s {alpha:g} because of {shared}"
    if row.kind.counts_users:
        return [f"{text}.", _level_of_users(row, harm)]
    return [f"{text}.", f"{harm} end, to fail: one-sided α = {row.harm_alpha:.3g}."]


def _level_of_users(row: Criterion, end: str) -> str:
    shared = "" if row.kind.must_gain else ", harm’s level over the number of guards"
    return f"{end} end, to fail: one-sided α = {row.harm_alpha:.3g}{shared}."


def _harm(record: DecisionRecord, row: Criterion) -> str:
    if row.tier == "advisory":
        return f"Harm: {_p(row.p_harm)}. Being advisory, it holds nothing back."
    if row.kind.counts_users:
        return f"Harm: {_p(row.p_harm)}, whenever it is looked at."
    family = sum(each.tier != "advisory" for each in record.criteria)
    is_shown = row.shown_to_lose and row.p_harm_adjusted <= row.harm_alpha
    return (
        f"Harm: {_p(row.p_harm)}, and {_p(row.p_harm_adjusted)} by Holm’s method among "
        f"{family}: {'' if is_shown else 'not '}shown after correction, which only chooses words."
    )


def _p(value: float) -> str:
    return "p < .0001" if value < 0.0001 else f"p = {value:.2g}"
