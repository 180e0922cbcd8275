"""A decision's record as a page: who, what and why; what it rests on; the sign-offs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalhub.accounts.models import Action, LogEntry, User
from evalhub.decision.policy_words import RULE
from evalhub.decision.verify import Verification
from evalhub.declare.verdicts import Verdict
from evalhub.features.lifecycle.pages import PossiblePromotions, possible_promotions
from evalhub.frames.page.properties import Property, properties
from evalhub.ledger.chain.kept import why_not_kept
from evalhub.ledger.models import Decision, Promotion, SignOff
from evalhub.ledger.staleness import Change, changes_since
from evalhub.report.decision_page import DecisionPage, decision_page
from evalhub.report.matrix import Matrix, MatrixArm, matrix
from evalhub.report.reasons import ReasonLine, reason_lines


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`newer` and `earlier` are the arm's decisions beside this one. `checked` is what a
    verification found, where one was asked for. `not_kept` is the sentence where the database holds
    another decision than was made; "" where it doesn't."""

    decision: Decision
    page: DecisionPage
    decided_by: str
    reasons: Sequence[ReasonLine]
    matrix: Matrix | None
    newer: Decision | None
    earlier: Decision | None
    since: Sequence[Change]
    sign_offs: Sequence[SignOff]
    promotions: Sequence[Promotion]
    crowning: PossiblePromotions
    policy: Sequence[Property]
    checked: Verification | None
    not_kept: str
    verdicts: Sequence[tuple[str, str]] = tuple(Verdict.choices())


def record_page(
    decision: Decision, checked: Verification | None = None, *, sort: str = ""
) -> RecordPage:
    """The page of `decision`, with the result of its verification if that was requested; its
    criteria in the order that `sort` names."""
    record = decision.document
    beside = Decision.objects.filter(study=decision.study_id, arm=decision.arm).defer("record")
    arm = MatrixArm(decision.arm, decision.pk, Verdict(decision.verdict), record, current=True)
    return RecordPage(
        decision=decision,
        page=decision_page(record),
        decided_by=decided_by(decision),
        reasons=reason_lines(record),
        matrix=matrix([arm], sort),
        newer=beside.filter(pk__gt=decision.pk).newest_first().first(),
        earlier=beside.filter(pk__lt=decision.pk).newest_first().first(),
        since=changes_since(decision),
        sign_offs=list(decision.sign_offs.select_related("by")),
        promotions=list(decision.promotions.select_related("by", "project", "version__model")),
        crowning=possible_promotions(decision),
        policy=_policy_rows(record.policy),
        checked=checked,
        not_kept=why_not_kept(decision),
    )


def decided_by(decision: Decision) -> str:
    """Who decided: a person, or the study by itself, and then who started that. Two queries."""
    study = decision.study
    if person := _noted(decision, Action.DECIDED, decision.in_the_log):
        return f"by {person}"
    if study.live:
        return "by its experiment, as its verdict changed"
    if person := _noted(decision, Action.STUDY_STARTED, study.in_the_log):
        return f"by itself, for {person} who started the study"
    return "by the site’s operator"


def _policy_rows(policy: Mapping[str, Any]) -> list[Property]:
    """What is set of it, in the words of the page on which a policy is changed."""
    return [
        _in_words(name, policy[name], row)
        for name in policy
        for row in properties({name: policy[name]})
    ]


def _in_words(name: str, value: Any, row: Property) -> Property:
    words = RULE.get(name)
    if words is None:
        return replace(row, name=row.name.capitalize())
    text = words.values.get(value, row.text) if isinstance(value, str | bool) else row.text
    return replace(row, name=words.label, text=text)


def _noted(decision: Decision, action: Action, begins: str) -> User | None:
    """Whom the audit log names; None where it was the operator or the site."""
    rows = LogEntry.objects.of_action(action, project=decision.study.project_id, begins=begins)
    entry = rows.select_related("by").first()
    return entry.by if entry else None
