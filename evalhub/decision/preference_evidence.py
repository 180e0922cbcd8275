"""What people preferred, as a criterion. Pure: judgments in, numbers out."""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import compress

import numpy as np

from evalhub.decision.criteria.preference import PreferenceKind, PreferenceRule
from evalhub.decision.criterion import Criterion, Measurement, NextLook, Tested
from evalhub.decision.judgments import CountedReview, Judgments
from evalhub.decision.measuring import record_spread, requirement_at
from evalhub.decision.people_cautions import (
    Pace,
    beside_left_out,
    fast_people,
    few_people,
    identity_cautions,
)
from evalhub.decision.requirements import Requirement
from evalhub.decision.wording import count_text
from evalhub.declare.decision import (
    AgreementValue,
    People,
    ReviewerPace,
    ReviewPlans,
)
from evalhub.stats.agreement import agreement
from evalhub.stats.intervals import Estimate
from evalhub.stats.levels import HARM_ALPHA
from evalhub.stats.power_people import judgment_spread
from evalhub.stats.preference import CHOICES, WinScore, win_score


@dataclass(frozen=True, slots=True)
class PreferenceEvidence:
    """What the rule gets from people: figures, criteria, and what is pending or unfit.

    Attributes:
        record: the decision record's part on people; None where nobody was asked.
        criteria: their preference, where it is asked and nothing more is to come.
        pending: what is still to come, one sentence each.
        unfit: what makes their judgments no evidence, one sentence each.
    """

    record: People | None = None
    criteria: list[Criterion] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)


def preference_evidence(
    judgments: Judgments | None,
    rule: PreferenceRule | None,
    *,
    test_set: str,
    alpha: float,
    harm_alpha: float = HARM_ALPHA,
    planned_gain: float,
) -> PreferenceEvidence:
    """People's part of a decision under the policy's `rule`; None demands nothing.

    The k-th plan for the same answers is judged at alpha/k²: a new plan after one that didn't say
    what was hoped is another try. Over however many plans that is at most π²/6 = 1.64 times alpha,
    and the ledger's first look leaves 1/1.64 of the policy's.
    """
    if judgments is None:
        required = rule is not None and rule.required
        unasked = "No review has these answers"
        return PreferenceEvidence(pending=[unasked] if required else [])
    alpha /= judgments.plan**2
    people = people_of(judgments, alpha=alpha, rule=rule)
    if rule is None:
        return PreferenceEvidence(people)
    pending = _pending(rule, judgments, people, alpha)
    if not judgments.complete or not judgments.choices:
        return PreferenceEvidence(people, pending=pending)
    criterion = preference_criterion(
        judgments,
        test_set=test_set,
        min_gain=rule.min_gain,
        alpha=alpha,
        harm_alpha=harm_alpha,
        planned_gain=planned_gain if rule.planned_gain is None else rule.planned_gain,
    )
    return PreferenceEvidence(
        people, [criterion] if rule.required else [], pending, _unfit(rule, judgments, people)
    )


def running_evidence(
    review: CountedReview, rule: PreferenceRule, *, alpha: float
) -> PreferenceEvidence:
    """People's part of a decision while the review goes on: the number of judgments alone."""
    people = People(
        state="running" if review.judgments else "waiting",
        planned=review.planned,
        judgments=review.judgments,
        identical=review.identical,
        plan_hash=review.plan_hash,
        plans=_plans(review, alpha / review.plan**2) if review.opened > 1 else None,
    )
    return PreferenceEvidence(people, pending=[_count_clause(people)] if rule.required else [])


def evidence_of_changed_review(review: CountedReview, why: str) -> PreferenceEvidence:
    """People's part of a decision after judgments were changed: why, and no figures."""
    people = People(
        state="changed",
        planned=review.planned,
        judgments=review.judgments,
        identical=review.identical,
        plan_hash=review.plan_hash,
    )
    return PreferenceEvidence(people, unfit=[why])


def _count_clause(people: People) -> str:
    return f"Reviewers have given {people.judgments} of {count_text(people.planned, 'judgment')}"


