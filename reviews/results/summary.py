"""A campaign's results, for whoever may know the arms. Pure: judgments in, numbers out."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalhub.decision.people_cautions import fast_people, few_people
from evalhub.declare.review import Dimension
from evalhub.stats.agreement import Agreement, agreement
from evalhub.stats.bradley_terry import Strengths, strengths
from evalhub.stats.dawid_skene import dawid_skene
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA
from evalhub.stats.preference import CHOICES, WinScore, win_score
from evalhub.stats.sides import LengthControl, PositionBias, length_control, position_bias
from reviews.models import RATED, AssignmentPurpose
from reviews.results.judgment_data import JudgmentData, JudgmentRow
from reviews.results.rated import RatingResult, ratings
from reviews.results.reviewer_quality import ReviewerQuality, reviewer_quality, table_of

_OUTCOME = {"candidate": "first", "baseline": "second"}
_SKILL_ITERATIONS = 100
MOST_GROUPS = 40


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The win score within a tag or a stratum."""

    name: str
    score: WinScore


@dataclass(frozen=True, slots=True)
class DimensionResult:
    """A dimension of the rubric: its own win score and agreement."""

    name: str
    score: WinScore
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Flagged:
    """How often a flag was put on each arm's answers."""

    flag: str
    candidate: int
    baseline: int


@dataclass(frozen=True, slots=True)
class Labels:
    """Dawid and Skene's labels: how many pairs most likely are each, how sure of it on average,
    and how often each reviewer, weighed by the pairs' labels, gives the likely one."""

    counts: dict[str, int]
    certainty: float
    skill: dict[str, float]
    converged: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """A campaign's results. What can't be had is None or empty, and `missing` says why.

    Attributes:
        weighted: win scores count each item by its weight; the numbers of votes count judgments.
    """

    judgments: int
    planned: int
    preference: WinScore | None
    weighted: bool
    much: dict[str, int]
    length: LengthControl | None
    sides: PositionBias | None
    agreement: Agreement | None
    reviewers: list[ReviewerQuality]
    tags: list[GroupScore]
    strata: list[GroupScore]
    dimensions: list[DimensionResult]
    flags: list[Flagged]
    labels: Labels | None
    arms: Strengths | None
    ratings: list[RatingResult]
    adjudicated: dict[str, int]
    cautions: list[str]
    missing: dict[str, str]


def summarise(
    data: JudgmentData, *, baseline: int, candidate: int, dimensions: Sequence[Dimension] = ()
) -> Summary:
    """All results of a campaign between two versions (or of several: then `arms` as well)."""
    main = data.of()
    compared = [each for each in main if each.favours != RATED]
    two = [each for each in data.between(baseline, candidate).of() if each.favours != RATED]
    missing: dict[str, str] = {}
    adjudicated = [
        judgment
        for judgment in data.judgments
        if judgment.purpose == AssignmentPurpose.ADJUDICATION
    ]
    reviewers = reviewer_quality(data)
    return Summary(
        judgments=len(main),
        planned=data.planned,
        preference=_score(two) if two else None,
        weighted=_weights(two) is not None,
        much=dict(Counter(each.favours for each in two if each.much)),
        length=_length(two, missing),
        sides=_sides(compared) if compared else None,
        agreement=agreement(table_of(compared), scale=CHOICES) if compared else None,
        reviewers=reviewers,
        tags=_groups([(tag, each) for each in two for tag in each.pair.tags]),
        strata=_groups([(each.pair.stratum, each) for each in two if each.pair.stratum]),
        dimensions=[
            result
            for dimension in dimensions
            if (result := _dimension(dimension.name, two)) is not None
        ],
        flags=_flags(main),
        labels=_labels(two, data.reviewers, missing),
        arms=_arms(compared, baseline),
        ratings=ratings(main, baseline=baseline, candidate=candidate, dimensions=dimensions),
        adjudicated=dict(Counter(each.favours for each in adjudicated)),
        cautions=few_people(len(reviewers)) + fast_people({r.name: r.pace for r in reviewers}),
        missing=missing,
    )


def _score(judgments: Sequence[JudgmentRow], choices: Sequence[str] | None = None) -> WinScore:
    """Clustered and weighted as a decision on the same judgments is."""
    score = win_score(
        [each.favours for each in judgments] if choices is None else choices,
        items=[each.pair.cluster for each in judgments],
        raters=[each.reviewer for each in judgments],
        weights=_weights(judgments),
        alpha=ALPHA,
    )
    return replace(score, items=len({each.pair.item for each in judgments}))


