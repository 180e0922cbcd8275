"""A criterion in words: its sentence, and the format of figures. Pure.

What a kind of criterion says in words of its own is its own (`evalhub.decision.criteria`).

Pages, command line and REST show these sentences as the record has them.
"""

from collections.abc import Sequence
from math import floor, log10
from typing import TYPE_CHECKING

from evalhub.declare.cost_sheet import Ends
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.criterion import Criterion

SAME_RUN = "the same run for both arms"
COMBINED = "inverse-normal combination"
"""What a record says of how a criterion was measured."""
NOTHING = 1e-12
"""Below this a number is 0 and a rounding error."""


def reasons(
    criteria: "Sequence[Criterion]",
    against: Sequence[bool],
    blocking: Sequence[bool],
    primaries: str,
) -> list[str]:
    """A sentence for each criterion; guards that hold because the arms share a run get one in
    common.

    What decides stands first: failures, then what is open, then what holds; primaries first
    within each. What decides nothing says so.
    """
    decisive = [
        a or b or c.status is Status.PASS
        for c, a, b in zip(criteria, against, blocking, strict=True)
    ]
    order = [Status.FAIL, Status.OPEN, Status.PASS]
    ranked = sorted(
        zip(criteria, decisive, strict=True),
        key=lambda pair: (
            not pair[1],
            order.index(pair[0].status),
            pair[0].kind.order,
        ),
    )
    shared = [c for c in criteria if c.method == SAME_RUN and c.status is Status.PASS]
    texts = [
        f"{c.status.mark} {c.sentence}{'' if decides else _aside(c, primaries)}"
        for c, decides in ranked
        if c not in shared
    ]
    if shared:
        names = ", ".join(c.name for c in shared)
        texts.append(
            f"{Status.PASS.mark} {names}: the arm is the baseline here, nothing can differ"
        )
    return texts


def _aside(criterion: "Criterion", primaries: str) -> str:
    """Why a criterion that isn't met decides nothing here."""
    if criterion.tier == "advisory":
        return " (advisory: decides nothing)"
    if criterion.tier == "supporting":
        return " (supporting: doubt keeps no ship back)"
    if criterion.kind.spared_without_power and shows_nothing(criterion):
        return " (keeps no ship back)"
    if primaries == "any-of" and criterion.kind.one_may_do:
        return " (one primary is enough)"
    return ""


def sentence(criterion: "Criterion", *, family: int = 1) -> str:
    """One criterion in words: what was seen, and what follows.

    Args:
        family: how many criteria count, for which harm is corrected.
    """
    c = criterion
    if c.method == SAME_RUN and c.status is Status.PASS:
        return f"{c.name}: the arm is the baseline here, nothing can differ"
    if c.method == SAME_RUN and c.kind.must_gain:
        return f"{c.name}: the arm is the baseline here, nothing can be gained"
    if c.status is Status.PASS:
        return f"{c.kind.measured(c)}: {c.kind.passes(c)}"
    if c.status is Status.FAIL:
        return f"{c.kind.measured(c)}: {c.kind.fails(c)}{_harm(c, family)}"
    return f"{c.kind.measured(c)}: open, {c.needed_why}"


def _harm(c: "Criterion", family: int) -> str:
    """Whether harm is shown by Holm's method too, in words alone: the status doesn't change."""
    harmful = c.shown_to_lose and c.p_harm_adjusted <= c.harm_alpha
    if c.tier == "advisory" or not harmful:
        return ""
    return "; harm shown" + (f" after correction for {family} criteria" if family > 1 else "")


def gain_shown(criterion: "Criterion") -> bool:
    """Whether the interval lies wholly above 0."""
    c = criterion
    if c.factor is None:
        return c.lower > 0
    if c.higher_is_better:
        return c.ratio_lower is not None and c.ratio_lower > 1
    return c.ratio_upper is not None and c.ratio_upper < 1


def loss_shown(criterion: "Criterion") -> bool:
    """Whether the interval lies wholly below 0."""
    c = criterion
    if c.factor is None:
        return c.upper < 0
    if c.higher_is_better:
        return c.ratio_upper is not None and c.ratio_upper < 1
    return c.ratio_lower is not None and c.ratio_lower > 1


def shows_nothing(criterion: "Criterion") -> bool:
    """Whether its items have no power to show a loss beyond the margin, and show no gain; never of
    arms that share a run."""
    c = criterion
    return not c.can_show_a_loss and c.method != SAME_RUN and not gain_shown(c)


