"""The sources of a plan, as a few rows that show whether any of them has changed."""

from collections.abc import Sequence

from django.db.models import Q

from evalhub.registry.models import Redaction, Run, RunMetric

type Sources = tuple[tuple[int | str, ...], ...]


def sources(runs: Sequence[Run]) -> Sources:
    """The digests of the runs' items, of their answers and of their repeats', what was redacted
    since, and which of the runs' scores may be read. Three queries, whatever the runs' size."""
    read = Run.objects.filter(
        Q(pk__in=[run.pk for run in runs])
        | Q(
            test_set_version=runs[0].test_set_version_id,
            version__in=[run.version_id for run in runs],
        )
    )
    redacted = Redaction.objects.filter(version=runs[0].test_set_version_id)
    opened = RunMetric.objects.readable().filter(run__in=runs)
    return (
        (runs[0].test_set_version.digest,),
        *read.order_by("pk").values_list("pk", "answers_digest"),
        *redacted.order_by("-pk").values_list("pk")[:1],
        *opened.order_by("pk").values_list("pk"),
    )
