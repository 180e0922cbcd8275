"""Export a finished review: its judgments, and preference pairs to train on."""

from pathlib import Path
from typing import Literal

from django.db import transaction

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.accounts.results_seen import note_export
from evalhub.ledger.training_pairs import TrainingPairs, training_pairs
from reviews.models import Campaign
from reviews.results.ended import check_ended, end
from reviews.results.export import as_csv, as_jsonl, rows, write_parquet

JudgmentForm = Literal["jsonl", "csv", "parquet"]


def export_judgments(
    *, campaign: Campaign, by: User | None, to: Path, form: JudgmentForm, pseudonyms: bool = False
) -> int:
    """Writes every valid judgment (`reviews.results.export.rows`). Returns the number.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        reviews.errors.StillBlindError: answers are still to come.
        reviews.errors.TamperedError: its record isn't what was recorded.
    """
    _check(campaign, by)
    note_export(campaign.project, by=by, what=f"{campaign} as {form}")
    judgments = list(rows(campaign, pseudonyms=pseudonyms))
    if form == "parquet":
        write_parquet(judgments, to)
        return len(judgments)
    with to.open("w", encoding="utf-8", newline="") as file:
        file.writelines(as_csv(judgments) if form == "csv" else as_jsonl(judgments))
    return len(judgments)


@transaction.atomic
def export_dpo(
    *, campaign: Campaign, by: User | None, to: Path, released_only: bool = False
) -> TrainingPairs:
    """Writes preference pairs {prompt, chosen, rejected, …}, and keeps them as a training file.

    One a main pair of which one answer was favoured by more of its judgments than the other, and
    than said a tie or both bad; others are left out.

    Raises what `export_judgments` raises, and evalhub.ledger.training_pairs.UnreleasedError: pairs
    stand on items of a test set that isn't retired.
    """
    _check(campaign, by)
    pairs = training_pairs(campaign=campaign, by=by, ties="drop", released_only=released_only)
    to.write_text(pairs.text, encoding="utf-8", newline="")
    return pairs


def _check(campaign: Campaign, by: User | None) -> None:
    """Checks that the person may see the results, before the review is sealed for them."""
    check_evaluates(by, campaign.project)
    end(campaign, by=by)
    check_ended(campaign)
