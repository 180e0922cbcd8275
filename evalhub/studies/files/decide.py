"""Apply a policy to evidence from files: no server, no queue, and no database of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.decision.align import Aligned, align
from evalhub.decision.arm_scores import ArmScores, ItemLabel, by_item
from evalhub.decision.charge import Charge
from evalhub.decision.criteria.primary import PrimaryKind
from evalhub.decision.criteria.table import BUDGETS
from evalhub.decision.document import DecisionRecord
from evalhub.decision.evidence import Evidence
from evalhub.decision.flaws import items_digest, other_items
from evalhub.decision.judgments import Judgments
from evalhub.decision.ledger_origin import LedgerElsewhereError
from evalhub.decision.policy import Policy
from evalhub.decision.preference_evidence import preference_evidence
from evalhub.decision.requirements import Requirement, requirements_of
from evalhub.decision.same_scores import same_scores
from evalhub.decision.sections.answers import (
    AnsweredTestSet,
    AnswerTally,
    is_empty,
)
from evalhub.decision.sections.imported import ImportedSection
from evalhub.decision.sections.repeated import with_repeats_joined
from evalhub.declare.decision import ArmName, Arms, EvidenceRow
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.file_claims import FileClaim, FileLedger
from evalhub.studies.files.decided_claims import claims_of
from evalhub.studies.files.evidence import Scores
from evalhub.studies.files.judge_files import judge_files

IN_NO_LEDGER = (
    "the policy says `ledger_at: server`, and here a decision on files stands in no server's "
    "ledger: let the site that knows the items say what its ledger leaves, by `--server URL`, or "
    "ask the same in a study, by `evalhub gate STUDY --server URL`"
)
NOT_KNOWN = (
    "the policy says `ledger_at: server`, and the server's ledger doesn't know the items of all "
    "critical criteria: hand in a study on them first, by `evalhub push STUDY --server URL`"
)


@dataclass(frozen=True, slots=True)
class _Part:
    """What the rows hold for one requirement: its items, and both arms side by side."""

    labels: Sequence[ItemLabel]
    digest: str
    arms: tuple[ArmScores, ArmScores]
    aligned: Aligned

    @property
    def items(self) -> int:
        return len(self.labels)


def decide_scores(
    policy: Policy,
    scores: Scores,
    judgments: Judgments | None = None,
    *,
    judged: str | None = None,
    imported: ImportedSection | None = None,
    ledger: FileLedger | None = None,
) -> DecisionRecord:
    """The decision record of the candidate.

    Args:
        judgments: people's choices, if there are any.
        judged: the test set whose items they judged; None: the first primary's.
        imported: of scores out of another tool's logs, what that tool says.
        ledger: by which they are judged, where it knows the items; None: there is none.

    Raises:
        LedgerElsewhereError: the policy asks for a server's ledger, and this is none, or it doesn't
            know the items.
        evalhub.stats.errors.StatisticsError: what no criterion can be measured on.
    """
    at_server = policy.ledger_at == "server"
    if at_server and (ledger is None or not ledger.is_a_servers):
        raise LedgerElsewhereError(IN_NO_LEDGER)
    requirements = requirements_of(policy)
    read = [_part(requirement, policy, scores) for requirement in requirements]
    parts = [part for part in read if part is not None]
    same, doubts = _same_arms(scores, [each.aligned for each in parts if each.aligned.items])
    flaws = same + [
        flaw
        for requirement, part in zip(requirements, read, strict=True)
        for flaw in (part.aligned.flaws if part else [_absent(requirement, scores)])
    ]
    first = next(
        (each.test_set for each in requirements if each.role == PrimaryKind.role),
        requirements[0].test_set,
    )

    reviewed = judged or first
    sample = next(
        (each.labels for each in parts if each.aligned.requirement.test_set == reviewed), ()
    )

    def gather(charge: Charge, registered: bool) -> Evidence:
        return Evidence(
            arms=Arms(baseline=_arm_name(scores, 0), candidate=_arm_name(scores, 1)),
            rows=_evidence(parts, scores),
            scores=[each.aligned for each in parts],
            charge=charge,
            registered=registered,
            flaws=flaws,
            pending=[*doubts, *_not_in_files(policy)],
            answered=list(_answers_by_test_set(parts, scores)),
            people=preference_evidence(
                None if judgments is None else judgments.of_sample(sample),
                policy.preference,
                test_set=reviewed,
                alpha=charge.level,
                harm_alpha=policy.harm_alpha,
                planned_gain=policy.planned_gain,
            ),
            imported=imported,
        )

    def claims() -> list[FileClaim]:
        read = [(each.aligned, each.labels, each.arms) for each in parts]
        return claims_of(policy, scores, read)

    files = [path.name for path in scores.files]
    record = judge_files(policy, gather, claims, ledger, files=files)
    counts = policy.ledger != "off" and record.verdict is not Verdict.INVALID
    if at_server and counts and not record.registered:
        raise LedgerElsewhereError(NOT_KNOWN)
    return record


def _evidence(parts: Sequence[_Part], scores: Scores) -> list[EvidenceRow]:
    names = " + ".join(path.name for path in scores.files)
    return [
        EvidenceRow(
            test_set=part.aligned.requirement.test_set,
            version=names,
            digest=part.digest,
            items=part.items,
            metric=part.aligned.requirement.metric,
            **scores.digests(part.aligned.requirement),
            failed_baseline=part.arms[0].failures_counted,
            failed_candidate=part.arms[1].failures_counted,
            unscored_baseline=part.arms[0].unscored,
            unscored_candidate=part.arms[1].unscored,
            extraction_misses_baseline=0,
            extraction_misses_candidate=0,
        )
        for part in parts
    ]


def _answers_by_test_set(parts: Sequence[_Part], scores: Scores) -> Iterator[AnsweredTestSet]:
    """Each test set once, with its failed and empty answers, if the rows hold answers."""
    covered = set[str]()
    for part in parts:
        requirement = part.aligned.requirement
        if requirement.test_set in covered or not requirement.kind.by_metric:
            continue
        covered.add(requirement.test_set)
        before, after = (_tally(scores, requirement, arm) for arm in (0, 1))
        clusters = {
            key: info.cluster
            for (test_set, key), info in scores.items.items()
            if test_set == requirement.test_set and info.cluster
        }
        yield AnsweredTestSet(requirement.test_set, part.items, before, after, clusters)


def _tally(scores: Scores, requirement: Requirement, arm: int) -> AnswerTally:
    tally = AnswerTally()
    cells = scores.cells[requirement.test_set, requirement.metric][arm]
    failed = scores.failures(requirement.test_set, arm)
    for key, sample in ((key, sample) for key, samples in cells.items() for sample in samples):
        text = scores.outputs[arm].get((requirement.test_set, key, sample))
        tally.count(1)
        if (key, sample) in failed:
            tally.add_end("failed", key)
        elif text is not None and is_empty(text, None):
            tally.add_end("empty", key)
    return tally


def _not_in_files(policy: Policy) -> list[str]:
    """What files can't show, of critical budgets."""
    return [
        BUDGETS[name].not_in_files
        for name, budget in policy.budgets.items()
        if budget.tier == "critical" and not BUDGETS[name].by_item
    ]