def _pending(rule: PreferenceRule, judgments: Judgments, people: People, alpha: float) -> list[str]:
    if not rule.required:
        return []
    if not judgments.complete:
        return [_count_clause(people) + beside_left_out(people.identities)]
    reviewers = judgments.reviewers
    if reviewers < rule.min_reviewers:
        least, have = (
            count_text(rule.min_reviewers, "reviewer"),
            "has" if rule.min_reviewers == 1 else "have",
        )
        return [
            f"{reviewers} of at least {least} {have} judged"
            f"{beside_left_out(people.identities)}: more people have to, by a new "
            "plan where this one is full"
        ]
    stopped = judgments.early_stop
    if stopped is not None and stopped.level < 1 - 2 * alpha - 1e-9:
        return [
            f"The review was ended early at {stopped.level:.1%}, and this decision asks for "
            f"{1 - 2 * alpha:.1%}: its plan allowed for more error than the policy does"
        ]
    return []


def _unfit(rule: PreferenceRule, judgments: Judgments, people: People) -> list[str]:
    """Why judgments can't be weighted, and why agreement is too low; the latter is asked only once
    enough people have judged."""
    reasons = _unweighted(judgments)
    floor, ac1 = rule.min_agreement, people.gwet_ac1
    value = None if ac1 is None else ac1.value
    if floor is None or (value is not None and value >= floor):
        return reasons
    if judgments.reviewers < rule.min_reviewers:
        return reasons
    value_text = "unknown" if value is None else f"{value:.2f}"
    return [*reasons, f"reviewers' agreement (AC1) is {value_text}, below the floor of {floor:g}"]


def _unweighted(judgments: Judgments) -> list[str]:
    """Why judgments of a weighted sample can't be weighted; empty where they are."""
    if lacking := judgments.unweighted_items:
        of = count_text(len(set(judgments.items)), "judged item")
        return [f"{lacking} of {of} {'has' if lacking == 1 else 'have'} no weight, and others do"]
    if judgments.weights and judgments.early_stop is not None:
        return [
            "the review was ended early by limits that count items alike, and these have weights"
        ]
    return []


def preference_criterion(
    judgments: Judgments,
    *,
    test_set: str,
    min_gain: float,
    alpha: float,
    harm_alpha: float = HARM_ALPHA,
    planned_gain: float,
) -> Criterion:
    """People's win score above one half, by the same rule as any other gain.

    A review that its own rule ended early has that rule's limits, at its level: the upper one none
    where that is laxer than harm's.
    """
    win_score, p_better, p_worse = _verdict(judgments, alpha)
    left = 1 - judgments.spent
    lowest, highest = alpha * left, harm_alpha * left
    if judgments.early_stop is None:
        upper = max(_score(judgments, highest).upper, win_score.score)
    else:
        lowest = (1 - win_score.level) / 2
        upper = win_score.upper if lowest <= harm_alpha + 1e-9 else 1.0
        highest = min(lowest, harm_alpha)
    signs = {"candidate": 0.5, "baseline": -0.5}
    values = [signs.get(choice, 0.0) for choice in judgments.choices]
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)
    requirement = Requirement(
        name="Reviewers' preference",
        role=PreferenceKind.role,
        test_set=test_set,
        metric="win score",
        min_gain=min_gain,
    )
    return Criterion.of(
        requirement_at(requirement, 0.5),
        Measurement(
            n=win_score.judgments,
            clusters=win_score.items,
            baseline=0.5,
            candidate=win_score.score,
            difference=win_score.score - 0.5,
            lower=win_score.lower - 0.5,
            upper=upper - 0.5,
            alpha=lowest,
            harm_alpha=highest,
            wins=win_score.wins,
            losses=win_score.losses,
            ties=win_score.ties + win_score.both_bad,
            ratio=None,
            ratio_lower=None,
            ratio_upper=None,
        ),
        Tested(
            p_value=min(1.0, 2 * min(p_better, p_worse)),
            method=win_score.method,
            test="the interval's own",
            p_harm=p_worse,
            sd=variance**0.5,
            design_effect=1.0,
            gap=planned_gain,
            spread=record_spread(
                judgment_spread(
                    np.array(values),
                    items=judgments.units,
                    raters=judgments.raters,
                    weights=judgments.judgment_weights,
                )
            ),
        ),
    ).model_copy(
        update={"next_look": NextLook(alpha=alpha * (judgments.plan / (judgments.plan + 1)) ** 2)}
    )


