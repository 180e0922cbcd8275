"""Amounts and where figures come from, on the page of costs."""

from django import template

from evalhub.decision import cost_wording
from evalhub.declare.cost_sheet import Figure

register = template.Library()
register.filter("amount", cost_wording.amount)


@register.filter
def origin(figure: Figure) -> str:
    """Where a figure comes from, in a word."""
    return cost_wording.ORIGINS[figure.origin]
