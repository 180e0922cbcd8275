"""Caveats on a decision's promise, from what this home knows of its items and its policy."""

from collections.abc import Sequence
from functools import partial

from evalhub.decision.caveats import with_caveats
from evalhub.decision.document import DecisionRecord
from evalhub.decision.judged_policies import changes_since_last, policy_of_record
from evalhub.decision.record import with_sentences
from evalhub.decision.sections.ledger import ledger_caveats
from evalhub.decision.sections.policy_since import policy_caveats, policy_section
from evalhub.declare.caveats import Caveat
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.altered import caveats_on_changes
from evalhub.ledger.champion_answers import other_answers
from evalhub.ledger.ledger import Claim
from evalhub.ledger.models import Acceptance, Promotion
from evalhub.ledger.near_copies import copies_of
from evalhub.ledger.policy_history import earlier_policies
from evalhub.ledger.prompt_trials import caveats_on_trials
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Run, Study, StudyArm
from evalhub.registry.version_names import answering_version


def with_history(
    record: DecisionRecord,
    evidence: StudyEvidence,
    arms: tuple[StudyArm, StudyArm],
    claims: Sequence[Claim],
    shared: SameItems,
) -> DecisionRecord:
    """The record with its caveats on the past: changes of its policy, changed items, items
    that a prompt was tried on, other baselines.

    Invalid evidence shows nothing, and nothing is said of it.

    Args:
        arms: the baseline and the arm that is judged.
    """
    if record.verdict is Verdict.INVALID:
        return record
    study, baseline = evidence.study, arms[0]
    record, of_policy = _with_policy(record, evidence, claims, shared)
    copies, of_items = copies_of(
        claims,
        counts=evidence.policy.ledger,
        shared=shared,
        accepted=partial(reason_accepted, evidence.study.project_id),
    )
    record = with_sentences(record.model_copy(update={"copies": copies}))
    runs = [evidence.run(baseline, each) for each in evidence.test_sets]
    caveats = [
        *of_policy,
        *of_items,
        *caveats_on_changes(study, claims, shared, evidence.test_sets),
        *caveats_on_trials(study, claims, shared),
        *other_baseline(study, *arms, runs),
        *ledger_caveats(record),
    ]
    return with_caveats(record, caveats)


def _with_policy(
    record: DecisionRecord,
    evidence: StudyEvidence,
    claims: Sequence[Claim],
    shared: SameItems,
) -> tuple[DecisionRecord, list[Caveat]]:
    """The record with its `policy_since` and the caveats on its policy."""
    people, project = evidence.policy.preference, evidence.study.project_id
    now = policy_of_record(
        record.policy,
        [each.as_json() for each in record.criteria],
        [each.as_json() for each in record.evidence],
        preference=None
        if people is None
        else {"min_gain": people.min_gain, "required": people.required},
    )
    policies, sharing = earlier_policies(evidence.study, claims, shared)
    since = changes_since_last(now, policies, sharing)
    if since is not None:
        last, changes = since
        section = policy_section(changes, digest=last.decision, decided=last.decided)
        record = with_sentences(record.model_copy(update={"policy_since": section}))
    alpha, section = evidence.policy.alpha, record.policy_since
    if not policy_caveats(section, alpha=alpha):
        return record, []
    accepted = reason_accepted(project, now.digest)
    return record, policy_caveats(section, alpha=alpha, subject=now.digest, accepted=accepted)


def reason_accepted(project: int, subject: str) -> str:
    """The newest reason for which this was accepted in the project; "" where nobody accepted it."""
    rows = Acceptance.objects.filter(project=project, subject=subject).newest_first()
    return rows.values_list("reason", flat=True).first() or ""


OTHER_BASELINE = "other-baseline"


def other_baseline(
    study: Study, baseline: StudyArm, arm: StudyArm, runs: Sequence[Run]
) -> list[Caveat]:
    """Caveat where the baseline isn't the project's champion, or has other answers than the
    champion.

    A gain over something weaker than what runs now is no gain. Where the champion is the candidate
    by now, nothing has changed of what was found.

    Args:
        runs: the baseline's.
    """
    champion = Promotion.objects.current(study.project)
    if champion is None or champion.version == answering_version(arm.version):
        return []
    if champion.version != answering_version(baseline.version):
        sentence = f"the baseline, {baseline.version}, isn't the champion, which is "
        return [Caveat(code=OTHER_BASELINE, sentence=f"{sentence}{champion.version}")]
    others = other_answers(champion, runs)
    if others is None:
        return []
    sentence = (
        f"the baseline answers {others.differing:,} of {others.shared:,} items otherwise than the "
        "champion did"
    )
    return [Caveat(code=OTHER_BASELINE, sentence=sentence)]
