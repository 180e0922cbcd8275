"""Pages: where a queue's examples come from: draw requests, see what models were asked."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.features.examples.models import ExampleCall
from evalhub.features.examples.queues.pages import visible_queues
from evalhub.features.examples.sources.from_traffic import DrawError, draw_from_traffic, plan_draw
from evalhub.features.examples.sources.shapes import ExampleDrawOut
from evalhub.features.examples.sources.traffic_query import (
    ExampleQuery,
    RequestSlices,
    need_of,
)
from evalhub.features.traffic.forms import TO_THE_SECOND, time_field
from evalhub.features.traffic.shadow.query import UNKNOWN
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import DeclaredForm, field_of
from reviews.errors import QueueClosedError
from reviews.models import ExampleQueue

USUAL_COUNT = 100
USUAL_TIME = timedelta(days=7)


class ExampleDrawForm(DeclaredForm):
    """How many requests of which time and slices."""

    fields_by_path: ClassVar[dict[str, str]] = {
        f"where.{name}": name for name in RequestSlices.model_fields
    } | {"need": "need"}

    n = field_of(
        ExampleQuery,
        "n",
        "Examples to draw",
        "empty: as many as the slices below add up to",
        initial=USUAL_COUNT,
        required=False,
    )
    since = time_field("From (UTC)")
    until = time_field("Until (UTC)", required=False, help_text="empty: now")
    need = forms.CharField(
        label="Needed of slices",
        required=False,
        max_length=10_000,
        help_text="one a line, as route:billing=40: drawn before any others",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    model = field_of(RequestSlices, "model", "Served as", "empty: any")
    route = field_of(RequestSlices, "route", "Route")
    tag = field_of(RequestSlices, "tag", "Tag")
    language = field_of(
        RequestSlices, "language", "Language", f"as in de; {UNKNOWN}: none was detected"
    )
    negative = field_of(
        ExampleQuery, "negative", "Only what people found bad", "so that its answer is corrected"
    )
    seed = field_of(ExampleQuery, "seed", "Seed", "of the draw: the same one draws the same")

    def query(self) -> ExampleQuery:
        """Raises DeclarationError."""
        values = {
            name: value for name, value in self.cleaned_data.items() if value not in (None, "")
        }
        where = {name: values.pop(name) for name in RequestSlices.model_fields if name in values}
        lines = values.pop("need", "").splitlines()
        for name in ("since", "until"):
            if name in values:
                values[name] = values[name].isoformat()
        needs = [need_of(line.strip()) for line in lines if line.strip()]
        return validate(ExampleQuery, values | {"where": where, "need": needs})


@require_http_methods(["GET", "POST"])
@results_only
def example_sources(request: SignedInRequest, pk: int) -> HttpResponse:
    """Preview a draw of requests, then add just that one; and what models were asked."""
    queue = get_object_or_404(visible_queues(request), pk=pk)
    now = timezone.now()
    data = request.POST if request.method == "POST" else None
    form = ExampleDrawForm(data, initial={"since": (now - USUAL_TIME).astimezone(UTC)})
    context: dict[str, Any] = {"queue": queue, "form": form, "asked": asked_versions(queue)}
    if form.is_bound and form.is_valid():
        try:
            if "draw" in request.POST:
                draw, added = draw_from_traffic(queue=queue, query=form.query(), by=request.user)
                messages.success(request, f"{count_text(added, 'example')} added.")
                return redirect("site:example_queue", queue.pk)
            ending = _ending_now(request.POST, now)
            ending.is_valid()
            draw = plan_draw(queue=queue, query=ending.query(), by=request.user)
            shown = ExampleDrawOut.of(draw, 0)
            left_out = list(shown.left_out.items())
            context |= {"ending": ending, "shown": shown, "left_out": left_out}
        except DeclarationError as error:
            form.add_declaration_error(error)
        except (DrawError, QueueClosedError) as error:
            form.add_error(None, str(error))
    status = 400 if form.errors else 200
    return render(request, "examples/sources.html", context, status=status)


def _ending_now(data: Any, now: datetime) -> ExampleDrawForm:
    """The posted form with an end: what is added is what the preview was of."""
    fields = data.copy()
    if not fields.get("until"):
        fields["until"] = now.astimezone(UTC).strftime(TO_THE_SECOND)
    return ExampleDrawForm(fields)


def asked_versions(queue: ExampleQueue) -> list[dict[str, Any]]:
    """What versions were asked for the queue, by version and kind. One query."""
    return list(ExampleCall.objects.filter(queue=queue).sums())


urlpatterns = [
    path("examples/queues/<int:pk>/sources/", example_sources, name="example_sources"),
]
