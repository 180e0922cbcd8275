"""Was the policy changed after somebody first looked at these items, or at these answers?"""

from collections.abc import Sequence

from django.db.models import Q

from evalhub.gate.ledger import Claim
from evalhub.gate.models import Decision, Look
from evalhub.gate.same_items import SameItems
from evalhub.registry.models import Study
from evalhub.schemas.decision import DecisionRecord
from evalhub.schemas.verdicts import Verdict
from evalhub.verdict.policy_since import policy_section
from evalhub.verdict.record import with_sentences


def with_policy_history(
    record: DecisionRecord, study: Study, claims: Sequence[Claim], shared: SameItems
) -> DecisionRecord:
    """The record with what its policy asks otherwise than that of the first decision to look.

    That is the oldest on a look at these items in this study, or at these very answers in any of
    its project: what others ask is theirs to know. Invalid evidence shows nothing, and says
    nothing of it.
    """
    first = None if record.verdict is Verdict.INVALID else _first(study, claims, shared)
    if first is None:
        return record
    decided = first.created.isoformat(timespec="seconds")
    section = policy_section(first.document, record, digest=first.digest, decided=decided)
    if section is None:
        return record
    return with_sentences(record.model_copy(update={"policy_since": section}))


def _first(study: Study, claims: Sequence[Claim], shared: SameItems) -> Decision | None:
    here = Look.objects.filter(study=study).order_by()
    seen = set(here.values_list("test_set_version", flat=True).distinct())
    versions = {claim.version.pk for claim in claims}
    if seen - versions:  # what shares an item with which is a question to all of their items
        versions = {pk for claim in claims for pk in shared.of(claim.version)}
    same = Q(claim__in=[name for claim in claims for name in (claim.digest, claim.former)])
    here_too = Q(study=study, test_set_version__in=versions)
    looks = Look.objects.filter(same | here_too).order_by("id")
    looked = looks.filter(study__project=study.project_id).first()
    if looked is None and not looks.exists():
        return None
    # without one of ours these answers were first read in another project, and here by this study
    since = Q(study=looked.study_id, created__gte=looked.created) if looked else Q(study=study)
    decisions = Decision.objects.filter(since).exclude(verdict=Verdict.INVALID)
    return decisions.order_by("created", "id").first()