def better(criterion: "Criterion") -> str:
    """Word for a gain where less is better: "fewer characters", "less loss"."""
    return f"fewer {criterion.unit}" if criterion.unit else f"less {criterion.metric}"


def worse(criterion: "Criterion") -> str:
    """Word for a loss where less is better: "more characters", "more loss"."""
    return f"more {criterion.unit or criterion.metric}"


def tally(criterion: "Criterion") -> str:
    """Items won, lost and tied; a dash of users, of whom nobody is in both arms."""
    c = criterion
    return "–" if c.kind.counts_users else f"{c.wins:,}/{c.losses:,}/{c.ties:,}"


def effect_text(criterion: "Criterion") -> str:
    """The measured difference, or the ratio where a ratio is asked."""
    if criterion.factor is None:
        return with_sign(criterion.difference)
    return "–" if criterion.ratio is None else percent(criterion.ratio)


def interval(criterion: "Criterion") -> str:
    """The interval, in the unit of `effect_text`."""
    if criterion.factor is None:
        return f"{with_sign(criterion.lower)} to {with_sign(criterion.upper)}"
    if criterion.ratio is None:
        return "none"
    return f"{percent(criterion.ratio_lower or 0.0)} to {percent(criterion.ratio_upper)}"


def with_sign(value: float) -> str:
    """A difference with its sign: +0.43, −0.12; more digits where two would say nothing: −0.012,
    +0.00041. What is nothing but a rounding error is 0."""
    if abs(value) < NOTHING:
        return "+0.00"
    if abs(value) >= 100:
        text = f"{value:+,.0f}"
    elif abs(value) >= 0.1:
        text = f"{value:+.2f}"
    elif abs(value) >= 0.001:
        text = f"{value:+.3f}"
    else:
        text = f"{'+' if value > 0 else ''}{significant(value, 2)}"
    return text.replace("-", "−")


def significant(value: float, digits: int) -> str:
    """A number with so many significant digits, never with an exponent: 0.00041, 1,240."""
    if value == 0:
        return "0"
    decimals = max(digits - 1 - floor(log10(abs(value))), 0)
    return f"{value:,.{decimals}f}"


def plain(value: float | None) -> str:
    """A number as somebody wrote it, but without an exponent: 0.02, 0.00002, 2000000; None is 0."""
    number = value or 0.0
    written = f"{number:g}"
    if "e" not in written:
        return written
    return significant(number, 6).rstrip("0") if abs(number) < 1 else f"{number:,.0f}"


def size(value: float) -> str:
    """A difference without its sign: 0.04, 0.007, 73.89, 1,234."""
    value = abs(value)
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.01 or value < NOTHING else significant(value, 1)


def figure(value: float) -> str:
    """A mean: 0.20, 412, 1,240; two significant digits where it is small: 0.00078."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 0.1 or abs(value) < NOTHING:
        return f"{value:.2f}"
    return significant(value, 2).rstrip("0")


def money(value: float) -> str:
    """An amount: 1,128, 24.5, 0.00012."""
    if abs(value) >= 1000:
        text = f"{value:,.0f}"
    elif abs(value) >= 1 or value == 0:
        text = f"{value:,.2f}".rstrip("0").rstrip(".")
    else:
        text = significant(value, 3).rstrip("0")
    return text.replace("-", "−")


def money_span(ends: Ends) -> str:
    """An amount with its range: 128 to 256."""
    low, high = money(ends.low), money(ends.high)
    return low if low == high else f"{low} to {high}"


def round_money(ends: Ends) -> str:
    """The same without cents from 100 on, for amounts that are reckoned: 143 to 1,383."""
    low, high = (money(round(end) if abs(end) >= 100 else end) for end in (ends.low, ends.high))
    return low if low == high else f"{low} to {high}"


def percent(ratio: float | None) -> str:
    """A ratio in percent, ∞ where it is unbounded: 108%, 0.5%."""
    if ratio is None:
        return "∞"
    if 0 < ratio < 1e-6:
        return f"{significant(100 * ratio, 2)}%"
    return f"{100 * ratio:,.3g}%" if ratio < 10 else f"{100 * ratio:,.0f}%"


def count_text(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: 1 item, 1,240 items."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def is_or_are(number: int) -> str:
    """ "is" or "are", by the number."""
    return "is" if number == 1 else "are"


def join(parts: Sequence[str]) -> str:
    """Clauses joined by commas and "and"."""
    *first, last = parts
    joint = ", and " if any("," in each for each in first) else " and "
    return f"{', '.join(first)}{joint if first else ''}{last}"
