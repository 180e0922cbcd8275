"""The adapter check: was the fine-tune that a decision judges applied at all?"""

from collections.abc import Mapping

import numpy as np
from django.db.models import Exists, OuterRef, Subquery

from evalhub.decision.align import clusters_of
from evalhub.decision.sections.applied import AppliedSection, moves, nothing_sentence, state_of
from evalhub.declare.declaration import DeclarationError
from evalhub.ledger.scores import Pairing
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Output, Run, StudyArm
from runners.backends import backend_of

READ_AT_A_TIME = 5000


def check_adapter(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, pairings: Mapping[str, Pairing]
) -> AppliedSection | None:
    """What log-probabilities say of a fine-tuned arm that is asked; None of any other.

    Where an answer has none, texts are left to tell, and the section says so.
    """
    distinct = {name: each for name, each in pairings.items() if not each.aligned.same}
    live = arm.version.fine_tuned and backend_of(arm.version).live
    if not live or not distinct or any(not each.aligned.items for each in distinct.values()):
        return None
    siblings = _siblings(evidence, baseline, arm)
    candidate, repeat, clusters = list[float](), list[float](), list[str]()
    for name, pairing in distinct.items():
        first, second = pairing.baseline.run, pairing.candidate.run
        moved = _moves(first, second)
        if moved is None:
            return AppliedSection(measure="texts", state="not-told", n=0, siblings=siblings)
        again = evidence.repeats.get((baseline.pk, _pk(evidence, name)))
        by_itself = None if again is None else _moves(first, again)
        for item in pairing.aligned.items:
            if item.id not in moved or (by_itself is not None and item.id not in by_itself):
                continue
            candidate.append(moved[item.id])
            clusters.append(item.cluster and f"{name}: {item.cluster}")
            if by_itself is not None:
                repeat.append(by_itself[item.id])
    if not candidate:
        return None
    whole = len(repeat) == len(candidate)
    values, own = np.array(candidate), np.array(repeat) if whole else None
    return AppliedSection(
        measure="log-probabilities",
        state=state_of(values, own, clusters=clusters_of(clusters)),
        n=len(candidate),
        mean=float(values.mean()),
        largest=float(values.max()),
        repeat=None if own is None else float(own.mean()),
        siblings=siblings,
    )


def dead_adapter_reason(
    section: AppliedSection | None, baseline: StudyArm, arm: StudyArm
) -> str | None:
    """Why an arm is no valid evidence, with the likely cause; None where it was applied."""
    if section is None or section.state != "nothing":
        return None
    try:
        cause = backend_of(arm.version).why_idle(backend_of(baseline.version))
    except DeclarationError as error:
        cause = str(error)
    return nothing_sentence(section, arm=arm.name, baseline=baseline.name, cause=cause)


def _pk(evidence: StudyEvidence, name: str) -> int:
    return next(each.pk for each in evidence.test_sets if each.name == name)


def _siblings(evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm) -> tuple[str, ...]:
    """Other fine-tuned arms whose answers to every test set are identical to this arm's."""

    def digests(sibling: StudyArm) -> list[str]:
        return [evidence.run(sibling, test_set).answers_digest for test_set in evidence.test_sets]

    return tuple(
        sibling.name
        for sibling in evidence.arms
        if sibling.pk not in (arm.pk, baseline.pk)
        and sibling.version.fine_tuned
        and digests(sibling) == digests(arm) != digests(baseline)
    )


def _moves(first: Run, second: Run) -> dict[int, float] | None:
    """By item, the distance of the two runs' log-probabilities in nats: the mean over its choices,
    else that of its answer.

    None where an answer of either has none.
    """
    answered = Output.objects.filter(text__isnull=False)
    silent = answered.filter(logprob=None, choice_logprobs__isnull=True)
    if silent.filter(run__in=[first, second]).exists():
        return None
    other = answered.filter(run=first, item=OuterRef("item"), sample=OuterRef("sample"))
    rows = (
        answered.filter(run=second)
        .annotate(
            other=Subquery(other.values("logprob")[:1]),
            other_choices=Subquery(other.values("choice_logprobs")[:1]),
            same=Exists(other.filter(text=OuterRef("text"))),
        )
        .order_by()
        .values_list("item_id", "logprob", "other", "same", "choice_logprobs", "other_choices")
    )
    by_item: dict[int, list[float]] = {}
    for item, sum_, others, same, choices, other_choices in rows.iterator(READ_AT_A_TIME):
        if choices and other_choices and len(choices) == len(other_choices):
            # the very same texts were judged, whichever was the likeliest
            moved = moves(np.array(choices), np.array(other_choices), np.array(True))
        elif sum_ is not None and others is not None:
            moved = moves(np.array(sum_), np.array(others), np.array(same))
        else:
            continue
        by_item.setdefault(item, []).append(float(moved.mean()))
    return {item: float(np.mean(each)) for item, each in by_item.items()}
