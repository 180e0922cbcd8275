"""Preference pairs of a review as a training file: of items that nothing is judged on any more."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.decision.wording import count_text
from evalhub.io.items import fingerprint_of, question_of
from evalhub.ledger.leakage.outgoing import ItemInRow, OutgoingRow, items_in_rows
from evalhub.registry.models import TrainingFileVersion
from evalhub.registry.models.training_files import TrainingFormat
from evalhub.registry.training_files import OutgoingLine, keep_training_file
from reviews.models import Campaign
from reviews.results.export import Ties, preferences

NAMED = 3
ON_TEST_ITEMS = "on-test-items"
"""Why a row is left out of a training file: it holds an item of a test set in use."""
_READ = ("prompt", "context", "chosen", "rejected")


class UnreleasedError(Exception):
    """Rows on items of test sets that aren't retired, where none may go out."""


@dataclass(frozen=True, slots=True)
class TrainingPairs:
    """What goes out.

    Attributes:
        file: the version that was kept of it; None where there is no pair.
        left_out: pairs on items of test sets in use.
    """

    lines: Sequence[OutgoingLine]
    file: TrainingFileVersion | None
    left_out: int

    @property
    def text(self) -> str:
        """The file: a line of JSON a pair."""
        return "".join(f"{line.text}\n" for line in self.lines)


@transaction.atomic
def training_pairs(
    *, campaign: Campaign, by: User | None, ties: Ties, released_only: bool = False
) -> TrainingPairs:
    """Preference pairs of an ended review, noted and kept as a training file of the project, which
    the caller writes within this transaction or after it.

    Args:
        released_only: leave out pairs on test items in use, instead of refusing all.

    Raises:
        UnreleasedError: pairs stand on items, or near-copies of items, of a version that isn't
            retired; with `released_only` all of them do. Nothing is noted or kept.
    """
    rows = list(preferences(campaign, ties=ties))
    outgoing = [
        OutgoingRow([row[name] for name in _READ], fingerprint_of(question_of(row["prompt"])))
        for row in rows
    ]
    items = items_in_rows(campaign.project, outgoing)
    if items and (not released_only or len(items) == len(rows)):
        raise UnreleasedError(unreleased_sentence(items.values(), count=len(rows), noun="pair"))
    lines = [
        OutgoingLine(json.dumps(row, ensure_ascii=False), outgoing[index].fingerprint)
        for index, row in enumerate(rows)
        if index not in items
    ]
    note_export(campaign.project, by=by, what=f"{campaign} as dpo")
    file = None
    if lines:
        file = keep_training_file(
            project=campaign.project,
            name=f"review-{campaign.pk}",
            form=TrainingFormat.DPO,
            lines=lines,
            left_out={ON_TEST_ITEMS: len(items)} if items else {},
            card=_card(campaign),
            by=by,
        )
    return TrainingPairs(lines, file, len(items))


def unreleased_sentence(items: Collection[ItemInRow], *, count: int, noun: str) -> str:
    """Of how many rows hold items of which versions, and what to do about it."""
    by_version = Counter(item.version for item in items).most_common()
    versions = [str(version) for version, _ in by_version[:NAMED]]
    more = len(by_version) - len(versions)
    which = " and ".join(versions) if not more else f"{', '.join(versions)} and {more} more"
    one = len(by_version) == 1
    stand = "stands" if len(items) == 1 else "stand"
    example = next(iter(items))
    return (
        f"{len(items):,} of {count_text(count, noun)} {stand} on items of {which}, which "
        f"{'is' if one else 'are'} in use, such as {example}: what is judged on is never trained "
        f"on. Retire {'it' if one else 'them'} (evalhub test-set retire), or leave those out "
        "(--released-only)"
    )


def _card(campaign: Campaign) -> dict[str, Any]:
    return {"source": f"review {campaign.pk}", "plan_hash": campaign.plan_hash}
