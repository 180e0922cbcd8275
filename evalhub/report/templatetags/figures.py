"""How numbers are written in pages."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from evalhub.decision import wording
from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import with_sign
from evalhub.declare.verdicts import Status, Verdict
from evalhub.ledger.staleness import Change

register = template.Library()

register.filter("measured", wording.effect_text)
register.filter("interval", wording.interval)
register.filter("money", wording.money)


@register.filter
def verdict(value: str | None) -> Verdict | None:
    """A verdict as the database has it, with its label and mark."""
    return Verdict(value) if value else None


@register.filter
def all_await(changes: Sequence[Change]) -> bool:
    """Whether all that changed is a review that goes on, so that nobody has to do anything."""
    return all(change.awaits for change in changes)


@register.simple_tag
def mark(value: str, silent: bool = False) -> SafeString:
    """A status by its mark; `silent` where the words beside it say the same."""
    status = Status(value)
    spoken = mark_safe('aria-hidden="true"')
    if not silent:
        spoken = format_html('role="img" aria-label="{}"', status)
    return format_html('<span class="mark {}" {}>{}</span>', status, spoken, status.mark)


@register.filter
def measure(value: float | None) -> str:
    """A measured value: 0.31, 41.2, 1,310, 0.00041; a dash where there is none."""
    if value is None:
        return "–"
    if wording.NOTHING < abs(value) < 0.01:
        return wording.significant(value, 2).replace("-", "−")
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace("-", "−")


@register.simple_tag
def facts(criterion: Criterion) -> tuple[str, str]:
    """Two lines on a criterion that stands under the heading of its kind."""
    return criterion.kind.facts(
        criterion,
        interval=wording.interval(criterion),
        candidate=measure(criterion.candidate),
        baseline=measure(criterion.baseline),
    )


@register.filter
def difference(value: float | None) -> str:
    """A difference with its sign, or a dash."""
    return "–" if value is None else with_sign(value)


@register.filter
def count(value: int | None) -> str:
    """A whole number with its thousands set apart, or a dash."""
    return "–" if value is None else f"{value:,}"


@register.filter
def share(value: float | None) -> str:
    """A share as whole per cent, or a dash."""
    return "–" if value is None else f"{100 * value:.0f}%"


@register.filter
def share_small(value: float) -> str:
    """A share that may be far below a per cent: 100%, 61%, 2.4%, 0.61%."""
    return f"{float(f'{100 * value:.2g}'):g}%"


@register.filter
def p_value(value: float | None) -> str:
    """A p-value to two significant figures; "< .0001" below what anyone should read off."""
    if value is None:
        return "–"
    return "< .0001" if value < 0.0001 else f"{value:.2g}"


@register.filter
def shortened(digest: str) -> str:
    """A hash's first twelve characters: enough to compare by eye."""
    return digest[:12]


@register.filter
def anchor(position: str, edge: int = 25) -> str:
    """Which part of a label stands at a place in a picture: not its middle near an edge."""
    share = float(position.removesuffix("%"))
    return "start" if share < edge else "end" if share > 100 - edge else "middle"