def people_of(judgments: Judgments, *, alpha: float, rule: PreferenceRule | None = None) -> People:
    """The record's part on people: how many, what they preferred, how far they agree."""
    count = len(judgments.choices)
    received = count + judgments.left_out
    people = People(
        state="complete" if judgments.complete else "partial" if received else "waiting",
        planned=judgments.planned,
        judgments=count,
        identical=judgments.identical,
        items=len(set(judgments.items)),
        reviewers=judgments.reviewers,
        plan_hash=judgments.plan_hash,
        seal=judgments.seal,
        early_stop=judgments.early_stop,
        identities=tuple(judgments.identities),
        plans=_plans(judgments, alpha) if judgments.opened > 1 else None,
    )
    paces = _paces(judgments)
    allowed = {} if rule is None else {"allowed": rule.min_reviewers}
    cautions = few_people(judgments.reviewers, **allowed) + fast_people(
        {f"Reviewer {name}": pace for name, pace in paces.items()}
    )
    people = people.model_copy(
        update={
            "cautions": (
                *identity_cautions(judgments.identities, judgments.unconfirmed),
                *cautions,
                *judgments.looks,
            ),
            "paces": tuple(
                ReviewerPace(reviewer=name, answers=pace.answers, fast=pace.fast)
                for name, pace in paces.items()
            ),
        }
    )
    if not count:
        return people
    win_score, _, _ = _verdict(judgments, alpha)
    shares = ("score", "lower", "upper", "wins", "losses", "ties", "both_bad")
    return people.model_copy(
        update={name: getattr(win_score, name) for name in shares} | _agreement(judgments)
    )


def _paces(judgments: Judgments) -> dict[str, Pace]:
    if not judgments.too_fast:
        return {}
    answers = Counter(judgments.raters)
    fast = Counter(compress(judgments.raters, judgments.too_fast))
    return {name: Pace(answers[name], fast[name]) for name in answers}


def _plans(judgments: Judgments | CountedReview, alpha: float) -> ReviewPlans:
    number, opened = judgments.plan, judgments.opened
    sentence = f"{opened} reviews of these answers were planned; this is the newest"
    if number > 1:
        sentence += (
            f", and judgments were given to {number - 1} before it: it is judged at {alpha:.2g}, "
            f"1/{number**2} of what is left to this candidate"
        )
    return ReviewPlans(number=number, opened=opened, alpha=alpha, sentence=f"{sentence}.")


def _agreement(judgments: Judgments) -> dict[str, float | AgreementValue | None]:
    raters = {rater: i for i, rater in enumerate(sorted(set(judgments.raters)))}
    items = {item: i for i, item in enumerate(sorted(set(judgments.items)))}
    if len(raters) < 2:
        return {}
    table: list[list[str | None]] = [[None] * len(raters) for _ in items]
    for choice, item, rater in zip(
        judgments.choices, judgments.items, judgments.raters, strict=True
    ):
        table[items[item]][raters[rater]] = choice
    coefficients = agreement(table, level="nominal", scale=CHOICES)
    return {
        "raw_agreement": coefficients.raw_agreement,
        "krippendorff_alpha": _estimate(coefficients.krippendorff_alpha),
        "gwet_ac1": _estimate(coefficients.gwet_ac1),
    }


def _estimate(estimate: Estimate) -> AgreementValue:
    return AgreementValue(value=estimate.value, lower=estimate.lower, upper=estimate.upper)


def _score(judgments: Judgments, alpha: float) -> WinScore:
    return win_score(
        judgments.choices,
        items=judgments.units,
        raters=judgments.raters,
        weights=judgments.judgment_weights,
        alpha=alpha,
    )


def _verdict(judgments: Judgments, alpha: float) -> tuple[WinScore, float, float]:
    """The win score, and one-sided p-values of no more and no less than one half.

    A campaign that its rule ended early has the rule's own limits, which hold at every look. One
    whose rule could have, and didn't, has the usual ones at what is left of alpha.
    """
    if (stopped := judgments.early_stop) is not None:
        win_score = replace(
            _score(judgments, alpha),
            lower=stopped.lower,
            upper=stopped.upper,
            level=stopped.level,
            method=stopped.method,
        )
        return win_score, stopped.p_better, stopped.p_worse
    left = 1 - judgments.spent
    win_score = _score(judgments, alpha * left)
    return win_score, min(1.0, win_score.p_better / left), min(1.0, win_score.p_worse / left)
