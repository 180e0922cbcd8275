"""Policies that judged some of a decision's items before, in its project."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from evalhub.decision.judged_policies import JudgedPolicy, Sharing, policy_of_record
from evalhub.decision.sections.policy_since import EASED
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.ledger import Claim
from evalhub.ledger.models import Decision, Look
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Study, StudyTestSet, TestSetVersion

_PARTS = ("record__policy", "record__criteria", "record__evidence", "record__caveats")


def earlier_policies(
    study: Study, claims: Sequence[Claim], shared: SameItems
) -> tuple[list[JudgedPolicy], Sharing]:
    """Those of all decisions of the study's project on items of these claims, oldest first; and
    which items share one with the claims'.

    What other projects ask is theirs to know. Invalid evidence shows nothing, so that nobody can
    have chosen a policy by it; and what was held because it had been eased is no policy to go by.
    """
    versions = {pk for claim in claims for pk in shared.of(claim.version)}
    looks = Look.objects.filter(study=OuterRef("pk"), test_set_version__in=versions)
    test_sets = StudyTestSet.objects.filter(study=OuterRef("pk"), test_set_version__in=versions)
    studies = Study.objects.filter(project=study.project_id)
    rows = (
        Decision.objects.filter(study__in=studies.filter(Exists(looks) | Exists(test_sets)))
        .exclude(verdict=Verdict.INVALID)
        .order_by("created", "id")
        .values_list("digest", "created", *_PARTS)
    )
    policies = [
        policy_of_record(
            policy,
            criteria,
            evidence,
            decision=digest,
            decided=created.isoformat(timespec="seconds"),
        )
        for digest, created, policy, criteria, evidence, caveats in rows
        if not any(each["code"] == EASED and each["holds"] for each in caveats or ())
    ]
    if not policies:
        return [], {}
    sharing_versions = TestSetVersion.objects.filter(pk__in=versions)
    digests = dict(sharing_versions.values_list("pk", "digest"))
    return policies, {
        claim.version.digest: frozenset(digests[pk] for pk in shared.of(claim.version))
        for claim in claims
    }
