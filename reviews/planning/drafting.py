"""What a campaign would ask, worked out from the runs and not yet written anywhere."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evalhub.declare.review import (
    Design,
    Form,
    ItemSampling,
    ReviewPlan,
    StratumCount,
    Vendi,
)
from evalhub.io.tools import with_calls
from evalhub.registry.models import Metric, Output, Run, RunMetric
from reviews.blinding import BLOCK, draw
from reviews.errors import NothingToCompareError, PlanError
from reviews.models import RATED, Choice, PairKind
from reviews.planning.answers import JoinedAnswers, answers_of
from reviews.planning.checks import Planned, controls, pairs_with_known_answer
from reviews.planning.pairing import (
    Candidate,
    Joined,
    arm_pairs,
    certain,
    known_answers,
    scores_of,
    second_answers,
)
from reviews.planning.sampling import (
    combine_strata,
    disagreement_strata,
    length_strata,
    sample_strata,
)

VENDI_OF = 500  # items of which the Vendi score is computed, at most

type Reader = Callable[[Sequence[Run], Design], JoinedAnswers]


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """A design over runs of one test set, the baseline's first.

    `metric` is what the runs were scored by, for strata, gold and practice; None for none.
    `strata` maps an item's key to its stratum and wins over the design's.
    """

    runs: tuple[Run, ...]
    design: Design
    metric: Metric | None = None
    strata: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan and its pairs in the plan's order, the practice pairs last."""

    plan: ReviewPlan
    pairs: list[Planned]

    def count(self, kind: PairKind) -> int:
        return sum(pair.kind == kind for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class _Scores:
    baseline: dict[str, float | None]
    candidate: dict[str, float | None]


def prepare(plan_inputs: PlanInputs, read: Reader = answers_of) -> Prepared:
    """Samples, chooses control, gold and practice pairs, and puts them in order; writes nothing.

    `read` brings the runs' answers, as they are now or as they are kept.
    Raises PlanError for what can't be asked, NothingToCompareError where all answers read alike.
    """
    if from_test_set := known_answers(plan_inputs.runs[0]):
        known_by_key = {**from_test_set, **plan_inputs.design.known}
        plan_inputs = replace(
            plan_inputs, design=plan_inputs.design.model_copy(update={"known": known_by_key})
        )
    design, form = plan_inputs.design, plan_inputs.design.form
    arms = arm_pairs(len(plan_inputs.runs), design.combinations)
    answers = read(plan_inputs.runs, design)
    joined_answers = answers.joined
    population = _population(joined_answers, design)
    scores = _scores(plan_inputs)
    groups = _strata(population, plan_inputs, scores)
    copies = answers.copies(population)[1] if design.diverse else None
    keys = _sample(groups, design, copies)
    vendi = None
    if copies is not None:
        vendi = _vendi(answers, population, [_sample(groups, design), keys])
    main = [pair for key in keys for pair in _main(key, population[key], arms, groups[key], form)]
    checks = [] if form.rates else _checks(plan_inputs, joined_answers, keys, scores, len(main))
    pairs = _in_order([*main, *checks], design.seed)
    plan = ReviewPlan(
        kind="ratings" if form.rates else "pairs",
        design=design,
        scale=(RATED,) if form.rates else tuple(Choice.values),
        side_block=BLOCK,
        test_set=plan_inputs.runs[0].test_set_version.digest,
        arms=tuple(run.answers_digest for run in plan_inputs.runs),
        items=tuple(dict.fromkeys(pair.key for pair in pairs if pair.kind == PairKind.MAIN)),
        pairs=tuple(_entry(pair) for pair in pairs),
        texts=_digest_of_texts(pairs),
        strata=_count_strata(groups, keys),
        sampling=ItemSampling(
            by="as given" if plan_inputs.strata else design.strata,
            near_copies=len(population) - len(set(copies)) if copies else 0,
            vendi=vendi,
        ),
        different=len(population),
        identical=joined_answers.identical,
        unpaired=joined_answers.unpaired,
    )
    return Prepared(plan, pairs)


def _population(joined_answers: Joined, design: Design) -> dict[str, Candidate]:
    """The items to sample from: all but those with a known answer."""
    if design.form.rates:
        if design.controls or design.gold or design.practice or design.known:
            raise PlanError(
                "ratings have no control, gold or practice pairs: repeats watch over them"
            )
        candidates_by_key = {
            key: candidate
            for key, candidate in joined_answers.candidates.items()
            if candidate.answered
        }
    else:
        candidates_by_key = joined_answers.different
    for key in design.known:
        if key not in joined_answers.different or not joined_answers.different[
            key
        ].pairs_that_differ([(0, 1)]):
            raise PlanError(f"expected of item '{key}': it has no two different answers")
    left = {key: each for key, each in candidates_by_key.items() if key not in design.known}
    if not left:
        raise NothingToCompareError(
            f"no item has two different answers to compare: {joined_answers.identical} are "
            f"identical, {joined_answers.unpaired} have no answer in one of the runs"
        )
    return left


def _scores(plan_inputs: PlanInputs) -> _Scores | None:
    design = plan_inputs.design
    missing = design.gold or design.practice
    if plan_inputs.metric is None or not (missing or "disagreement" in design.strata):
        return None
    opened = RunMetric.objects.readable().filter(
        metric=plan_inputs.metric, run__in=plan_inputs.runs[:2]
    )
    if opened.count() < 2:
        if "disagreement" in design.strata:
            raise PlanError(
                "strata: “disagreement” reads scores that no decision has read yet; decide on the "
                "study first, or leave it out"
            )
        return None
    baseline, candidate = (scores_of(run, plan_inputs.metric) for run in plan_inputs.runs[:2])
    return _Scores(baseline, candidate)


def _strata(
    population: Mapping[str, Candidate], plan_inputs: PlanInputs, scores: _Scores | None
) -> dict[str, str]:
    tags = {key: each.tags for key, each in population.items()}
    if plan_inputs.strata is not None:
        return {key: plan_inputs.strata.get(key, tag) for key, tag in tags.items()}
    by = plan_inputs.design.strata
    parts: list[Mapping[str, str]] = [dict.fromkeys(population, "")]
    if "tags" in by:
        parts.append(tags)
    if "length" in by:
        parts.append(length_strata({key: each.length for key, each in population.items()}))
    if "disagreement" in by:
        if scores is None:
            raise PlanError("strata: there is no metric to disagree; leave “disagreement” out")
        parts.append(disagreement_strata(scores.baseline, scores.candidate))
    return combine_strata(*parts)


def _sample(
    groups: Mapping[str, str], design: Design, copies: Sequence[int] | None = None
) -> list[str]:
    return sample_strata(
        list(groups), list(groups.values()), n=design.items, seed=design.seed, groups=copies
    )


def _vendi(
    answers: JoinedAnswers, population: Mapping[str, Candidate], samples: Sequence[Sequence[str]]
) -> Vendi:
    """How varied the samples are, which were drawn without and with regard to near-copies."""
    drawn = [sample[:VENDI_OF] for sample in samples]
    before, after = (round(answers.vendi(population, sample), 2) for sample in drawn)
    return Vendi(before=before, after=after, items=len(drawn[0]))


def _main(
    key: str,
    candidate: Candidate,
    arms: Sequence[tuple[int, int]],
    stratum: str,
    form: Form,
) -> list[Planned]:
    slots: list[tuple[int, int | None]] = (
        [(arm, None) for arm in range(len(candidate.outputs))]
        if form.rates
        else [*candidate.pairs_that_differ(arms)]
    )
    pairs = []
    for one, other in slots:
        first = candidate.outputs[one]
        assert first is not None
        second = None if other is None else candidate.outputs[other]
        pairs.append(
            Planned(
                PairKind.MAIN, key, candidate.item, (one, other), (first, second), stratum[:200]
            )
        )
    return pairs


def _checks(
    plan_inputs: PlanInputs,
    joined_answers: Joined,
    sampled: Sequence[str],
    scores: _Scores | None,
    main: int,
) -> list[Planned]:
    design, main_keys = plan_inputs.design, set(sampled)
    used = main_keys | set(design.known)
    sure = certain(scores.baseline, scores.candidate) if scores else {}
    free = {
        key: side
        for key, side in sure.items()
        if key not in used
        and key in joined_answers.different
        and joined_answers.different[key].pairs_that_differ([(0, 1)])
    }
    pairs = pairs_with_known_answer(
        design.known,
        free,
        joined_answers.different,
        (0, 1),
        gold=round(design.gold * main),
        practice=design.practice,
        seed=design.seed,
    )
    if not design.controls:
        return pairs
    used |= {pair.key for pair in pairs}
    drawn = sorted(joined_answers.candidates, key=lambda key: draw(design.seed, "control", key))
    pool = [key for key in drawn if key not in used] + [key for key in drawn if key in main_keys]
    ids = {each.item: key for key, each in joined_answers.candidates.items()}
    seconds = [second_answers(run, ids, design.form.show) for run in plan_inputs.runs]
    n = round(design.controls * main)
    return pairs + controls(pool, joined_answers.candidates, seconds, n=n, seed=design.seed)


def _in_order(pairs: Sequence[Planned], seed: int) -> list[Planned]:
    """A random order in which nothing tells the kinds apart; practice comes after it."""
    return sorted(
        pairs,
        key=lambda pair: (
            pair.kind == PairKind.PRACTICE,
            draw(seed, "position", pair.kind, pair.key, *pair.arms),
        ),
    )


def _entry(pair: Planned) -> tuple[str | int, ...]:
    expected = [pair.expected] if pair.expected else []
    return (pair.kind.value, pair.key, *(arm for arm in pair.arms if arm is not None), *expected)


def _digest_of_texts(pairs: Sequence[Planned]) -> str:
    """SHA-256 over the texts to be shown, so that the plan is of these very answers."""
    wanted = [pk for pair in pairs for pk in pair.outputs if pk is not None]
    digests: dict[int, str] = {}
    for start in range(0, len(wanted), 500):
        outputs = Output.objects.filter(pk__in=wanted[start : start + 500])
        for pk, text, calls in outputs.values_list("pk", "text", "tool_calls"):
            digests[pk] = hashlib.sha256(with_calls(str(text), calls).encode()).hexdigest()
    return hashlib.sha256("".join(digests[pk] for pk in wanted).encode()).hexdigest()


def _count_strata(groups: Mapping[str, str], sampled: Sequence[str]) -> dict[str, StratumCount]:
    different, drawn = Counter(groups.values()), Counter(groups[key] for key in sampled)
    return {
        name: StratumCount(different=different[name], sampled=drawn[name])
        for name in sorted(different)
    }
