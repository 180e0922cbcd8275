"""Unblinding: an owner's act, recorded once, which ends the campaign."""

import pytest
from django.db import IntegrityError, transaction

from reviews.errors import AlreadyUnblindedError
from reviews.models import Campaign, CampaignState, Event, EventKind
from reviews.results.unblind import unblind
from tests.cast import Team


def test_an_owner_unblinds_once_and_it_is_recorded(campaign: Campaign, team: Team) -> None:
    event = unblind(campaign=campaign, by=team.olga)
    assert (event.kind, event.by) == (EventKind.UNBLINDED, team.olga)
    kept = Campaign.objects.get(pk=campaign.pk)
    assert kept.unblinded is not None
    assert kept.state == CampaignState.CLOSED
    assert kept.ended == "An owner had the models named."
    with pytest.raises(AlreadyUnblindedError):
        unblind(campaign=campaign, by=team.olga)
    assert Event.objects.filter(kind=EventKind.UNBLINDED).count() == 1


def test_the_database_holds_it_to_once(campaign: Campaign, team: Team) -> None:
    unblind(campaign=campaign, by=team.olga)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(campaign=campaign, kind=EventKind.UNBLINDED, by=team.olga)


def test_why_it_had_ended_before_is_kept(campaign: Campaign, team: Team) -> None:
    Campaign.objects.update(state=CampaignState.CLOSED, ended="Enough is known.")
    unblind(campaign=campaign, by=team.olga)
    assert Campaign.objects.get(pk=campaign.pk).ended == "Enough is known."
