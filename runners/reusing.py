"""Finds answers of earlier runs of the same version, to reuse them."""

from collections.abc import Collection

from django.db.models import QuerySet

from evalhub.registry.models import Item, Output, Run


def reusable_outputs(run: Run, keys: Collection[str] | None = None) -> QuerySet[Output]:
    """What the very version that a run asks has said in other runs, on versions of its test set: to
    the items of these ids, or to all.

    Nothing for a run that asks a second time: it is there for what differs; nor for one of a
    harness's task, which says how answers are drawn. Whether an item asks the same is told by its
    digest.
    """
    if run.repeat or run.test_set_version.engine is not None:
        return Output.objects.none()
    same = Run.objects.of_same_version(run).filter(test_set_version__engine__isnull=True)
    earlier = list(same.values_list("pk", "test_set_version"))
    if not earlier:
        return Output.objects.none()
    runs, versions = ({row[at] for row in earlier} for at in (0, 1))
    outputs: QuerySet[Output] = Output.objects.filter(
        run__in=runs, text__isnull=False, text_sha256=None, sample__lt=run.samples
    )
    if keys is None:
        return outputs
    # looked up before: joined, it is left to PostgreSQL's statistics what is gone through how often
    items = [pk for version in versions for pk in Item.objects.keys_of(version, keys).values()]
    return outputs.filter(item__in=items)
