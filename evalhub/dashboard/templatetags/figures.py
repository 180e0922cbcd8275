"""How numbers are written in pages."""

from django import template

from evalhub.gate.wording import signed

register = template.Library()


@register.filter
def measure(value: float | None) -> str:
    """A measured value: 0.31, 41.2, 1,310; a dash where there is none."""
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace("-", "−")


@register.filter
def difference(value: float | None) -> str:
    """A difference with its sign, or a dash."""
    return "–" if value is None else signed(value)


@register.filter
def count(value: int | None) -> str:
    """A whole number with its thousands set apart, or a dash."""
    return "–" if value is None else f"{value:,}"


@register.filter
def share(value: float | None) -> str:
    """A share as whole per cent, or a dash."""
    return "–" if value is None else f"{100 * value:.0f}%"


@register.filter
def p_value(value: float | None) -> str:
    """A p-value to two significant figures; "< .0001" below what anyone should read off."""
    if value is None:
        return "–"
    return "< .0001" if value < 0.0001 else f"{value:.2g}"


@register.filter
def shortened(digest: str) -> str:
    """A hash's first twelve signs: enough to tell by eye."""
    return digest[:12]


@register.filter
def anchor(position: str) -> str:
    """Which end of a label stands at a place in a picture, so that it doesn't run out of it."""
    share = float(position.removesuffix("%"))
    return "start" if share < 30 else "end" if share > 70 else "middle"
