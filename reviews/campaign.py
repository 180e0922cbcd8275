"""Open a campaign over two runs, and close it."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from evalhub.registry.models import ModelVersion, Output, Run, Study
from reviews.blinding import BLOCK
from reviews.errors import NothingToCompareError, PlanError
from reviews.models import Campaign, CampaignState, Choice, Pair
from reviews.sampling import stratified
from reviews.showing import shown

QUESTION = "Which answer would you rather send?"
SCHEMA = "evalhub.review-plan/1"


@dataclass(frozen=True, slots=True)
class _Candidates:
    """What there is to compare: item key → (item, baseline output, candidate output) ids."""

    different: dict[str, tuple[int, int, int]]
    tags: dict[str, str]
    identical: int
    unpaired: int


@transaction.atomic
def open_campaign(
    *,
    study: Study,
    baseline_run: Run,
    candidate_run: Run,
    items: int,
    reviewers_per_item: int,
    seed: int,
    question: str = QUESTION,
    strata: Mapping[str, str] | None = None,
) -> Campaign:
    """The campaign of this plan; opening the same plan again returns the same campaign.

    Samples `items` items (all, if there are fewer) among those that both runs answered with
    different texts as a reader sees them, proportionally from each stratum. `strata` maps an
    item's key to its stratum; items that it leaves out, and all items without it, are grouped
    by their tags. With several samples an item, the first is compared. Items with identical
    answers aren't dealt: the plan counts them, and `reviews.results` reports them.

    Raises PlanError for runs of different test set versions or of one model version, numbers
    below 1, an empty question or one that names an arm; NothingToCompareError where all answers
    read the same.
    """
    _check(study, baseline_run, candidate_run, items, reviewers_per_item, seed, question)
    found = _candidates(baseline_run, candidate_run)
    if not found.different:
        raise NothingToCompareError(
            f"no item has two different answers to compare: {found.identical} are identical, "
            f"{found.unpaired} have no answer in one of the runs"
        )
    groups = {key: (strata or {}).get(key, tags) for key, tags in found.tags.items()}
    keys = stratified(list(groups), list(groups.values()), n=items, seed=seed)
    pairs = [found.different[key] for key in keys]
    plan = {
        "schema": SCHEMA,
        "question": question,
        "scale": Choice.values,
        "reviewers_per_item": reviewers_per_item,
        "seed": seed,
        "side_block": BLOCK,
        "test_set": baseline_run.test_set_version.digest,
        "baseline": baseline_run.version.digest,
        "candidate": candidate_run.version.digest,
        "items_asked": items,
        "items": keys,
        "texts": _digest_of_texts(pairs),
        "strata": _strata(groups, keys),
        "different": len(found.different),
        "identical": found.identical,
        "unpaired": found.unpaired,
    }
    campaign, opened = Campaign.objects.get_or_create(
        project=study.project,
        study=study,
        plan_hash=plan_hash(plan),
        defaults={
            "name": study.name,
            "baseline": baseline_run.version,
            "candidate": candidate_run.version,
            "question": question,
            "reviewers_per_item": reviewers_per_item,
            "seed": seed,
            "plan": plan,
        },
    )
    if opened:
        Pair.objects.bulk_create(
            (
                Pair(
                    campaign=campaign,
                    item_id=item,
                    baseline_output_id=baseline,
                    candidate_output_id=candidate,
                    position=position,
                    seats=reviewers_per_item,
                )
                for position, (item, baseline, candidate) in enumerate(pairs)
            ),
            batch_size=500,
        )
    return campaign


def close_campaign(*, campaign: Campaign) -> None:
    """Take no more judgments; closing twice is harmless."""
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.CLOSED)
    campaign.state = CampaignState.CLOSED


def plan_hash(plan: Mapping[str, Any]) -> str:
    """SHA-256 of a plan as canonical JSON: sorted keys, no white space."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _check(
    study: Study,
    baseline: Run,
    candidate: Run,
    items: int,
    reviewers_per_item: int,
    seed: int,
    question: str,
) -> None:
    if baseline.test_set_version_id != candidate.test_set_version_id:
        raise PlanError(
            f"the runs answer different test sets: {baseline.test_set_version} and "
            f"{candidate.test_set_version}"
        )
    if baseline.version_id == candidate.version_id:
        raise PlanError(f"both runs are of {baseline.version}: there is nothing to compare")
    for name, value, least in (
        ("items", items, 1),
        ("reviewers_per_item", reviewers_per_item, 1),
        ("seed", seed, 0),
    ):
        if value < least:
            raise PlanError(f"{name} is {value}; use {least} or more")
    check_question(question, _names(study, baseline.version, candidate.version))


def check_question(question: str, names: Iterable[str]) -> None:
    """Raises PlanError for a question that is empty or gives one of the arms' `names` away.

    A name of one or two letters is taken for a word.
    """
    if not question.strip():
        raise PlanError("question is empty; say what reviewers are to decide")
    for name in names:
        named = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", question, re.IGNORECASE)
        if named and len(name) > 2:
            raise PlanError(f"question names an arm ({name!r}), which reviewers must not know")


def _names(study: Study, *versions: ModelVersion) -> set[str]:
    arms = study.arms.filter(version__in=versions).values_list("name", flat=True)
    return {*arms, *(str(each.model) for each in versions)}


def _candidates(baseline: Run, candidate: Run) -> _Candidates:
    """One pass over each run; of the baseline's texts only digests are held."""
    texts = Output.objects.filter(sample=0).order_by().values_list("item_id", "pk", "text")
    seen = {
        item: (pk, _digest(text))
        for item, pk, text in texts.filter(run=baseline).iterator()
        if text is not None
    }
    different: dict[str, tuple[int, int, int]] = {}
    tags: dict[str, str] = {}
    identical = 0
    rows = texts.filter(run=candidate).values_list(
        "item_id", "pk", "text", "item__key", "item__tags"
    )
    for item, pk, text, key, item_tags in rows.iterator():
        if item not in seen or text is None:
            continue
        other, digest = seen[item]
        if digest == _digest(text):
            identical += 1
            continue
        different[key] = (item, other, pk)
        tags[key] = " · ".join(sorted(map(str, item_tags)))
    total = baseline.test_set_version.items.count()
    return _Candidates(different, tags, identical, total - identical - len(different))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(shown(text).encode(), digest_size=16).digest()


def _digest_of_texts(pairs: list[tuple[int, int, int]]) -> str:
    """SHA-256 over the sampled texts, so that the plan is of these very answers."""
    wanted = [pk for _, baseline, candidate in pairs for pk in (baseline, candidate)]
    digests: dict[int, str] = {}
    for start in range(0, len(wanted), 500):
        for output in Output.objects.filter(pk__in=wanted[start : start + 500]):
            digests[output.pk] = hashlib.sha256(str(output.text).encode()).hexdigest()
    return hashlib.sha256("".join(digests[pk] for pk in wanted).encode()).hexdigest()


def _strata(groups: Mapping[str, str], sampled: list[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for stratum in groups.values():
        counts.setdefault(stratum, {"different": 0, "sampled": 0})["different"] += 1
    for key in sampled:
        counts[groups[key]]["sampled"] += 1
    return dict(sorted(counts.items()))
