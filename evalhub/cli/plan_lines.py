"""A review plan's demands on people, as lines for the terminal."""

from reviews.planning.plan_preview import PlanPreview


def plan_lines(preview: PlanPreview) -> list[str]:
    """Items, judgments, hours and cost, what the review can show, and remarks."""
    cost = preview.cost
    money = "" if cost.money is None else f", {cost.money:,.0f} at your rate"
    return [
        f"{preview.items} items: {cost.main} judgments of them, {cost.checks} of control and gold "
        f"pairs, {cost.repeats} repeats, {cost.practice} to practise",
        f"{cost.judgments} judgments, {cost.hours:.1f} hours{money}",
        *([_detectable(preview)] if preview.needed else []),
        *preview.short,
        *preview.told_apart.sentences,
    ]


def _detectable(preview: PlanPreview) -> str:
    who = "1 person" if preview.people == 1 else f"{preview.people} people"
    if preview.detects is not None:
        return (
            f"shows by {who} a preference of {preview.detects:.3f} or more (a tie is half a win; "
            "80% power; people differ by .07)"
        )
    could = f"; {preview.people_needed} could" if preview.people_needed else ""
    return f"{who} can't show any preference with these items{could}"
