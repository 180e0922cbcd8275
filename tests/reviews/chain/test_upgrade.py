"""Reviews from before there were chains: the upgrade chains what it finds."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from reviews.assignments.judge import undo
from reviews.chain.verify import verify
from reviews.models import Campaign, Judgment, Undo
from reviews.results.judgment_data import judgment_data
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal

BEFORE = [("reviews", "0002_append_only")]


def migrate(to: list[tuple[str, str]]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(to)


@pytest.mark.django_db(transaction=True)
@pytest.mark.heavy
def test_what_was_said_before_is_chained_and_stands_as_it_stood(
    campaign: Campaign, team: Team
) -> None:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()  # of what rests on them, too
    answer(deal(campaign, team.rui), team.rui)
    undo(campaign=campaign, user=team.rui)
    answer(deal(campaign, team.rui), team.rui, "tie")
    answer(deal(campaign, team.ruth), team.ruth, "right")
    undo(campaign=campaign, user=team.ruth)
    said = judgment_data(campaign).judgments
    assert [each.choice for each in said] == ["tie"]
    try:
        migrate(BEFORE)
    finally:
        migrate(newest)
    upgraded = Campaign.objects.get(pk=campaign.pk)
    assert verify(upgraded).faults == []
    assert judgment_data(upgraded).judgments == said
    assert Undo.objects.count() == 2
    answer(deal(campaign, team.rui), team.rui)
    assert verify(upgraded).faults == []
    for act in (lambda: Judgment.objects.all().delete(), lambda: Undo.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