def _weights(judgments: Sequence[JudgmentRow]) -> list[float] | None:
    """Each judgment's weight, which is its item's; None where not all items have one."""
    weights = [each.pair.weight for each in judgments if each.pair.weight is not None]
    return weights if weights and len(weights) == len(judgments) else None


def _length(judgments: Sequence[JudgmentRow], missing: dict[str, str]) -> LengthControl | None:
    if not judgments:
        return None
    try:
        controlled = length_control(
            [each.favours for each in judgments],
            [max(1, each.pair.candidate_length) for each in judgments],
            [max(1, each.pair.baseline_length) for each in judgments],
            candidate_sides=[each.candidate_side for each in judgments],
            items=[each.pair.item for each in judgments],
            alpha=ALPHA,
        )
    except StatisticsError as error:
        missing["length"] = str(error)
        return None
    if controlled.controlled is None:
        missing["length"] = f"the model that controls for length has no answer: {controlled.state}"
    return controlled


def _sides(judgments: Sequence[JudgmentRow]) -> PositionBias:
    return position_bias(
        [each.favours for each in judgments],
        [each.candidate_side for each in judgments],
        items=[each.pair.item for each in judgments],
    )


def _groups(rows: Sequence[tuple[str, JudgmentRow]]) -> list[GroupScore]:
    """The largest groups by name; the rest is not shown."""
    members: dict[str, list[JudgmentRow]] = defaultdict(list)
    for name, judgment in rows:
        members[name].append(judgment)
    largest = sorted(members, key=lambda name: (-len(members[name]), name))[:MOST_GROUPS]
    return [GroupScore(name, _score(members[name])) for name in sorted(largest)]


def _dimension(name: str, judgments: Sequence[JudgmentRow]) -> DimensionResult | None:
    answered = [each for each in judgments if isinstance(each.answers.get(name), str)]
    if not answered:
        return None
    table: dict[object, dict[object, str | int | float | bool | None]] = defaultdict(dict)
    for judgment in answered:
        table[judgment.pair.pk][judgment.reviewer] = judgment.answers[name]
    score = _score(answered, [each.answers[name] for each in answered])
    return DimensionResult(name, score, agreement(table, scale=CHOICES))


def _flags(judgments: Sequence[JudgmentRow]) -> list[Flagged]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for judgment in judgments:
        for arm, flagged in judgment.flags.items():
            for flag in flagged:
                counts[flag][arm] += 1
    return [
        Flagged(flag, counts[flag]["candidate"], counts[flag]["baseline"])
        for flag in sorted(counts)
    ]


def _labels(
    judgments: Sequence[JudgmentRow], names: dict[int, str], missing: dict[str, str]
) -> Labels | None:
    if not judgments:
        return None
    try:
        fit = dawid_skene(
            [each.pair.pk for each in judgments],
            [each.reviewer for each in judgments],
            [each.favours for each in judgments],
            tolerance=1e-6,
            most_iterations=_SKILL_ITERATIONS,
        )
    except StatisticsError as error:
        missing["labels"] = str(error)
        return None
    best = {unit: int(chances.argmax()) for unit, chances in fit.posterior.items()}
    likely: dict[int, list[float]] = defaultdict(list)
    column_of = {label: i for i, label in enumerate(fit.labels)}
    for judgment in judgments:
        likely[judgment.reviewer].append(
            float(fit.posterior[judgment.pair.pk][column_of[judgment.favours]])
        )
    return Labels(
        counts=dict(Counter(str(fit.labels[i]) for i in best.values())),
        certainty=sum(float(p.max()) for p in fit.posterior.values()) / len(fit.posterior),
        skill={names[rater]: sum(own) / len(own) for rater, own in likely.items()},
        converged=fit.converged,
    )


def _arms(judgments: Sequence[JudgmentRow], baseline: int) -> Strengths | None:
    """Bradley-Terry strengths with Davidson's ties and a term for the left; of three arms or
    more."""
    versions = {
        v
        for judgment in judgments
        for v in (judgment.pair.baseline_version, judgment.pair.candidate_version)
    }
    if len(versions) < 3:
        return None
    return strengths(
        [each.pair.candidate_version for each in judgments],
        [each.pair.baseline_version for each in judgments],
        [_OUTCOME.get(each.favours, each.favours) for each in judgments],
        terms={"left": [1.0 if each.candidate_side == "left" else -1.0 for each in judgments]},
        clusters=[each.pair.item for each in judgments],
        reference=baseline,
        alpha=ALPHA,
    )