def _arm_name(scores: Scores, arm: int) -> ArmName:
    return ArmName(name=scores.arms[arm], file=scores.file_names(arm), digest=scores.digest(arm))


def _part(requirement: Requirement, policy: Policy, scores: Scores) -> _Part | None:
    """The requirement's rows; None if no row has its test set and metric."""
    cells = scores.cells.get((requirement.test_set, requirement.metric))
    if cells is None:
        return None
    keys = list(dict.fromkeys([*cells[0], *cells[1]]))
    if not requirement.kind.by_metric:  # an item counts no cost if an answer failed
        failed = {item for arm in (0, 1) for item, _ in scores.failures(requirement.test_set, arm)}
        keys = [key for key in keys if key not in failed]
    before, after = (_arm(requirement, scores, keys, arm) for arm in (0, 1))
    infos = [scores.items[requirement.test_set, key] for key in keys]
    labels = with_repeats_joined(
        [
            ItemLabel(key, info.cluster or "", info.tags, info.weight, question=info.question)
            for key, info in zip(keys, infos, strict=True)
        ]
    )
    digest = items_digest(labels)
    criterion = policy.criteria.get(requirement.name)
    aligned = align(
        requirement,
        labels,
        before,
        after,
        mix=criterion.mix if criterion else None,
        failures=policy.failures,
        unexpected=other_items(requirement, count=len(keys), digest=digest),
    )
    return _Part(labels, digest, (before, after), aligned)


def _arm(requirement: Requirement, scores: Scores, keys: Sequence[str], arm: int) -> ArmScores:
    cell = scores.cells[requirement.test_set, requirement.metric][arm]
    by_key = [sorted(cell.get(key, {}).items()) for key in keys]
    indices, values = by_item([[value for _, value in each] for each in by_key])
    errors = scores.failures(requirement.test_set, arm)
    answers = [(key, each[0]) for key, row in zip(keys, by_key, strict=True) for each in row]
    failed = np.array([each in errors for each in answers], dtype=bool) & np.isnan(values)
    first = next((errors[answers[row]] for row in np.flatnonzero(failed)), "")
    return ArmScores(
        scores.arms[arm],
        indices,
        values,
        reason=f"it failed ({first}); answer it again, or say failures: worst" if first else "",
        failed=failed,
    )


def _absent(requirement: Requirement, scores: Scores) -> str:
    metrics = sorted(
        metric for test_set, metric in scores.cells if test_set == requirement.test_set
    )
    if metrics:
        contents = f"its rows hold {', '.join(metrics)}"
    else:
        sets = ", ".join(sorted({test_set for test_set, _ in scores.cells}))
        contents = f"the rows' test sets are {sets}"
    return (
        f"criterion {requirement.name!r} asks for {requirement.metric} on "
        f"{requirement.test_set}, and the evidence has none: {contents}"
    )


def _same_arms(scores: Scores, aligned: Sequence[Aligned]) -> tuple[list[str], list[str]]:
    """Whether the candidate is the baseline under another name: (reasons for invalid evidence,
    doubts).

    By the answers, where rows have them. Else by the scores, as far as they prove it.
    """
    base, tuned = scores.outputs
    if base or tuned:
        phrases = [] if base != tuned else ["gave the same answers to"]
    else:
        quality = [each for each in aligned if each.requirement.kind.by_metric]
        match = same_scores(quality)
        if match is not None and not match.proof:
            return [], [match.sentence]
        phrases = [] if match is None else ["have the same scores on"]
    arms = f"{scores.arms[0]} and {scores.arms[1]}"
    return [f"{arms} {each} every item: was the adapter applied?" for each in phrases], []
