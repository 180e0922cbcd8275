"""The claims on the ledger that a decision on a study makes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from evalhub.decision.arm_scores import ArmScores, ItemLabel
from evalhub.decision.criteria.table import BUDGETS
from evalhub.declare.decision import Alternative
from evalhub.declare.study import Development
from evalhub.io.canonical import digest_of
from evalhub.ledger.claim_content import content_digest
from evalhub.ledger.costs import arm_price
from evalhub.ledger.extended_looks import contents_of
from evalhub.ledger.positions import Claim
from evalhub.ledger.scores import item_labels, run_scores
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import (
    Metric,
    Output,
    Run,
    RunMetric,
    Study,
    StudyArm,
    StudyRun,
    StudyTestSet,
    TestSetVersion,
)
from evalhub.registry.models.studies import CriterionRole, Tier

RECORDED = "recorded"


def claims_of(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, *, arms: int
) -> list[Claim]:
    """A claim for each test set on which the arm's run isn't the baseline's; `arms` is how many
    arms are judged."""
    return [
        replace(
            _claim(evidence, test_set, *runs, arms),
            measured=digest_of_costs(
                evidence.study, test_set, list(zip((baseline, arm), runs, strict=True))
            ),
        )
        for test_set in evidence.test_sets
        if (runs := (evidence.run(baseline, test_set), evidence.run(arm, test_set)))[0] != runs[1]
    ]


def question_of(test_set: StudyTestSet, development: Development | None) -> dict[str, Any]:
    """The part of a claim beside its two runs."""
    split = development if test_set.role == CriterionRole.PRIMARY else None
    return {
        "metric": test_set.metric.digest,
        "mix": test_set.mix,
        "development": split.as_json() if split else None,
        **({"turned": True} if test_set.turned else {}),
    }


class ShownBeside(NamedTuple):
    """Comparisons that a decision's record shows without judging them.

    Attributes:
        rivals: of arms that this study never judges, which can only speak against the candidate.
        looks: of arms that it judges, and second answers of the baseline that were recorded, and so
            may be anybody's.
    """

    rivals: list[list[Claim]]
    looks: list[list[Claim]]


def claims_beside(
    evidence: StudyEvidence,
    baseline: StudyArm,
    judged: Sequence[StudyArm],
    alternatives: Sequence[Alternative],
) -> ShownBeside:
    """Claims of other arms that are shown, and of the baseline's recorded second run."""
    pairs = {(each.arm, each.test_set) for each in alternatives}
    rivals, others = (
        [
            [
                claim
                for claim in claims_of(evidence, baseline, arm, arms=len(judged))
                if (arm.name, claim.name) in pairs
            ]
            for arm in evidence.arms
            if (arm in judged) == is_judged
        ]
        for is_judged in (False, True)
    )
    repeats = [
        _claim(evidence, test_set, evidence.run(baseline, test_set), repeat, len(judged))
        for test_set in evidence.test_sets
        if (repeat := evidence.repeats.get((baseline.pk, test_set.pk)))
        and repeat.version.backend["type"] == RECORDED
    ]
    return ShownBeside(
        [each for each in rivals if each], [each for each in (*others, repeats) if each]
    )


def claims_of_plan(
    study: Study, baseline: StudyArm, arm: StudyArm, test_sets: Sequence[StudyTestSet], *, arms: int
) -> list[Claim]:
    """The claims of a study that may not have run yet. For missing answers: those of the same
    version to the same items elsewhere, else a digest of what will be asked."""
    links = StudyRun.objects.filter(arm__in=[baseline, arm], test_set__in=test_sets, repeat=0)
    runs = {
        (link.arm_id, link.test_set_id): link.run
        for link in links.select_related("run__version__model", "run__test_set_version")
    }
    development = study.policy.development
    labels: dict[int, list[ItemLabel]] = {}

    def items(version: TestSetVersion) -> list[ItemLabel]:
        if version.pk not in labels:
            labels[version.pk] = item_labels(version)
        return labels[version.pk]

    claims = []
    for test_set in test_sets:
        before, after = runs.get((baseline.pk, test_set.pk)), runs.get((arm.pk, test_set.pk))
        if before is None or after is None or before == after:
            continue
        answered = [_run_with_answers(run) for run in (before, after)]
        scores = [_scores_digest(run, test_set.metric) if run else "" for run in answered]
        answers = [
            run.answers_digest if run else _still_to_be_given(link)
            for run, link in zip(answered, (before, after), strict=True)
        ]
        claim = replace(
            _claim_on(test_set, before, after, development, arms),
            scores=(scores[0], scores[1]),
            planned=(answers[0], answers[1]),
            measured=digest_of_costs(
                study,
                test_set,
                [
                    (of, run)
                    for of, run in zip((baseline, arm), answered, strict=True)
                    if run is not None
                ],
            ),
        )
        if all(scores):
            own_labels = items(after.test_set_version)
            sides = [
                _reindex(
                    run_scores(run, test_set.metric, items(run.test_set_version)).arm,
                    items(run.test_set_version),
                    own_labels,
                )
                for run in answered
                if run is not None
            ]
            known_by = _content_of(claim, test_set, own_labels, sides[0], sides[1], development)
            claim = replace(claim, content=known_by)
        claims.append(claim)
    return claims


