"""The slices of a test set's items, by the same kinds as those of requests. Pure.

An item says its slices by its tags, as sampled requests do: `language:de`, `route:billing`,
`tag:invoice`; a tag without such a beginning is one of the tags. Where none of its tags says the
language, it is detected in its question, as that of a request is. Its length is always that of its
question: of the last message of the user's.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from evalhub.declare.slice_shares import SharedKind
from evalhub.features.traffic.privacy.languages import language_of
from evalhub.features.traffic.privacy.texts import question_text
from evalhub.features.traffic.shadow.items import characters_label
from evalhub.features.traffic.shadow.query import UNKNOWN

type ItemSlices = dict[SharedKind, set[str]]
"""The values of an item, by kind; "": not known."""


def slices_of_item(
    tags: Iterable[str], asked: str | Sequence[dict[str, Any]], languages: Collection[str]
) -> ItemSlices:
    """An item's slices.

    Args:
        asked: its input, a text or messages.
        languages: codes that the project's traffic may be detected in; empty: any.
    """
    slices: ItemSlices = {kind: set() for kind in SharedKind}
    for tag in tags:
        name, _, value = tag.partition(":")
        if value and name in list(SharedKind):
            slices[SharedKind(name)].add(value)
        else:
            slices[SharedKind.TAG].add(tag)
    question = asked if isinstance(asked, str) else question_text(asked)
    if not slices[SharedKind.LANGUAGE]:
        slices[SharedKind.LANGUAGE] = {language_of(question, languages)}
    slices[SharedKind.LENGTH] = {characters_label(len(question))}
    return {
        kind: {"" if value == UNKNOWN else value for value in values}
        for kind, values in slices.items()
    }
