"""The days of traffic: made ahead, and dropped once nobody keeps them."""

from datetime import date, timedelta

from django.utils import timezone

from evalhub.accounts.leaving_nothing import secure_delete
from evalhub.database.partitions import drop_days, is_partitioned, make_days
from evalhub.features.traffic.keeping import text_time
from evalhub.features.traffic.models import (
    DAILY,
    EventTexts,
    RefusedRows,
    Request,
    RequestText,
    RollUp,
    Signal,
    SignalRollUp,
    TrafficSettings,
)
from evalhub.features.traffic.storage.roll_ups import SLICE_KINDS
from evalhub.registry.models import SampledRequest

DAYS_AHEAD = 2
EVENT_TEXT_DAYS = 2
"""So long texts wait for their request, and for what else comes of them."""
ROLL_UP_DAYS = 400
"""Counts, in which nobody can be seen, are kept for a year and a month beside it."""


def renew_days() -> None:
    """Makes the partitions of the next days, and deletes what is older than projects keep it.

    A day that no project keeps is dropped whole. What a project keeps for less time than another is
    deleted row by row. Texts are kept for the time of texts, and no longer than their requests.
    """
    projects = list(TrafficSettings.objects.all())
    if not projects:
        return
    today = timezone.now().date()
    make_days(DAILY, [today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)])
    longest = today - timedelta(days=max(settings.days for settings in projects))
    texts = today - max(text_time(settings) for settings in projects)
    drop_days(Request._meta.db_table, before=longest)
    drop_days(Signal._meta.db_table, before=longest)
    drop_days(RequestText._meta.db_table, before=texts)
    with secure_delete():
        for settings in projects:
            _delete_old_rows(settings, today, longest, texts)


def _delete_old_rows(
    settings: TrafficSettings, today: date, first_day: date, first_texts: date
) -> None:
    """What the project doesn't keep. Days before the first ones are dropped whole where they can
    be: one that couldn't just now is left to the next time."""
    if not is_partitioned(Request._meta.db_table):
        first_day = first_texts = date.min
    own = today - timedelta(days=settings.days)
    own_texts = today - text_time(settings)
    of_project = {"project": settings.project_id}
    Request.objects.filter(day__gte=first_day, day__lt=own, **of_project).delete()
    Signal.objects.filter(day__gte=first_day, day__lt=own, **of_project).delete()
    RequestText.objects.filter(day__gte=first_texts, day__lt=own_texts, **of_project).delete()
    waited = today - min(text_time(settings), timedelta(days=EVENT_TEXT_DAYS))
    EventTexts.objects.filter(day__lt=waited, **of_project).delete()
    old = Signal.objects.filter(day__lt=own_texts, text__isnull=False, **of_project)
    old.update(text=None)
    _forget_what_joined(settings, own)
    hour = timezone.now() - timedelta(days=ROLL_UP_DAYS)
    RollUp.objects.filter(slice_kind__in=SLICE_KINDS, hour__lt=hour, **of_project).delete()
    SignalRollUp.objects.filter(hour__lt=hour, **of_project).delete()
    RefusedRows.objects.filter(day__lt=hour.date(), **of_project).delete()


def _forget_what_joined(settings: TrafficSettings, first_day: date) -> None:
    """Takes the ids of trace and conversation out of samples, once their requests are gone and no
    review shows their items: they hid what tells of these. A request's own id and its content's
    digest stay, so that it is never drawn again."""
    gone = SampledRequest.objects.filter(
        project=settings.project_id, day__lt=first_day, item__redacted__isnull=False
    )
    gone.exclude(trace_id="", conversation="").update(trace_id="", conversation="")