def _reindex(arm: ArmScores, was: Sequence[ItemLabel], now: Sequence[ItemLabel]) -> ArmScores:
    """The scores with the indices of another list of the same items."""
    if was is now:
        return arm
    index_of = {each.key: index for index, each in enumerate(now)}
    to = np.array([index_of[each.key] for each in was], dtype=np.intp)[arm.item_indices]
    order = np.argsort(to, kind="stable")
    return replace(arm, item_indices=to[order], values=arm.values[order], failed=None)


def _run_with_answers(run: Run) -> Run | None:
    """The run, or another run with answers of the same version to the same items, whatever their
    tags."""
    if run.answers_digest:
        return run
    others = Run.objects.exclude(answers_digest="").filter(
        version__digest=run.version.digest,
        version__model__project=run.version.model.project_id,
        test_set_version__item_count=run.test_set_version.item_count,
        source=run.source,
        repeat=run.repeat,
    )
    contents = None
    other: Run
    for other in others.select_related("test_set_version").order_by("-pk"):
        if other.test_set_version.digest == run.test_set_version.digest:
            return other
        contents = contents or contents_of(run.test_set_version)
        if contents_of(other.test_set_version) == contents:
            return other
    return None


def _scores_digest(run: Run, metric: Metric) -> str:
    row = RunMetric.objects.filter(run=run, metric=metric).first()
    return "" if row is None else row.scores_digest


def _still_to_be_given(run: Run) -> str:
    """Digest in place of the answers of a future run; the same for runs that are asked once."""
    return digest_of(
        {
            "version": run.version.digest,
            "items": run.test_set_version.digest,
            "source": run.source,
            "repeat": run.repeat,
        }
    )


def _claim(
    evidence: StudyEvidence, test_set: StudyTestSet, baseline: Run, candidate: Run, arms: int
) -> Claim:
    before, after = (evidence.scores_of(run, test_set.metric) for run in (baseline, candidate))
    claim = replace(
        _claim_on(test_set, baseline, candidate, evidence.development, arms),
        scores=(before.digest, after.digest),
    )
    if baseline.test_set_version_id != candidate.test_set_version_id:
        return claim  # of which no verdict is given
    key = test_set.pk, baseline.pk, candidate.pk
    if key not in evidence.contents:
        items = evidence.items(candidate.test_set_version)
        evidence.contents[key] = _content_of(
            claim, test_set, items, before.arm, after.arm, evidence.development
        )
    return replace(claim, content=evidence.contents[key])


def _content_of(
    claim: Claim,
    test_set: StudyTestSet,
    items: Sequence[ItemLabel],
    baseline: ArmScores,
    candidate: ArmScores,
    development: Development | None,
) -> str:
    """What the claim is known by. What else a decision reads of the answers, and is judged by,
    belongs to what is asked here."""
    fields = {name: value for name, value in claim.asked.items() if name != "mix"}
    judged = None
    if claim.primary and development is not None:
        judged = np.array([not development.holds(each.key, each.cluster) for each in items])
    return content_digest(
        items, baseline, candidate, question=fields, judged=judged, mix=test_set.mix
    )


def _claim_on(
    test_set: StudyTestSet,
    baseline: Run,
    candidate: Run,
    development: Development | None,
    arms: int,
) -> Claim:
    return Claim(
        name=test_set.name,
        primary=test_set.role == CriterionRole.PRIMARY,
        critical=test_set.tier == Tier.CRITICAL,
        baseline=baseline,
        candidate=candidate,
        asked=question_of(test_set, development),
        scores=("", ""),
        drawn_for=arms if test_set.draw else None,
    )


def digest_of_costs(
    study: Study, test_set: StudyTestSet, arms: Sequence[tuple[StudyArm, Run]]
) -> str:
    """SHA-256 of the costs and times that critical budgets read on a test set; "" where none reads
    any.

    The same answers recorded again with other times could pass a budget by luck, as other answers
    could: they are another claim. So are they at another price, where money is compared.
    """
    names = _critical(study, test_set)
    if not names:
        return ""
    columns = sorted({column for name in names for column in BUDGETS[name].columns})
    return digest_of(
        {
            "columns": columns,
            "arms": [_of_arm(study, arm, run, columns) for arm, run in arms],
        }
    )


def _critical(study: Study, test_set: StudyTestSet) -> list[str]:
    """Critical budgets on this test set."""
    budgets = study.policy.budgets
    if not any(each.tier == "critical" for each in budgets.values()):
        return []
    first = study.test_sets.filter(role=CriterionRole.PRIMARY).values_list("name", flat=True)[:1]
    return [
        name
        for name, budget in budgets.items()
        if budget.tier == "critical" and (budget.test_set or next(iter(first), "")) == test_set.name
    ]


def _of_arm(study: Study, arm: StudyArm, run: Run, columns: list[str]) -> dict[str, Any]:
    rows = Output.objects.filter(run=run).order_by(
        "item__fingerprint_in_context", "item__key", "sample"
    )
    price = arm_price(study, arm.name, run) if "prompt_tokens" in columns else None
    return {
        "price": price and price.price.as_json(),
        "answers": list(rows.values_list(*columns)),
    }
