"""What a monitor lacks: said for as long as it does, and never as an alarm."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from evalhub.features.monitoring.models import Monitor, Notice, NoticeKind


@transaction.atomic
def set_notices(
    monitor: Monitor,
    lacks: Mapping[NoticeKind, str],
    *,
    now: datetime,
    of: Collection[NoticeKind] = tuple(NoticeKind),
) -> None:
    """Opens what the monitor lacks now and ends what it lacks no more.

    Args:
        lacks: by kind, what is absent, in a sentence.
        of: the kinds that the caller has looked at; of the others nothing is changed.
    """
    Monitor.objects.select_for_update().get(pk=monitor.pk)
    open_ = {notice.kind: notice for notice in monitor.notices.filter(ended=None, kind__in=of)}
    for kind, sentence in lacks.items():
        notice = open_.pop(kind, None)
        if notice is None:
            Notice.objects.create(monitor=monitor, kind=kind, sentence=sentence, began=now)
        elif notice.sentence != sentence:
            notice.sentence = sentence
            notice.save(update_fields=["sentence"])
    gone = [notice.pk for notice in open_.values()]
    Notice.objects.filter(pk__in=gone).update(ended=now)
