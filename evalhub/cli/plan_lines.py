"""What a review's plan asks of people, in lines for the terminal."""

from reviews.planning.plan_preview import PlanPreview


def plan_lines(found: PlanPreview) -> list[str]:
    """Items, judgments, hours and money, what it can show, and what is to be said of it."""
    cost = found.cost
    money = "" if cost.money is None else f", {cost.money:,.0f} at your rate"
    return [
        f"{found.items} items: {cost.main} judgments of them, {cost.checks} of control and gold "
        f"pairs, {cost.repeats} repeats, {cost.practice} to practise",
        f"{cost.judgments} judgments, {cost.hours:.1f} hours{money}",
        *([_shown(found)] if found.needed else []),
        *found.short,
        *found.told_apart.sentences,
    ]


def _shown(found: PlanPreview) -> str:
    who = "1 person" if found.people == 1 else f"{found.people} people"
    if found.detects is not None:
        return (
            f"shows by {who} a preference of {found.detects:.3f} or more (a tie is half a win; 80% "
            "power; people differ by .07)"
        )
    could = f"; {found.people_needed} could" if found.people_needed else ""
    return f"{who} can't show any preference with these items{could}"
