"""Template tag: the links to a decision, for owners of its project."""

from typing import Any

from django import template

from evalhub.accounts.permissions import owns
from evalhub.features.decision_links.models import DecisionLink
from evalhub.features.decision_links.sharing import LASTS_DAYS, LONGEST_DAYS
from evalhub.ledger.models import Decision

register = template.Library()


@register.inclusion_tag("decision_links/_links.html", takes_context=True)
def links_to(context: dict[str, Any], decision: Decision) -> dict[str, Any]:
    """The section “Share”; nothing for who isn't an owner. Two queries."""
    is_owner = owns(context["request"].user, decision.study.project)
    links = DecisionLink.objects.current().filter(decision=decision).select_related("by")
    return {
        "csrf_token": context.get("csrf_token"),
        "decision": decision,
        "owner": is_owner,
        "links": list(links) if is_owner else [],
        "days": LASTS_DAYS,
        "longest": LONGEST_DAYS,
    }
