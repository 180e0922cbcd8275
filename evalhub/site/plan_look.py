"""A plan's pairs as a reviewer would see them, before the plan is sealed. Writes nothing."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from evalhub.declare.review import CampaignRequest
from evalhub.registry.models import Item, Output
from reviews.blinding import draw
from reviews.pages.page import preview_context
from reviews.planning.drafting import Prepared


@dataclass(frozen=True, slots=True)
class PlanLook:
    """Which pair of the plan is looked at, counted from 1."""

    number: int
    pairs: int

    @property
    def earlier(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def later(self) -> int | None:
        return self.number + 1 if self.number < self.pairs else None


def look_at(prepared: Prepared, request: CampaignRequest, wanted: str) -> dict[str, Any]:
    """The template's values for one planned pair; the first if `wanted` is none of them.

    A side is drawn for this page alone. Two queries.
    """
    pairs = prepared.pairs
    number = min(max(int(wanted), 1), len(pairs)) if wanted.isdecimal() and len(wanted) < 8 else 1
    planned = pairs[number - 1]
    read = Output.objects.only("text", "tool_calls").in_bulk(
        [output for output in planned.outputs if output is not None]
    )
    sides = [read[output] for output in planned.outputs if output is not None]
    if draw(request.seed, "look", planned.key, number) % 2:
        sides = sides[::-1]
    item = Item.objects.only("input", "context").get(pk=planned.item)
    context = preview_context(item, sides, form=request.form, question=request.question)
    return context | {"look": PlanLook(number, len(pairs))}


def form_values(posted: QueryDict) -> list[tuple[str, str]]:
    """The plan's form as it was sent, without its buttons."""
    buttons = ("csrfmiddlewaretoken", "look", "preview", "open")
    return [
        (name, value) for name, values in posted.lists() if name not in buttons for value in values
    ]
