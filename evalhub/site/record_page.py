"""A decision's record as a page: who decided when, the evidence, and the sign-offs."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.accounts.models import Action, LogEntry
from evalhub.decision.verify import Verification
from evalhub.declare.verdicts import Verdict
from evalhub.features.lifecycle.pages import PossiblePromotions, possible_promotions
from evalhub.frames.page.properties import Property, properties
from evalhub.ledger.chain.kept import why_not_kept
from evalhub.ledger.models import Decision, Promotion, SignOff
from evalhub.ledger.staleness import Change, changes_since
from evalhub.report.decision_page import DecisionPage, decision_page


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`decided` says who asked for the decision; None where the log holds no such row. `newer` and
    `earlier` are the arm's decisions beside this one. `checked` is what a verification found, where
    one was asked for. `not_kept` is the sentence where the database holds another decision than was
    made; "" where it doesn't."""

    decision: Decision
    page: DecisionPage
    decided: LogEntry | None
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


def record_page(decision: Decision, checked: Verification | None = None) -> RecordPage:
    """The page of `decision`, with the result of its verification if that was requested."""
    record = decision.document
    beside = Decision.objects.filter(study=decision.study_id, arm=decision.arm).defer("record")
    return RecordPage(
        decision=decision,
        page=decision_page(record),
        decided=LogEntry.objects.of_action(
            Action.DECIDED, project=decision.study.project_id, begins=decision.in_the_log
        ).first(),
        newer=beside.filter(pk__gt=decision.pk).newest_first().first(),
        earlier=beside.filter(pk__lt=decision.pk).newest_first().first(),
        since=changes_since(decision),
        sign_offs=list(decision.sign_offs.select_related("by")),
        promotions=list(decision.promotions.select_related("by", "project", "version__model")),
        crowning=possible_promotions(decision),
        policy=properties(record.policy),
        checked=checked,
        not_kept=why_not_kept(decision),
    )
