"""Filters of the page of costs: amounts, and where figures come from."""

from django import template

from evalhub.declare.cost_sheet import Figure
from evalhub.features.ownership.wording import ORIGINS, amount

register = template.Library()
register.filter("amount", amount)


@register.filter
def origin(figure: Figure) -> str:
    """Where a figure comes from, as one word."""
    return ORIGINS[figure.origin]
