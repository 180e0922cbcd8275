"""Refuse items that are too long for a study's models, before anything is asked."""

from itertools import islice

from evalhub.registry.models import ModelVersion, TestSetVersion
from evalhub.studies.file.spec import StudySpec
from runners.backends import backend_of
from runners.backends.lengths import AskedText, too_long

SHOWN = 1_000
"""Items that are counted: a test set of longer ones needn't be read to its end."""


def check_lengths(
    spec: StudySpec, name: str, version: ModelVersion, test_set: str, items: TestSetVersion
) -> None:
    """Raises DataError for items that don't fit into an arm's model, as far as that can be computed
    here.

    Not where the policy gives a failure the worst score: then such an item is the model's failure.
    """
    if spec.policy.failures == "worst" or items.engine is not None:
        return
    columns = "key", "input", "context", "tools", "choices"
    rows = items.items.order_by("position").values_list(*columns)
    texts = (AskedText(*row) for row in rows.iterator(chunk_size=1_000))
    long_texts = list(
        islice(too_long(backend_of(version), version.prompt, version.sampling, texts), SHOWN)
    )
    if not long_texts:
        return
    or_more = " or more" if len(long_texts) == SHOWN else ""
    count = f"{len(long_texts):,}{or_more} of {items.item_count:,}"
    raise spec.document.error(
        ["arms", name, "backend"],
        f"{count} items of {test_set} are too long for it, the first '{long_texts[0].key}': "
        f"{long_texts[0].sentence}. Shorten them or leave them out, allow a shorter answer "
        "(sampling.max_tokens), or say `failures: worst` in the policy, by which each is the "
        "model's failure and scores the metric's worst",
    )
