"""What was said and done in a review: the database refuses to change it, whoever asks."""

import pytest
from django.db import IntegrityError, connection, transaction

from reviews.chain.append import add_guess
from reviews.models import Campaign
from reviews.planning.campaign import pause_campaign
from reviews.results.unblind import unblind
from tests.cast import Team
from tests.reviews.judged import judge_all

pytestmark = pytest.mark.django_db


def sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "refused",
    [
        "UPDATE reviews_judgment SET choice = 'tie'",
        "UPDATE reviews_judgment SET seconds = 3.0",
        "UPDATE reviews_judgment SET created = '2026-01-01 00:00:00'",
        "DELETE FROM reviews_judgment WHERE revision = 0",
        "UPDATE reviews_event SET kind = 'paused'",
        "DELETE FROM reviews_event",
        "UPDATE reviews_guess SET side = 'unsure'",
        "DELETE FROM reviews_guess",
        "UPDATE reviews_campaign SET unblinded = NULL",
        "UPDATE reviews_campaign SET unblinded = '2026-01-01 00:00:00'",
    ],
)
def test_the_database_refuses(campaign: Campaign, team: Team, refused: str) -> None:
    judge_all(campaign, {"ann": lambda _: "candidate"})
    turn = campaign.pairs.get(position=0).assignments.get()
    add_guess(turn, side="left")
    pause_campaign(campaign=campaign, by=None)
    unblind(campaign=campaign, by=team.olga)
    with pytest.raises(IntegrityError, match=r"changed|taken back"):
        sql(refused)
